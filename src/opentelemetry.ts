/**
 * The entry point `athanor/opentelemetry`: a span for every statement, named and described by OpenTelemetry's semantic conventions for
 * database clients. It only listens to the engine's events; the package @opentelemetry/api is needed by those alone who import this.
 */
import { type Span, SpanKind, SpanStatusCode, trace, type Tracer, type TracerProvider } from "@opentelemetry/api";
import type { AsyncEngine } from "./async/engine.ts";
import { type ConnectionEvents, event, type ErrorContext, type Listenable } from "./engine/events.ts";
import { ArgumentError } from "./errors/base.ts";
import { DBAPIError } from "./errors/dbapi.ts";
import type { Engine } from "./sync/engine.ts";
import { nearestName } from "./util/nearest.ts";

/** What is recorded, besides what the conventions require. */
export interface InstrumentationOptions {
  /** Where the spans go; default: the provider that is registered globally when a statement runs. */
  readonly tracerProvider?: TracerProvider;
  /** Record the SQL text, in which values are placeholders; default true. */
  readonly queryText?: boolean;
  /** Record the values of parameters, which may be secrets; default false. */
  readonly queryParameters?: boolean;
}

const OPTIONS = ["tracerProvider", "queryText", "queryParameters"];

/**
 * Records a span for every statement that connections and sessions of this engine send.
 *
 * A span is named `OPERATION table` and is of kind CLIENT; its attributes are `db.system.name`, `db.namespace`, `server.address`,
 * `server.port`, `db.operation.name`, `db.collection.name`, `db.query.text`, `db.operation.batch.size` and, for a failure, `error.type` and
 * `db.response.status_code`. A streamed statement's span ends when its cursor is open.
 *
 * @returns what stops the recording
 * @throws ArgumentError for an option that does not exist
 * @example
 * ```ts no-check
 * import { instrumentEngine } from "athanor/opentelemetry";
 * const stop = instrumentEngine(engine);
 * ```
 */
export function instrumentEngine(engine: Engine | AsyncEngine, options: InstrumentationOptions = {}): () => void {
  for (const name of Object.keys(options)) {
    if (OPTIONS.includes(name)) continue;
    const meant = nearestName(name, OPTIONS);
    throw new ArgumentError(
      `instrumentEngine() has no option ${name}${meant === null ? `; it has ${OPTIONS.join(", ")}` : `; did you mean ${meant}?`}`,
    );
  }
  const instrumentation = new Instrumentation(engine, options);
  return instrumentation.listen();
}

type Listeners = Pick<ConnectionEvents, "beforeCursorExecute" | "afterCursorExecute" | "handleError">;

class Instrumentation {
  readonly #engine: Engine | AsyncEngine;
  readonly #options: InstrumentationOptions;
  /** The span of the statement that a connection is running: there is never more than one. */
  readonly #running = new WeakMap<object, Span>();

  constructor(engine: Engine | AsyncEngine, options: InstrumentationOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  listen(): () => void {
    const target = this.#engine as unknown as Listenable<Listeners>;
    const before: Listeners["beforeCursorExecute"] = (connection, _cursor, statement, parameters, _context, isMany) => {
      this.#running.get(connection)?.end();
      this.#running.set(connection, this.#start(statement, parameters, isMany));
    };
    const after: Listeners["afterCursorExecute"] = (connection) => {
      this.#running.get(connection)?.end();
      this.#running.delete(connection);
    };
    const failed: Listeners["handleError"] = (context) => {
      if (context.connection !== null) this.#fail(context.connection, context);
    };
    event.listen(target, "beforeCursorExecute", before);
    event.listen(target, "afterCursorExecute", after);
    event.listen(target, "handleError", failed);
    return () => {
      event.remove(target, "beforeCursorExecute", before);
      event.remove(target, "afterCursorExecute", after);
      event.remove(target, "handleError", failed);
    };
  }

  #start(statement: string, parameters: readonly unknown[], isMany: boolean): Span {
    const { queryText = true, queryParameters = false } = this.#options;
    const { operation, collection } = summarize(statement);
    const { url } = this.#engine;
    const batch = isMany && parameters.length > 1 ? parameters.length : null;
    const attributes = {
      "db.system.name": systemName(this.#engine),
      ...present("db.namespace", url.database),
      ...present("server.address", url.host),
      ...present("server.port", url.port),
      ...present("db.operation.name", operation === null ? null : batch === null ? operation : `BATCH ${operation}`),
      ...present("db.collection.name", collection),
      ...present("db.operation.batch.size", batch),
      ...(queryText ? { "db.query.text": statement } : {}),
      ...(queryParameters && !isMany
        ? Object.fromEntries(parameters.map((value, index) => [`db.query.parameter.${index}`, String(value)]))
        : {}),
    };
    const name = [operation, collection].filter((part) => part !== null).join(" ") || systemName(this.#engine);
    return this.#tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes });
  }

  #fail(connection: object, context: ErrorContext): void {
    const span = this.#running.get(connection);
    // BEGIN, COMMIT and the like have no span of their own.
    if (span === undefined) return;
    this.#running.delete(connection);
    const { error } = context;
    const code = error instanceof DBAPIError ? error.driverCode : null;
    span.setAttribute("error.type", code === null ? error.name : String(code));
    if (code !== null) span.setAttribute("db.response.status_code", String(code));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message.split("\n")[0] ?? error.name });
    span.end();
  }

  #tracer(): Tracer {
    return (this.#options.tracerProvider ?? trace).getTracer("athanor");
  }
}

function present(name: string, value: string | number | null): Record<string, string | number> {
  return value === null ? {} : { [name]: value };
}

function systemName(engine: Engine | AsyncEngine): string {
  return engine.dialect.serverDescription.startsWith("MariaDB") ? "mariadb" : engine.name;
}

/** The operation and, where the beginning of the statement tells, the table. What is not certain is left out, as the conventions ask. */
function summarize(statement: string): { readonly operation: string | null; readonly collection: string | null } {
  const text = statement.replace(/^(?:\s|--[^\n]*\n|\/\*.*?\*\/|\()+/s, "");
  const operation = /^[A-Za-z]+/.exec(text)?.[0].toUpperCase() ?? null;
  const name = String.raw`((?:[\w.]|"[^"]*"|${"`[^`]*`"})+)`;
  const patterns: Readonly<Record<string, RegExp>> = {
    INSERT: new RegExp(String.raw`^INSERT\s+INTO\s+${name}`, "i"),
    UPDATE: new RegExp(String.raw`^UPDATE\s+${name}\s+SET`, "i"),
    DELETE: new RegExp(String.raw`^DELETE\s+FROM\s+${name}`, "i"),
    SELECT: new RegExp(String.raw`^SELECT\s[^()]*?\sFROM\s+${name}\s*(?:$|WHERE|ORDER|LIMIT|GROUP|;)`, "i"),
  };
  const collection = operation === null ? undefined : patterns[operation]?.exec(text)?.[1];
  return { operation, collection: collection?.replace(/["`]/g, "") ?? null };
}
