/**
 * The two sets of tables and classes that tests share. `blog` is for what the ORM does with objects; `golden` has the tables that the
 * golden statements are written over. Both are only descriptions: `metadata.createAll` makes them in a database.
 */
import { declarativeBase, many, one } from "../../src/orm/index.ts";
import { MetaData, t, unique } from "../../src/sql/index.ts";

// ---- blog

export const BlogBase = declarativeBase({ casing: "snake_case" });

/** One-to-many with every cascade (posts), without any (comments), and two ways to messages. */
export class User extends BlogBase.model("users", {
  id: t.integer().primaryKey(),
  name: t.string(100).unique(),
  email: t.string(200).nullable(),
  get posts() {
    return many(Post, { backPopulates: "author", cascade: "all, delete-orphan", orderBy: Post.c.id });
  },
  get comments() {
    return many(Comment, { backPopulates: "writer" });
  },
  get sent() {
    return many(Message, { backPopulates: "sender", foreignKeys: Message.c.senderId });
  },
}) {}

export const postTags = BlogBase.metadata.table("post_tags", {
  post_id: t.integer().primaryKey({ autoincrement: false }).foreignKey("posts.id"),
  tag_id: t.integer().primaryKey({ autoincrement: false }).foreignKey("tags.id"),
});

export class Post extends BlogBase.model("posts", {
  id: t.integer().primaryKey(),
  title: t.string(100),
  views: t.integer().default(0),
  get authorId() {
    return t.integer().foreignKey(User.c.id);
  },
  get author() {
    return one(User, { backPopulates: "posts" });
  },
  get tags() {
    return many(Tag, { secondary: postTags, backPopulates: "posts", orderBy: Tag.c.label });
  },
  get comments() {
    return many(Comment, { backPopulates: "post", cascade: "save-update, delete", orderBy: Comment.c.id.desc() });
  },
}) {}

export class Tag extends BlogBase.model("tags", {
  id: t.integer().primaryKey(),
  label: t.string(50),
  get posts() {
    return many(Post, { secondary: postTags, backPopulates: "tags", orderBy: Post.c.id });
  },
}) {}

export class Comment extends BlogBase.model("comments", {
  id: t.integer().primaryKey(),
  body: t.string(200),
  get postId() {
    return t.integer().nullable().foreignKey(Post.c.id);
  },
  get post() {
    return one(Post, { backPopulates: "comments" }).nullable();
  },
  get writerId() {
    return t.integer().nullable().foreignKey(User.c.id);
  },
  get writer() {
    return one(User, { backPopulates: "comments" }).nullable();
  },
}) {}

/** Two foreign keys to one table. */
export class Message extends BlogBase.model("messages", {
  id: t.integer().primaryKey(),
  body: t.string(100),
  get senderId() {
    return t.integer().foreignKey(User.c.id);
  },
  get recipientId() {
    return t.integer().foreignKey(User.c.id);
  },
  get sender() {
    return one(User, { backPopulates: "sent", foreignKeys: Message.c.senderId });
  },
  get recipient() {
    return one(User, { foreignKeys: Message.c.recipientId });
  },
}) {}

/** A tree. */
export class Category extends BlogBase.model("categories", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  get parentId() {
    return t.integer().nullable().foreignKey(Category.c.id);
  },
  get parent() {
    return one(Category, { backPopulates: "children", remoteSide: Category.c.id }).nullable();
  },
  get children() {
    return many(Category, { backPopulates: "parent", orderBy: Category.c.name });
  },
}) {}

/** Two tables that refer to each other. */
export class Team extends BlogBase.model("teams", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  get captainId() {
    return t.integer().nullable().foreignKey(Player.c.id, { name: "fk_captain" });
  },
  get captain() {
    return one(Player, { foreignKeys: Team.c.captainId }).nullable();
  },
  get players() {
    return many(Player, { backPopulates: "team", foreignKeys: Player.c.teamId });
  },
}) {}

export class Player extends BlogBase.model("players", {
  id: t.integer().primaryKey(),
  name: t.string(50),
  get teamId() {
    return t.integer().nullable().foreignKey(Team.c.id, { name: "fk_team" });
  },
  get team() {
    return one(Team, { backPopulates: "players", foreignKeys: Player.c.teamId }).nullable();
  },
}) {}

/** A key of two parts, one of them text. */
export class Setting extends BlogBase.model("settings", {
  scope: t.string(50).primaryKey(),
  number: t.integer().primaryKey({ autoincrement: false }),
  value: t.string(50),
}) {}

