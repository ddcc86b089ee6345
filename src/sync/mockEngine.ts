/**
 * An engine without a database: what it is given to execute goes to a function of the user's, which writes it to a file, for example. It has no
 * pool, no driver and no transactions.
 */
import type { Dialect } from "../dialects/contract.ts";
import { makeUrl, type URL } from "../engine/url.ts";
import { ArgumentError, InvalidRequestError } from "../errors/base.ts";
import { ObjectNotExecutableError } from "../errors/engine.ts";
import type { Io } from "../io/io.ts";
import { isThenable } from "../io/perform.ts";
import { runSync } from "../io/runSync.ts";
import { describe } from "../sql/coerce/describe.ts";
import type { Parameters } from "../sql/compile/execute.ts";
import { Node } from "../sql/nodes/node.ts";
import type { SchemaConnection } from "../sql/schema/metadata.ts";
import type { Executable } from "../sql/typing.ts";

/** Takes every statement, as it was given; what it returns is what `execute` returns. */
export type MockExecutor = (statement: Node, parameters: Parameters | undefined) => unknown;

/** An engine without a database; see `createMockEngine`. */
export class MockEngine {
  readonly url: URL;
  /** The URL's dialect, which has not learned from any server. */
  readonly dialect: Dialect;
  readonly #executor: MockExecutor;

  /** Mock engines are made by `createMockEngine`. */
  constructor(url: URL, executor: MockExecutor) {
    this.url = url;
    this.dialect = url.getDialect();
    this.#executor = executor;
  }

  /** The dialect's name: `sqlite`, `postgresql`, `mysql`. */
  get name(): string {
    return this.dialect.name;
  }

  connect(): MockConnection {
    return new MockConnection(this, this.#executor);
  }

  /** Runs schema work. For MetaData: `metadata.createAll(engine, { checkfirst: false })`. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): void {
    this.connect().runSchema(work);
  }
}

/** A connection of a mock engine. */
export class MockConnection {
  readonly engine: MockEngine;
  readonly #executor: MockExecutor;

  /** Mock connections are made by `engine.connect()`. */
  constructor(engine: MockEngine, executor: MockExecutor) {
    this.engine = engine;
    this.#executor = executor;
  }

  get dialect(): Dialect {
    return this.engine.dialect;
  }

  /** Hands the statement to the executor and returns what that returns. Throws ObjectNotExecutableError for what is no statement. */
  execute(statement: Executable, parameters?: Parameters): unknown {
    if (!(statement instanceof Node))
      throw new ObjectNotExecutableError(
        `execute() takes a statement such as select(…) or text("…"); got ${describe(statement)}.`,
      );
    return this.#executor(statement, parameters);
  }

  /** Runs schema work. For MetaData. */
  runSchema(work: (connection: SchemaConnection) => Io<void>): void {
    runSync(work(new MockSchemaConnection(this)));
  }

  /** There is nothing to give back. */
  close(): void {
    // For code that is written for connections of databases.
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

class MockSchemaConnection implements SchemaConnection {
  readonly #connection: MockConnection;

  constructor(connection: MockConnection) {
    this.#connection = connection;
  }

  get dialect(): Dialect {
    return this.#connection.dialect;
  }

  *executeDdl(statement: Node): Io<void> {
    const answer = this.#connection.execute(statement);
    if (!isThenable(answer)) return;
    answer.then(undefined, () => undefined);
    throw new ArgumentError("The executor of a mock engine returned a promise, and nobody would wait for it");
  }

  *hasTable(name: string): Io<boolean> {
    throw new InvalidRequestError(
      `A mock engine has no database that could be asked for the table ${name}: give { checkfirst: false } to createAll() and dropAll()`,
    );
  }
}

/**
 * Makes an engine without a database, whose connections hand every statement to a function: DDL as text, for example. The URL says for which
 * dialect; nothing else of it counts, and no driver has to be installed. SQLAlchemy: create_mock_engine.
 *
 * @throws ArgumentError for what is no URL or no function, NoSuchModuleError for a dialect that there is not
 * @example
 * ```ts no-check
 * const engine = createMockEngine("postgresql://", (statement) => {
 *   console.log(`${statement.compile({ dialect: engine.dialect }).string};`);
 * });
 * metadata.createAll(engine, { checkfirst: false });
 * ```
 */
export function createMockEngine(url: string | URL, executor: MockExecutor): MockEngine {
  if (typeof (executor as unknown) !== "function")
    throw new ArgumentError("createMockEngine() takes a URL and a function that is given each statement and its parameters");
  return new MockEngine(makeUrl(url), executor);
}
