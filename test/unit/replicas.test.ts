/** Which replica serves a reader, without a database: turns, those left out, commits to be waited for, and positions of each database. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MysqlReplication } from "../../src/dialects/mysql/replication.ts";
import { PostgresqlDialect } from "../../src/dialects/postgresql/dialect.ts";
import { POSTGRESQL_REPLICATION } from "../../src/dialects/postgresql/replication.ts";
import { SqliteDialect } from "../../src/dialects/sqlite/dialect.ts";
import { makeUrl } from "../../src/engine/url.ts";
import { CommitMark } from "../../src/engine/replicas/commitMark.ts";
import { Replica } from "../../src/engine/replicas/replica.ts";
import { ReplicaSet, type ReplicaSettings } from "../../src/engine/replicas/replicaSet.ts";
import { ArgumentError, OperationalError, TimeoutError } from "../../src/errors/index.ts";
import { runAsync } from "../../src/io/runAsync.ts";
import { runSync } from "../../src/io/runSync.ts";
import { QueuePool } from "../../src/pool/queuePool.ts";
import { FakeServer, fakeConnection, runScripted, type ScriptStep } from "../support/scriptedIo.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const SETTINGS: ReplicaSettings = { retryAfter: 10_000, wait: 0, stickiness: 1000 };

function setUp(
  count: number,
  settings: Partial<ReplicaSettings> = {},
  dialect = new PostgresqlDialect() as PostgresqlDialect | SqliteDialect,
) {
  const pools = Array.from({ length: count }, () => new QueuePool(new FakeServer(), { poolSize: 1, maxOverflow: 1 }));
  const replicas = pools.map((pool, index) => new Replica(makeUrl(`postgresql://u:secret@replica${index}/app`), pool));
  const lines: string[] = [];
  const set = new ReplicaSet(replicas, dialect, { ...SETTINGS, ...settings }, (line) => lines.push(line));
  /** Lends and gives back; the number of the replica, or null for the primary. */
  const whoServes = (mark: CommitMark | null, script: readonly ScriptStep[]): number | null => {
    const loan = runScripted(set.lend(mark), script);
    if (loan === null) return null;
    runSync(loan.pool.release(loan.record));
    return pools.indexOf(loan.pool as QueuePool);
  };
  return { set, pools, lines, whoServes };
}

const opened = (): ScriptStep => ({ kind: "connect", answer: fakeConnection() });
const refused = (): ScriptStep => ({ kind: "connect", error: new OperationalError("refused", { isDisconnect: true }) });
const asked = (isThere: boolean): ScriptStep => ({
  kind: "execute",
  sql: ">= $1::pg_lsn",
  answer: { columns: [], rows: [[isThere]], rowCount: 1, lastInsertId: null },
});

function markAt(position: string): CommitMark {
  const mark = new CommitMark();
  mark.noteCommit(position, (a, b) => POSTGRESQL_REPLICATION.later(a, b));
  return mark;
}

