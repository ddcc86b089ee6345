/**
 * The mark of a parameter's place in SQL text that is still being written: the number of its slot between two characters that no SQL
 * text may contain. The compiler takes the text apart there when it is complete.
 */
export const HOLE = "\0";

/** The mark for the slot of this number. */
export function hole(slot: number): string {
  return `${HOLE}${slot}${HOLE}`;
}
