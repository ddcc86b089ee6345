/** What the database fills in when a row is inserted is on the object after the flush, without another statement. */
import { describe, expect, test } from "vitest";
import { select, t } from "athanor";
import { declarativeBase } from "athanor/orm";
import { forEachSession } from "../../support/sessions.ts";

const Base = declarativeBase();
class Token extends Base.model("server_default_tokens", {
  id: t.string(20).primaryKey().serverDefault("made by the server"),
  state: t.string(20).serverDefault("fresh"),
  note: t.string(20).nullable(),
}) {}

forEachSession("defaults of the database", {}, (context) => {
  describe("come back with the INSERT", () => {
    test("a key and another column", async () => {
      await Base.metadata.createAll(context.engine());
      try {
        const session = context.session();
        const token = new Token({ note: "n" });
        session.add(token);
        await session.flush();
        expect([token.id, token.state, token.note]).toEqual(["made by the server", "fresh", "n"]);
        expect(await session.get(Token, "made by the server")).toBe(token);
        const rows = (await session.execute(select(Token.c.id, Token.c.state))).all();
        expect(rows).toHaveLength(1);
        await session.rollback();
      } finally {
        await Base.metadata.dropAll(context.engine());
      }
    });
  });
});