describe("readers without commits", () => {
  test("take turns, and keep the connections", () => {
    const { whoServes } = setUp(3);
    expect([0, 1, 2].map(() => whoServes(null, [opened()]))).toEqual([0, 1, 2]);
    expect([0, 1, 2, 3].map(() => whoServes(null, []))).toEqual([0, 1, 2, 0]);
  });

  test("leave out a replica that cannot be reached, and come back to it", () => {
    const { whoServes, set, lines } = setUp(2);
    expect(whoServes(null, [refused(), opened()])).toBe(1);
    expect(set.status.map(({ isAvailable }) => isAvailable)).toEqual([false, true]);
    expect(set.status[0]).toMatchObject({ retryAt: Date.now() + 10_000, lastError: { message: "refused" } });
    expect(lines).toEqual(["replica postgresql://u:***@replica0/app is left out for 10000 ms: refused"]);
    expect([0, 1, 2].map(() => whoServes(null, []))).toEqual([1, 1, 1]);
    vi.advanceTimersByTime(10_000);
    expect([whoServes(null, [opened()]), whoServes(null, [])]).toEqual([0, 1]);
    expect(set.status[0]).toMatchObject({ isAvailable: true, retryAt: null, lastError: { message: "refused" } });
  });

  test("are served by the primary when no replica is left", () => {
    const { whoServes } = setUp(2);
    expect(whoServes(null, [refused(), refused()])).toBeNull();
    expect(whoServes(null, [])).toBeNull();
  });

  test("only one of them tries a replica again", () => {
    const { whoServes, set } = setUp(1);
    expect(whoServes(null, [refused()])).toBeNull();
    vi.advanceTimersByTime(10_000);
    let others: number | null = 0;
    const meanwhile = (): void => void (others = whoServes(null, []));
    expect(runScripted(set.lend(null), [{ ...opened(), meanwhile }])).not.toBeNull();
    expect(others).toBeNull();
  });

  test("do not take what idled in the pool of a lost replica for a sign of life", () => {
    const { whoServes, pools } = setUp(1);
    const [pool] = pools as [QueuePool];
    runSync(pool.release(runScripted(pool.acquire(), [opened()])));
    const kept = runScripted(pool.acquire(), []);
    expect(whoServes(null, [refused()])).toBeNull();
    runSync(pool.release(kept));
    vi.advanceTimersByTime(10_000);
    expect(whoServes(null, [opened()])).toBe(0);
  });

  test("hear of a pool that is exhausted: that says nothing about the replica", () => {
    const { set, pools } = setUp(1);
    runSync(pools[0]!.acquire());
    runSync(pools[0]!.acquire());
    expect(() => runSync(set.lend(null))).toThrow(TimeoutError);
    expect(set.status[0]).toMatchObject({ isAvailable: true });
  });
});

describe("readers of their own writes", () => {
  test("get a replica that has caught up, and the primary when none has", () => {
    const { whoServes } = setUp(2);
    const mark = markAt("0/2000");
    expect(whoServes(mark, [opened(), asked(false), opened(), asked(true)])).toBe(1);
    expect(whoServes(mark, [])).toBe(1);
    expect(whoServes(markAt("0/2001"), [asked(false), asked(false)])).toBeNull();
  });

  test("ask a replica once for what it has reached", () => {
    const { whoServes } = setUp(1);
    expect(whoServes(markAt("1/0"), [opened(), asked(true)])).toBe(0);
    expect(whoServes(markAt("0/FFFFFFFF"), [])).toBe(0);
    expect(whoServes(markAt("1/1"), [asked(true)])).toBe(0);
  });

  test("wait for a replica as long as they may", async () => {
    vi.useRealTimers();
    const { set, pools } = setUp(1, { wait: 10_000 });
    const sleeping: ScriptStep = { kind: "sleep" };
    const loan = runScripted(set.lend(markAt("0/2000")), [opened(), asked(false), sleeping, asked(false), sleeping, asked(true)]);
    expect(loan?.pool).toBe(pools[0]);
    const { set: impatient } = setUp(1, { wait: 30 });
    // The fake server gives no rows: not there yet.
    expect(await runAsync(impatient.lend(markAt("0/2000")))).toBeNull();
  });

  test("do not wait for replicas that cannot be reached", () => {
    const { whoServes } = setUp(2, { wait: 10_000 });
    expect(whoServes(markAt("0/2000"), [refused(), refused()])).toBeNull();
  });

  test("try anew when an idle connection turns out to be lost", () => {
    const { whoServes, set } = setUp(1);
    const lost: ScriptStep = { kind: "execute", error: Object.assign(new Error("gone"), { code: "ECONNRESET" }) };
    whoServes(null, [opened()]);
    expect(whoServes(markAt("0/2000"), [lost, opened(), asked(true)])).toBe(0);
    expect(whoServes(markAt("0/2001"), [lost, opened(), lost])).toBeNull();
    expect(set.status[0]).toMatchObject({ isAvailable: false });
    vi.advanceTimersByTime(10_000);
    // Whoever answers now may be another server: it is asked again.
    expect(whoServes(markAt("0/2000"), [opened(), asked(false)])).toBeNull();
    expect(set.status[0]).toMatchObject({ isAvailable: true });
  });

  test("pass a replica that cannot say how far it is", () => {
    const { whoServes, set } = setUp(1);
    const error = Object.assign(new Error("permission denied"), { code: "42501" });
    expect(whoServes(markAt("0/2000"), [opened(), { kind: "execute", error }])).toBeNull();
    expect(set.status[0]).toMatchObject({ isAvailable: true });
  });

  test("go to the primary for a while where commits have no position", () => {
    const { whoServes, set } = setUp(1, {}, new SqliteDialect());
    const mark = new CommitMark();
    runScripted(set.noteCommit(mark, fakeConnection()), []);
    expect(whoServes(mark, [])).toBeNull();
    expect(whoServes(null, [opened()])).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(whoServes(mark, [])).toBe(0);
  });

  test("learn of a commit from the primary, and do without where it cannot say", () => {
    const { set } = setUp(1);
    const mark = new CommitMark();
    const answer = { columns: [], rows: [["0/3000148"]], rowCount: 1, lastInsertId: null };
    runScripted(set.noteCommit(mark, fakeConnection()), [
      { kind: "execute", sql: "SELECT pg_current_wal_insert_lsn()::text", answer },
    ]);
    expect([mark.position, mark.primaryUntil]).toEqual(["0/3000148", 0]);
    runScripted(set.noteCommit(mark, fakeConnection()), [{ kind: "execute", error: new Error("lost") }]);
    expect([mark.position, mark.primaryUntil]).toEqual(["0/3000148", Date.now() + 1000]);
  });

  test("are told when their mark is of another database", () => {
    expect(() => setUp(1).whoServes(CommitMark.parse("0-1-5~0"), [])).toThrow(ArgumentError);
    expect(() => setUp(1, {}, new SqliteDialect()).whoServes(CommitMark.parse("0/1~0"), [])).toThrow("no position of sqlite");
  });
});

