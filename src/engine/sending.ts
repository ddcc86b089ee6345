/**
 * Sends the statements of a plan to the driver, with the events around each. ConnectionCore calls it once a transaction has begun; what a
 * failure means for the connection is the connection's affair.
 */
import type { DriverConnection, DriverCursor, DriverManyResult, DriverResult, DriverStatement } from "../io/driver.ts";
import type { Dispatcher } from "../io/dispatcher.ts";
import type { Io } from "../io/io.ts";
import type { ExecutionPlan } from "../sql/compile/plan.ts";
import type { Outcome } from "./results/collect.ts";
import type { ConnectionEvents, CursorExecution } from "./events.ts";
import { shownParameters } from "./shownParameters.ts";

/** For whom statements are sent. */
export interface Sender {
  /** The connection as listeners know it. */
  readonly facade: object;
  readonly listeners: Dispatcher<ConnectionEvents>;
  /**
   * The error to throw for a driver's; gives a lost connection up.
   *
   * @param isMulti true where the parameters are a list of sets; default false
   */
  statementFailed(error: unknown, sql: string, parameters: readonly unknown[], isMulti?: boolean): Io<Error>;
}

/** What a statement gives that a listener of `doExecute` has run. */
const NO_ROWS: DriverResult = { columns: null, rows: [], rowCount: -1, lastInsertId: null };

/** Sends all statements of a plan, in order. */
export function* sendPlan(sender: Sender, connection: DriverConnection, plan: ExecutionPlan): Io<Outcome> {
  if (plan.mode === "single") return { results: [yield* sendOne(sender, connection, plan.statement)] };
  if (plan.mode === "many") return { many: yield* sendMany(sender, connection, plan.statement, plan.parameterSets) };
  const results: DriverResult[] = [];
  for (const statement of plan.statements) results.push(yield* sendOne(sender, connection, statement));
  return { results };
}

function* sendOne(sender: Sender, connection: DriverConnection, given: DriverStatement): Io<DriverResult> {
  const isObserved = !sender.listeners.isSilent;
  let statement = given;
  if (isObserved) {
    const [sql, parameters] = yield* beforeCursor(sender, given.sql, given.parameters, false);
    statement = { ...given, sql, parameters };
    if (yield* isDoneByListener(sender, "doExecute", connection, sql, parameters)) return NO_ROWS;
  }
  let result: DriverResult;
  try {
    result = (yield { kind: "execute", connection, statement }) as DriverResult;
  } catch (error) {
    throw yield* sender.statementFailed(error, statement.sql, statement.parameters);
  }
  if (isObserved) yield* afterCursor(sender, statement.sql, statement.parameters, false);
  return result;
}

function* sendMany(
  sender: Sender,
  connection: DriverConnection,
  given: DriverStatement,
  givenSets: readonly (readonly unknown[])[],
): Io<DriverManyResult> {
  const isObserved = !sender.listeners.isSilent;
  let statement = given;
  let parameterSets = givenSets;
  if (isObserved) {
    const [sql, parameters] = yield* beforeCursor(sender, given.sql, givenSets, true);
    statement = { ...given, sql };
    parameterSets = parameters as readonly (readonly unknown[])[];
    if (yield* isDoneByListener(sender, "doExecutemany", connection, sql, parameters)) return { rowCount: -1, insertIds: null };
  }
  let result: DriverManyResult;
  try {
    result = (yield { kind: "executeMany", connection, statement, parameterSets }) as DriverManyResult;
  } catch (error) {
    throw yield* sender.statementFailed(error, statement.sql, parameterSets, true);
  }
  if (isObserved) yield* afterCursor(sender, statement.sql, parameterSets, true);
  return result;
}

/** What to send, after the listeners of beforeCursorExecute have seen it. */
function* beforeCursor(sender: Sender, sql: string, parameters: readonly unknown[], isMany: boolean): Io<CursorExecution> {
  const shown = shownParameters(parameters);
  const [changedSql, changed] = yield* sender.listeners.transform(
    "beforeCursorExecute",
    [sql, shown] as CursorExecution,
    ([text, values]) => [sender.facade, null, text, values, null, isMany],
  );
  return [changedSql, changed === shown ? parameters : changed];
}

function* afterCursor(sender: Sender, sql: string, parameters: readonly unknown[], isMany: boolean): Io<void> {
  if (!sender.listeners.has("afterCursorExecute")) return;
  yield* sender.listeners.emit("afterCursorExecute", sender.facade, null, sql, shownParameters(parameters), null, isMany);
}

function* isDoneByListener(
  sender: Sender,
  name: "doExecute" | "doExecutemany",
  connection: DriverConnection,
  sql: string,
  parameters: readonly unknown[],
): Io<boolean> {
  if (!sender.listeners.has(name)) return false;
  return yield* sender.listeners.transform<typeof name, boolean>(name, false, () => [
    connection.driverConnection,
    sql,
    parameters,
    null,
  ]);
}

/** Opens a cursor; the statement is the one that was sent, which listeners may have changed. */
export function* openCursor(
  sender: Sender,
  connection: DriverConnection,
  given: DriverStatement,
): Io<{ readonly cursor: DriverCursor; readonly statement: DriverStatement }> {
  const isObserved = !sender.listeners.isSilent;
  const [sql, parameters] = isObserved
    ? yield* beforeCursor(sender, given.sql, given.parameters, false)
    : [given.sql, given.parameters];
  const statement = { ...given, sql, parameters };
  let cursor: DriverCursor;
  try {
    cursor = (yield { kind: "openCursor", connection, statement }) as DriverCursor;
  } catch (error) {
    throw yield* sender.statementFailed(error, sql, parameters);
  }
  if (!isObserved) return { cursor, statement };
  try {
    yield* afterCursor(sender, sql, parameters, false);
  } catch (error) {
    yield { kind: "closeCursor", cursor };
    throw error;
  }
  return { cursor, statement };
}

/** Whether it is worth asking for a cursor. What SQL text gives is only known when it has run, so its first word has to do. */
export function givesRows(plan: ExecutionPlan & { readonly mode: "single" }): boolean {
  if (plan.kind !== "text") return plan.statement.returnsRows;
  return /^[\s(]*(?:SELECT|WITH|VALUES|TABLE)\b/i.test(plan.statement.sql);
}
