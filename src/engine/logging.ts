/**
 * Log lines in SQLAlchemy's shape: `time level logger message`. An engine and its pool have a Log each; whoever wants the lines elsewhere
 * gives a logger. Nothing is put together while a log is off.
 */
import { ArgumentError } from "../errors/base.ts";

/** One log line in parts. */
export interface LogRecord {
  readonly time: Date;
  readonly level: "info" | "debug";
  /** Who speaks: "athanor.engine.Engine", "athanor.pool.QueuePool", with the logging name behind it where there is one. */
  readonly logger: string;
  readonly message: string;
}

/**
 * Takes log lines: a function of the message and its parts, or an object with `info` and `debug`, such as `console`, pino or winston.
 * The default writes `time level logger message` with console.info.
 */
export type Logger =
  ((message: string, record: LogRecord) => void) | { info(message: string): void; debug(message: string): void };

/** false: nothing; true: statements; "debug": rows too. */
export type Echo = boolean | "debug";

export class Log {
  readonly name: string;
  readonly #logger: Logger;
  #level: Echo;

  constructor(name: string, level: Echo, logger: Logger) {
    this.name = name;
    this.#level = level;
    this.#logger = logger;
  }

  get level(): Echo {
    return this.#level;
  }

  /** Throws ArgumentError for what is no level. */
  set level(level: Echo) {
    if (typeof level !== "boolean" && level !== "debug") throw new ArgumentError('echo must be true, false or "debug"');
    this.#level = level;
  }

  get isOn(): boolean {
    return this.#level !== false;
  }

  get isDebug(): boolean {
    return this.#level === "debug";
  }

  info(message: string): void {
    if (this.isOn) this.#write("info", message);
  }

  debug(message: string): void {
    if (this.isDebug) this.#write("debug", message);
  }

  #write(level: "info" | "debug", message: string): void {
    if (typeof this.#logger === "function") this.#logger(message, { time: new Date(), level, logger: this.name, message });
    else this.#logger[level](message);
  }
}

/** The logger of engines that were given none. */
export function writeToConsole(message: string, { time, level, logger }: LogRecord): void {
  console.info(`${localTime(time)} ${level.toUpperCase()} ${logger} ${message}`);
}

/** Throws ArgumentError for what is no logger. */
export function requireLogger(logger: unknown, caller: string): Logger {
  if (typeof logger === "function") return logger as Logger;
  const { info, debug } = (typeof logger === "object" && logger !== null ? logger : {}) as { info?: unknown; debug?: unknown };
  if (typeof info === "function" && typeof debug === "function") return logger as Logger;
  throw new ArgumentError(`${caller}: logger must be a function that takes a line, or an object with info() and debug()`);
}

/** `2026-11-21 12:00:00,123`, in local time, as Python's logging writes it. */
function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock},${String(time.getMilliseconds()).padStart(3, "0")}`;
}
