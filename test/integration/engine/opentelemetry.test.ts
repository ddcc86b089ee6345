/** Spans, as a real tracer provider exports them. */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { instrumentEngine } from "../../../src/opentelemetry.ts";
import { insert, MetaData, select, t, text } from "../../../src/sql/index.ts";
import type { Engine } from "../../../src/sync/engine.ts";
import { coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";

const metadata = new MetaData();
const users = metadata.table("users", { id: t.integer().primaryKey(), name: t.string(50) });

forEachDatabase("opentelemetry", (db) => {
  describe.each(coloursOf(db))("%s", (colour) => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    let engine: Engine;
    let url: string;
    beforeAll(async () => {
      url = await db.freshUrl();
      // Both colours have the same methods; awaiting what is no promise changes nothing.
      engine = openEngine(colour, url) as Engine;
      await metadata.createAll(engine);
      instrumentEngine(engine, { tracerProvider });
    });
    beforeEach(() => exporter.reset());
    afterAll(async () => {
      await engine?.dispose();
      await tracerProvider.shutdown();
    });

    test("a statement is a client span with the conventions' attributes", async () => {
      const connection = await engine.connect();
      await connection.execute(insert(users), [
        { id: 1, name: "secret" },
        { id: 2, name: "b" },
      ]);
      await connection.execute(select(users.c.name).where(users.c.id.eq(1)));
      await connection.commit();
      await connection.close();
      const spans = exporter.getFinishedSpans();
      expect(spans.map((span) => span.name)).toEqual(["INSERT users", "SELECT users"]);
      const system = db.product === "mariadb" ? "mariadb" : db.name;
      for (const span of spans) {
        expect(span.kind).toBe(SpanKind.CLIENT);
        expect(span.attributes).toMatchObject({ "db.system.name": system, "db.collection.name": "users" });
        expect(span.attributes["db.namespace"]).toBe(engine.url.database);
        expect(JSON.stringify(span.attributes)).not.toContain("secret");
        expect(span.status.code).toBe(SpanStatusCode.UNSET);
        expect(span.ended).toBe(true);
      }
      if (db.name !== "sqlite") expect(spans[0]!.attributes["server.address"]).toBe(engine.url.host);
      expect(spans[1]!.attributes["db.query.text"]).toMatch(/^SELECT users\.name/);
    });

    test("a failure has its type and status", async () => {
      const connection = await engine.connect();
      await expect(async () => await connection.execute(text("SELECT * FROM no_such_table"))).rejects.toThrow();
      await connection.close();
      const [span] = exporter.getFinishedSpans();
      expect(span!.name).toBe("SELECT no_such_table");
      expect(span!.status.code).toBe(SpanStatusCode.ERROR);
      expect(span!.attributes["error.type"]).toEqual(expect.any(String));
      expect(span!.ended).toBe(true);
    });

    test("what is recorded can be chosen, and stopped", async () => {
      const other = openEngine(colour, url) as Engine;
      const stop = instrumentEngine(other, { tracerProvider, queryText: false, queryParameters: true });
      const connection = await other.connect();
      await connection.execute(text("SELECT :n AS n"), { n: "v" });
      stop();
      await connection.execute(text("SELECT 2"));
      await connection.close();
      await other.dispose();
      expect(exporter.getFinishedSpans().map((span) => span.attributes)).toMatchObject([{ "db.query.parameter.0": "v" }]);
      expect(exporter.getFinishedSpans()[0]!.attributes).not.toHaveProperty("db.query.text");
      expect(() => instrumentEngine(other, { queryTexts: true } as never)).toThrow(/did you mean queryText/);
    });
  });
});
