/**
 * What a case of the acceptance suite is, and the abilities that a case may need of a driver. Every group of cases beside this file makes
 * a list of them; acceptance.ts puts the lists together.
 */
import type { Bench } from "./bench.ts";

/**
 * What not every driver can do:
 * - `server`: there is a server with users and databases, which can refuse a connection and end one;
 * - `secondConnection`: the database takes a second connection while the first is open;
 * - `cancel`: a statement that runs can be stopped on the server;
 * - `deadline`: the driver answers at once, and so has to keep deadlines by itself.
 */
export type Ability = "server" | "secondConnection" | "cancel" | "deadline";

/** One thing that a driver must do. */
export interface AcceptanceCase {
  readonly name: string;
  /** The abilities that the case is about; absent for what every driver must do. */
  readonly requires?: readonly Ability[];
  /** Rejects with an AssertionError that says what was expected, or with whatever the driver threw. It leaves no tables and no connections. */
  readonly run: () => Promise<void>;
}

/** A case as its group writes it, before it knows the driver. */
export interface CaseDefinition {
  readonly name: string;
  readonly requires?: readonly Ability[];
  readonly run: (bench: Bench) => Promise<void>;
}
