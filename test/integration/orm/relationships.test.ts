/** Relationships in memory and in the database: both sides in step, cascades, orphans, links. */
import { describe, expect, test } from "vitest";
import type { AsyncSession } from "../../../src/async/session.ts";
import { AmbiguousForeignKeysError, ArgumentError, IntegrityError, MappingError } from "../../../src/errors/index.ts";
import { declarativeBase, many, one } from "../../../src/orm/index.ts";
import { select, t } from "../../../src/sql/index.ts";
import { Category, Comment, Message, Post, Tag, User } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

describe("both sides of a relationship, in memory", () => {
  const author = (): { ann: User; bob: User; post: Post } => {
    const ann = new User({ name: "ann" });
    return { ann, bob: new User({ name: "bob" }), post: new Post({ title: "a", author: ann }) };
  };
  const titles = (user: User): string[] => user.posts.map(({ title }) => title);

  test("setting the one side puts the object into the list, and moves it", () => {
    const { ann, bob, post } = author();
    expect(titles(ann)).toEqual(["a"]);
    post.author = bob;
    expect([titles(ann), titles(bob)]).toEqual([[], ["a"]]);
  });

  test.each<[string, (list: User["posts"], more: Post) => void, string[]]>([
    ["push", (list, more) => list.push(more), ["a", "b"]],
    ["unshift", (list, more) => list.unshift(more), ["b", "a"]],
    ["splice", (list, more) => list.splice(0, 1, more), ["b"]],
  ])("%s sets the one side", (_name, change, expected) => {
    const { ann, post } = author();
    const more = new Post({ title: "b" });
    change(ann.posts, more);
    expect(titles(ann)).toEqual(expected);
    expect(more.author).toBe(ann);
    expect(post.author).toBe(expected.includes("a") ? ann : null);
  });

  test.each<[string, (list: User["posts"]) => unknown]>([
    ["pop", (list) => list.pop()],
    ["shift", (list) => list.shift()],
    ["splice", (list) => list.splice(0)],
    ["splice from behind", (list) => list.splice(-1, 1)],
  ])("%s clears the one side", (_name, change) => {
    const { ann, post } = author();
    change(ann.posts);
    expect(titles(ann)).toEqual([]);
    expect(post.author).toBeNull();
  });

  test("assigning a list tells those who stay nothing, and those who come and go everything", () => {
    const { ann, bob, post } = author();
    const [stays, comes] = [new Post({ title: "stays", author: ann }), new Post({ title: "comes", author: bob })];
    ann.posts = [stays, comes];
    expect(titles(ann)).toEqual(["stays", "comes"]);
    expect(titles(bob)).toEqual([]);
    expect([post.author, stays.author, comes.author]).toEqual([null, ann, ann]);
  });

  test("a many-to-many link shows on both sides, once", () => {
    const { post } = author();
    const tag = new Tag({ label: "red" });
    tag.posts.push(post);
    post.tags.push(tag);
    expect([post.tags.length, tag.posts.length]).toEqual([2, 1]);
    post.tags = [tag];
    expect(tag.posts).toEqual([post]);
    tag.posts.pop();
    expect(post.tags).toEqual([]);
  });

  test("lists are arrays of their own: map and filter give plain ones", () => {
    const { ann } = author();
    const copy = ann.posts.filter(() => true);
    copy.length = 0;
    expect(titles(ann)).toEqual(["a"]);
    expect(() => (ann.posts as unknown as unknown[]).fill(null)).toThrow(ArgumentError);
  });

  test("objects of another class are refused before anything is changed", () => {
    const { ann, post } = author();
    const wrong = new Tag({ label: "x" }) as never;
    for (const attempt of [
      () => ann.posts.push(new Post({ title: "b" }), wrong),
      () => ann.posts.splice(0, 1, wrong),
      () => void (ann.posts = [wrong]),
      () => void (post.author = wrong),
      () => void (post.author = "ann" as never),
      () => void (ann.posts = wrong),
    ]) {
      expect(attempt).toThrow(ArgumentError);
      expect(titles(ann)).toEqual(["a"]);
      expect(post.author).toBe(ann);
    }
  });
});

/** Ann with posts a and b, bob with none; everything as if loaded by another program. */
async function seed(session: AsyncSession): Promise<void> {
  session.addAll([
    new User({ name: "ann", posts: [new Post({ title: "a", tags: [new Tag({ label: "red" })] }), new Post({ title: "b" })] }),
    new User({ name: "bob" }),
  ]);
  await session.commit();
  session.expungeAll();
}
const find = async (session: AsyncSession, name: string): Promise<User> =>
  (await session.scalars(select(User).where(User.c.name.eq(name)))).one();
