/**
 * What a thread and the worker that holds its connections say to each other: orders go one way, answers the other, and a few numbers
 * lie in memory that both see. Both sides import it; it does nothing by itself.
 */
import type { MessagePort } from "node:worker_threads";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import type { DriverStatement } from "../../io/driver.ts";
import type { PackedError } from "./errorTransfer.ts";

/** What the worker is to do. Connections and cursors are named by numbers that the ordering thread gives out. */
export type Order =
  | {
      readonly kind: "connect";
      readonly connection: number;
      readonly driver: NonNullable<Driver["module"]>;
      readonly target: ConnectTarget;
      /** One Int32: 1 while the worker knows the connection to be open. */
      readonly openFlag: SharedArrayBuffer;
      readonly timeout: number | null;
    }
  | {
      readonly kind: "execute";
      readonly connection: number;
      readonly statement: DriverStatement;
      readonly timeout: number | null;
    }
  | {
      readonly kind: "executeMany";
      readonly connection: number;
      readonly statement: DriverStatement;
      readonly parameterSets: readonly (readonly unknown[])[];
      readonly timeout: number | null;
    }
  | {
      readonly kind: "openCursor";
      readonly connection: number;
      readonly cursor: number;
      readonly statement: DriverStatement;
      readonly timeout: number | null;
    }
  | {
      readonly kind: "fetch";
      readonly connection: number;
      readonly cursor: number;
      readonly count: number;
      readonly timeout: number | null;
    }
  | { readonly kind: "closeCursor"; readonly connection: number; readonly cursor: number }
  | { readonly kind: "close"; readonly connection: number }
  | { readonly kind: "closeAll" }
  /** Not answered. */
  | { readonly kind: "destroy"; readonly connection: number }
  /** Not answered: whoever reads it shows a sign of life, as with every other order. */
  | { readonly kind: "ping" };

export interface OrderMessage {
  readonly id: number;
  readonly order: Order;
}

/** The answer to the order of that id; id 0 brings the error of which the worker dies. */
export type AnswerMessage =
  { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: PackedError };

/** `workerData`. */
export interface WorkerStart {
  readonly port: MessagePort;
  /** Int32 values at the positions of `SHARED`. */
  readonly shared: SharedArrayBuffer;
}

/** Positions in the shared memory. */
export const SHARED = {
  /** Grows with every answer, after it was posted: what the ordering thread waits for. */
  answers: 0,
  /** Grows with every order that is read: a worker that no longer does so hangs. */
  signsOfLife: 1,
  /** 1 once the worker has ended in an orderly way, such as by process.exit. */
  hasEnded: 2,
  size: 3,
} as const;
