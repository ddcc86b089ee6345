/**
 * PostgreSQL inside the process, through the npm package @electric-sql/pglite, for `postgresql+pglite:` URLs: `postgresql+pglite://` in
 * memory, `postgresql+pglite:///folder` in files. There is one connection, which is the database: closing it ends what is in memory. It
 * speaks the server's protocol directly, because the package's own `query` says neither what COMMIT did nor gives rows in portions.
 */
import { resolve } from "node:path";
import type { messages as Messages, PGlite as Database, protocol as Protocol } from "@electric-sql/pglite";
import type { ConnectTarget, Driver } from "../../dialects/contract.ts";
import { ArgumentError } from "../../errors/base.ts";
import type {
  DriverColumn,
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverResult,
  DriverStatement,
} from "../../io/driver.ts";
import { refuseOptions } from "../options.ts";
import { loadPackage } from "../packages.ts";
import { refuseNul } from "../sqlText.ts";
import { checkCommitted, isStalePlan, StatementNames, StoppedBetweenSetsError } from "./statements.ts";
import { valueParser, wireValue } from "./values.ts";

interface PgliteModule {
  readonly PGlite: typeof Database;
  readonly protocol: typeof Protocol;
}

type Message = Messages.BackendMessage;

const PORTAL = "athanor_cursor";
/** The database runs in this thread; after so much time with many parameter sets, timers and sockets get their turn. */
const TURN_MS = 10;
/** So many parameter sets go to the database in one message. */
const BATCH_SETS = 100;

/** Folders that are open in this process: a second database on one would destroy it. */
const openFolders = new Set<string>();

class PgliteConnection implements DriverConnection {
  readonly #database: Database;
  readonly #serialize: typeof Protocol.serialize;
  readonly #folder: string | null;
  readonly #names = new StatementNames();
  readonly #parsed = new Set<string>();
  #isOpen = true;
  #isBroken = false;
  #isStopped = false;

  constructor(database: Database, serialize: typeof Protocol.serialize, folder: string | null) {
    this.#database = database;
    this.#serialize = serialize;
    this.#folder = folder;
  }

  get driverConnection(): unknown {
    return this.#database;
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isBroken && !this.#database.closed;
  }

