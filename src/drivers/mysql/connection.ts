/**
 * What the connections of mysql2 and mariadb do alike: whatever is under way is rejected when the connection is destroyed, statements are
 * stopped over a second connection, and a cursor that is closed early leaves the connection usable. The two driver files extend it with
 * what their packages do differently.
 */
import type { Socket } from "node:net";
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../../io/driver.ts";
import { ConnectionLoss } from "../connectionLoss.ts";
import { type Killer, killUntilEnded, pause, StoppedError } from "./cancel.ts";
import { RowStream } from "./rowStream.ts";

/** A cursor that is closed early reads on for so long before the server is told to stop: most have little left. */
const DRAIN_MS = 20;
/** A server that was told to stop must have stopped after so long. */
const STOP_MS = 10_000;
/**
 * A server gives a client up that takes no rows for `net_write_timeout` seconds, 60 unless set; whoever streams may do something slow with
 * a row.
 */
const PATIENT_WRITES = "SET SESSION net_write_timeout = GREATEST(@@net_write_timeout, 600)";
/** Which server this is: a name or a balancer may lead to several, and the same thread number means somebody else's on another. */
const IDENTITY = "SELECT CONCAT_WS('/', @@hostname, @@port, @@server_id)";
const LOST_MEANWHILE = "The connection was lost before its statement could be stopped";

export abstract class MysqlConnection implements DriverConnection {
  abstract readonly driverConnection: unknown;
  #isOpen = true;
  #isPatient = false;
  #isInterrupted = false;
  #identity: string | null = null;
  readonly #loss = new ConnectionLoss();
  #cursor: RowStream | null = null;
  /** Ends the connection over which the server is being told to stop what runs here, open or not; null where there is none. */
  #endKiller: (() => void) | null = null;

  /** Runs one statement; its parameters may be others than the statement's own. */
  protected abstract run(statement: DriverStatement, parameters: readonly unknown[]): Promise<DriverResult>;
  /** Starts a statement whose rows go into the stream as they come; every error goes there too. */
  protected abstract start(statement: DriverStatement, stream: RowStream): void;
  /** Its socket; that of `connectArgs.stream` may be any stream. */
  protected abstract readonly socket: Partial<Pick<Socket, "ref" | "unref">>;
  /** The number by which the server knows the connection. */
  protected abstract readonly threadId: number;
  /**
   * A second connection to the same server.
   *
   * @param signal as for `Driver.connect`
   */
  protected abstract openAnother(signal: AbortSignal): Promise<MysqlConnection>;
  /** Says goodbye to the server and closes, without waiting for an answer. */
  protected abstract leave(): Promise<void>;
  /** Closes the socket. */
  protected abstract cut(): void;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  execute(statement: DriverStatement): Promise<DriverResult> {
    return this.#loss.orAnswer(this.run(statement, statement.parameters));
  }

  executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    return this.#loss.orAnswer(this.runMany(statement, parameterSets));
  }

  async openCursor(statement: DriverStatement): Promise<DriverCursor> {
    if (!this.#isPatient) {
      await this.execute(ownStatement(PATIENT_WRITES));
      this.#isPatient = true;
    }
    const stream = new RowStream((unfinished) => this.#finish(unfinished));
    this.#cursor = stream;
    void stream.ended.then(() => {
      if (this.#cursor === stream) this.#cursor = null;
    });
    this.start(statement, stream);
    await this.#loss.orAnswer(stream.opened);
    return stream;
  }

  async cancel(running: Promise<unknown>): Promise<void> {
    this.#isInterrupted = true;
    try {
      await this.#stop(running.then(nothing, nothing).then(() => this.#cursor?.ended));
    } finally {
      this.#isInterrupted = false;
    }
  }

  ref(): void {
    this.socket.ref?.();
  }

  unref(): void {
    this.socket.unref?.();
  }

  async close(): Promise<void> {
    // A lost connection would wait for an answer that never comes, and a busy one for its statement.
    if (!this.#isOpen || this.#loss.isAwaited || this.#cursor !== null) return this.destroy();
    this.#isOpen = false;
    await this.leave();
  }

  destroy(): void {
    this.lose(lostConnection("The connection was destroyed"));
    this.cut();
  }

  /** Learns which server this is. A server that does not say can do everything but stop a statement. */
  async introduce(): Promise<void> {
    try {
      const { rows } = await this.execute(ownStatement(IDENTITY));
      const identity = rows[0]?.[0];
      this.#identity = typeof identity === "string" ? identity : null;
    } catch (error) {
      if (!this.#isOpen) throw error;
    }
  }

  /** One parameter set after another, so that those after one that fails are not tried. */
  protected async runMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    const insertIds: (number | bigint)[] = [];
    let rowCount = 0;
    for (const parameters of parameterSets) {
      this.checkInterrupt();
      const result = await this.run(statement, parameters);
      rowCount += result.rowCount;
      insertIds.push(result.lastInsertId ?? 0);
    }
    return { rowCount, insertIds };
  }

  /** Between two steps of one request the server has nothing to stop. */
  protected checkInterrupt(): void {
    if (this.#isInterrupted) throw new StoppedError("between two of its parameter sets");
  }

  /** The connection is gone; whatever is under way fails. */
  protected lose(error: Error): void {
    this.#isOpen = false;
    this.#loss.happened(error);
    this.#cursor?.fail(error);
    // There is nothing left to stop, and the server may never answer that connection either.
    this.#endKiller?.();
  }

  /** Ends a cursor with rows left: those that are on their way are read, and when there are more, the server is told to stop. */
  async #finish(stream: RowStream): Promise<void> {
    stream.discard();
    if (await pause(DRAIN_MS, stream.ended)) return;
    // Reading on would keep this thread from opening the second connection.
    stream.hold();
    const patience = setTimeout(() => this.destroy(), STOP_MS);
    try {
      await this.#stop(stream.ended);
    } finally {
      clearTimeout(patience);
    }
  }

  async #stop(ended: Promise<unknown>): Promise<void> {
    const wasTold = await killUntilEnded(
      () => this.#openKiller(),
      this.threadId,
      ended,
      () => this.#cursor?.discard(),
    );
    if (!wasTold || !this.#isOpen) return;
    try {
      await this.execute(ownStatement("DO 0"));
    } catch (error) {
      // What was meant for the statement before has ended this one; but a lost connection has to be known as one.
      if (!this.#isOpen) throw error;
    }
  }

  async #openKiller(): Promise<Killer> {
    // Not for a statement that has ended meanwhile: the server counts connects that are broken off, and in the end refuses the host.
    const abandonment = new AbortController();
    this.#endKiller = () => abandonment.abort(lostConnection(LOST_MEANWHILE));
    const other = await this.openAnother(abandonment.signal);
    if (this.#identity === null || other.#identity !== this.#identity) {
      other.destroy();
      throw new Error(
        "The statement cannot be stopped: a second connection leads to another server, or the server does not say which it is",
      );
    }
    if (!this.#isOpen) {
      other.destroy();
      throw lostConnection(LOST_MEANWHILE);
    }
    this.#endKiller = () => other.destroy();
    return {
      kill: async (threadId) => void (await other.execute(ownStatement(`KILL QUERY ${threadId}`))),
      close: async () => {
        await other.close();
        this.#endKiller = null;
      },
    };
  }
}

/** A statement of the driver's own. */
function ownStatement(sql: string): DriverStatement {
  return { sql, parameters: [], reusable: false, wideIntegers: false, returnsRows: false };
}

/** The error of a connection that is gone, as mysql2 words it, so that it is sorted like the package's own. */
export function lostConnection(message: string): Error {
  return Object.assign(new Error(message), { code: "PROTOCOL_CONNECTION_LOST", fatal: true });
}

/** The server itself takes parameters that are too many for parts of others. */
export function checkCount(placeholders: number, parameters: readonly unknown[]): void {
  if (placeholders === parameters.length) return;
  throw Object.assign(
    new Error(`The statement has ${placeholders} placeholders, and ${parameters.length} parameters were given`),
    {
      code: "ER_WRONG_ARGUMENTS",
      errno: 1210,
      sqlState: "HY000",
    },
  );
}

function nothing(): void {
  // Whoever asked for the answer hears of its error.
}
