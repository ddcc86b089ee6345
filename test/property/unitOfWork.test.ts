/**
 * Random work with a session, compared with the same work on plain maps: after every commit and rollback the database holds what the
 * maps hold. On SQLite many runs; a few on the servers, whose answers take longer.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import type { AsyncSession } from "../../src/async/session.ts";
import { select } from "../../src/sql/index.ts";
import { BlogBase, Comment, Post, Tag, User } from "../support/domains.ts";
import { forEachSession, type SessionContext } from "../support/sessions.ts";

/** What the database should hold. Everything is known by its name. */
class Model {
  users = new Map<string, { email: string | null }>();
  posts = new Map<string, { author: string; tags: Set<string> }>();
  tags = new Set<string>();
  comments = new Map<string, { post: string | null; writer: string | null }>();

  copy(): Model {
    const copy = new Model();
    for (const [name, user] of this.users) copy.users.set(name, { ...user });
    for (const [title, { author, tags }] of this.posts) copy.posts.set(title, { author, tags: new Set(tags) });
    copy.tags = new Set(this.tags);
    for (const [body, comment] of this.comments) copy.comments.set(body, { ...comment });
    return copy;
  }
  deletePost(title: string): void {
    this.posts.delete(title);
    for (const [body, { post }] of this.comments) if (post === title) this.comments.delete(body);
  }
  deleteUser(name: string): void {
    this.users.delete(name);
    for (const [title, { author }] of this.posts) if (author === name) this.deletePost(title);
    for (const comment of this.comments.values()) if (comment.writer === name) comment.writer = null;
  }
  deleteTag(label: string): void {
    this.tags.delete(label);
    for (const { tags } of this.posts.values()) tags.delete(label);
  }
  rows(): unknown {
    return {
      users: sorted([...this.users].map(([name, { email }]) => [name, email])),
      posts: sorted([...this.posts].map(([title, { author }]) => [title, author])),
      links: sorted([...this.posts].flatMap(([title, { tags }]) => [...tags].map((tag) => [title, tag]))),
      tags: sorted([...this.tags].map((label) => [label])),
      comments: sorted([...this.comments].map(([body, { post, writer }]) => [body, post, writer])),
    };
  }
}

