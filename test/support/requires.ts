/**
 * What a test may ask of a database, instead of naming databases: `forEachDatabase("…", { requires: ["returning"] }, …)`.
 * A new capability is a new member of the union and a line in the table; whoever asks for it is skipped where it is missing.
 */
import type { AvailableDatabase } from "./database-setup.ts";

export type Capability =
  /** INSERT … RETURNING. */
  | "returning"
  /** The protocol reports the key that was generated for a row, so that RETURNING is not needed for it. */
  | "lastInsertId"
  /** UPDATE … RETURNING and DELETE … RETURNING of any kind. */
  | "updateReturning"
  /** A driver that answers at once, so that a synchronous engine needs no worker thread and gives out the driver's own connection. */
  | "inProcess"
  /** A server with several sessions at a time, where one can end another's connection. */
  | "killConnection"
  /** DDL takes part in transactions. */
  | "transactionalDdl"
  /** Several schemas in one database. */
  | "schemas";

type Test = (database: AvailableDatabase) => boolean;

const onServers: Test = ({ name }) => name !== "sqlite";

const capabilities: Readonly<Record<Capability, Test>> = {
  // SQLite has it since 3.35, and the bundled versions are newer; MariaDB since 10.5; MySQL never.
  returning: ({ product }) => product !== "mysql",
  lastInsertId: ({ name }) => name !== "postgresql",
  updateReturning: ({ name }) => name !== "mysql",
  inProcess: ({ name }) => name === "sqlite",
  killConnection: onServers,
  transactionalDdl: ({ name }) => name !== "mysql",
  schemas: onServers,
};

export function hasCapability(database: AvailableDatabase, capability: Capability): boolean {
  return capabilities[capability](database);
}
