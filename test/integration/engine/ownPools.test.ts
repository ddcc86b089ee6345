/** Engines with pools that users have written, with what the entry point exports. */
import { afterEach, describe, expect, test } from "vitest";
import { event, text } from "athanor";
import { type AnyEngine, coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";
import { ModestPool, OwnPool } from "../../support/ownPool.ts";

forEachDatabase("pools of one's own", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    let engine: AnyEngine;
    afterEach(async () => {
      await engine.dispose();
    });

    test("a class that implements everything", async () => {
      engine = openEngine(colour, db.url, { poolClass: OwnPool });
      const opened: number[] = [];
      event.listen(engine.pool, "connect", (_driverConnection, record) => void opened.push(record.id));
      for (let round = 0; round < 2; round++) {
        const [one, other] = [await engine.connect(), await engine.connect()];
        expect((await one.execute(text("SELECT 1"))).scalar()).toBe(1);
        expect(engine.pool.checkedout()).toBe(2);
        await one.close();
        await other.close();
      }
      expect(engine.pool.status()).toBe("OwnPool with 2");
      // Such a pool causes the events itself, or does not.
      expect(opened).toEqual([]);
      const lost = await engine.connect();
      await lost.invalidate();
      await lost.close();
      const raw = await engine.rawConnection();
      await raw.detach();
      await raw.close();
      expect([engine.pool.checkedin(), engine.pool.checkedout()]).toEqual([0, 0]);
    });

    test("a class that changes one of the library's", async () => {
      engine = openEngine(colour, db.url, { poolClass: ModestPool, poolPrePing: true });
      expect(engine.pool.size()).toBe(1);
      const [one, other] = [await engine.connect(), await engine.connect()];
      expect((await one.execute(text("SELECT 1"))).scalar()).toBe(1);
      await one.close();
      await other.close();
      expect(engine.pool.checkedin()).toBe(1);
      expect(() => openEngine(colour, db.url, { poolClass: ModestPool, poolSize: 3 })).toThrow(
        /ModestPool has no use for poolSize/,
      );
    });
  });
});