const findPost = async (session: AsyncSession, title: string): Promise<Post> =>
  (await session.scalars(select(Post).where(Post.c.title.eq(title)))).one();

forEachSession("relationships", {}, ({ session: open, statements, stored, colour }) => {
  const posts = (): Promise<unknown[][]> =>
    stored("SELECT p.title, u.name FROM posts p LEFT JOIN users u ON u.id = p.author_id ORDER BY p.title");

  test("attaching an object to one in the session takes it in, in either direction", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    const [pushed, pointing] = [new Post({ title: "a" }), new Post({ title: "b" })];
    user.posts.push(pushed);
    pointing.author = user;
    // As in SQLAlchemy 2.0 only the side that is written cascades.
    expect([user, pushed, pointing].map((object) => session.has(object))).toEqual([true, true, false]);
    session.add(pointing);
    await session.commit();
    expect(await posts()).toEqual([
      ["a", "ann"],
      ["b", "ann"],
    ]);
  });

  test("a list that is not loaded learns of its members without being loaded", async () => {
    const session = open();
    await seed(session);
    const ann = await find(session, "ann");
    const a = await findPost(session, "a");
    statements.take();
    const added = new Post({ title: "c", author: ann });
    a.author = new User({ name: "cleo" });
    expect(statements.take()).toEqual([]);
    await session.load(ann, "posts");
    expect(ann.posts.map(({ title }) => title).sort()).toEqual(["b", "c"]);
    expect(ann.posts.includes(added)).toBe(true);
    session.add(added);
    await session.commit();
    expect(await posts()).toEqual([
      ["a", "cleo"],
      ["b", "ann"],
      ["c", "ann"],
    ]);
  });

  test("what a list learnt before it was loaded is forgotten once it is written", async () => {
    const session = open({ expireOnCommit: false });
    await seed(session);
    const [ann, bob] = [await find(session, "ann"), await find(session, "bob")];
    const post = new Post({ title: "c", author: ann });
    session.add(post);
    await session.flush();
    post.authorId = bob.id;
    await session.flush();
    await session.load(ann, "posts");
    expect(ann.posts.map(({ title }) => title)).toEqual(["a", "b"]);
    await session.commit();
    expect((await posts()).at(-1)).toEqual(["c", "bob"]);
  });

  test("moving a member takes it out of a loaded list even when its own side is not loaded", async () => {
    const session = open();
    await seed(session);
    const [ann, bob] = [await find(session, "ann"), await find(session, "bob")];
    await session.load(ann, "posts");
    await session.load(bob, "posts");
    const [a, b] = ann.posts;
    a!.author = bob;
    expect(ann.posts.map(({ title }) => title)).toEqual(["b"]);
    bob.posts.push(b!);
    expect(ann.posts).toHaveLength(0);
    await session.commit();
    expect(await posts()).toEqual([
      ["a", "bob"],
      ["b", "bob"],
    ]);
  });

  test("members that leave a list with delete-orphan are deleted, unless they have another parent", async () => {
    const session = open();
    await seed(session);
    const [ann, bob] = [await find(session, "ann"), await find(session, "bob")];
    await session.load(ann, "posts");
    await session.load(bob, "posts");
    const [a, b] = ann.posts;
    await session.load(a!, "tags", "comments");
    ann.posts = [];
    bob.posts.push(b!);
    await session.commit();
    expect(await posts()).toEqual([["b", "bob"]]);
    expect(await stored("SELECT * FROM post_tags")).toEqual([]);
  });

  test("an object whose parent is taken away is an orphan though the parent's list is not loaded", async () => {
    const session = open();
    await seed(session);
    const [ann, a] = [await find(session, "ann"), await findPost(session, "a")];
    await session.load(a, "author");
    expect(a.author).toBe(ann);
    a.author = null as never;
    await session.commit();
    expect(await posts()).toEqual([["b", "ann"]]);
  });

  test("a new orphan is not written", async () => {
    const session = open();
    const ann = new User({ name: "ann" });
    session.add(ann);
    ann.posts.push(new Post({ title: "kept" }), new Post({ title: "dropped" }));
    ann.posts.pop();
    const other = new Post({ title: "dropped too", author: ann });
    other.author = null as never;
    expect(session.new).toHaveLength(2);
    await session.commit();
    expect(await posts()).toEqual([["kept", "ann"]]);
    await session.load(ann, "posts");
    const late = new Post({ title: "late" });
    ann.posts.push(late);
    ann.posts.pop();
    expect(session.has(late)).toBe(false);
    ann.posts.push(late);
    await session.commit();
    expect(await posts()).toHaveLength(2);
  });

  test("deleting a parent deletes along the cascade, and clears the references without it", async () => {
    const session = open();
    await seed(session);
    const [ann, a] = [await find(session, "ann"), await findPost(session, "a")];
    session.add(new Comment({ body: "with the post", post: a }));
    session.add(new Comment({ body: "of the user", writer: ann }));
    await session.commit();
    session.expungeAll();
    await session.delete(await find(session, "ann"));
    statements.take();
    await session.commit();
    expect(statements.summary()).toEqual([
      "update comments (1)",
      "delete post_tags (1)",
      "delete comments (1)",
      "delete posts (2)",
      "delete users (1)",
    ]);
    expect(await posts()).toEqual([]);
    expect(await stored("SELECT body, writer_id FROM comments")).toEqual([["of the user", null]]);
    expect(await stored("SELECT label FROM tags")).toEqual([["red"]]);
  });

  test("removing a member without a cascade clears its foreign key", async () => {
    const session = open();
    const post = new Post({
      title: "a",
      author: new User({ name: "ann" }),
      comments: [new Comment({ body: "x" }), new Comment({ body: "y" })],
    });
    session.add(post);
    await session.commit();
    await session.load(post, "comments");
    expect(post.comments.map(({ body }) => body)).toEqual(["y", "x"]);
    post.comments.shift();
    await session.commit();
    expect(await stored("SELECT body FROM comments WHERE post_id IS NULL")).toEqual([["y"]]);
  });

  test("a reference that may not be null cannot be cleared", async () => {
    const session = open();
    await seed(session);
    const message = new Message({ body: "hi", sender: await find(session, "ann"), recipient: await find(session, "bob") });
    session.add(message);
    await session.commit();
    await session.refresh(message);
    message.sender = null as never;
    expect(await failure(() => session.flush())).toBeInstanceOf(IntegrityError);
    await session.rollback();
  });

  test("links are added and removed one by one, and go with either object", async () => {
    const session = open();
    await seed(session);
    const [a, b] = [await findPost(session, "a"), await findPost(session, "b")];
    await session.load(a, "tags");
    await session.load(b, "tags");
    const red = a.tags[0]!;
    statements.take();
    a.tags.push(new Tag({ label: "blue" }));
    b.tags.push(red);
    a.tags.splice(a.tags.indexOf(red), 1);
    await session.flush();
    expect(statements.summary()).toEqual(["insert tags (1)", "delete post_tags (1)", "insert post_tags (2)"]);
    const links = (): Promise<unknown[][]> =>
      stored(
        "SELECT p.title, t.label FROM post_tags l JOIN posts p ON p.id = l.post_id JOIN tags t ON t.id = l.tag_id ORDER BY p.title",
      );
    await session.commit();
    expect(await links()).toEqual([
      ["a", "blue"],
      ["b", "red"],
    ]);
    await session.delete(red);
    await session.delete(a);
    await session.commit();
    expect(await links()).toEqual([]);
    expect(await stored("SELECT label FROM tags")).toEqual([["blue"]]);
  });

  test("what is marked to be deleted stays so when something related is added, and not when it is added itself", async () => {
    const session = open();
    await seed(session);
    const [a, b] = [await findPost(session, "a"), await findPost(session, "b")];
    await session.load(await find(session, "ann"), "posts");
    await session.delete(a);
    await session.delete(b);
    session.add(new Comment({ body: "x", writer: a.author }));
    session.add(b);
    await session.commit();
    expect(await posts()).toEqual([["b", "ann"]]);
  });

  test("a tree is walked in both directions, and a branch can be moved", async () => {
    const session = open();
    const root = new Category({
      name: "root",
      children: [new Category({ name: "b" }), new Category({ name: "a", children: [new Category({ name: "leaf" })] })],
    });
    session.add(root);
    await session.commit();
    session.expungeAll();
    const found = (await session.scalars(select(Category).orderBy(Category.c.name))).all();
    const [a, b, leaf, top] = found;
    await session.load(top!, "children");
    expect(top!.children).toEqual([a, b]);
    await session.load(leaf!, "parent");
    expect(leaf!.parent).toBe(a);
    leaf!.parent = b!;
    a!.parentId = null;
    await session.commit();
    expect(
      await stored("SELECT c.name, p.name FROM categories c LEFT JOIN categories p ON p.id = c.parent_id ORDER BY c.name"),
    ).toEqual([
      ["a", null],
      ["b", "root"],
      ["leaf", "b"],
      ["root", null],
    ]);
    await session.delete(top!);
    await session.commit();
    expect(await stored("SELECT name FROM categories WHERE parent_id IS NULL ORDER BY name")).toEqual([["a"], ["b"]]);
  });

  test("two references to one table are kept apart", async () => {
    const session = open();
    await seed(session);
    const [ann, bob] = [await find(session, "ann"), await find(session, "bob")];
    await session.load(ann, "sent");
    await session.load(bob, "sent");
    const message = new Message({ body: "hi", recipient: bob });
    ann.sent.push(message);
    expect(bob.sent).toEqual([]);
    await session.commit();
    expect(
      await stored(
        "SELECT s.name, r.name FROM messages m JOIN users s ON s.id = m.sender_id JOIN users r ON r.id = m.recipient_id",
      ),
    ).toEqual([["ann", "bob"]]);
    session.expungeAll();
    const again = (await session.scalars(select(Message))).one();
    await session.load(again, "sender", "recipient");
    expect([again.sender.name, again.recipient.name]).toEqual(["ann", "bob"]);
  });

  test("assigning a list that is not loaded replaces what the database has", { skip: colour === "async" }, async () => {
    const session = open();
    await seed(session);
    (await find(session, "ann")).posts = [new Post({ title: "only" })];
    await session.commit();
    expect(await posts()).toEqual([["only", "ann"]]);
  });
});