describe("a context", () => {
  test("has a mark of its own, which inner ones share, unless they bring another", async () => {
    const { set } = setUp(1);
    expect(set.contextMark).toBeNull();
    const brought = new CommitMark();
    await set.runWithMark(null, async (mark) => {
      await Promise.resolve();
      expect(set.contextMark).toBe(mark);
      set.runWithMark(null, (inner) => expect(inner).toBe(mark));
      set.runWithMark(brought, () => expect(set.contextMark).toBe(brought));
      expect(set.contextMark).toBe(mark);
    });
    expect(set.contextMark).toBeNull();
  });
});

describe("a commit mark", () => {
  test("goes through text", () => {
    const mark = markAt("0/3000148");
    mark.noteUnknown(1_800_000_000_000);
    const copy = CommitMark.parse(mark.toString());
    expect([copy.position, copy.primaryUntil]).toEqual(["0/3000148", 1_800_000_000_000]);
    expect(CommitMark.parse(new CommitMark().toString()).position).toBeNull();
  });

  test.each(["", "~", "0/1", "'; drop table x; --~0", "0/1~-1", "0/1~x"])("refuses %j", (text) => {
    expect(() => CommitMark.parse(text)).toThrow(ArgumentError);
  });
});

describe("positions", () => {
  const mysql = new MysqlReplication(() => true);

  test.each([
    ["0/2", "0/10", "0/10"],
    ["1/0", "0/FFFFFFFF", "1/0"],
    ["A/0", "9/FF", "A/0"],
    ["0/7", "0/7", "0/7"],
  ])("of PostgreSQL: of %s and %s the later is %s", (a, b, later) => {
    expect([POSTGRESQL_REPLICATION.later(a, b), POSTGRESQL_REPLICATION.later(b, a)]).toEqual([later, later]);
  });

  const ID = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
  test.each([
    ["0-1-9", "0-2-10", "0-2-10"],
    ["0-1-9,1-1-3", "1-1-4", "0-1-9,1-1-4"],
    ["wsrep:0-1-9", "wsrep:0-1-11", "wsrep:0-1-11"],
    ["0-1-9", "wsrep:0-1-3", "wsrep:0-1-3"],
    [`${ID}:1-9`, `${ID}:1-10`, `${ID}:1-10`],
  ])("of MySQL and MariaDB: of %s and then %s the later is %s", (a, b, later) => {
    expect(mysql.later(a, b)).toBe(later);
    expect(mysql.later(later, b)).toBe(later);
  });

  test("are told from other texts", () => {
    for (const text of ["0-1-9", "0-1-9,1-1-4", "wsrep:0-1-3", `${ID}:1-9`, `${ID}:1-9:11,${ID}:5`])
      expect(mysql.isPosition(text), text).toBe(true);
    for (const text of ["", "0/1", "0-1", "x:1-2", `${ID}`, `${ID}:tag:1-2`]) expect(mysql.isPosition(text), text).toBe(false);
    for (const text of ["", "0/G", "0", "0-1-2", "000000001/0"])
      expect(POSTGRESQL_REPLICATION.isPosition(text), text).toBe(false);
  });
});

