/**
 * `describe` for tests that start servers of their own. Where the programs are missing, the tests are skipped, and counted as skipped;
 * with REQUIRE_DATABASES=all that is a failure instead. The last lines of the run name the reason (closing-lines.ts asks startable.ts).
 */
import { describe, test } from "vitest";
import { isWanted, type OwnServer, whyNotStartable } from "./startable.ts";

/** Declares tests that start servers of this kind by themselves. */
export function describeWithOwn(kind: OwnServer, name: string, body: () => void): void {
  const title = `${name} [own ${kind}]`;
  const reason = isWanted(kind) ? whyNotStartable(kind) : "ATHANOR_DATABASES leaves it out";
  if (reason === null) {
    describe(title, body);
    return;
  }
  describe.skip(title, body);
  if (isWanted(kind) && process.env["REQUIRE_DATABASES"] === "all")
    test(`${title} can run`, () => {
      throw new Error(`REQUIRE_DATABASES=all, but ${reason}`);
    });
}
