/** The bridge from synchronous engines to asynchronous drivers, over a driver that needs no database: values, errors, deadlines, dying workers. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ConnectTarget, Driver } from "../../src/dialects/contract.ts";
import { bridgedDriver } from "../../src/engine/bridge/bridge.ts";
import { WorkerThread } from "../../src/engine/bridge/workerThread.ts";
import { ArgumentError, DataError, InterfaceError, NoSuchModuleError, OperationalError } from "../../src/errors/index.ts";
import { caught, NOWHERE, pause, statement, type SyncConnection } from "../support/bridged.ts";
import { scriptedDriver } from "../support/scriptedDriver.ts";

const driver = bridgedDriver(scriptedDriver);
const connect = (target: Partial<ConnectTarget> = {}): SyncConnection =>
  driver.connect({ ...NOWHERE, ...target }) as SyncConnection;
const folder = mkdtempSync(join(tmpdir(), "athanor-bridge-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a bridged driver", () => {
  test("is the same driver in the other colour", () => {
    expect(driver).toMatchObject({ name: "scripted", dialectName: "postgresql", colour: "sync" });
    expect(driver.module).toBeUndefined();
  });

  test("needs to know where the worker finds the driver", () => {
    const { module: _, ...homeless } = scriptedDriver;
    const error = caught(() => bridgedDriver(homeless));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(/createAsyncEngine, or give the driver a module/);
  });

  test("a module without that driver, and one that is not there", () => {
    const at = (module: Driver["module"]): unknown =>
      caught(() => bridgedDriver({ ...scriptedDriver, module: module! }).connect(NOWHERE));
    expect(at({ ...scriptedDriver.module!, export: "otherDriver" })).toBeInstanceOf(ArgumentError);
    expect(at({ url: "file:///no/such/driver.mjs", export: "x" })).toMatchObject({ code: "ERR_MODULE_NOT_FOUND" });
  });
});

describe("values", () => {
  test("come back as they went", () => {
    const values = [null, true, 0.1, -0, NaN, 9_007_199_254_740_993n, "é😀\0", new Date(5), Uint8Array.of(0, 255), [[1], ["a"]]];
    const answer = connect().execute(statement("echo", ...values));
    expect(answer.rows).toEqual([values]);
    expect(Object.is(answer.rows[0]![3], -0)).toBe(true);
    expect(answer).toMatchObject({ rowCount: 1, lastInsertId: 7n, columns: expect.any(Array) });
  });

  test("bytes go without the memory around them", () => {
    const pooled = Buffer.from("abc");
    expect(pooled.buffer.byteLength).toBeGreaterThan(3);
    const [described] = connect().execute(statement("describe", pooled, new Date(0), 5n)).rows;
    expect(described).toEqual(["Uint8Array 97,98,99 of 3", "Date 1970-01-01T00:00:00.000Z", "bigint"]);
  });

  test("executeMany and its keys", () => {
    expect(connect().executeMany(statement("x"), [[1], [2]])).toEqual({ rowCount: 2, insertIds: [0n, 1n] });
  });

  test("what cannot go is refused by name, and is not changed on the way", () => {
    const connection = connect();
    class Money {
      amount = 1;
    }
    const refused = (...parameters: unknown[]): string => {
      const error = caught(() => connection.execute(statement("echo", ...parameters)));
      expect(error).toBeInstanceOf(ArgumentError);
      return error.message;
    };
    expect(refused(1, () => 1)).toMatch(/^Parameter 2 of the statement is a function\. .*createAsyncEngine/);
    expect(refused(Symbol("s"))).toMatch(/is a symbol/);
    expect(refused([{ price: new Money() }])).toMatch(/Parameter 1\[0\]\.price of the statement is an object of the class Money/);
    expect(() => connection.executeMany(statement("x"), [[1], [new Money()]])).toThrow(/Money/);
    expect(connection.execute(statement("echo", 1)).rows).toEqual([[1]]);
    connection.close();
  });

  test("connect options that cannot go", () => {
    const error = caught(() => connect({ connectArgs: { ssl: { ca: Buffer.from("x"), checkServerIdentity: () => undefined } } }));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error.message).toMatch(/^The connect option connectArgs\.ssl\.checkServerIdentity is a function/);
  });

  test("an answer that cannot come is an error of this statement alone", () => {
    const connection = connect();
    expect(caught(() => connection.execute(statement("function")))).toBeInstanceOf(InterfaceError);
    expect(connection.execute(statement("echo", 1)).rows).toEqual([[1]]);
  });
});

describe("errors", () => {
  const connection = connect();
  afterAll(() => connection.close());
  const failure = (kind: string): ReturnType<typeof caught> => caught(() => connection.execute(statement(`fail ${kind}`)));

  test("keep what dialects and people read", () => {
    const error = failure("driver");
    expect(error).toMatchObject({
      name: "error",
      message: "duplicate key",
      code: "23505",
      severity: "ERROR",
      detail: "Key (id)=(1) already exists.",
      constraint: "users_pkey",
    });
    expect(error.stack).toContain("scriptedDriver.ts");
    expect(error["helper"]).toBeUndefined();
    // A driver's class may be named like one of the library's.
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((error.cause as Error).cause).toBe("innermost");
    expect(failure("system")).toMatchObject({ code: "ECONNREFUSED", errno: -111, syscall: "connect" });
    expect(failure("text").message).toBe("only a text");
  });

  test("an AggregateError keeps its errors", () => {
    const error = failure("aggregate") as unknown as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toMatchObject({ message: "two", code: "X" });
  });

  test("the library's own keep their class", () => {
    expect(failure("missing")).toBeInstanceOf(NoSuchModuleError);
    expect(failure("missing")).toMatchObject({ message: "npm install it", code: "no-such-module" });
    const retry = failure("retry");
    expect(retry).toBeInstanceOf(OperationalError);
    expect(retry).toMatchObject({ driverCode: "40P01", isRetryable: true, isDisconnect: false });
    const own = failure("own");
    expect(own).toBeInstanceOf(DataError);
    expect(own).toMatchObject({ name: "OwnDataError", hint: "smaller", driverCode: 22003 });
  });

  test("of connecting", () => {
    expect(caught(() => connect({ host: "refuse" }))).toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("connections", () => {
  test("cursors", () => {
    const log = join(folder, "cursor");
    const connection = connect({ database: log });
    const cursor = connection.openCursor(statement("count 5"));
    expect(cursor.columns).toEqual([{ name: "n", typeCode: 23 }]);
    expect(cursor.fetch(2)).toEqual([[0], [1]]);
    expect(cursor.fetch(10)).toEqual([[2], [3], [4]]);
    expect(cursor.fetch(10)).toEqual([]);
    cursor.close();
    cursor.close();
    expect(() => cursor.fetch(1)).toThrow(/cursor is closed/);
    connection.close();
    connection.close();
    cursor.close();
    expect(readFileSync(log, "utf8")).toBe("cursor closed\nclosed\n");
  });

  test("a closed one is known as closed at once", () => {
    const connection = connect();
    expect(connection.isOpen).toBe(true);
    connection.close();
    expect(connection.isOpen).toBe(false);
    expect(caught(() => connection.execute(statement("echo")))).toMatchObject({ isDisconnect: true });
    const destroyed = connect();
    destroyed.destroy();
    destroyed.destroy();
    expect(destroyed.isOpen).toBe(false);
    expect(caught(() => destroyed.execute(statement("echo")))).toMatchObject({ isDisconnect: true });
  });

  test("one that its server closes while nothing runs is known without a question", () => {
    const [lost, other] = [connect(), connect()];
    lost.execute(statement("lose"));
    expect(lost.isOpen).toBe(true);
    pause(400);
    expect(lost.isOpen).toBe(false);
    expect(other.isOpen).toBe(true);
  });
});

describe("deadlines", () => {
  test("a statement is stopped in time, and the connection goes on", () => {
    const connection = connect();
    const start = performance.now();
    expect(caught(() => connection.execute(statement("wait"), start + 100))).toMatchObject({ code: "57014" });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(connection.execute(statement("echo", 1), performance.now() + 10_000).rows).toEqual([[1]]);
  });

  test("a statement that nothing can stop is left behind with its connection", () => {
    const connection = connect({ host: "stubborn" });
    const other = connect();
    const start = performance.now();
    expect(caught(() => connection.execute(statement("wait"), start + 50))).toMatchObject({ isDisconnect: true });
    expect(performance.now() - start).toBeLessThan(7_500);
    expect(connection.isOpen).toBe(false);
    expect(other.execute(statement("echo", 1)).rows).toEqual([[1]]);
  });
});

describe("a connection that nobody waits for any more when the worker comes to open it", () => {
  test.each([
    ["slow", "given up"],
    ["slow and deaf", "destroyed"],
  ])("at a host that is %s: %s", (host, outcome) => {
    const log = join(folder, host);
    const thread = new WorkerThread();
    const connecting = { kind: "connect", driver: scriptedDriver.module!, openFlag: new SharedArrayBuffer(4) } as const;
    // The driver is loaded by the first.
    thread.ask({ ...connecting, connection: 2, target: NOWHERE, timeout: null });
    const order = { ...connecting, connection: 1, target: { ...NOWHERE, host, database: log }, timeout: 60_000 };
    // As after six seconds in which the worker was blocked: both orders are there when it reads the first.
    expect(caught(() => thread.ask(order, performance.now()))).toMatchObject({ isDisconnect: true });
    thread.tell({ kind: "destroy", connection: 1 });
    pause(1_000);
    expect(readFileSync(log, "utf8")).toBe(`${outcome}\n`);
    const lost = { kind: "execute", connection: 1, statement: statement("echo"), timeout: null } as const;
    expect(caught(() => thread.ask(lost))).toMatchObject({ isDisconnect: true });
  });
});

describe("a worker that dies", () => {
  test.each([
    ["exit", /has ended, and its connections are lost/],
    ["vanish", /has ended, and its connections are lost/],
    ["throw", /has ended, and its connections are lost: thrown by nobody's promise/],
  ])("by %s is an error, and the next connection has another worker", (how, message) => {
    const [connection, bystander] = [connect(), connect()];
    const start = performance.now();
    const error = caught(() => connection.execute(statement(how)));
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(error).toBeInstanceOf(OperationalError);
    expect(error).toMatchObject({ isDisconnect: true, message: expect.stringMatching(message) });
    expect([connection.isOpen, bystander.isOpen]).toEqual([false, false]);
    expect(caught(() => bystander.execute(statement("echo")))).toMatchObject({ isDisconnect: true });
    bystander.close();
    expect(connect().execute(statement("echo", 1)).rows).toEqual([[1]]);
  });

  test("while nothing runs", () => {
    const connection = connect();
    // The thread ends a moment after the answer.
    connection.execute(statement("vanish soon"));
    pause(300);
    expect(connect().execute(statement("echo", 1)).rows).toEqual([[1]]);
    expect(caught(() => connection.execute(statement("echo")))).toMatchObject({ isDisconnect: true });
  });

  test("one that hangs is ended after a while", () => {
    const thread = new WorkerThread(4);
    const openFlag = new SharedArrayBuffer(4);
    thread.ask({ kind: "connect", connection: 1, driver: scriptedDriver.module!, target: NOWHERE, openFlag, timeout: null });
    const hang = { kind: "execute", connection: 1, statement: statement("block"), timeout: null } as const;
    expect(caught(() => thread.ask(hang))).toMatchObject({ isDisconnect: true, message: expect.stringMatching(/it hung/) });
    expect(thread.isAlive).toBe(false);
    expect(() => thread.tell({ kind: "closeAll" })).not.toThrow();
  });
});
