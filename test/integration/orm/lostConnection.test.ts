/** A connection that is lost while a session writes: nothing half written, nothing leaked, and the same objects can be written again. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { event } from "../../../src/engine/events.ts";
import { DBAPIError, OperationalError, PendingRollbackError } from "../../../src/errors/index.ts";
import { select, text } from "../../../src/sql/index.ts";
import { Post, Tag, User } from "../../support/domains.ts";
import type { RawConnection } from "../../support/raw-connections.ts";
import { failure, forEachSession, type SessionContext } from "../../support/sessions.ts";

/** Ends the first session that waits for a lock. The server finds out by itself when that is, because this thread may be blocked. */
const POSTGRESQL_KILL_WHO_WAITS = `
  DO $$ DECLARE victim integer; BEGIN
    FOR attempt IN 1..500 LOOP
      SELECT pid INTO victim FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database();
      IF victim IS NOT NULL THEN PERFORM pg_terminate_backend(victim); EXIT; END IF;
      PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
  END $$`;
const MYSQL_KILL_WHO_WAITS = `
  CREATE PROCEDURE kill_who_waits() BEGIN
    DECLARE victim INTEGER DEFAULT 0;
    DECLARE attempt INTEGER DEFAULT 0;
    WHILE victim = 0 AND attempt < 500 DO
      SET attempt = attempt + 1;
      DO SLEEP(0.01);
      SELECT COALESCE(MAX(id), 0) INTO victim FROM information_schema.processlist WHERE state LIKE 'Waiting for table%' AND db = DATABASE();
    END WHILE;
    SET @kill_victim = CONCAT('KILL ', victim);
    PREPARE kill_victim FROM @kill_victim;
    EXECUTE kill_victim;
  END`;

interface Socket {
  readonly stream: { destroy(): void };
}

const NEW_ROWS =
  "SELECT u.name, p.title, t.label FROM users u JOIN posts p ON p.author_id = u.id JOIN post_tags l ON l.post_id = p.id JOIN tags t ON t.id = l.tag_id";
const graph = (): User => new User({ name: "ann", posts: [new Post({ title: "a", tags: [new Tag({ label: "red" })] })] });

/** What holds whenever a flush lost its connection, and that the objects get through the second time. */
async function recovers(
  context: SessionContext,
  session: ReturnType<SessionContext["session"]>,
  user: User,
  error: Error,
): Promise<void> {
  expect(error).toBeInstanceOf(DBAPIError);
  expect((error as DBAPIError).isDisconnect).toBe(true);
  expect(context.engine().pool.checkedout()).toBe(0);
  const refused = await failure(() => session.scalars(select(User)));
  expect(refused).toBeInstanceOf(PendingRollbackError);
  expect(refused.message).toMatch(/rollback\(\)/);
  expect(await context.stored("SELECT name FROM users")).toEqual([]);
  expect(await context.stored("SELECT label FROM tags")).toEqual([]);
  await session.rollback();
  expect(session.has(user)).toBe(false);
  session.add(user);
  await session.commit();
  expect(await context.stored(NEW_ROWS)).toEqual([["ann", "a", "red"]]);
  await session.close();
  expect(context.engine().pool.checkedout()).toBe(0);
}

forEachSession("a session whose server ends the connection", { requires: ["killConnection"] }, (context) => {
  const { db, session: open } = context;
  const isPostgresql = db.name === "postgresql";
  const kill = (raw: RawConnection, id: unknown): Promise<unknown> =>
    raw.query(isPostgresql ? `select pg_terminate_backend(${Number(id)})` : `kill ${Number(id)}`);
  const idOf = async (session: ReturnType<typeof open>): Promise<unknown> =>
    session.scalar(text(isPostgresql ? "select pg_backend_pid()" : "select connection_id()"));

  test("while a statement of the flush is running", async () => {
    const session = open();
    const user = graph();
    session.add(user);
    const [blocker, observer] = [await db.raw(), await db.raw()];
    try {
      // The flush has inserted the user when it has to wait for the other table.
      if (isPostgresql) await blocker.query("begin");
      await blocker.query(isPostgresql ? "lock table posts in access exclusive mode" : "lock tables posts write");
      if (!isPostgresql)
        for (const sql of ["DROP PROCEDURE IF EXISTS kill_who_waits", MYSQL_KILL_WHO_WAITS]) await observer.query(sql);
      const killing = observer.query(isPostgresql ? POSTGRESQL_KILL_WHO_WAITS : "CALL kill_who_waits()");
      // The statement has to be on its way before a synchronous session blocks this thread.
      await sleep(50);
      const error = await failure(() => session.flush());
      await killing;
      await blocker.query(isPostgresql ? "rollback" : "unlock tables");
      await recovers(context, session, user, error);
    } finally {
      await blocker.close();
      await observer.close();
    }
  });

  test("between two statements of a transaction", async () => {
    const session = open();
    const user = graph();
    session.add(new Tag({ label: "first" }));
    await session.flush();
    const observer = await db.raw();
    await kill(observer, await idOf(session));
    await observer.close();
    session.add(user);
    await recovers(context, session, user, await failure(() => session.flush()));
  });

  test("before COMMIT", async () => {
    const session = open();
    const user = graph();
    session.add(user);
    await session.flush();
    const observer = await db.raw();
    await kill(observer, await idOf(session));
    await observer.close();
    await recovers(context, session, user, await failure(() => session.commit()));
  });

  test("during a query: the transaction has to be rolled back first", async () => {
    const session = open();
    const user = graph();
    session.add(user);
    await session.flush();
    const observer = await db.raw();
    await kill(observer, await idOf(session));
    await observer.close();
    expect(await failure(() => session.scalars(select(User)))).toBeInstanceOf(OperationalError);
    expect(await failure(() => session.scalars(select(User)))).toBeInstanceOf(PendingRollbackError);
    expect(context.engine().pool.checkedout()).toBe(0);
    await session.rollback();
    session.add(user);
    await session.commit();
    expect(await context.stored(NEW_ROWS)).toEqual([["ann", "a", "red"]]);
  });
});

forEachSession("a session whose driver loses the connection", {}, (context) => {
  describe.each(["users", "posts", "post_tags"])("before it writes %s", (table) => {
    // The socket is within reach only where the driver runs in this thread.
    const skip = context.colour === "sync" && !context.db.has("inProcess");
    test("has written nothing, and writes all of it the next time", { skip }, async () => {
      const session = context.session();
      const user = graph();
      session.add(user);
      const lose = (connection: object, _cursor: null, sql: string): void => {
        if (!new RegExp(`INSERT INTO .?${table}\\b`).test(sql)) return;
        event.remove(context.engine(), "beforeCursorExecute", lose);
        const { driverConnection } = connection as { driverConnection: unknown };
        // The socket of pg and of mysql2; SQLite has none.
        const {
          connection: inner,
          stream,
          close,
        } = driverConnection as { connection?: Socket; close?: () => void } & Partial<Socket>;
        const socket = inner?.stream ?? stream;
        if (socket === undefined) close!.call(driverConnection);
        else socket.destroy();
      };
      event.listen(context.engine(), "beforeCursorExecute", lose);
      const error = await failure(() => session.flush());
      await recovers(context, session, user, error);
    });
  });
});
