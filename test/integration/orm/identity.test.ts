/** One object per row: what queries leave alone, what refresh and expire bring, and what comes from memory. */
import { expect, test } from "vitest";
import { InvalidRequestError, NoResultFound, ObjectDeletedError, UnmappedError } from "../../../src/errors/index.ts";
import { select, text, update } from "../../../src/sql/index.ts";
import { Post, Sample, Setting, User } from "../../support/domains.ts";
import { failure, forEachSession } from "../../support/sessions.ts";

forEachSession("the identity map", {}, ({ session: open, statements, stored, colour }) => {
  test("gives the same object for the same row, however it is found", async () => {
    const session = open();
    const user = new User({ name: "ann", posts: [new Post({ title: "a" })] });
    session.add(user);
    await session.flush();
    expect(await session.get(User, user.id)).toBe(user);
    expect((await session.scalars(select(User))).all()).toEqual([user]);
    expect((await session.scalars(select(User))).one()).toBe(user);
    expect((await session.execute(select(User, Post).join(Post))).one()[0]).toBe(user);
    const post = await session.getOne(Post, user.posts[0]!.id);
    expect(post.author).toBe(user);
  });

  test("does not let queries overwrite what is loaded or changed", async () => {
    const session = open({ autoflush: false });
    const user = new User({ name: "ann", email: "old" });
    session.add(user);
    await session.flush();
    user.email = "mine";
    await session.execute(text("UPDATE users SET name = 'other', email = 'theirs'"));
    const [again] = (await session.scalars(select(User))).all();
    expect([again!.name, again!.email]).toEqual(["ann", "mine"]);
    session.expire(user, ["name"]);
    await session.scalars(select(User));
    expect([user.name, user.email]).toEqual(["other", "mine"]);
    await session.refresh(user);
    expect([user.name, user.email]).toEqual(["other", "theirs"]);
    await session.flush();
    expect(session.dirty).toEqual([]);
  });

  test("answers get() without a statement, and does not where the object is expired or unknown", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    await session.flush();
    const { id } = user;
    statements.take();
    expect(await session.get(User, id)).toBe(user);
    expect(await session.get(User, { id })).toBe(user);
    expect(statements.take()).toEqual([]);
    await session.commit();
    expect(await session.get(User, id)).toBe(user);
    expect(user.name).toBe("ann");
    expect(statements.take()).toHaveLength(1);
    expect(await session.get(User, id + 1)).toBeNull();
    expect(await failure(() => session.getOne(User, id + 1))).toBeInstanceOf(NoResultFound);
    await session.delete(user);
    expect(await session.get(User, id)).toBeNull();
  });

  test.each([undefined, null, [], [1, 2], { nothing: 1 }])("refuses %j as a key", async (key) => {
    const session = open();
    expect((await failure(() => session.get(User, key))).message).toMatch(/primary key of User/);
  });

  test("knows keys of several parts, given as a list or by name", async () => {
    const session = open();
    const setting = new Setting({ scope: "1", number: 11, value: "x" });
    const similar = new Setting({ scope: "11", number: 1, value: "y" });
    session.addAll([setting, similar]);
    await session.flush();
    statements.take();
    expect(await session.get(Setting, ["1", 11])).toBe(setting);
    expect(await session.get(Setting, { number: 1, scope: "11" })).toBe(similar);
    expect(statements.take()).toEqual([]);
    session.expungeAll();
    const found = (await session.scalars(select(Setting).orderBy(Setting.c.value))).all();
    expect(found.map(({ value }) => value)).toEqual(["x", "y"]);
    expect(await session.get(Setting, ["1", 11])).toBe(found[0]);
    expect((await failure(() => session.get(Setting, "1"))).message).toMatch(/scope, number/);
  });

  test("refresh and expire read the row anew, and say when it is gone", async () => {
    const session = open();
    const user = new User({ name: "ann" });
    session.add(user);
    await session.commit();
    await session.execute(text("UPDATE users SET name = 'bob'"));
    await session.refresh(user);
    expect(user.name).toBe("bob");
    await session.execute(text("DELETE FROM users"));
    session.expire(user);
    expect(await failure(() => session.refresh(user))).toBeInstanceOf(ObjectDeletedError);
    expect((await failure(() => session.load(user, "name"))).message).toMatch(/User/);
    if (colour === "sync") expect(() => user.name).toThrow(ObjectDeletedError);
    await session.rollback();
    await session.refresh(user);
    expect(user.name).toBe("ann");
  });

  test("expiring an attribute forgets its change", async () => {
    const session = open();
    const user = new User({ name: "ann", email: "old" });
    session.add(user);
    await session.flush();
    user.name = "changed";
    user.email = "new";
    session.expire(user, ["name"]);
    await session.commit();
    expect(await stored("SELECT name, email FROM users")).toEqual([["ann", "new"]]);
  });

  test("an UPDATE of many rows expires the objects that it may have changed", async () => {
    const session = open();
    const user = new User({ name: "ann", email: "old" });
    session.add(user);
    await session.flush();
    await session.execute(update(User).where(User.c.name.eq("ann")).values({ email: "new" }));
    await session.load(user, "email");
    expect(user.email).toBe("new");
  });

  test("an object belongs to one session at a time", async () => {
    const [first, second] = [open(), open()];
    const user = new User({ name: "ann" });
    first.add(user);
    await first.flush();
    expect(await failure(() => second.add(user))).toBeInstanceOf(InvalidRequestError);
    await first.commit();
    await first.refresh(user);
    await first.commit();
    first.expunge(user);
    expect(first.has(user)).toBe(false);
    user.email = "changed while detached";
    second.add(user);
    await second.commit();
    expect(await stored("SELECT email FROM users")).toEqual([["changed while detached"]]);
    expect(await failure(() => second.add({}))).toBeInstanceOf(UnmappedError);
    expect((await failure(() => second.delete(new User({ name: "x" })))).message).toMatch(/transient.*only persistent/);
  });

  test("a key of 64 bits beyond the safe integers is told from its neighbour", async () => {
    const session = open();
    const [a, b] = [new Sample({ id: 9_007_199_254_740_992n, text: "a" }), new Sample({ id: 9_007_199_254_740_993n, text: "b" })];
    session.addAll([a, b]);
    await session.commit();
    const found = (await session.scalars(select(Sample).orderBy(Sample.c.id))).all();
    expect(found[0]).toBe(a);
    expect(found[1]).toBe(b);
    expect(found.map(({ text: value }) => value)).toEqual(["a", "b"]);
  });
});