describe("MySQL and MariaDB", () => {
  const rows = (...values: unknown[]): ScriptStep => ({
    kind: "execute",
    answer: { columns: [], rows: [values], rowCount: 1, lastInsertId: null },
  });
  const isOff = rows("wsrep_on", "OFF");
  const isOn = rows("wsrep_on", "ON");

  test.each<[string, boolean, ScriptStep[], string | null]>([
    ["MariaDB with a binary log", true, [isOff, rows("0-1-4", 1)], "0-1-4"],
    ["MariaDB, a session that has written nothing", true, [isOff, rows("", 1)], ""],
    ["MariaDB without a binary log", true, [isOff, rows("", 0)], null],
    ["Galera", true, [isOn, rows("0-1-7")], "wsrep:0-1-7"],
    ["Galera, a session that has written nothing", true, [isOn, rows("0-1-0")], ""],
    [
      "MySQL",
      false,
      [rows("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,\n4e11fa47-71ca-11e1-9e33-c80aa9429562:1")],
      "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5,4e11fa47-71ca-11e1-9e33-c80aa9429562:1",
    ],
    ["MySQL without GTIDs", false, [rows(null)], null],
  ])("say what was committed: %s", (_name, isMariaDb, script, position) => {
    const replication = new MysqlReplication(() => isMariaDb);
    expect(runScripted(replication.committedPosition(fakeConnection()), script)).toBe(position);
  });

  test("say whether a replica is there", () => {
    const maria = new MysqlReplication(() => true);
    const reached = (replication: MysqlReplication, position: string, step: ScriptStep): boolean =>
      runScripted(replication.hasReached(fakeConnection(), position), [step]);
    expect(reached(maria, "0-1-4", { ...rows(0), sql: "SELECT MASTER_GTID_WAIT(?, 0)" })).toBe(true);
    expect(reached(maria, "0-1-4", rows(-1))).toBe(false);
    expect(reached(maria, "0-1-4", rows(null))).toBe(false);
    expect(reached(maria, "wsrep:0-1-4", { ...rows("1"), sql: "SELECT WSREP_SYNC_WAIT_UPTO_GTID(?, 0)" })).toBe(true);
    expect(reached(maria, "wsrep:0-1-4", { kind: "execute", error: Object.assign(new Error("late"), { errno: 1205 }) })).toBe(
      false,
    );
    expect(() => reached(maria, "wsrep:0-1-4", { kind: "execute", error: new Error("lost") })).toThrow("lost");
    expect(
      reached(new MysqlReplication(() => false), "x:1", { ...rows(1), sql: "SELECT GTID_SUBSET(?, @@GLOBAL.gtid_executed)" }),
    ).toBe(true);
  });
});
