/** The connection behind a session: what `connection()` gives, and what listeners of events are shown. */
import { describe, expect, test } from "vitest";
import { AsyncConnection, Connection, event, literal, select } from "athanor";
import { forEachSession } from "../../support/sessions.ts";

forEachSession("the connection of a session", {}, (context) => {
  describe("is a connection like any other", () => {
    test("it is the one that listeners are shown, and it sees the session's transaction", async () => {
      const session = context.session();
      const connection = await session.connection();
      expect(connection instanceof Connection || connection instanceof AsyncConnection).toBe(true);
      const seen: object[] = [];
      const note = (shown: object): void => void seen.push(shown);
      event.listen(context.engine(), "beforeCursorExecute", note);
      await session.execute(select(literal(1)));
      event.remove(context.engine(), "beforeCursorExecute", note);
      expect(seen).toEqual([connection]);
      expect(connection.inTransaction()).toBe(true);
      await session.rollback();
      expect(connection.closed).toBe(true);
    });
  });
});
