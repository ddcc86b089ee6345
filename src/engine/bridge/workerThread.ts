/**
 * The one worker thread that all synchronous engines of this thread share, seen from the side that waits for it. It is started by the
 * first connection and does not keep the process alive. bridge.ts gives it orders; nobody else may.
 *
 * One worker is enough, because whoever gives an order is blocked until it is answered: a second would never have anything to do at
 * the same time, and costs ten megabytes and the start.
 */
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from "node:worker_threads";
import { OperationalError } from "../../errors/dbapi.ts";
import { unpackError } from "./errorTransfer.ts";
import { findWorker } from "./launch.ts";
import { type AnswerMessage, type Order, type OrderMessage, SHARED, type WorkerStart } from "./protocol.ts";

/** How often a waiting thread looks whether the worker still lives; no event of its end can arrive meanwhile. */
const LOOK_MS = 250;
/** A worker that reads no order during so many looks (a minute) hangs. Looks and not time, because a machine may sleep in between. */
const LOOKS_WITHOUT_LIFE = 240;
/** How long open connections may take to say goodbye when the process ends. */
const FAREWELL_MS = 1_000;

/** Why the worker is no more. */
interface End {
  readonly reason: Error | null;
  readonly hadStarted: boolean;
}

export class WorkerThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #shared = new Int32Array(new SharedArrayBuffer(SHARED.size * Int32Array.BYTES_PER_ELEMENT));
  /** Whether `postMessage` tells if there is somebody at the other end. */
  readonly #tellsWhenAlone: boolean;
  readonly #looksWithoutLife: number;
  #lastId = 0;
  #end: End | null = null;

  /** @param looksWithoutLife how many looks of 250 ms a worker may read no order before it counts as hanging */
  constructor(looksWithoutLife = LOOKS_WITHOUT_LIFE) {
    this.#looksWithoutLife = looksWithoutLife;
    const { file, ...options } = findWorker();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const start: WorkerStart = { port: port2, shared: this.#shared.buffer };
    this.#worker = new Worker(file, { ...options, name: "athanor", workerData: start, transferList: [port2] });
    this.#worker.unref();
    this.#worker.on("error", (error) => this.#ended(error));
    this.#worker.on("exit", () => this.#ended());
    this.#tellsWhenAlone = this.#ping() === true;
  }

  /** False once the worker is known to have ended; its connections went with it. */
  get isAlive(): boolean {
    if (this.#end === null && Atomics.load(this.#shared, SHARED.hasEnded) === 1) this.#ended();
    return this.#end === null;
  }

  /**
   * Gives an order and waits for its answer. Throws what the driver threw, and OperationalError (`isDisconnect`) when the worker ends or
   * hangs, or when there is no answer in time.
   *
   * @param giveUpAt in the milliseconds of `performance.now()`
   */
  ask(order: Order, giveUpAt = Infinity): unknown {
    const id = ++this.#lastId;
    this.#throwIfEnded();
    this.#port.postMessage({ id, order } satisfies OrderMessage);
    let life = 0;
    let looks = 0;
    for (;;) {
      const answers = Atomics.load(this.#shared, SHARED.answers);
      const answer = this.#receive();
      // The answer to an order that was given up is nobody's any more.
      if (answer !== null && answer.id !== id) continue;
      if (answer !== null) return valueOf(answer);
      this.#throwIfEnded();
      const patience = Math.max(0, giveUpAt - performance.now());
      if (patience === 0) throw new OperationalError("The driver's worker thread did not answer in time", { isDisconnect: true });
      if (Atomics.wait(this.#shared, SHARED.answers, answers, Math.min(LOOK_MS, patience)) !== "timed-out") continue;
      if (!this.look()) continue;
      const seen = Atomics.load(this.#shared, SHARED.signsOfLife);
      looks = seen === life ? looks + 1 : 0;
      life = seen;
      if (looks === this.#looksWithoutLife) this.#terminate();
    }
  }

  /** Gives an order that is not answered. */
  tell(order: Order): void {
    if (this.isAlive) this.#port.postMessage({ id: 0, order } satisfies OrderMessage);
  }

  /**
   * As `isAlive`, but finds out. What ends without a word, such as a worker out of memory, has closed its end of the port, and what
   * `postMessage` returns says so. Its documentation leaves that out; with a Node where it says nothing, such a worker shows by its
   * looks without life.
   */
  look(): boolean {
    const isPosted = this.#ping() === true;
    if (this.#tellsWhenAlone && !isPosted) this.#ended();
    return this.isAlive;
  }

  #ping(): unknown {
    return this.#port.postMessage({ id: 0, order: { kind: "ping" } } satisfies OrderMessage);
  }

  #receive(): AnswerMessage | null {
    const received = receiveMessageOnPort(this.#port) as { readonly message: AnswerMessage } | undefined;
    if (received === undefined) return null;
    const { message } = received;
    if (message.id === 0 && "error" in message) this.#ended(unpackError(message.error));
    return message;
  }

  #terminate(): void {
    void this.#worker.terminate();
    this.#ended(new Error("it hung"));
  }

  /** Notes that the worker has ended; the first reason counts. */
  #ended(reason: Error | null = null): void {
    this.#end ??= { reason, hadStarted: Atomics.load(this.#shared, SHARED.signsOfLife) > 0 };
  }

  #throwIfEnded(): void {
    if (this.isAlive) return;
    const { reason, hadStarted } = this.#end!;
    const what = hadStarted ? "has ended, and its connections are lost" : "could not start";
    throw new OperationalError(
      `The worker thread of the database driver ${what}${reason === null ? "" : `: ${reason.message}`}`,
      { isDisconnect: true, ...(reason === null ? {} : { cause: reason }) },
    );
  }
}

function valueOf(answer: AnswerMessage): unknown {
  if ("error" in answer) throw unpackError(answer.error);
  return answer.value;
}

let current: WorkerThread | null = null;

/** The worker thread, started anew where there is none or the last one has ended. */
export function workerThread(): WorkerThread {
  if (current?.look() === true) return current;
  if (current === null) process.once("exit", sayFarewell);
  return (current = new WorkerThread());
}

/** Takes leave of the servers, so that they need not find out by themselves that the process is gone. */
function sayFarewell(): void {
  try {
    if (current?.isAlive === true) current.ask({ kind: "closeAll" }, performance.now() + FAREWELL_MS);
  } catch {
    // The process ends, and with it every connection.
  }
}
