/**
 * Opens the database in either colour. main.ts calls it. Sessions and connections have the same methods in both colours, and `await` takes
 * a value as well as a promise; so what is written against the interfaces below, with `await`, is written once.
 */
import { createAsyncEngine, createEngine, event } from "athanor";
import type {
  AsyncConnection,
  AsyncEngine,
  Connection,
  Engine,
  EngineOptions,
  Executable,
  MetaData,
  Parameters,
  Result,
  RowOf,
} from "athanor";
import { AsyncSession, Session } from "athanor/orm";

type Awaitable<T> = T | Promise<T>;

/** Whatever runs statements: a connection or a session, of either colour. */
export interface Executor {
  execute<A extends readonly unknown[], N>(statement: Executable<A, N>, parameters?: Parameters): Awaitable<Result<RowOf<A, N>>>;
}

/** What this example uses of Session and AsyncSession. */
export interface AnySession extends Executor {
  add(entity: object): void;
  delete(entity: object): Awaitable<void>;
  refresh(entity: object): Awaitable<void>;
  flush(): Awaitable<void>;
  commit(): Awaitable<void>;
  rollback(): Awaitable<void>;
}

/** How many statements were sent, by their first word. */
export type StatementCounts = Map<string, number>;

export interface Database {
  readonly engine: Engine | AsyncEngine;
  readonly colour: "sync" | "async";
  /** For whoever wants to know what was sent; it may be cleared. */
  readonly sent: StatementCounts;
  /** A new unit of work. Declare it with `await using`, which closes either colour. */
  session(): Session | AsyncSession;
  connect(): Awaitable<Connection | AsyncConnection>;
  /** Creates the tables that are missing. */
  create(metadata: MetaData): Awaitable<void>;
  /** Drops those that are there. */
  drop(metadata: MetaData): Awaitable<void>;
  dispose(): Awaitable<void>;
}

/**
 * Opens a database; nothing is connected before it is used.
 *
 * @param isAsync for the asynchronous engine; a synchronous one reaches PostgreSQL and MySQL through a worker thread
 */
export function openDatabase(url: string, isAsync: boolean, options: EngineOptions = {}): Database {
  const sent: StatementCounts = new Map();
  const count = (_connection: object, _cursor: null, statement: string): void => {
    const verb = statement.trimStart().split(/\W/, 1)[0]!.toUpperCase();
    sent.set(verb, (sent.get(verb) ?? 0) + 1);
  };
  if (isAsync) {
    const engine = createAsyncEngine(url, options);
    event.listen(engine, "beforeCursorExecute", count);
    return {
      engine,
      colour: "async",
      sent,
      session: () => new AsyncSession(engine),
      connect: () => engine.connect(),
      create: (metadata) => metadata.createAll(engine),
      drop: (metadata) => metadata.dropAll(engine),
      dispose: () => engine.dispose(),
    };
  }
  const engine = createEngine(url, options);
  event.listen(engine, "beforeCursorExecute", count);
  return {
    engine,
    colour: "sync",
    sent,
    session: () => new Session(engine),
    connect: () => engine.connect(),
    create: (metadata) => metadata.createAll(engine),
    drop: (metadata) => metadata.dropAll(engine),
    dispose: () => engine.dispose(),
  };
}
