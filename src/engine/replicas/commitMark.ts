/**
 * What a reader must see: the commits of one caller, as the position that the primary gave them. Contexts (`engine.readYourWrites`) keep
 * one, and callers may carry one themselves. It holds data alone; replicaSet.ts fills it in and compares it with replicas.
 */
import { ArgumentError } from "../../errors/base.ts";

/** Throws ArgumentError for what is neither a mark nor absent. */
export function requireMark(mark: unknown, where: string): void {
  if (mark !== undefined && mark !== null && !(mark instanceof CommitMark))
    throw new ArgumentError(`${where}: mark must be a CommitMark; CommitMark.parse() makes one of a text`);
}

/** Between the position and the time, in text form; no position contains it. */
const SEPARATOR = "~";

/**
 * A mark of what was committed, for reading one's own writes on replicas. `engine.readYourWrites` makes and hands on marks by itself; make
 * one where the reader is elsewhere, in the next request for example: `toString()` and `CommitMark.parse` bring it there.
 *
 * @example
 * ```ts no-check
 * const mark = new CommitMark();
 * await engine.readYourWrites(async () => { … }, { mark });   // its commits are noted
 * response.setHeader("x-commit-mark", mark.toString());
 * ```
 */
export class CommitMark {
  #position: string | null = null;
  #primaryUntil = 0;

  /** The latest commit, as the database numbers them; null while there is none, or where the database does not number them. */
  get position(): string | null {
    return this.#position;
  }

  /** Until when reads go to the primary, because a commit has no number; in milliseconds since the epoch, 0 for never. */
  get primaryUntil(): number {
    return this.#primaryUntil;
  }

  /** For the engine: notes a commit. */
  noteCommit(position: string, later: (a: string, b: string) => string): void {
    this.#position = this.#position === null ? position : later(this.#position, position);
  }

  /** For the engine: notes a commit without a number. */
  noteUnknown(primaryUntil: number): void {
    this.#primaryUntil = Math.max(this.#primaryUntil, primaryUntil);
  }

  /** A text for `parse`: letters, digits and `/ : , - ~`. Put it through encodeURIComponent where that matters. */
  toString(): string {
    return `${this.#position ?? ""}${SEPARATOR}${this.#primaryUntil}`;
  }

  /**
   * The mark of a text. What clients could have changed is theirs to choose: the worst that a wrong mark does is to send their own reads to
   * the primary.
   *
   * @throws ArgumentError for a text that is no mark
   */
  static parse(text: string): CommitMark {
    const match = /^([\w/:,-]*)~(\d{1,15})$/.exec(String(text));
    if (match === null) throw new ArgumentError("CommitMark.parse() takes what toString() of a mark has given");
    const mark = new CommitMark();
    if (match[1] !== "") mark.#position = match[1]!;
    mark.#primaryUntil = Number(match[2]);
    return mark;
  }
}
