/** How relationships are loaded, and in how many statements. */
import { expect, test } from "vitest";
import type { AsyncSession } from "../../../src/async/session.ts";
import { ArgumentError, DetachedInstanceError, MissingLoadError, NotYetSupportedError } from "../../../src/errors/index.ts";
import { joinedload, lazyload, selectinload } from "../../../src/orm/index.ts";
import { insert, select } from "../../../src/sql/index.ts";
import { Category, Comment, Post, Tag, User } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

/** Three users: ann with two posts (tagged, commented), bob with one, cleo with none. */
async function seed(session: AsyncSession): Promise<void> {
  const [red, blue] = [new Tag({ label: "red" }), new Tag({ label: "blue" })];
  const a = new Post({ title: "a", tags: [red, blue], comments: [new Comment({ body: "1" }), new Comment({ body: "2" })] });
  session.addAll([
    new User({ name: "ann", posts: [a, new Post({ title: "b", tags: [red] })] }),
    new User({ name: "bob", posts: [new Post({ title: "c" })] }),
    new User({ name: "cleo" }),
  ]);
  await session.commit();
  session.expungeAll();
}
const shape = (users: readonly User[]): unknown =>
  users.map((user) => [user.name, user.posts.map((post) => [post.title, post.tags.map(({ label }) => label)])]);
const SHAPE = [
  [
    "ann",
    [
      ["a", ["blue", "red"]],
      ["b", ["red"]],
    ],
  ],
  ["bob", [["c", []]]],
  ["cleo", []],
];

