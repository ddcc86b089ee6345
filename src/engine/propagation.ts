/**
 * Propagation: what a function that wants a transaction does about one that is under way in its context already. The words are those of
 * the Java world (Spring, Jakarta Transactions), where everybody knows them. Used by the contexts in `async/`.
 */
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
import { nearestName } from "../util/nearest.ts";

/**
 * - `required` (the default): join the transaction that is under way, or begin one;
 * - `requiresNew`: begin one of its own, which is saved or lost by itself;
 * - `nested`: a savepoint in the transaction that is under way, or a transaction where there is none;
 * - `mandatory`: join, and refuse to run where there is none;
 * - `supports`: join, or run without a transaction;
 * - `notSupported`: run without a transaction, next to the one that is under way;
 * - `never`: run without a transaction, and refuse to run in one.
 */
export type Propagation = "required" | "requiresNew" | "nested" | "mandatory" | "supports" | "notSupported" | "never";

/** What follows from a propagation in a context. */
export type PropagationAction = "join" | "begin" | "savepoint" | "without";

const ACTIONS: Readonly<Record<Propagation, readonly [within: PropagationAction | null, outside: PropagationAction | null]>> = {
  required: ["join", "begin"],
  requiresNew: ["begin", "begin"],
  nested: ["savepoint", "begin"],
  mandatory: ["join", null],
  supports: ["join", "without"],
  notSupported: ["without", "without"],
  never: [null, "without"],
};

/** Throws ArgumentError for what is no propagation, InvalidRequestError where it forbids to run. */
export function propagationAction(propagation: Propagation, isInTransaction: boolean): PropagationAction {
  if (!Object.hasOwn(ACTIONS, propagation)) {
    const names = Object.keys(ACTIONS);
    const meant = nearestName(String(propagation), names);
    throw new ArgumentError(
      `There is no propagation ${JSON.stringify(propagation)}${meant === null ? `; there are ${names.join(", ")}` : `; did you mean "${meant}"?`}`,
    );
  }
  const action = ACTIONS[propagation][isInTransaction ? 0 : 1];
  if (action !== null) return action;
  throw new InvalidRequestError(
    isInTransaction
      ? 'A transaction is under way here, and the propagation "never" refuses to run in one'
      : 'No transaction is under way here, and the propagation "mandatory" needs one: call this within another transaction of the same context',
  );
}
