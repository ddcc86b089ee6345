/**
 * What the main process tells the test workers about the databases of this run: plain data, because it crosses a process
 * boundary. Made by global-setup.ts, read by databases.ts (in workers) and closing-lines.ts (the reporter).
 */
export type DatabaseName = "sqlite" | "postgresql" | "mysql";

/** What the server calls itself. MySQL and MariaDB share a URL scheme and a dialect, but not everything they can do. */
export type Product = "sqlite" | "postgresql" | "mysql" | "mariadb";

export type DatabaseSetup = AvailableDatabase | MissingDatabase;

export interface AvailableDatabase {
  readonly name: DatabaseName;
  readonly product: Product;
  /** The npm driver that the suite uses, or "node:sqlite". */
  readonly driver: string;
  readonly version: string;
  /** The server's URL with the database to connect to for creating others; "" for SQLite, which has no server. */
  readonly adminUrl: string;
  /** Every database that this run makes begins with this, so that the teardown finds them all. */
  readonly prefix: string;
}

export interface MissingDatabase {
  readonly name: DatabaseName;
  readonly missing: string;
}

export const databaseNames: readonly DatabaseName[] = ["sqlite", "postgresql", "mysql"];

declare module "vitest" {
  export interface ProvidedContext {
    databaseSetups: DatabaseSetup[];
  }
}
