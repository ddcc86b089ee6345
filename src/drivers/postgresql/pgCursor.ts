/**
 * A server-side cursor through the npm package pg-cursor: a portal that the server suspends after each portion. The pg driver makes it;
 * until it is closed the client is busy with it.
 */
import type Pg from "pg";
import type Cursor from "pg-cursor";
import type { DriverColumn, DriverCursor, DriverStatement } from "../../io/driver.ts";
import type { ConnectionLoss } from "../connectionLoss.ts";
import { loadPackage } from "../packages.ts";
import { refuseNul } from "../sqlText.ts";
import { wireValue } from "./values.ts";

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/** Sends the statement and waits until the server has said which columns it will give. */
export async function openPgCursor(
  client: Pg.Client,
  loss: ConnectionLoss,
  statement: DriverStatement,
  types: Pg.CustomTypesConfig,
): Promise<DriverCursor> {
  refuseNul(statement.sql);
  const Made = loadPackage("pg-cursor") as typeof Cursor;
  const cursor = new Made<unknown[]>(statement.sql, statement.parameters.map(wireValue), { rowMode: "array", types });
  const { connection } = client;
  let stopListening = (): void => undefined;
  const described = new Promise<readonly DriverColumn[] | null>((resolve, reject) => {
    const onRows = ({ fields }: RowDescription): void =>
      resolve(fields.map((field) => ({ name: field.name, typeCode: field.dataTypeID })));
    const onNoData = (): void => resolve(null);
    connection.once("rowDescription", onRows);
    connection.once("noData", onNoData);
    cursor.on("error", reject);
    stopListening = () => {
      connection.removeListener("rowDescription", onRows);
      connection.removeListener("noData", onNoData);
    };
  });
  client.query(cursor);
  try {
    const columns = await loss.orAnswer(described);
    const opened = new PgCursor(cursor, loss, columns ?? []);
    // A statement without rows does its work when it is first read, and nobody would read it.
    if (columns === null) await opened.fetch(1);
    return opened;
  } finally {
    stopListening();
  }
}

class PgCursor implements DriverCursor {
  readonly columns: readonly DriverColumn[];
  readonly #cursor: Cursor<unknown[]>;
  readonly #loss: ConnectionLoss;
  /** After its last row and after an error the package has ended the portal itself, and would wait for an answer in vain. */
  #isEnded = false;

  constructor(cursor: Cursor<unknown[]>, loss: ConnectionLoss, columns: readonly DriverColumn[]) {
    this.#cursor = cursor;
    this.#loss = loss;
    this.columns = columns;
  }

  async fetch(count: number): Promise<unknown[][]> {
    // To the server a count of 0 would mean all rows.
    if (this.#isEnded || count < 1) return [];
    try {
      const rows = await this.#loss.orAnswer(this.#cursor.read(count));
      if (rows.length < count) this.#isEnded = true;
      return rows;
    } catch (error) {
      this.#isEnded = true;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#isEnded || this.#loss.isCertain) return;
    this.#isEnded = true;
    await this.#loss.orAnswer(this.#cursor.close());
  }
}
