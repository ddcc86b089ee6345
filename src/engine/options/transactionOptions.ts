/**
 * How a transaction is to run, from the options of `begin()` and the execution options of its connection and engine.
 */
import type { Dialect, TransactionOptions } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import { checkExecutionOptions, type ConnectOptions, type ExecutionOptions, type IsolationLevel } from "./executionOptions.ts";

/** The options of `begin()`; what is absent comes from the connection and the engine. */
export interface BeginOptions {
  readonly isolationLevel?: IsolationLevel;
  /** The transaction may only read; default false. */
  readonly readOnly?: boolean;
  /** PostgreSQL: a serializable read-only transaction waits until it can run without being aborted; default false. */
  readonly deferrable?: boolean;
}

/** With what `connect` finds the right connection for one transaction. */
export function connectOptionsOf({ readOnly }: BeginOptions): ConnectOptions {
  return readOnly === undefined ? {} : { readOnly };
}

/** What a transaction runs with; `autocommit` is no transaction at all. */
export interface TransactionMode extends TransactionOptions {
  readonly isAutocommit: boolean;
}

const PLAIN: TransactionMode = { isolationLevel: null, readOnly: false, deferrable: false, isAutocommit: false };

/** Reads the options of `begin()` into execution options. Throws ArgumentError for what does not exist. */
export function readBeginOptions(options: BeginOptions): ExecutionOptions {
  const { isolationLevel, readOnly, deferrable, ...rest } = options;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new ArgumentError(`begin() has no option ${unknown}; it has isolationLevel, readOnly and deferrable`);
  return checkExecutionOptions(
    {
      ...(isolationLevel === undefined ? {} : { isolationLevel }),
      ...(readOnly === undefined ? {} : { readOnly }),
      ...(deferrable === undefined ? {} : { postgresqlDeferrable: deferrable }),
    },
    "begin()",
  );
}

/** Whether the options ask for transactions that may only read. */
export function isReadOnly({ readOnly, postgresqlReadonly }: ExecutionOptions): boolean {
  return readOnly === true || postgresqlReadonly === true;
}

/** Throws ArgumentError for a level that the database does not have. */
export function transactionMode(dialect: Dialect, options: ExecutionOptions): TransactionMode {
  const { isolationLevel, readOnly, postgresqlReadonly, postgresqlDeferrable } = options;
  if (isolationLevel === undefined && readOnly !== true && postgresqlReadonly !== true && postgresqlDeferrable !== true)
    return PLAIN;
  const isAutocommit = isolationLevel === "AUTOCOMMIT";
  if (isolationLevel !== undefined && !isAutocommit && !dialect.isolationLevels.includes(isolationLevel))
    throw new ArgumentError(
      `${dialect.name} has no isolation level ${isolationLevel}; it has ${[...dialect.isolationLevels, "AUTOCOMMIT"].join(", ")}`,
    );
  return {
    isolationLevel: isAutocommit ? null : (isolationLevel ?? null),
    readOnly: isReadOnly(options),
    deferrable: postgresqlDeferrable === true,
    isAutocommit,
  };
}