describe("configuring relationships", () => {
  const Base = declarativeBase();
  class Target extends Base.model("targets", { id: t.integer().primaryKey() }) {}
  const fail = (make: () => unknown): Error => {
    try {
      make();
    } catch (error) {
      return error as Error;
    }
    throw new Error("this should have failed");
  };

  test("a choice of foreign keys is an error that lists them", () => {
    class Ambiguous extends Base.model("ambiguous", {
      id: t.integer().primaryKey(),
      firstId: t.integer().foreignKey("targets.id"),
      secondId: t.integer().foreignKey("targets.id"),
      get target() {
        return one(Target);
      },
    }) {}
    const error = fail(() => new Ambiguous({ target: new Target({}) }));
    expect(error).toBeInstanceOf(AmbiguousForeignKeysError);
    expect(error.message).toMatch(/Ambiguous\.target.*firstId.*secondId.*foreignKeys/s);
    // The next use meets the same error.
    expect(fail(() => new Ambiguous({})).message).toBe(error.message);
  });

  test.each<[string, object, RegExp]>([
    [
      "no foreign key",
      {
        get target() {
          return one(Target);
        },
      },
      /no foreign key links/,
    ],
    [
      "many() where the keys say one",
      {
        targetId: t.integer().foreignKey("targets.id"),
        get target() {
          return many(Target);
        },
      },
      /many\(\).*manyToOne/,
    ],
    [
      "an unknown cascade",
      {
        targetId: t.integer().foreignKey("targets.id"),
        get target() {
          return one(Target, { cascade: "everything" });
        },
      },
      /"everything" is no cascade/,
    ],
    [
      "delete-orphan without delete",
      {
        targetId: t.integer().foreignKey("targets.id"),
        get target() {
          return one(Target, { cascade: "delete-orphan" });
        },
      },
      /delete-orphan needs delete/,
    ],
    [
      "backPopulates that leads nowhere",
      {
        targetId: t.integer().foreignKey("targets.id"),
        get target() {
          return one(Target, { backPopulates: "nothing" as never });
        },
      },
      /has no such relationship/,
    ],
  ])("%s", (name, attributes, message) => {
    class Broken extends Base.model(
      `broken ${name}`,
      Object.defineProperties({ id: t.integer().primaryKey() }, Object.getOwnPropertyDescriptors(attributes)),
    ) {}
    expect(
      fail(() => {
        const broken = new Broken({}) as unknown as { target: unknown };
        broken.target = new Target({});
      }).message,
    ).toMatch(message);
  });

  test("both ends of a tree without remoteSide are the same end", () => {
    class Node extends Base.model("nodes", {
      id: t.integer().primaryKey(),
      get parentId() {
        return t.integer().nullable().foreignKey(Node.c.id);
      },
      get up() {
        return many(Node, { backPopulates: "down" });
      },
      get down() {
        return many(Node, { backPopulates: "up" });
      },
    }) {}
    expect(fail(() => new Node({}).up.push(new Node({})))).toBeInstanceOf(MappingError);
  });
});
