/**
 * I/O functions without a database: `runScripted` checks each request against a script and answers it, and FakeServer stands behind a pool
 * and remembers every connection. Tests of the pool and of the runners use them to put a fault at every step.
 */
import { Dispatcher } from "../../src/io/dispatcher.ts";
import type { DriverConnection, DriverResult } from "../../src/io/driver.ts";
import type { Io, IoRequest } from "../../src/io/io.ts";
import { isThenable, perform } from "../../src/io/perform.ts";
import { POOL_EVENTS, type PoolEvents } from "../../src/pool/events.ts";
import type { PoolHost, PoolLog } from "../../src/pool/pool.ts";

/** One expected request: its kind (and SQL text, where given), and either an answer or an error. */
export interface ScriptStep {
  readonly kind: IoRequest["kind"];
  readonly sql?: string;
  readonly answer?: unknown;
  readonly error?: unknown;
  /** Run just before the answer is given: what somebody else does meanwhile. */
  readonly meanwhile?: () => void;
}

/** Runs `io` to its end; throws when a request differs from the script, or when steps are left over. */
export function runScripted<T>(io: Io<T>, script: readonly ScriptStep[]): T {
  let position = 0;
  let step = io.next();
  while (step.done !== true) {
    const expected = script[position++];
    const got = describe(step.value);
    if (expected === undefined) throw new Error(`unexpected request at the end of the script: ${got}`);
    if (expected.kind !== step.value.kind || (expected.sql !== undefined && !got.endsWith(expected.sql)))
      throw new Error(`request ${position}: expected ${expected.kind} ${expected.sql ?? ""}, got ${got}`);
    expected.meanwhile?.();
    step = "error" in expected ? io.throw(expected.error) : io.next(expected.answer);
  }
  if (position < script.length) throw new Error(`the script has ${script.length - position} steps left`);
  return step.value;
}

/** Where a run was made to fail. */
export interface FaultyRun<T> {
  readonly outcome: { readonly value: T } | { readonly error: unknown };
  /** The requests that could have failed, in words. A close never fails. */
  readonly requests: readonly string[];
}

/** Runs `io` with real answers, but throws `fault` in the place of the answer to the request of that number, counted from 0. */
export async function runWithFault<T>(io: Io<T>, number: number, fault: unknown): Promise<FaultyRun<T>> {
  const requests: string[] = [];
  try {
    let step = io.next();
    while (step.done !== true) {
      const request = step.value;
      if (request.kind === "wait" || request.kind === "sleep") throw new Error("runWithFault does not wait");
      if (request.kind !== "close") requests.push(describe(request));
      if (request.kind !== "close" && requests.length - 1 === number) {
        step = io.throw(fault);
        continue;
      }
      let answer: unknown;
      try {
        answer = perform(request, null);
        if (isThenable(answer)) answer = await answer;
      } catch (error) {
        step = io.throw(error);
        continue;
      }
      step = io.next(answer);
    }
    return { outcome: { value: step.value }, requests };
  } catch (error) {
    return { outcome: { error }, requests };
  }
}

function describe(request: IoRequest): string {
  return request.kind === "execute" || request.kind === "executeMany" ? `${request.kind} ${request.statement.sql}` : request.kind;
}

export interface FakeConnection extends DriverConnection {
  isOpen: boolean;
  /** How it was closed. */
  ending: "closed" | "destroyed" | null;
}

/** A connection that answers nothing by itself. */
export function fakeConnection(name: unknown = "fake"): FakeConnection {
  return {
    driverConnection: name,
    isOpen: true,
    ending: null,
    execute: () => emptyResult(),
    executeMany: () => ({ rowCount: 0, insertIds: null }),
    openCursor: () => ({ columns: [], fetch: () => [], close: () => undefined }),
    close() {
      this.isOpen = false;
      this.ending ??= "closed";
    },
    destroy() {
      this.isOpen = false;
      this.ending ??= "destroyed";
    },
  };
}

export function emptyResult(): DriverResult {
  return { columns: null, rows: [], rowCount: 0, lastInsertId: null };
}

/** The host of a pool, with a server of connections that do nothing. `driverConnection` is their number, from 1. */
export class FakeServer implements PoolHost {
  readonly connections: FakeConnection[] = [];
  readonly events = new Dispatcher<PoolEvents>(POOL_EVENTS);
  readonly lines: string[] = [];
  readonly log: PoolLog | null;
  /** Makes opening take its time, or fail. */
  opening: () => void | Promise<void> = () => undefined;

  /** @param options `log`: keep what the pool says in `lines`, indented where it is for debugging; default false */
  constructor({ log = false }: { readonly log?: boolean } = {}) {
    this.log = log ? (line, level) => this.lines.push(level === "debug" ? `  ${line}` : line) : null;
  }

  get openConnections(): number {
    return this.connections.filter((connection) => connection.isOpen).length;
  }

  *open(): Io<DriverConnection> {
    const connect = (): FakeConnection => {
      const connection = fakeConnection(this.connections.length + 1);
      this.connections.push(connection);
      return connection;
    };
    return (yield {
      kind: "connect",
      open: () => {
        const delay = this.opening();
        return isThenable(delay) ? delay.then(connect) : connect();
      },
    }) as DriverConnection;
  }

  *ping(connection: DriverConnection): Io<boolean> {
    try {
      yield* sent(connection, "ping");
      return true;
    } catch {
      return false;
    }
  }

  *reset(connection: DriverConnection, way: string): Io<void> {
    yield* sent(connection, way.toUpperCase());
  }
}

function* sent(connection: DriverConnection, sql: string): Io<void> {
  const statement = { sql, parameters: [], reusable: false, wideIntegers: false, returnsRows: false };
  yield { kind: "execute", connection, statement };
}