forEachSession("loading relationships", {}, ({ session: open, statements, colour, engine }) => {
  const all = select(User).orderBy(User.c.name);

  test("by reading them, one SELECT each, where that is possible", { skip: colour === "async" }, async () => {
    const session = open();
    await seed(session);
    statements.take();
    const users = (await session.scalars(all)).all();
    expect(shape(users)).toEqual(SHAPE);
    expect(statements.summary()).toEqual([
      "select users",
      "select posts",
      "select tags",
      "select tags",
      "select posts",
      "select tags",
      "select posts",
    ]);
    expect(shape(users)).toEqual(SHAPE);
    expect(users[0]!.posts[0]!.author).toBe(users[0]);
    expect(statements.summary()).toEqual([]);
  });

  test("a reference is read from the identity map, or else by its key", async () => {
    const session = open();
    await seed(session);
    const users = (await session.scalars(all)).all();
    const posts = (await session.scalars(select(Post))).all();
    statements.take();
    for (const post of posts) expect(users).toContain(post.author);
    expect(statements.take()).toEqual([]);
    session.expungeAll();
    const post = (await session.scalars(select(Post).where(Post.c.title.eq("c")))).one();
    await session.load(post, "author");
    expect(post.author.name).toBe("bob");
  });

  test("selectinload: one statement per level, whatever the number of parents", async () => {
    const session = open();
    await seed(session);
    statements.take();
    const users = (await session.scalars(all.options(selectinload(User.c.posts).selectinload(Post.c.tags)))).all();
    expect(statements.summary()).toEqual(["select users", "select posts", "select tags"]);
    expect(shape(users)).toEqual(SHAPE);
    const posts = (
      await session.scalars(
        select(Post).orderBy(Post.c.title).options(selectinload(Post.c.author), selectinload(Post.c.comments)),
      )
    ).all();
    expect(statements.summary()).toEqual(["select posts", "select comments"]);
    expect(posts.map((post) => [post.author.name, post.comments.map(({ body }) => body)])).toEqual([
      ["ann", ["2", "1"]],
      ["ann", []],
      ["bob", []],
    ]);
  });

  test("selectinload reads many parents in parts of 500 keys", async () => {
    const session = open();
    const connection = await engine().connect();
    const ids = Array.from({ length: 1200 }, (_id, index) => index + 1_000_000);
    await connection.execute(
      insert(User),
      ids.map((id) => ({ id, name: `user ${id}` })),
    );
    await connection.execute(
      insert(Post),
      ids.slice(0, 1100).map((id) => ({ title: `post of ${id}`, authorId: id })),
    );
    await connection.commit();
    await connection.close();
    statements.take();
    const users = (await session.scalars(select(User).options(selectinload(User.c.posts)))).all();
    const sent = statements.take();
    expect(sent.map(({ parameters }) => parameters.length)).toEqual([0, 500, 500, 200]);
    expect(
      users.every((user) => user.posts.map(({ title }) => title).join() === (user.id < 1_001_100 ? `post of ${user.id}` : "")),
    ).toBe(true);
  });

  test("joinedload: one statement, each parent once, lists in order", async () => {
    const session = open();
    await seed(session);
    statements.take();
    const users = (await session.scalars(all.options(joinedload(User.c.posts).joinedload(Post.c.tags)))).all();
    expect(statements.summary()).toEqual(["select users"]);
    expect(shape(users)).toEqual(SHAPE);
    expect(statements.summary()).toEqual([]);
    session.expungeAll();
    const posts = (
      await session.scalars(select(Post).orderBy(Post.c.title).options(joinedload(Post.c.comments), joinedload(Post.c.author)))
    ).all();
    expect(posts.map((post) => [post.title, post.author.name, post.comments.map(({ body }) => body)])).toEqual([
      ["a", "ann", ["2", "1"]],
      ["b", "ann", []],
      ["c", "bob", []],
    ]);
    expect(statements.summary()).toEqual(["select posts"]);
  });

  test("joinedload of a reference that leads nowhere gives null, not a further statement", async () => {
    const session = open();
    session.add(new Comment({ body: "alone" }));
    await session.commit();
    session.expungeAll();
    const comment = (
      await session.scalars(select(Comment).options(joinedload(Comment.c.post), joinedload(Comment.c.writer)))
    ).one();
    statements.take();
    expect([comment.post, comment.writer]).toEqual([null, null]);
    expect(statements.take()).toEqual([]);
  });

  test("joinedload of a list refuses a limit, which would count the joined rows", async () => {
    const session = open();
    const error = await failure(() => session.scalars(select(User).limit(1).options(joinedload(User.c.posts))));
    expect(error).toBeInstanceOf(NotYetSupportedError);
    expect(error.message).toMatch(/selectinload/);
    expect((await session.scalars(select(Post).limit(1).options(joinedload(Post.c.author)))).all()).toEqual([]);
  });

  test("a tree loads itself level by level", async () => {
    const session = open();
    session.add(
      new Category({
        name: "root",
        children: [new Category({ name: "b" }), new Category({ name: "a", children: [new Category({ name: "leaf" })] })],
      }),
    );
    await session.commit();
    for (const option of [
      selectinload(Category.c.children).selectinload(Category.c.children).selectinload(Category.c.children),
      joinedload(Category.c.children).joinedload(Category.c.children).selectinload(Category.c.children),
    ]) {
      session.expungeAll();
      const root = (await session.scalars(select(Category).where(Category.c.parentId.is(null)).options(option))).one();
      statements.take();
      const names = (category: Category): unknown => [category.name, category.children.map(names)];
      expect(names(root)).toEqual([
        "root",
        [
          ["a", [["leaf", []]]],
          ["b", []],
        ],
      ]);
      expect(statements.take()).toEqual([]);
    }
  });

  test("an option loads what objects that are there already lack, and leaves what they have", async () => {
    const session = open();
    await seed(session);
    const [ann] = (await session.scalars(all)).all();
    await session.load(ann!, "posts");
    ann!.posts.push(new Post({ title: "new" }));
    statements.take();
    const users = (await session.scalars(all.options(selectinload(User.c.posts).selectinload(Post.c.tags)))).all();
    expect(users[0]!.posts.map(({ title }) => title)).toEqual(["a", "b", "new"]);
    expect(users[0]!.posts.slice(0, 2).map(({ tags }) => tags.length)).toEqual([2, 1]);
    session.expire(ann!);
    await session.scalars(select(Post).options(selectinload(Post.c.author)));
    expect(ann!.name).toBe("ann");
  });

  test("what is lost when the session forgets is loaded again by the next option", async () => {
    const session = open();
    await seed(session);
    const statement = all.options(selectinload(User.c.posts).selectinload(Post.c.tags));
    expect(shape((await session.scalars(statement)).all())).toEqual(SHAPE);
    session.expireAll();
    expect(shape((await session.scalars(statement)).all())).toEqual(SHAPE);
    session.expireAll();
    expect(shape((await session.scalars(all.options(joinedload(User.c.posts).joinedload(Post.c.tags)))).all())).toEqual(SHAPE);
  });

  test("reading what is not loaded tells an asynchronous program what to do", { skip: colour === "sync" }, async () => {
    const session = open();
    await seed(session);
    const [ann] = (await session.scalars(all)).all();
    for (const read of [() => ann!.posts, () => void (ann!.posts = [])]) {
      expect(read).toThrow(MissingLoadError);
      expect(read).toThrow(/selectinload\(User\.c\.posts\).*session\.load\(object, "posts"\)/s);
    }
    await session.load(ann!, "posts", "comments");
    expect(ann!.posts).toHaveLength(2);
    await session.commit();
    expect(() => ann!.name).toThrow(/session\.load\(object, "name"\)/);
    await session.load(ann!, "name");
    expect(ann!.name).toBe("ann");
    expect((await failure(() => session.load(ann!, "nothing" as never))).message).toMatch(/no relationship nothing.*posts/);
  });

  test("an object without a session keeps what it has, and cannot load the rest", async () => {
    const session = open();
    await seed(session);
    const [ann] = (await session.scalars(all)).all();
    await session.close();
    expect(ann!.name).toBe("ann");
    expect(() => ann!.posts).toThrow(DetachedInstanceError);
    expect(() => ann!.posts).toThrow(new RegExp(`User\\(id=${ann!.id}\\).*posts`));
    session.add(ann!);
    await session.load(ann!, "posts");
    expect(ann!.posts).toHaveLength(2);
    await session.commit();
    await session.close();
    expect(() => ann!.name).toThrow(new RegExp(`User\\(id=\\d+\\).*expireOnCommit`));
  });

  test("options are checked when the statement is executed", async () => {
    const session = open();
    expect((await failure(() => session.scalars(select(Post).options(selectinload(User.c.posts) as never)))).message).toMatch(
      /starts from User/,
    );
    expect(await failure(() => session.scalars(select(User).options("posts" as never)))).toBeInstanceOf(ArgumentError);
    expect(() => selectinload(User.c.name as never)).toThrow(ArgumentError);
    expect(() => selectinload(User.c.posts).selectinload(User.c.posts as never)).toThrow(/leads to Post/);
    expect((await session.scalars(select(User).options(lazyload(User.c.posts)))).all()).toEqual([]);
  });

  test("rows of several entities and columns hold the same objects", async () => {
    const session = open();
    await seed(session);
    const rows = (await session.execute(select(User, Post.c.title, Post).join(User.c.posts).orderBy(Post.c.title))).all();
    expect(rows.map((row) => [row[0].name, row.title])).toEqual([
      ["ann", "a"],
      ["ann", "b"],
      ["bob", "c"],
    ]);
    expect(rows[0]![0]).toBe(rows[1]![0]);
    expect(rows[2]![2].title).toBe("c");
    const outer = (await session.execute(select(User, Post).outerjoin(User.c.posts).where(User.c.name.eq("cleo")))).one();
    expect(outer[1]).toBeNull();
    const tagged = (
      await session.scalars(select(Post).join(Post.c.tags).where(Tag.c.label.eq("red")).orderBy(Post.c.title))
    ).all();
    expect(tagged.map(({ title }) => title)).toEqual(["a", "b"]);
  });
});
