/** What a flush sends, in which order, and in how few statements. */
import { describe, expect, test } from "vitest";
import { CircularDependencyError } from "../../../src/errors/index.ts";
import { select, text } from "../../../src/sql/index.ts";
import { Category, Comment, Player, Post, postTags, Sample, Setting, Tag, Team, User } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

forEachSession("a flush", {}, ({ db, session: open, statements, stored }) => {
  test("inserts parents before children and link rows last, and gives each its key", async () => {
    const session = open();
    const [red, blue] = [new Tag({ label: "red" }), new Tag({ label: "blue" })];
    // Added children first, so that the order is the flush's own.
    const post = new Post({ title: "a", tags: [red, blue] });
    post.comments.push(new Comment({ body: "x" }));
    session.add(post);
    post.author = new User({ name: "ann" });
    await session.flush();
    const summary = statements.summary();
    expect(summary.at(-1)).toBe("insert post_tags (2)");
    expect([...summary].sort()).toEqual(
      ["insert comments (1)", "insert post_tags (2)", "insert posts (1)", "insert tags (2)", "insert users (1)"].sort(),
    );
    expect(summary.indexOf("insert users (1)")).toBeLessThan(summary.indexOf("insert posts (1)"));
    expect(summary.indexOf("insert posts (1)")).toBeLessThan(summary.indexOf("insert comments (1)"));
    expect(post.id).toBeTypeOf("number");
    expect(post.authorId).toBe(post.author.id);
    expect(post.comments[0]!.postId).toBe(post.id);
    await session.commit();
    expect(
      await stored(
        "SELECT p.title, u.name, c.body FROM posts p JOIN users u ON u.id = p.author_id JOIN comments c ON c.post_id = p.id",
      ),
    ).toEqual([["a", "ann", "x"]]);
    expect(await stored("SELECT t.label FROM post_tags l JOIN tags t ON t.id = l.tag_id ORDER BY t.label")).toEqual([
      ["blue"],
      ["red"],
    ]);
  });

  test("sends one statement for many rows of a table, and the keys come back in order", async () => {
    const session = open();
    const users = Array.from({ length: 40 }, (_user, index) => new User({ name: `user ${String(index).padStart(2, "0")}` }));
    session.addAll(users);
    await session.flush();
    expect(statements.take()).toHaveLength(1);
    expect(users.map(({ id }) => id)).toEqual(users.map(({ id }) => id).sort((a, b) => a - b));
    for (const user of users) user.email = `${user.name}@example.org`;
    await session.flush();
    const updates = statements.take();
    expect(updates).toHaveLength(1);
    expect(updates[0]).toMatchObject({ many: true });
    for (const user of users) await session.delete(user);
    await session.load(users[0]!, "posts");
    statements.take();
    await session.flush();
    expect(statements.summary()).toEqual([]);
    await session.commit();
    expect(await stored("SELECT count(*) FROM users")).toEqual([[db.name === "postgresql" ? "0" : 0]]);
  });

  test("sends nothing when nothing has changed in the end", async () => {
    const session = open();
    const user = new User({ name: "ann", email: null });
    const post = new Post({ title: "a", author: user });
    session.add(user);
    await session.flush();
    statements.take();
    await session.flush();
    user.name = "ann";
    user.email = "x";
    user.email = null;
    post.author = user;
    await session.flush();
    expect(statements.take()).toEqual([]);
    const other = new User({ name: "bob", posts: [] });
    session.add(other);
    await session.flush();
    statements.take();
    post.author = other;
    post.author = user;
    other.posts.push(post);
    other.posts.pop();
    post.author = user;
    await session.flush();
    expect(statements.take()).toEqual([]);
  });

  test("sets the changed columns alone", async () => {
    const session = open();
    const user = new User({ name: "ann", email: "a@example.org" });
    session.add(user);
    await session.flush();
    statements.take();
    user.email = "b@example.org";
    await session.flush();
    const [update] = statements.take();
    expect(update!.sql.replaceAll(/[`"]|\$\d|\?/g, "")).toBe("UPDATE users SET email= WHERE users.id = ");
    expect(update!.parameters).toEqual(["b@example.org", user.id]);
  });

  test("updates before it inserts, and deletes at the end, children first", async () => {
    const session = open();
    const [old, kept] = [new User({ name: "old" }), new User({ name: "kept" })];
    old.posts.push(new Post({ title: "gone" }));
    session.addAll([old, kept]);
    await session.commit();
    await session.refresh(kept);
    await session.delete((await session.scalars(select(User).where(User.c.name.eq("old")))).one());
    statements.take();
    kept.name = "renamed";
    kept.email = "k";
    session.add(new User({ name: "new" }));
    await session.flush();
    expect(statements.summary()).toEqual(["update users (1)", "insert users (1)", "delete posts (1)", "delete users (1)"]);
  });

  test("updates an object that was expired by a commit and never read again", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    const tag = new Tag({ label: "red" });
    session.addAll([user, tag]);
    await session.commit();
    user.name = "anna";
    const post = new Post({ title: "a", author: user, tags: [tag] });
    session.add(post);
    await session.commit();
    await session.refresh(tag);
    await session.commit();
    expect(
      await stored("SELECT u.name, p.title FROM users u JOIN posts p ON p.author_id = u.id JOIN post_tags l ON l.post_id = p.id"),
    ).toEqual([["anna", "a"]]);
    const comment = new Comment({ body: "x" });
    session.add(comment);
    await session.commit();
    await session.delete(comment);
    await session.commit();
    expect(await stored("SELECT body FROM comments")).toEqual([]);
  });

  test("writes a tree level by level, and takes it away from the leaves", async () => {
    const session = open();
    const leaf = (name: string): Category => new Category({ name });
    const root = new Category({
      name: "root",
      children: [
        new Category({ name: "a", children: [leaf("aa"), leaf("ab")] }),
        new Category({ name: "b", children: [leaf("ba")] }),
      ],
    });
    // The deepest is added first.
    session.add(root.children[0]!.children[1]!);
    await session.flush();
    expect(statements.take().filter(({ sql }) => sql.startsWith("INSERT"))).toHaveLength(3);
    await session.commit();
    expect(
      await stored("SELECT c.name, p.name FROM categories c LEFT JOIN categories p ON p.id = c.parent_id ORDER BY c.name"),
    ).toEqual([
      ["a", "root"],
      ["aa", "a"],
      ["ab", "a"],
      ["b", "root"],
      ["ba", "b"],
      ["root", null],
    ]);
    for (const category of (await session.scalars(select(Category).orderBy(Category.c.name.desc()))).all())
      await session.delete(category);
    await session.commit();
    expect(await stored("SELECT name FROM categories")).toEqual([]);
  });

  test("writes rows of tables that refer to each other in a circle", async () => {
    const session = open();
    const team = new Team({ name: "reds" });
    const player = new Player({ name: "kim", team });
    session.add(player);
    await session.flush();
    team.captain = player;
    const second = new Player({ name: "lee" });
    const other = new Team({ name: "blues", captain: second });
    session.add(other);
    await session.commit();
    expect(await stored("SELECT t.name, p.name FROM teams t JOIN players p ON p.id = t.captain_id ORDER BY t.name")).toEqual([
      ["blues", "lee"],
      ["reds", "kim"],
    ]);
    expect(await stored("SELECT p.name, t.name FROM players p LEFT JOIN teams t ON p.team_id = t.id ORDER BY p.name")).toEqual([
      ["kim", "reds"],
      ["lee", null],
    ]);
  });

  test("refuses new rows that need each other, and leaves nothing", async () => {
    const session = open();
    const team = new Team({ name: "reds" });
    team.captain = new Player({ name: "kim", team });
    session.addAll([new User({ name: "bystander" }), team]);
    const error = await failure(() => session.flush());
    expect(error).toBeInstanceOf(CircularDependencyError);
    expect(error.message).toMatch(/Team|Player/);
    await session.rollback();
    expect(await stored("SELECT name FROM users")).toEqual([]);
    team.captain = null;
    session.add(team);
    await session.commit();
    expect(await stored("SELECT name FROM players")).toEqual([["kim"]]);
  });

  test("takes keys that were given, of several parts and of text", async () => {
    const session = open();
    session.addAll([
      new Setting({ scope: "a", number: 2, value: "x" }),
      new Setting({ scope: "a", number: 1, value: "y" }),
      new User({ id: 77, name: "given" }),
    ]);
    await session.flush();
    expect(statements.summary()).toEqual(["insert settings (2)", "insert users (1)"]);
    const setting = (await session.get(Setting, ["a", 2]))!;
    setting.value = "changed";
    await session.commit();
    expect(await stored("SELECT scope, number, value FROM settings ORDER BY number")).toEqual([
      ["a", 1, "y"],
      ["a", 2, "changed"],
    ]);
    expect(await stored("SELECT id FROM users")).toEqual([[77]]);
  });

  test("keeps given keys and generated ones apart", async () => {
    const session = open();
    const users = [
      new User({ name: "a" }),
      new User({ id: 1_000_000, name: "b" }),
      new User({ name: "c", email: "c" }),
      new User({ name: "d" }),
    ];
    session.addAll(users);
    await session.flush();
    expect(new Set(users.map(({ id }) => id)).size).toBe(4);
    await session.commit();
    expect(await stored("SELECT name, email FROM users ORDER BY name")).toEqual([
      ["a", null],
      ["b", null],
      ["c", "c"],
      ["d", null],
    ]);
  });

  test("fetches what defaults have put into a new row, but sends what was given", async () => {
    const session = open();
    const user = new User({ name: "ann", posts: [new Post({ title: "a" }), new Post({ title: "b", views: 7 })] });
    session.add(user);
    await session.flush();
    statements.take();
    await session.load(user.posts[0]!, "views");
    expect(user.posts.map((post) => post.views)).toEqual([0, 7]);
  });

  test("puts one link row where both sides show the same link", async () => {
    const session = open();
    const post = new Post({ title: "a", author: new User({ name: "ann" }) });
    const tag = new Tag({ label: "red" });
    post.tags.push(tag);
    expect(tag.posts).toContain(post);
    session.addAll([post, tag]);
    await session.commit();
    expect(await stored("SELECT count(*) FROM post_tags")).toEqual([[db.name === "postgresql" ? "1" : 1]]);
  });

  test("does not link what it deletes", async () => {
    const session = open();
    const post = new Post({ title: "a", author: new User({ name: "ann" }) });
    const tag = new Tag({ label: "red" });
    session.addAll([post, tag]);
    await session.flush();
    await session.load(post, "tags");
    await session.load(tag, "posts");
    post.tags.push(tag);
    await session.delete(tag);
    await session.commit();
    expect(await stored("SELECT * FROM post_tags")).toEqual([]);
    expect(await stored("SELECT * FROM tags")).toEqual([]);
  });

  test("runs before a statement that does not come from the ORM, too", async () => {
    const session = open();
    session.add(new User({ name: "ann" }));
    expect(await session.scalar(text("SELECT name FROM users"))).toBe("ann");
    expect((await session.execute(select(postTags.c.tag_id))).all()).toEqual([]);
  });
});

forEachSession("a key of 64 bits", {}, ({ session: open, stored }) => {
  test("is a bigint when the database makes it, and is copied to children", async () => {
    const session = open();
    const child = new Sample({ text: "child" });
    const parent = new Sample({ text: "parent", children: [child] });
    session.add(parent);
    await session.flush();
    expect(parent.id).toBeTypeOf("bigint");
    expect(child.parentId).toBe(parent.id);
    await session.commit();
    expect(await stored("SELECT c.text FROM samples c JOIN samples p ON p.id = c.parent_id")).toEqual([["child"]]);
  });

  describe.each([9_007_199_254_740_993n, 5n])("%s", (id) => {
    test("is found again whether asked for as a bigint or, where it fits, a number", async () => {
      const session = open();
      const sample = new Sample({ id, text: "x" });
      session.add(sample);
      await session.commit();
      expect(await session.get(Sample, id)).toBe(sample);
      if (id < 100n) expect(await session.get(Sample, Number(id))).toBe(sample);
      session.expungeAll();
      const again = (await session.get(Sample, id))!;
      expect(again.id).toBe(id);
      again.text = "y";
      await session.commit();
      expect(await stored("SELECT text FROM samples")).toEqual([["y"]]);
    });
  });
});
