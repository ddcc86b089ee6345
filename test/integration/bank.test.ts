/**
 * The example examples/bank on every database: many transfers at once never change the sum of all balances, a transfer is booked once also
 * where its COMMIT is lost, and statement and report agree with what was booked.
 */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openBank } from "../../examples/bank/engine.ts";
import { findBusiestAccounts } from "../../examples/bank/report.ts";
import { formatCents, writeStatement } from "../../examples/bank/statement.ts";
import { accounts, metadata, transfers } from "../../examples/bank/tables.ts";
import { InsufficientFunds, openAccounts, totalCents, transfer, type TransferOrder } from "../../examples/bank/transfer.ts";
import { watch } from "../../examples/bank/watch.ts";
import {
  type AsyncEngine,
  CancelledError,
  type Creator,
  delete_,
  func,
  insert,
  IntegrityError,
  select,
} from "../../src/index.ts";
import { forEachDatabase, sqliteScheme } from "../support/databases.ts";

const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

/** A stream that takes its time, and remembers. */
class SlowLines extends Writable {
  text = "";
  constructor() {
    super({ highWaterMark: 100 });
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    setImmediate(done);
  }
}

forEachDatabase("bank", (db) => {
  let engine: AsyncEngine;
  beforeAll(async () => {
    engine = openBank(db.url);
    await metadata.createAll(engine);
  });
  beforeEach(async () => {
    await engine.begin(async (connection) => {
      await connection.execute(delete_(transfers));
      await connection.execute(delete_(accounts));
    });
    await openAccounts(engine, 4, 100_00n);
  });
  afterAll(async () => {
    await engine?.dispose();
  });

  const order = (fromId: number, toId: number, cents: bigint): TransferOrder => ({ key: randomUUID(), fromId, toId, cents });
  const balances = async (): Promise<bigint[]> => {
    await using connection = await engine.connect();
    return (await connection.scalars(select(accounts.c.cents).orderBy(accounts.c.id))).all();
  };
  const countTransfers = async (): Promise<number> => {
    await using connection = await engine.connect();
    return (await connection.scalar(select(func.count()).selectFrom(transfers))) ?? 0;
  };

  test("moves money, refuses what is not there, and books an order once", async () => {
    const first = order(1, 2, 30_00n);
    expect(await transfer(engine, first)).toBe("booked");
    expect(await transfer(engine, first)).toBe("booked before");
    expect(await balances()).toEqual([70_00n, 130_00n, 100_00n, 100_00n]);
    await expect(transfer(engine, order(1, 2, 70_01n))).rejects.toThrow(InsufficientFunds);
    await expect(transfer(engine, order(1, 99, 1n))).rejects.toThrow(IntegrityError);
    await expect(transfer(engine, order(99, 1, 1n))).rejects.toThrow(RangeError);
    expect(await balances()).toEqual([70_00n, 130_00n, 100_00n, 100_00n]);
    expect(engine.pool.checkedout()).toBe(0);
  });

  test("the sum of all balances never changes, whatever happens at once", { timeout: 60_000 }, async () => {
    const seen = watch(engine);
    const sums: bigint[] = [];
    let isOver = false;
    const audit = async (): Promise<void> => {
      while (!isOver) {
        sums.push(await totalCents(engine));
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const orders = Array.from({ length: 60 }, (_, index) =>
      order((index % 4) + 1, ((index * 7 + 1) % 4) + 1, BigInt(index * 150)),
    );
    // Each order is given twice, at the same time.
    const line = orders.flatMap((one) => [one, one]);
    const outcomes: string[] = [];
    const clerk = async (): Promise<void> => {
      for (let one = line.shift(); one !== undefined; one = line.shift())
        outcomes.push(
          await transfer(engine, one).catch((error: unknown) => {
            if (error instanceof InsufficientFunds) return "refused";
            throw error;
          }),
        );
    };
    const auditing = audit();
    try {
      await Promise.all(Array.from({ length: 6 }, clerk));
    } finally {
      isOver = true;
      await auditing;
    }
    expect(outcomes).toHaveLength(120);
    expect(outcomes.filter((outcome) => outcome === "booked")).toHaveLength(await countTransfers());
    expect(new Set(sums)).toEqual(new Set([400_00n]));
    expect(await totalCents(engine)).toBe(400_00n);
    expect((await balances()).every((cents) => cents >= 0n)).toBe(true);
    expect(seen.commits).toBeGreaterThanOrEqual(await countTransfers());
    expect(seen.slowest?.milliseconds).toBeGreaterThan(0);
    expect(engine.pool.checkedout()).toBe(0);
  });

  test.each(["before", "after"] as const)("a connection lost %s COMMIT was saved: booked once", async (moment) => {
    const losing = openBank(db.url, { creator: losingOneCommit(moment) });
    try {
      const one = order(3, 4, 25_00n);
      expect(await transfer(losing, one)).toBe(moment === "before" ? "booked" : "booked before");
      expect(await countTransfers()).toBe(1);
      expect(await balances()).toEqual([100_00n, 100_00n, 75_00n, 125_00n]);
      expect(losing.pool.checkedout()).toBe(0);
    } finally {
      await losing.dispose();
    }
  });

  test("a statement has a line for each booking, and stops when it is told to", async () => {
    const start = Date.UTC(2026, 0, 1);
    const rows = Array.from({ length: 1203 }, (_, index) => ({
      ...(index % 2 === 0 ? order(1, 2, BigInt(index)) : order(3, 1, BigInt(index))),
      bookedAt: new Date(start + index * 1000),
    }));
    await engine.begin((connection) => connection.execute(insert(transfers), [...rows].reverse()));
    const output = new SlowLines();
    expect(await writeStatement(engine, 1, output)).toBe(1203);
    output.end();
    await new Promise((resolve) => output.on("finish", resolve));
    const [heading, ...lines] = output.text.trimEnd().split("\n");
    expect(heading).toBe("booked_at,key,other_account,amount");
    expect(lines).toEqual(
      rows.map(({ key, fromId, toId, cents, bookedAt }) =>
        fromId === 1
          ? `${bookedAt.toISOString()},${key},${toId},${formatCents(-cents)}`
          : `${bookedAt.toISOString()},${key},${fromId},${formatCents(cents)}`,
      ),
    );

    const controller = new AbortController();
    const aborting = new SlowLines();
    aborting.on("drain", () => controller.abort());
    await expect(writeStatement(engine, 1, aborting, controller.signal)).rejects.toThrow(CancelledError);
    expect(engine.pool.checkedout()).toBe(0);
    expect(await writeStatement(engine, 4, new SlowLines())).toBe(0);
  });

  test("the report has the accounts that sent most, with a time limit and a signal", async () => {
    for (const one of [order(2, 1, 5n), order(2, 3, 6n), order(1, 2, 10n)]) await transfer(engine, one);
    const report = await findBusiestAccounts(engine, { timeout: "10s" });
    expect(report.map((row) => [...row])).toEqual([
      ["Customer 2", 2, 11n],
      ["Customer 1", 1, 10n],
      ["Customer 3", 0, 0n],
      ["Customer 4", 0, 0n],
    ]);
    await expect(findBusiestAccounts(engine, { timeout: "10s", signal: AbortSignal.abort() })).rejects.toThrow(CancelledError);
    expect(engine.pool.checkedout()).toBe(0);
  });
});

/**
 * Opens connections the first of whose COMMITs is lost: the connection breaks before it is sent, or when the database has done it and before
 * the answer comes. What is thrown is the driver's own error.
 */
function losingOneCommit(moment: "before" | "after"): Creator {
  let hasLost = false;
  return async (target, connect) => {
    const connection = await connect(target);
    const execute: typeof connection.execute = async (statement, deadline) => {
      if (statement.sql !== "COMMIT" || hasLost) return await connection.execute(statement, deadline);
      hasLost = true;
      if (moment === "after") await connection.execute(statement, deadline);
      connection.destroy();
      return await connection.execute(statement, deadline);
    };
    return new Proxy(connection, {
      get(inner, name) {
        if (name === "execute") return execute;
        const value: unknown = Reflect.get(inner, name, inner);
        return typeof value === "function" ? (value as () => unknown).bind(inner) : value;
      },
    });
  };
}

test("amounts are written exactly", () => {
  expect([0n, 5n, -5n, 100n, -12345n, 9007199254740993n].map(formatCents)).toEqual([
    "0.00",
    "0.05",
    "-0.05",
    "1.00",
    "-123.45",
    "90071992547409.93",
  ]);
});

describe("the command", () => {
  const folder = mkdtempSync(join(tmpdir(), "athanor-bank-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) => {
    const command = ["--import", "tsx", join(projectRoot, "examples", "bank", "main.ts"), ...args];
    // What it leaves for its user to read goes with this folder.
    const env = { ...process.env, TMPDIR: folder, TEMP: folder };
    return spawnSync(process.execPath, command, { cwd: projectRoot, encoding: "utf8", timeout: 60_000, env });
  };

  test("moves money in memory, and ends", () => {
    const { status, stdout, stderr } = run(`${sqliteScheme}:///:memory:`, "--transfers", "20");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/total +1000\.00, as before/);
    expect(stdout).toContain('athanor_pool_idle{pool="bank"} 1');
  });

  test("says what is wrong", () => {
    expect(run("--transfer")).toMatchObject({ status: 1, stdout: "" });
    expect(run("--transfers", "none").stderr).toContain("whole number");
    expect(run("oracle://host/name").stderr).toContain("oracle");
    expect(run("--help").stdout).toContain("--transfers");
  });

  test("logs with the report's token, and without the customers' values", () => {
    const { stderr } = run(`${sqliteScheme}:///:memory:`, "--transfers", "3", "--echo");
    expect(stderr).toMatch(/athanor\.engine\.Engine\.bank \[report\] SELECT/);
    expect(stderr).not.toMatch(/Customer \d/);
  });
});
