/**
 * ORM tests in one text for every database and both colours: a session's answers are awaited, and awaiting what is no promise changes
 * nothing. `forEachSession` gives each colour its tables, emptied before every test, and sees to it that no test leaks a connection.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import type { AsyncEngine } from "../../src/async/engine.ts";
import { AsyncSession } from "../../src/async/session.ts";
import { event } from "../../src/engine/events.ts";
import type { SessionOptions } from "../../src/orm/index.ts";
import type { MetaData } from "../../src/sql/index.ts";
import { Engine } from "../../src/sync/engine.ts";
import { Session } from "../../src/sync/session.ts";
import { coloursOf, openEngine, type AnyEngine, type Colour } from "./colours.ts";
import { forEachDatabase, type ForEachDatabaseOptions, type TestDatabase } from "./databases.ts";
import { BLOG_CIRCLES, BlogBase } from "./domains.ts";

/** A statement as it was sent. */
export interface Sent {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly many: boolean;
}

/** What an engine has sent since it was last asked. */
export class Statements {
  readonly #sent: Sent[] = [];
  #engine: AsyncEngine | null = null;
  readonly #note = (
    _connection: object,
    _cursor: null,
    sql: string,
    parameters: readonly unknown[],
    _context: null,
    many: boolean,
  ): void => {
    this.#sent.push({ sql, parameters, many });
  };

  listen(engine: AnyEngine): void {
    this.#engine = engine as AsyncEngine;
    event.listen(this.#engine, "beforeCursorExecute", this.#note);
  }
  unlisten(): void {
    if (this.#engine !== null) event.remove(this.#engine, "beforeCursorExecute", this.#note);
  }
  /** The statements since the last call. */
  take(): readonly Sent[] {
    return this.#sent.splice(0);
  }
  /** The same in short: `insert users (2)`, `select posts`. Neighbours of one kind are one: how many rows go into a statement is the database's affair. */
  summary(): readonly string[] {
    const lines: { line: string; rows: number }[] = [];
    for (const { line, rows } of this.take().map(summarize)) {
      const last = lines.at(-1);
      if (rows > 0 && last?.line === line) last.rows += rows;
      else lines.push({ line, rows });
    }
    return lines.map(({ line, rows }) => (rows === 0 ? line : `${line} (${rows})`));
  }
}

function summarize({ sql, parameters, many }: Sent): { line: string; rows: number } {
  const match = /^(INSERT INTO|UPDATE|DELETE FROM|SELECT.*? FROM) [`"]?(\w+)/s.exec(sql);
  if (match === null) return { line: sql, rows: 0 };
  const verb = match[1]!.split(" ")[0]!.toLowerCase();
  if (verb === "select") return { line: `select ${match[2]!}`, rows: 0 };
  const columns = verb === "insert" ? (/\(([^)]*)\)/.exec(sql)?.[1]?.split(",").length ?? 1) : Infinity;
  return { line: `${verb} ${match[2]!}`, rows: many ? parameters.length : Math.max(1, Math.round(parameters.length / columns)) };
}

export interface SessionContext {
  readonly db: TestDatabase;
  readonly colour: Colour;
  readonly statements: Statements;
  /** The engine; typed as the asynchronous one, whose methods are awaited. */
  readonly engine: () => AsyncEngine;
  /** A new session, closed when the test is over. */
  readonly session: (options?: SessionOptions) => AsyncSession;
  /** Rows as the database has them, read with another connection of its own; values as their text. */
  readonly stored: (sql: string) => Promise<unknown[][]>;
}

export interface ForEachSessionOptions extends ForEachDatabaseOptions {
  readonly colours?: readonly Colour[];
  readonly metadata?: MetaData;
}

export function forEachSession(name: string, options: ForEachSessionOptions, body: (context: SessionContext) => void): void {
  const { metadata = BlogBase.metadata } = options;
  forEachDatabase(name, options, (db) => {
    const colours = coloursOf(db).filter((colour) => options.colours?.includes(colour) ?? true);
    describe.each(colours)("%s", (colour) => {
      let opened: AnyEngine | null = null;
      let url = "";
      let sessions: AsyncSession[] = [];
      const statements = new Statements();
      const engine = (): AsyncEngine => opened as AsyncEngine;

      beforeAll(async () => {
        url = db.name === "sqlite" ? await db.freshUrl() : db.url;
        opened = openEngine(colour, url);
        await metadata.createAll(engine());
        statements.listen(opened);
      });
      beforeEach(async () => {
        await emptyTables(engine(), metadata);
        statements.take();
      });
      afterEach(async () => {
        const open = sessions;
        sessions = [];
        for (const session of open) await session.close();
        expect(engine().pool.checkedout()).toBe(0);
      });
      afterAll(async () => {
        statements.unlisten();
        await opened?.dispose();
      });

      body({
        db,
        colour,
        statements,
        engine,
        session(sessionOptions = {}) {
          const session = openSession(engine(), sessionOptions);
          sessions.push(session);
          return session;
        },
        async stored(sql) {
          const connection = await db.raw(url);
          try {
            return await connection.query(sql);
          } finally {
            await connection.close();
          }
        },
      });
    });
  });
}

/** A session of the engine's colour, typed as the asynchronous one. */
export function openSession(engine: AsyncEngine, options: SessionOptions = {}): AsyncSession {
  const given: unknown = engine;
  return given instanceof Engine ? (new Session(given, options) as unknown as AsyncSession) : new AsyncSession(engine, options);
}

async function emptyTables(engine: AsyncEngine, metadata: MetaData): Promise<void> {
  const connection = await engine.connect();
  if (metadata === BlogBase.metadata) for (const sql of BLOG_CIRCLES) await connection.execDriverSql(sql);
  for (const table of [...metadata.sortedTables].reverse()) {
    await connection.execDriverSql(`DELETE FROM ${engine.core.dialect.quoteIdentifier(table.name)}`);
  }
  await connection.commit();
  await connection.close();
}

/** The error that an operation fails with, at once or later; an error of its own where it succeeds. */
export async function failure(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("this should have failed");
}
