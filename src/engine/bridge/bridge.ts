/**
 * Lets a synchronous engine use a driver that answers with promises: its connections live in a worker thread, and every call waits for
 * the answer. EngineCore calls it. Only plain data crosses: what the npm package offers beyond that, such as its own connection object,
 * stays on the other side.
 */
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
} from "../../io/driver.ts";
import type { Order } from "./protocol.ts";
import { checkConnectArgs, transferableParameters } from "./valueTransfer.ts";
import { type WorkerThread, workerThread } from "./workerThread.ts";

/**
 * How long after its deadline a statement may take to be stopped: the worker tells the server at the deadline and destroys a connection
 * that has not answered 5 s later. The rest is for the worker's own answer.
 */
const GRACE_MS = 6_000;
/** How long a connection may take to say goodbye. */
const CLOSE_MS = 5_000;

/**
 * A driver of the synchronous colour over one whose connections answer with promises.
 *
 * @param driver must say in `module` where the worker finds it
 * @throws ArgumentError where the driver has no `module`
 */
export function bridgedDriver(driver: Driver): Driver {
  const { module } = driver;
  if (module === undefined)
    throw new ArgumentError(
      `The driver ${driver.dialectName}+${driver.name} answers with promises and does not say where a worker thread finds it, so a synchronous engine cannot wait for it. Use createAsyncEngine, or give the driver a module: { url: import.meta.url, export: "nameOfItsExport" }.`,
    );
  return {
    name: driver.name,
    dialectName: driver.dialectName,
    colour: "sync",
    load: () => driver.load(),
    singleConnection: (target) => driver.singleConnection?.(target) === true,
    connect: (target, deadline) => new BridgedConnection(workerThread(), module, target, deadline),
  };
}

let lastConnection = 0;

/**
 * A connection in the worker. `driverConnection` is null, because the npm package's object cannot leave its thread. It has no `cancel`:
 * whoever could call it is blocked while a statement runs; a deadline stops the statement instead.
 */
class BridgedConnection implements DriverConnection {
  readonly driverConnection = null;
  readonly #thread: WorkerThread;
  readonly #id = ++lastConnection;
  /** Written by the worker. */
  readonly #openFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #lastCursor = 0;
  #isClosed = false;

  constructor(thread: WorkerThread, module: NonNullable<Driver["module"]>, target: ConnectTarget, deadline?: number) {
    checkConnectArgs(target.connectArgs);
    this.#thread = thread;
    const openFlag = this.#openFlag.buffer;
    this.#ask({ kind: "connect", connection: this.#id, driver: module, target, openFlag, timeout: timeLeft(deadline) }, deadline);
  }

  get isOpen(): boolean {
    return !this.#isClosed && Atomics.load(this.#openFlag, 0) === 1 && this.#thread.isAlive;
  }

  execute(statement: DriverStatement, deadline?: number): DriverResult {
    const order: Order = {
      kind: "execute",
      connection: this.#id,
      statement: transferable(statement),
      timeout: timeLeft(deadline),
    };
    return this.#ask(order, deadline) as DriverResult;
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[], deadline?: number): DriverManyResult {
    return this.#ask(
      {
        kind: "executeMany",
        connection: this.#id,
        statement: transferable(statement),
        parameterSets: parameterSets.map(transferableParameters),
        timeout: timeLeft(deadline),
      },
      deadline,
    ) as DriverManyResult;
  }

  openCursor(statement: DriverStatement, deadline?: number): DriverCursor {
    const connection = this.#id;
    const cursor = ++this.#lastCursor;
    const columns = this.#ask(
      { kind: "openCursor", connection, cursor, statement: transferable(statement), timeout: timeLeft(deadline) },
      deadline,
    ) as readonly DriverColumn[];
    let isClosed = false;
    return {
      columns,
      fetch: (count, until) =>
        this.#ask({ kind: "fetch", connection, cursor, count, timeout: timeLeft(until) }, until) as unknown[][],
      close: () => {
        // With the connection, everything on it has ended.
        if (isClosed || !this.isOpen) return;
        isClosed = true;
        this.#ask({ kind: "closeCursor", connection, cursor });
      },
    };
  }

  close(): void {
    if (!this.isOpen) return this.destroy();
    try {
      this.#thread.ask({ kind: "close", connection: this.#id }, performance.now() + CLOSE_MS);
      this.#isClosed = true;
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#thread.tell({ kind: "destroy", connection: this.#id });
  }

  #ask(order: Order, deadline = Infinity): unknown {
    const giveUpAt = deadline + GRACE_MS;
    try {
      return this.#thread.ask(order, giveUpAt);
    } catch (error) {
      // Whatever still comes would be taken for the answer to something else.
      if (performance.now() >= giveUpAt) this.destroy();
      throw error;
    }
  }
}

/** Only what the driver reads. */
function transferable({ sql, parameters, reusable, wideIntegers, returnsRows }: DriverStatement): DriverStatement {
  return { sql, parameters: transferableParameters(parameters), reusable, wideIntegers, returnsRows };
}

/** The other thread's clock began at another time, so it is told how long, not until when. */
function timeLeft(deadline = Infinity): number | null {
  return deadline === Infinity ? null : Math.max(0, deadline - performance.now());
}
