/** Sessions and their transaction: when they flush, what commit and rollback do to objects, and what is left after a failure. */
import { expect, test } from "vitest";
import type { AsyncSession } from "../../../src/async/session.ts";
import { ConcurrentUseError, IntegrityError, InvalidRequestError, PendingRollbackError } from "../../../src/errors/index.ts";
import type { Features } from "../../../src/sql/compile/dialect.ts";
import { select, text } from "../../../src/sql/index.ts";
import { asyncSessionmaker } from "../../../src/async/session.ts";
import { sessionmaker } from "../../../src/sync/session.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { Category, Comment, Post, Tag, User } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

forEachSession("a session's transaction", {}, ({ db, session: open, statements, stored, colour, engine }) => {
  const names = async (): Promise<unknown[]> => (await stored("SELECT name FROM users ORDER BY name")).map(([name]) => name);

  test("queries see what was changed, unless autoflush is off", async () => {
    const session = open();
    session.add(new User({ name: "ann" }));
    expect((await session.scalars(select(User.c.name))).all()).toEqual(["ann"]);
    const patient = open({ autoflush: false });
    await session.commit();
    patient.add(new User({ name: "bob" }));
    expect((await patient.scalars(select(User.c.name))).all()).toEqual(["ann"]);
    await patient.commit();
    expect(await names()).toEqual(["ann", "bob"]);
  });

  test("commit makes objects read their rows again, unless told not to", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    await session.commit();
    expect(session.inTransaction()).toBe(false);
    statements.take();
    await session.load(user, "name");
    expect(statements.take()).toHaveLength(1);
    const keeping = open({ expireOnCommit: false });
    await session.commit();
    const kept = new User({ name: "bob", posts: [new Post({ title: "a" })] });
    keeping.add(kept);
    await keeping.commit();
    statements.take();
    expect([kept.name, kept.posts.length, kept.posts[0]!.author]).toEqual(["bob", 1, kept]);
    expect(statements.take()).toEqual([]);
  });

  test("rollback makes new objects transient, without the key that was generated, and they can be added again", async () => {
    const session = open();
    const user = new User({ name: "ann", posts: [new Post({ title: "a", tags: [new Tag({ label: "red" })] })] });
    const given = new User({ id: 4711, name: "given" });
    session.addAll([user, given]);
    await session.flush();
    expect(user.id).toBeTypeOf("number");
    await session.rollback();
    expect(session.has(user)).toBe(false);
    expect([user.id, user.posts[0]!.id, user.posts[0]!.tags[0]!.id]).toEqual([undefined, undefined, undefined]);
    expect([user.name, user.posts.length]).toEqual(["ann", 1]);
    // A key that was given is kept.
    expect(given.id).toBe(4711);
    expect(await names()).toEqual([]);
    session.addAll([new User({ name: "first" }), user, given]);
    await session.commit();
    expect(await names()).toEqual(["ann", "first", "given"]);
    expect(
      await stored(
        "SELECT u.name, p.title, t.label FROM users u JOIN posts p ON p.author_id = u.id JOIN post_tags l ON l.post_id = p.id JOIN tags t ON t.id = l.tag_id",
      ),
    ).toEqual([["ann", "a", "red"]]);
  });

  test("rollback gives changed objects the values of the database, and deleted ones their place back", async () => {
    const session = open();
    const [ann, bob] = [new User({ name: "ann", posts: [new Post({ title: "a" })] }), new User({ name: "bob" })];
    session.addAll([ann, bob]);
    await session.commit();
    await session.load(ann, "posts");
    ann.name = "changed";
    ann.posts.pop();
    ann.posts.push(new Post({ title: "new" }));
    await session.delete(bob);
    await session.flush();
    bob.name = "changed too";
    expect(session.deleted).toEqual([]);
    expect(await session.get(User, ann.id)).toBe(ann);
    await session.rollback();
    await session.refresh(ann);
    await session.refresh(bob);
    await session.load(ann, "posts");
    expect([ann.name, ann.posts.map(({ title }) => title), bob.name]).toEqual(["ann", ["a"], "bob"]);
    bob.name = "bobby";
    await session.delete(ann);
    await session.commit();
    expect(await names()).toEqual(["bobby"]);
    expect(session.has(ann)).toBe(false);
    expect(session.has(bob)).toBe(true);
  });

  test("what was changed and not flushed is undone by rollback as well", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    await session.commit();
    user.name = "changed";
    const pending = new User({ name: "pending" });
    session.add(pending);
    await session.rollback();
    await session.refresh(user);
    expect(user.name).toBe("ann");
    expect(session.has(pending)).toBe(false);
    await session.commit();
    expect(await names()).toEqual(["ann"]);
  });

  test("an object that was added and deleted in one transaction is nobody's after rollback", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    await session.flush();
    await session.delete(user);
    await session.flush();
    await session.rollback();
    expect(session.has(user)).toBe(false);
    session.add(user);
    await session.commit();
    expect(await names()).toEqual(["ann"]);
  });

  test("a failing flush leaves nothing half written, and the session says what to do", async () => {
    const session = open();
    session.add(new User({ name: "taken" }));
    await session.commit();
    const fine = new User({ name: "fine", posts: [new Post({ title: "a" })] });
    const taken = new User({ name: "taken" });
    session.addAll([new Tag({ label: "red" }), fine, taken]);
    const error = await failure(() => session.flush());
    expect(error).toBeInstanceOf(IntegrityError);
    expect(engine().pool.checkedout()).toBe(0);
    for (const attempt of [
      () => session.scalars(select(User)),
      () => session.flush(),
      () => session.commit(),
      () => session.execute(text("SELECT 1")),
    ]) {
      const refused = await failure(attempt);
      expect(refused).toBeInstanceOf(PendingRollbackError);
      expect(refused.message).toMatch(/rollback\(\)/);
      expect(refused.cause).toBe(error);
    }
    await session.rollback();
    expect(await names()).toEqual(["taken"]);
    expect(await stored("SELECT label FROM tags")).toEqual([]);
    expect([fine.id, fine.posts[0]!.id, taken.id]).toEqual([undefined, undefined, undefined]);
    taken.name = "free";
    session.addAll([fine, taken]);
    await session.commit();
    expect(await names()).toEqual(["fine", "free", "taken"]);
  });

  test(
    "a flush that has to insert one row at a time forgets the keys it got before it failed",
    { skip: !db.has("lastInsertId") },
    async () => {
      // What MySQL can do; MariaDB and SQLite can do more, and do not mind.
      const dialect = engine().core.dialect as { features: Features };
      const { features } = dialect;
      dialect.features = { ...features, insertReturning: false, generatedKeys: "lastInsertId", generatedKeysOfMany: "one" };
      try {
        const session = open();
        const [first, second, third] = ["first", "same", "same"].map((name) => new User({ name }));
        session.addAll([first!, second!, third!]);
        expect(await failure(() => session.flush())).toBeInstanceOf(IntegrityError);
        await session.rollback();
        expect([first!.id, second!.id, third!.id]).toEqual([undefined, undefined, undefined]);
        session.addAll([new User({ name: "earlier" }), first!, second!]);
        await session.commit();
        expect(await names()).toEqual(["earlier", "first", "same"]);
      } finally {
        dialect.features = features;
      }
    },
  );

  test("an autoflush that fails inside a query fails the query", async () => {
    const session = open();
    session.addAll([new User({ name: "ann" }), new User({ name: "ann" })]);
    expect(await failure(() => session.scalars(select(Tag)))).toBeInstanceOf(IntegrityError);
    await session.close();
    expect((await session.scalars(select(User))).all()).toEqual([]);
  });

  test("a failed query leaves what to do to the program", async () => {
    const session = open();
    session.add(new User({ name: "ann" }));
    await session.flush();
    await failure(() => session.execute(text("SELECT * FROM no_such_table")));
    await session.rollback();
    expect((await session.scalars(select(User))).all()).toEqual([]);
  });

  test("begin() with a callback commits when it returns and rolls back when it throws", async () => {
    const session = open();
    expect(await session.begin((same) => (same.add(new User({ name: "ann" })), 5))).toBe(5);
    const error = new Error("no");
    expect(
      await failure(() =>
        session.begin((same: AsyncSession) => {
          same.add(new User({ name: "bob" }));
          throw error;
        }),
      ),
    ).toBe(error);
    expect(session.inTransaction()).toBe(false);
    await session.begin();
    expect(await failure(() => session.begin())).toBeInstanceOf(InvalidRequestError);
    await session.rollback();
    expect(await names()).toEqual(["ann"]);
  });

  test("a factory's begin() closes the session as well", async () => {
    const given: unknown = engine();
    const factory =
      colour === "sync"
        ? (sessionmaker(given as Engine, { autoflush: false }) as unknown as ReturnType<typeof asyncSessionmaker>)
        : asyncSessionmaker(engine(), { autoflush: false });
    let used: AsyncSession | null = null;
    const user = new User({ name: "ann" });
    await factory.begin((session) => {
      used = session;
      session.add(user);
    });
    expect(used!.has(user)).toBe(false);
    expect(factory({ autoflush: true }).core.autoflush).toBe(true);
    expect(factory().core.autoflush).toBe(false);
    await failure(() =>
      factory.begin(() => {
        throw new Error("no");
      }),
    );
    expect(engine().pool.checkedout()).toBe(0);
    expect(await names()).toEqual(["ann"]);
  });

  test(
    "a synchronous session refuses a callback whose work would come after the commit",
    { skip: colour === "async" },
    async () => {
      const session = open();
      const error = await failure(() =>
        session.begin(async (same) => {
          same.add(new User({ name: "ann" }));
          await Promise.resolve();
        }),
      );
      expect(error.message).toMatch(/AsyncSession/);
      expect(await names()).toEqual([]);
    },
  );

  test("an asynchronous session does one thing at a time", { skip: colour === "sync" }, async () => {
    const session = open();
    const first = session.scalars(select(User));
    const error = await failure(() => session.scalars(select(Tag)));
    expect(error).toBeInstanceOf(ConcurrentUseError);
    expect(error.message).toMatch(/execute\(\) while execute\(\)/);
    expect((await first).all()).toEqual([]);
    expect((await session.scalars(select(Tag))).all()).toEqual([]);
  });

  test("closing rolls back and lets all objects go, and the session can be used again", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    const pending = new User({ name: "pending" });
    session.add(user);
    await session.flush();
    session.add(pending);
    await session.close();
    expect([session.has(user), session.has(pending)]).toEqual([false, false]);
    expect([...session]).toEqual([]);
    session.add(pending);
    await session.commit();
    expect(await names()).toEqual(["pending"]);
  });

  test("rows that reach each other through changed references survive several flushes in one transaction", async () => {
    const session = open();
    const root = new Category({ name: "root" });
    session.add(root);
    await session.flush();
    const child = new Category({ name: "child", parent: root });
    session.add(child);
    await session.flush();
    root.parent = null;
    child.parent = null;
    root.parent = child;
    await session.flush();
    const comment = new Comment({ body: "x" });
    session.add(comment);
    await session.commit();
    expect(
      await stored("SELECT c.name, p.name FROM categories c LEFT JOIN categories p ON p.id = c.parent_id ORDER BY c.name"),
    ).toEqual([
      ["child", null],
      ["root", "child"],
    ]);
  });
});
