/** URLs with several servers: the first that is there is taken, and the error names all where none is. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { event } from "../../../src/engine/events.ts";
import { makeUrl, type URL } from "../../../src/engine/url.ts";
import { DBAPIError, OperationalError, StatementTimeoutError } from "../../../src/errors/index.ts";
import { text } from "../../../src/sql/index.ts";
import { type AnyEngine, type Colour, coloursOf, openEngine } from "../../support/colours.ts";
import { forEachDatabase } from "../../support/databases.ts";
import { driversOf, urlWith } from "../../support/driverUrls.ts";
import { freePort } from "../../support/servers/ports.ts";

forEachDatabase("several hosts", { requires: ["killConnection"] }, (db) => {
  const drivers = driversOf(db.name).filter(({ name }) => name !== "pglite");
  const ways = drivers.flatMap((driver) => coloursOf(db).map((colour): [string, Colour] => [driver.name, colour]));

  describe.each(ways)("%s, %s", (name, colour) => {
    let engine: AnyEngine | undefined;
    const listening: { close(): void }[] = [];
    afterEach(async () => {
      await engine?.dispose();
      engine = undefined;
      for (const server of listening.splice(0)) server.close();
    });

    let real: URL;
    let realPort: number;
    let realServer: string;
    beforeAll(() => {
      real = makeUrl(
        urlWith(
          drivers.find((one) => one.name === name)!,
          db.url,
        ),
      );
      realPort = real.port ?? (db.name === "postgresql" ? 5432 : 3306);
      realServer = `${real.host ?? "127.0.0.1"}:${realPort}`;
    });
    const withHosts = (...hosts: string[]): URL => real.set({ host: null, port: null }).updateQueryDict({ host: hosts });
    const open = (url: URL): AnyEngine => (engine = openEngine(colour, url.renderAsString({ hidePassword: false })));

    async function ask(url: URL): Promise<unknown> {
      const connection = await open(url).connect();
      try {
        return (await connection.execute(text("SELECT 1"))).scalar();
      } finally {
        await connection.close();
      }
    }

    /** Takes connections and says nothing. */
    async function silentServer(): Promise<string> {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      listening.push({
        close: () => {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    }

    test("the next one where the first refuses, or does not answer", async () => {
      expect(await ask(withHosts(`127.0.0.1:${await freePort()}`, realServer))).toBe(1);
      await engine?.dispose();
      expect(await ask(withHosts("no-such-host.invalid", realServer))).toBe(1);
    });

    test("ports as a parameter of their own", async () => {
      const closed = await freePort();
      const host = real.host ?? "127.0.0.1";
      const url = real
        .set({ host: null, port: null })
        .updateQueryDict({ host: [host, host], port: [String(closed), String(realPort)] });
      expect(await ask(url)).toBe(1);
    });

    test("all of them are named where none is there", async () => {
      const closed = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
      const error = await ask(withHosts(...closed)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(OperationalError);
      const { message, isDisconnect, cause } = error as DBAPIError;
      expect(isDisconnect).toBe(true);
      expect((cause as { code?: unknown }).code).toBe("ECONNREFUSED");
      expect(message).toMatch(new RegExp(`tried before it: ${closed[0]!}: .+; ${closed[1]!}: `));
    });

    test("who is refused by a server that is there is not sent on", async () => {
      const wrong = withHosts(realServer, `127.0.0.1:${await freePort()}`).set({ database: "athanor_test_no_such_database" });
      const error = await ask(wrong).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(DBAPIError);
      expect((error as DBAPIError).message).toMatch(/athanor_test_no_such_database/);
      expect((error as DBAPIError).message).not.toMatch(/tried before/);
    });

    test("a silent server is passed over after connect_timeout", async () => {
      const url = withHosts(await silentServer(), realServer).updateQueryDict({ connect_timeout: "1" });
      expect(await ask(url)).toBe(1);
    });

    test("who waits no longer is sent nowhere", async () => {
      const targets: unknown[] = [];
      const opened = open(withHosts(await silentServer(), realServer));
      event.listen(opened, "doConnect", (target) => void targets.push(target.port));
      const attempt = async (): Promise<unknown> => await opened.connect({ timeout: 300 });
      await expect(attempt()).rejects.toThrow(StatementTimeoutError);
      expect(targets.length).toBe(1);
    });

    test("listeners see each target, and may change it", async () => {
      const closed = `127.0.0.1:${await freePort()}`;
      const opened = open(withHosts(closed, closed));
      const hosts: unknown[] = [];
      event.listen(opened, "doConnect", (target) => {
        hosts.push(target.host, target.query["host"]);
        if (hosts.length === 4) target.port = realPort;
      });
      const connection = await opened.connect();
      await connection.close();
      expect(hosts).toEqual(["127.0.0.1", undefined, "127.0.0.1", undefined]);
    });
  });
});
