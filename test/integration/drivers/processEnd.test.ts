/**
 * Whole processes that never dispose of their engine: they end by themselves when they have nothing left to do, and not before a statement is
 * answered. With each driver, because each has to let go of its socket.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtInDrivers } from "../../../src/drivers/index.ts";
import { databases } from "../../support/databases.ts";
import { isInstalled, urlWith } from "../../support/driverUrls.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** A process that stays alive is ended after so long, and its test fails. */
const PATIENCE = 60_000;

/** Runs the script, which has `open`, `text`, `sleep` (SQL that takes 400 ms), and `one`, which runs a short statement. */
function run(colour: string, url: string, script: string): { output: string; error: string; status: number | null } {
  const isMysql = url.startsWith("mysql");
  const preamble = `
    import { ${colour} as create, StaticPool, text } from "./src/index.ts";
    const open = (options = {}) => create(${JSON.stringify(url)}, options);
    const sleep = text(${JSON.stringify(isMysql ? "SELECT SLEEP(0.4)" : "SELECT pg_sleep(0.4)")});
    const one = (connection) => connection.execute(text("SELECT 1"));
  `;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "--no-warnings", "--eval", preamble + script],
    { cwd: root, encoding: "utf8", timeout: PATIENCE },
  );
  return { output: stdout.trim(), error: stderr, status };
}

for (const driver of builtInDrivers) {
  const database = databases.find(({ name }) => name === driver.dialectName);
  const isServer = driver.dialectName !== "sqlite" && driver.name !== "pglite";
  describe.skipIf(database === undefined || !isInstalled(driver))(`a process with ${driver.dialectName}+${driver.name}`, () => {
    const url = urlWith(driver, database?.url ?? "");
    const ends = (script: string, output: string): void =>
      expect(run("createAsyncEngine", url, script)).toEqual({ output, error: "", status: 0 });

    test("ends although connections are idle", { timeout: 2 * PATIENCE }, () => {
      ends(
        `const engine = open();
        await engine.begin(one);
        await engine.begin(one);
        console.log(engine.pool.checkedin());`,
        "1",
      );
    });

    test.runIf(isServer)("hears the answer to every statement before it ends", { timeout: 2 * PATIENCE }, () => {
      ends(
        `const engine = open({ poolPrePing: true, maxOverflow: 0, poolSize: 2 });
        await engine.begin(one);
        // Nobody waits for these but the connections themselves: in a lent one, in a pinged one, in line.
        const waited = [1, 2, 3].map((n) => engine.begin((connection) => connection.execute(sleep)).then(() => console.log("slept")));
        await Promise.all(waited);
        const connection = await engine.connect();
        for await (const row of await connection.stream(sleep)) console.log("streamed");
        await connection.rollback();
        await connection.execute(sleep, {}, { timeout: 100 }).catch((error) => console.log(error.name));
        await connection.rollback();
        await connection.execute(sleep);
        await connection.close();
        console.log("done");`,
        "slept\nslept\nslept\nstreamed\nStatementTimeoutError\ndone",
      );
    });

    test.runIf(isServer)("commits, replaces and closes to the end", { timeout: 2 * PATIENCE }, () => {
      ends(
        `const engine = open({ poolRecycle: 0 });
        const table = "ends_" + process.pid;
        await engine.begin((connection) => connection.execDriverSql(\`CREATE TABLE \${table} (n INTEGER)\`));
        // Older than poolRecycle, so that each is closed and another opened.
        for (const n of [1, 2]) {
          await new Promise((done) => setTimeout(done, 5));
          await engine.begin((connection) => connection.execDriverSql(\`INSERT INTO \${table} VALUES (\${n})\`));
        }
        await new Promise((done) => setTimeout(done, 5));
        const connection = await engine.connect();
        console.log((await connection.execDriverSql(\`SELECT n FROM \${table} ORDER BY n\`)).scalars().all().join());
        await connection.execDriverSql(\`DROP TABLE \${table}\`);
        await connection.commit();
        await connection.close();
        await engine.dispose();
        console.log("disposed");
        const shared = open({ poolClass: StaticPool });
        await shared.begin(one);
        await shared.begin((connection) => connection.execute(sleep));
        await shared.dispose();
        await shared.begin(one);
        console.log("shared");`,
        "1,2\ndisposed\nshared",
      );
    });

    test("ends with a synchronous engine", { timeout: 2 * PATIENCE }, () => {
      const script = 'open().begin((connection) => console.log(connection.execute(text("SELECT 7")).scalar()));';
      expect(run("createEngine", url, script)).toEqual({ output: "7", error: "", status: 0 });
    });
  });
}