const sorted = (rows: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] =>
  [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

async function stored(engine: AsyncEngine): Promise<unknown> {
  const connection = await engine.connect();
  const rows = async (sql: string): Promise<unknown> =>
    sorted((await connection.execDriverSql(sql)).all().map((row) => [...row]));
  const found = {
    users: await rows("SELECT name, email FROM users"),
    posts: await rows("SELECT p.title, u.name FROM posts p JOIN users u ON u.id = p.author_id"),
    links: await rows("SELECT p.title, t.label FROM post_tags l JOIN posts p ON p.id = l.post_id JOIN tags t ON t.id = l.tag_id"),
    tags: await rows("SELECT label FROM tags"),
    comments: await rows(
      "SELECT c.body, p.title, u.name FROM comments c LEFT JOIN posts p ON p.id = c.post_id LEFT JOIN users u ON u.id = c.writer_id",
    ),
  };
  await connection.close();
  return found;
}

const ACTIONS = [
  "addUser",
  "addPost",
  "addPost",
  "addTag",
  "addComment",
  "email",
  "moveByReference",
  "moveByList",
  "moveByKey",
  "link",
  "link",
  "linkBack",
  "unlink",
  "unlinkBack",
  "assignTags",
  "orphan",
  "orphanByReference",
  "comment",
  "uncomment",
  "write",
  "deleteUser",
  "deletePost",
  "deleteTag",
  "flush",
  "flush",
  "commit",
  "rollback",
  "forget",
  "expire",
] as const;
type Action = readonly [kind: (typeof ACTIONS)[number], a: number, b: number];
const actions = fc.array(fc.tuple(fc.constantFrom(...ACTIONS), fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 40 });

type Entities = ReadonlyMap<string, User | Post | Tag | Comment>;

class World {
  readonly session: AsyncSession;
  readonly engine: AsyncEngine;
  model = new Model();
  entities: Map<string, User | Post | Tag | Comment> = new Map();
  #committed = { model: new Model(), entities: new Map() as Entities };
  #number = 0;

  constructor(session: AsyncSession, engine: AsyncEngine) {
    this.session = session;
    this.engine = engine;
  }

  get<T>(key: string): T {
    return this.entities.get(key) as T;
  }
  /** The n-th of some names, or null where there is none. */
  pick(names: Iterable<string>, n: number): string | null {
    const list = [...names];
    return list.length === 0 ? null : list[n % list.length]!;
  }
  add(key: string, entity: User | Post | Tag | Comment): void {
    this.entities.set(key, entity);
    this.session.add(entity);
  }
  /** Loads what is about to be read. */
  async ready<T extends User | Post | Tag | Comment>(entity: T, name: keyof T & string): Promise<T> {
    if (!this.session.new.includes(entity)) await this.session.load(entity, name);
    return entity;
  }
  /** Only an object with a row can be deleted. */
  async delete(key: string): Promise<void> {
    await this.session.flush();
    await this.session.delete(this.get<object>(key));
  }

  async run([kind, a, b]: Action): Promise<void> {
    const { model, session } = this;
    const user = this.pick(model.users.keys(), a);
    const post = this.pick(model.posts.keys(), b);
    const tag = this.pick(model.tags, a);
    const comment = this.pick(model.comments.keys(), b);
    const name = `${kind} ${this.#number++}`;
    switch (kind) {
      case "addUser":
        model.users.set(name, { email: null });
        this.add(name, new User({ name }));
        return;
      case "addTag":
        model.tags.add(name);
        this.add(name, new Tag({ label: name }));
        return;
      case "addPost":
        if (user === null) return;
        model.posts.set(name, { author: user, tags: new Set() });
        this.add(name, new Post({ title: name, author: this.get<User>(user) }));
        return;
      case "addComment":
        model.comments.set(name, { post, writer: user });
        this.add(
          name,
          new Comment({
            body: name,
            ...(post !== null && { post: this.get<Post>(post) }),
            ...(user !== null && { writer: this.get<User>(user) }),
          }),
        );
        return;
      case "email":
        if (user === null) return;
        model.users.get(user)!.email = b === 0 ? null : `mail ${b}`;
        this.get<User>(user).email = b === 0 ? null : `mail ${b}`;
        return;
      case "moveByReference":
        if (user === null || post === null) return;
        model.posts.get(post)!.author = user;
        this.get<Post>(post).author = this.get<User>(user);
        return;
      case "moveByList":
        if (user === null || post === null || model.posts.get(post)!.author === user) return;
        model.posts.get(post)!.author = user;
        (await this.ready(this.get<User>(user), "posts")).posts.push(this.get<Post>(post));
        return;
      case "moveByKey": {
        if (user === null || post === null) return;
        await session.flush();
        model.posts.get(post)!.author = user;
        const owner = await this.ready(this.get<User>(user), "id");
        await this.ready(this.get<Post>(post), "authorId");
        this.get<Post>(post).authorId = owner.id;
        await session.flush();
        // As in SQLAlchemy a relationship does not follow its foreign key before it is read again.
        session.expireAll();
        return;
      }
      case "link":
      case "linkBack":
        if (tag === null || post === null || model.posts.get(post)!.tags.has(tag)) return;
        model.posts.get(post)!.tags.add(tag);
        if (kind === "link") (await this.ready(this.get<Post>(post), "tags")).tags.push(this.get<Tag>(tag));
        else (await this.ready(this.get<Tag>(tag), "posts")).posts.push(this.get<Post>(post));
        return;
      case "unlink":
      case "unlinkBack": {
        const linked = post === null ? null : this.pick(model.posts.get(post)!.tags, a);
        if (linked === null) return;
        model.posts.get(post!)!.tags.delete(linked);
        const [one, other] = [this.get<Post>(post!), this.get<Tag>(linked)];
        if (kind === "unlink") (await this.ready(one, "tags")).tags.splice(one.tags.indexOf(other), 1);
        else (await this.ready(other, "posts")).posts.splice(other.posts.indexOf(one), 1);
        return;
      }
      case "assignTags": {
        if (post === null) return;
        const chosen = [...model.tags].filter((_tag, index) => (index + a) % 2 === 0);
        model.posts.get(post)!.tags = new Set(chosen);
        (await this.ready(this.get<Post>(post), "tags")).tags = chosen.map((label) => this.get<Tag>(label));
        return;
      }
      case "orphan":
      case "orphanByReference": {
        if (post === null) return;
        await session.flush();
        const orphan = this.get<Post>(post);
        const author = this.get<User>(model.posts.get(post)!.author);
        model.deletePost(post);
        if (kind === "orphanByReference") orphan.author = null as never;
        else (await this.ready(author, "posts")).posts.splice(author.posts.indexOf(orphan), 1);
        await session.flush();
        return;
      }
      case "comment":
        if (comment === null || post === null) return;
        model.comments.get(comment)!.post = post;
        this.get<Comment>(comment).post = this.get<Post>(post);
        return;
      case "uncomment": {
        if (comment === null) return;
        const { post: commented } = model.comments.get(comment)!;
        if (commented === null) return;
        model.comments.get(comment)!.post = null;
        if (a % 2 === 0) this.get<Comment>(comment).post = null;
        else {
          const owner = await this.ready(this.get<Post>(commented), "comments");
          owner.comments.splice(owner.comments.indexOf(this.get<Comment>(comment)), 1);
        }
        return;
      }
      case "write":
        if (comment === null) return;
        model.comments.get(comment)!.writer = user;
        this.get<Comment>(comment).writer = user === null ? null : this.get<User>(user);
        return;
      case "deleteUser":
        if (user === null) return;
        await this.delete(user);
        model.deleteUser(user);
        return;
      case "deletePost":
        if (post === null) return;
        await this.delete(post);
        model.deletePost(post);
        return;
      case "deleteTag":
        if (tag === null) return;
        await this.delete(tag);
        model.deleteTag(tag);
        return;
      case "flush":
        await session.flush();
        return;
      case "commit":
        await this.commit();
        return;
      case "rollback":
        await session.rollback();
        this.model = this.#committed.model.copy();
        this.entities = new Map(this.#committed.entities);
        expect(await stored(this.engine)).toEqual(this.model.rows());
        return;
      case "forget":
        await this.commit();
        session.expungeAll();
        await this.load();
        return;
      case "expire":
        await session.flush();
        session.expireAll();
    }
  }

  async commit(): Promise<void> {
    await this.session.commit();
    expect(await stored(this.engine)).toEqual(this.model.rows());
    this.#committed = { model: this.model.copy(), entities: new Map(this.entities) };
  }
  /** Every object anew, under its name. */
  async load(): Promise<void> {
    this.entities = new Map();
    for (const user of (await this.session.scalars(select(User))).all()) this.entities.set(user.name, user);
    for (const post of (await this.session.scalars(select(Post))).all()) this.entities.set(post.title, post);
    for (const tag of (await this.session.scalars(select(Tag))).all()) this.entities.set(tag.label, tag);
    for (const comment of (await this.session.scalars(select(Comment))).all()) this.entities.set(comment.body, comment);
    this.#committed = { model: this.model.copy(), entities: new Map(this.entities) };
  }
}

async function live(context: SessionContext, work: readonly Action[], expireOnCommit: boolean): Promise<void> {
  const connection = await context.engine().connect();
  for (const table of [...BlogBase.metadata.sortedTables].reverse()) {
    if (["users", "posts", "post_tags", "tags", "comments"].includes(table.name))
      await connection.execDriverSql(`DELETE FROM ${table.name}`);
  }
  await connection.commit();
  await connection.close();
  const session = context.session({ expireOnCommit });
  try {
    const world = new World(session, context.engine());
    for (const action of work) await world.run(action);
    await world.commit();
  } finally {
    await session.close();
  }
}

forEachSession("random work", {}, (context) => {
  const numRuns = context.db.name !== "sqlite" ? 15 : context.colour === "sync" ? 300 : 100;

  test("leaves in the database what it left in the model", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.boolean(), (work, expireOnCommit) => live(context, work, expireOnCommit)),
      { numRuns },
    );
  });
});