  async execute(statement: DriverStatement): Promise<DriverResult> {
    const { sql, parameters } = statement;
    refuseNul(sql);
    if (COPY_IN.test(sql))
      throw new ArgumentError(
        "PGlite cannot COPY FROM STDIN (its program would end); use the npm package itself: driverConnection",
      );
    const name = statement.reusable ? this.#names.nameOf(sql) : undefined;
    if (name === undefined && parameters.length === 0) return this.#result(sql, await this.#send([this.#serialize.query(sql)]));
    const { bind, describe, execute, sync } = this.#serialize;
    const { messages, error } = await this.#exchange([
      ...this.#parse(sql, name),
      bind({ statement: name ?? "", values: parameters.map(wireValue) }),
      describe({ type: "P" }),
      execute({}),
      sync(),
    ]);
    // It stays prepared, whatever went wrong afterwards.
    if (name !== undefined && messages.some((message) => message.name === "parseComplete")) this.#parsed.add(name);
    if (error === null) return this.#result(sql, messages);
    if (name !== undefined && isStalePlan(error)) this.#names.forget(sql);
    throw error;
  }

  async executeMany(statement: DriverStatement, parameterSets: readonly (readonly unknown[])[]): Promise<DriverManyResult> {
    refuseNul(statement.sql);
    this.#checkOpen();
    this.#isStopped = false;
    const { bind, execute, sync } = this.#serialize;
    let rowCount = 0;
    let turnEnds = performance.now() + TURN_MS;
    // Outside a transaction each set is a transaction of its own, which a message with several would join.
    const together = this.#database.isInTransaction() ? BATCH_SETS : 1;
    for (let position = 0; position < parameterSets.length; position += together) {
      if (performance.now() > turnEnds) {
        await new Promise(setImmediate);
        turnEnds = performance.now() + TURN_MS;
      }
      this.#checkOpen();
      if (this.#isStopped) throw new StoppedBetweenSetsError();
      const sets = parameterSets.slice(position, position + together);
      const answer = await this.#send([
        ...this.#parse(statement.sql, undefined),
        ...sets.flatMap((parameters) => [bind({ values: parameters.map(wireValue) }), execute({})]),
        sync(),
      ]);
      for (const message of answer) rowCount += Math.max(0, countOf(message));
    }
    return { rowCount, insertIds: null };
  }

  async openCursor(statement: DriverStatement): Promise<DriverCursor> {
    refuseNul(statement.sql);
    const { bind, describe, execute, sync, flush, close } = this.#serialize;
    const answer = await this.#send([
      ...this.#parse(statement.sql, undefined),
      bind({ portal: PORTAL, values: statement.parameters.map(wireValue) }),
      describe({ type: "P", name: PORTAL }),
      flush(),
    ]);
    const columns = columnsOf(answer);
    let isEnded = false;
    const end = async (...before: Uint8Array[]): Promise<void> => {
      isEnded = true;
      await this.#send([...before, close({ type: "P", name: PORTAL }), sync()]);
    };
    // A statement without rows does its work when it is executed, and nobody would ask for rows.
    if (columns.length === 0) await end(execute({ portal: PORTAL }));
    return {
      columns,
      fetch: async (count) => {
        if (isEnded || count < 1) return [];
        let portion: readonly Message[];
        try {
          portion = await this.#send([execute({ portal: PORTAL, rows: count }), flush()]);
        } catch (error) {
          isEnded = true;
          throw error;
        }
        const rows = rowsOf(portion, columns);
        if (rows.length < count) await end();
        return rows;
      },
      close: async () => {
        if (!isEnded) await end();
      },
    };
  }

  /**
   * Nothing can stop a statement, because this thread runs it and does nothing else meanwhile; between two parameter sets it can. So this
   * waits, and leaves the database alone: destroying the connection instead would destroy what is in memory.
   */
  async cancel(running: Promise<unknown>): Promise<void> {
    this.#isStopped = true;
    await running.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    try {
      if (!this.#isBroken && !this.#database.closed) await this.#database.close();
    } finally {
      if (this.#folder !== null) openFolders.delete(this.#folder);
    }
  }

  destroy(): void {
    this.#isStopped = true;
    // Whoever destroys a connection does not wait for it.
    if (this.#isOpen) void this.close().catch(() => undefined);
  }

  /** Sends messages and gives the answers; throws the first error among them. */
  async #send(parts: readonly Uint8Array[]): Promise<readonly Message[]> {
    const { messages, error } = await this.#exchange(parts);
    if (error !== null) throw error;
    return messages;
  }

  /** Sends messages and gives the answers; after an error the next statement can begin. */
  async #exchange(parts: readonly Uint8Array[]): Promise<{ messages: readonly Message[]; error: Error | null }> {
    this.#checkOpen();
    const database = this.#database;
    const send = async (bytes: Uint8Array): Promise<Message[]> => {
      try {
        return await database.execProtocolStream(bytes, { syncToFs: false, throwOnError: false });
      } catch (error) {
        // Errors of statements are messages. This is the end of the database's program, which would never answer again.
        this.#isBroken = true;
        throw error;
      }
    };
    return database.runExclusive(async () => {
      const messages = await send(Buffer.concat(parts));
      const isReady = messages.at(-1)?.name === "readyForQuery";
      const error = messages.find((message) => message.name === "error") as unknown as Error | undefined;
      if (error !== undefined && !isReady) await send(this.#serialize.sync());
      if (isReady && !database.isInTransaction()) await database.syncToFs();
      return { messages, error: error ?? null };
    });
  }

  #checkOpen(): void {
    if (!this.isOpen) throw new Error("PGlite is closed");
  }

  #parse(sql: string, name: string | undefined): Uint8Array[] {
    if (name === undefined) return [this.#serialize.parse({ text: sql })];
    return this.#parsed.has(name) ? [] : [this.#serialize.parse({ text: sql, name })];
  }

  /** Several statements in one text give several results; the last one counts, as in psql. */
  #result(sql: string, messages: readonly Message[]): DriverResult {
    const last = messages.findLastIndex(isComplete);
    const own = messages.slice(last <= 0 ? 0 : messages.slice(0, last).findLastIndex(isComplete) + 1);
    const end = messages[last] as Messages.CommandCompleteMessage | undefined;
    checkCommitted(sql, end?.text ?? null);
    const columns = columnsOf(own);
    return {
      columns: columns.length === 0 ? null : columns,
      rows: columns.length === 0 ? [] : rowsOf(own, columns),
      rowCount: end === undefined ? -1 : countOf(end),
      lastInsertId: null,
    };
  }
}