/** Every type of value whose loss would go unnoticed; its key is a bigint. */
export class Sample extends BlogBase.model("samples", {
  id: t.bigInteger().primaryKey(),
  big: t.bigInteger().nullable(),
  price: t.numeric(20, 2).nullable(),
  day: t.date().nullable(),
  moment: t.dateTime().nullable(),
  bytes: t.largeBinary().nullable(),
  document: t.json().nullable(),
  text: t.text().nullable(),
  flag: t.boolean().nullable(),
  ratio: t.double().nullable(),
  get parentId() {
    return t.bigInteger().nullable().foreignKey(Sample.c.id);
  },
  get parent() {
    return one(Sample, { backPopulates: "children", remoteSide: Sample.c.id }).nullable();
  },
  get children() {
    return many(Sample, { backPopulates: "parent" });
  },
}) {}

/** The circular reference that has to be cut before the tables can be emptied. */
export const BLOG_CIRCLES = [
  "UPDATE teams SET captain_id = NULL",
  "UPDATE categories SET parent_id = NULL",
  "UPDATE samples SET parent_id = NULL",
];

// ---- golden

/** Without `bio`, which is loaded later (deferred columns are not there yet), and with `status` as text (no enum yet). */
export const GoldenBase = declarativeBase({ casing: "snake_case" });

export const goldenOrderItem = GoldenBase.metadata.table("order_item", {
  order_id: t.integer().primaryKey().foreignKey("orders.id"),
  item_id: t.integer().primaryKey().foreignKey("item.id"),
});

export class GoldenUser extends GoldenBase.model("user_account", {
  id: t.integer().primaryKey(),
  name: t.string(30),
  fullname: t.string(60).nullable(),
  active: t.boolean().default(true),
  createdAt: t.dateTime().nullable(),
  get addresses() {
    return many(GoldenAddress, { backPopulates: "user", orderBy: GoldenAddress.c.id, cascade: "all, delete-orphan" });
  },
  get orders() {
    return many(GoldenOrder, { backPopulates: "user" });
  },
}) {}

export class GoldenAddress extends GoldenBase.model("address", {
  id: t.integer().primaryKey(),
  get userId() {
    return t.integer().foreignKey(GoldenUser.c.id);
  },
  email: t.string(50),
  get user() {
    return one(GoldenUser, { backPopulates: "addresses" });
  },
}) {}

export class GoldenOrder extends GoldenBase.model("orders", {
  id: t.integer().primaryKey(),
  get userId() {
    return t.integer().nullable().foreignKey(GoldenUser.c.id);
  },
  status: t.string(7).nullable(),
  amount: t.numeric(10, 2),
  data: t.json().nullable(),
  placed: t.dateTime().nullable(),
  get user() {
    return one(GoldenUser, { backPopulates: "orders" }).nullable();
  },
  get items() {
    return many(GoldenItem, { secondary: goldenOrderItem, backPopulates: "orders" });
  },
}) {}

export class GoldenItem extends GoldenBase.model("item", {
  id: t.integer().primaryKey(),
  name: t.string(30),
  price: t.float().nullable(),
  get orders() {
    return many(GoldenOrder, { secondary: goldenOrderItem, backPopulates: "items" });
  },
}) {}

export class GoldenNode extends GoldenBase.model("node", {
  id: t.integer().primaryKey(),
  get parentId() {
    return t.integer().nullable().foreignKey(GoldenNode.c.id);
  },
  name: t.string(30),
  get children() {
    return many(GoldenNode, { backPopulates: "parent" });
  },
  get parent() {
    return one(GoldenNode, { backPopulates: "children", remoteSide: GoldenNode.c.id }).nullable();
  },
}) {}

/** Tables for expressions alone, in the order of the golden file's lightweight ones. */
export const t1 = GoldenBase.metadata.table("t1", {
  a: t.integer().primaryKey(),
  b: t.integer().nullable(),
  s: t.string(30).nullable(),
  f: t.boolean().nullable(),
  d: t.dateTime().nullable(),
  n: t.numeric(10, 2).nullable(),
});

export const reserved = GoldenBase.metadata.table("order", {
  group: t.integer().primaryKey(),
  select: t.string(30).nullable(),
  "Mixed Case": t.string(30).nullable(),
});

/** A table whose only column needs no value. */
export const empty = GoldenBase.metadata.table("t", { id: t.integer().primaryKey() });

/** For indexes and constraints with names. */
export const unused = new MetaData().table("named", { a: t.integer().primaryKey(), b: t.string(10) }, ({ a, b }) => [
  unique("uq_a_b", a, b),
]);
