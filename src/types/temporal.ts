/**
 * The types of JavaScript's Temporal, for columns declared `{ as: "temporal" }`. The library neither brings Temporal nor needs it: it uses
 * the runtime's, or whatever a program has put into `globalThis.Temporal`. t.ts asks for it when such a column is declared.
 */
import { ArgumentError } from "../errors/base.ts";

/** What of Temporal the conversions use; every implementation has it. */
export interface TemporalNamespace {
  readonly Instant: TemporalClass;
  readonly PlainDateTime: TemporalClass;
  readonly PlainDate: TemporalClass;
  readonly PlainTime: TemporalClass;
  readonly Duration: TemporalClass;
}

export interface TemporalClass {
  from(text: string): TemporalValue;
}

/** Stands for Temporal's classes in programs whose TypeScript does not know them (`lib: ["esnext.temporal"]`). */
export interface TemporalValue {
  readonly [Symbol.toStringTag]: string;
  toString(): string;
  toJSON(): string;
}

/** The instance type of a class of Temporal, as the program's TypeScript declares it. */
export type TemporalInstance<Name extends keyof TemporalNamespace> = typeof globalThis extends {
  readonly Temporal: { readonly [N in Name]: { readonly prototype: infer Instance } };
}
  ? Instance
  : TemporalValue;

/** The runtime's Temporal. Throws ArgumentError where there is none. */
export function requireTemporal(where: string): TemporalNamespace {
  const { Temporal } = globalThis as { Temporal?: TemporalNamespace };
  if (Temporal === undefined)
    throw new ArgumentError(
      `${where}: { as: "temporal" } needs Temporal, which this runtime (Node ${process.versions.node}) does not have. Run a Node that has it, assign a polyfill to globalThis.Temporal before the tables are declared, or use { as: "string" }.`,
    );
  return Temporal;
}