function isComplete(message: Message): boolean {
  return message.name === "commandComplete";
}

function columnsOf(messages: readonly Message[]): readonly DriverColumn[] {
  const description = messages.find((message) => message.name === "rowDescription") as Messages.RowDescriptionMessage | undefined;
  return (description?.fields ?? []).map((field) => ({ name: field.name, typeCode: field.dataTypeID }));
}

function rowsOf(messages: readonly Message[], columns: readonly DriverColumn[]): unknown[][] {
  const parsers = columns.map((column) => valueParser(column.typeCode as number));
  const rows: unknown[][] = [];
  for (const message of messages) {
    if (message.name !== "dataRow") continue;
    const { fields } = message as Messages.DataRowMessage;
    rows.push(fields.map((text, index) => (text === null ? null : parsers[index]!(text))));
  }
  return rows;
}

/** The rows that a statement gave or changed; -1 where it does not say, or where it is another message. */
function countOf(message: Message): number {
  if (message.name !== "commandComplete") return -1;
  const count = /\d+$/.exec((message as Messages.CommandCompleteMessage).text);
  return count === null ? -1 : Number(count[0]);
}

export const pgliteDriver: Driver = {
  name: "pglite",
  dialectName: "postgresql",
  colour: "async",
  module: { url: import.meta.url, export: "pgliteDriver" },
  load() {
    loadPackage("@electric-sql/pglite");
  },
  /** The database runs in the process, for one connection. */
  singleConnection: () => true,
  async connect(target: ConnectTarget): Promise<DriverConnection> {
    const { PGlite, protocol } = loadPackage("@electric-sql/pglite") as PgliteModule;
    if (target.host !== null || target.port !== null || target.password !== null)
      throw new ArgumentError(
        "A PGlite database is in this process, and has no host, port or password: postgresql+pglite:///folder (three slashes) is a relative path, postgresql+pglite:////folder an absolute one, postgresql+pglite:// in memory",
      );
    refuseOptions(target.connectArgs, ["dataDir", "parsers", "serializers"], "pglite");
    const isInMemory = target.database === null || target.database === ":memory:";
    const folder = isInMemory ? null : resolve(target.database);
    if (folder !== null && openFolders.has(folder))
      throw Object.assign(
        new Error(`The PGlite database ${folder} is open in this process already; it can have one connection`),
        {
          code: OBJECT_IN_USE,
        },
      );
    if (folder !== null) openFolders.add(folder);
    let opened: PgliteConnection | null = null;
    try {
      const database = await create(PGlite, folder, {
        ...(target.username === null ? {} : { username: target.username }),
        ...target.connectArgs,
      });
      opened = new PgliteConnection(database, protocol.serialize, folder);
      for (const [name, value] of Object.entries(target.query))
        await opened.execute({ ...SETTING, parameters: [name, String(value)] });
      return opened;
    } catch (error) {
      if (opened !== null) await opened.close();
      else if (folder !== null) openFolders.delete(folder);
      throw error;
    }
  },
};

/** What an empty database in memory consists of, and how many were made without it. */
let template: Blob | null = null;
let timesMade = 0;

/** Making a database takes seconds, most of them for what is in every one: from the third in memory on, that is copied. */
async function create(
  PGlite: PgliteModule["PGlite"],
  folder: string | null,
  options: Readonly<Record<string, unknown>>,
): Promise<Database> {
  if (folder !== null || Object.keys(options).length > 0) return PGlite.create(folder ?? "memory://", options);
  if (template !== null) return PGlite.create("memory://", { loadDataDir: template });
  const database = await PGlite.create("memory://");
  // Not the first one: whoever needs no second shall not pay for it.
  if (++timesMade === 2) template = await database.dumpDataDir("gzip");
  return database;
}

const COPY_IN = /^\s*copy\b.*\bfrom\s+stdin\b/is;
const OBJECT_IN_USE = "55006";
const SETTING = {
  sql: "SELECT set_config($1, $2, false)",
  reusable: false,
  wideIntegers: false,
  returnsRows: true,
} as const;
