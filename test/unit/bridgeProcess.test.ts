/**
 * Whole processes with a synchronous engine's worker thread: the built library runs in plain Node, nothing keeps a process alive, and
 * connections that are open at its end are closed. Over a driver that needs no database.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Within the project, so that the built library finds its dependencies. */
let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  folder = mkdtempSync(join(root, ".cache", "bridge-"));
  const compiler = join(root, "node_modules", "typescript-native", "bin", "tsc");
  const build = ["-p", join(root, "tsconfig.build.json"), "--outDir", file("dist"), "--declaration", "false"];
  spawnSync(process.execPath, [compiler, ...build], { cwd: root });
  writeFileSync(
    file("driver.mjs"),
    `import { appendFileSync } from "node:fs";
    const write = (text) => appendFileSync(${JSON.stringify(file("log"))}, text + "\\n");
    export const driver = {
      name: "logging", dialectName: "postgresql", colour: "async", load() {},
      module: { url: import.meta.url, export: "driver" },
      async connect() {
        const held = setInterval(() => {}, 1000);
        return {
          isOpen: true,
          async execute(statement) {
            for (const all = []; statement.parameters[0] === "everything"; ) all.push(new Array(1e5).fill(Math.random()));
            return { columns: [], rows: [statement.parameters], rowCount: 1, lastInsertId: null };
          },
          async close() { await new Promise((done) => setTimeout(done, 20)); clearInterval(held); write("closed"); },
          destroy() { write("destroyed"); },
        };
      },
    };`,
  );
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the text after a connection was opened; it has `connection`, and `run` for a statement with a parameter. */
function run(text: string, ...options: string[]): { output: string; error: string; log: string; status: number | null } {
  const url = (name: string): string => JSON.stringify(pathToFileURL(file(name)).href);
  const code = `
    const { bridgedDriver } = await import(${url("dist/engine/bridge/bridge.js")});
    const { driver } = await import(${url("driver.mjs")});
    const connection = bridgedDriver(driver).connect({ connectArgs: {}, query: {} });
    const run = (value) => connection.execute({ sql: "x", parameters: [value] }).rows[0][0];
    ${text}`;
  writeFileSync(file("main.mjs"), code);
  rmSync(file("log"), { force: true });
  const script = options.includes("--eval") ? [...options, code] : [...options, file("main.mjs")];
  const ended = spawnSync(process.execPath, script, {
    encoding: "utf8",
    timeout: 15_000,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let log = "";
  try {
    log = readFileSync(file("log"), "utf8");
  } catch {
    // Nothing was logged.
  }
  return { output: ended.stdout, error: ended.stderr, log, status: ended.status };
}

describe("a process", () => {
  test("ends by itself, and closes what is open", () => {
    expect(run("console.log(run(5n));")).toEqual({ output: "5n\n", error: "", log: "closed\n", status: 0 });
  });

  test("closes by itself what it closes, once", () => {
    expect(run("console.log(run(1)); connection.close();")).toMatchObject({ output: "1\n", log: "closed\n", status: 0 });
  });

  test("ends at process.exit and by an error", () => {
    expect(run("process.exit(4);")).toMatchObject({ log: "closed\n", status: 4 });
    expect(run("throw new Error('mine');")).toMatchObject({ log: "closed\n", status: 1, error: expect.stringContaining("mine") });
  });

  test("may be a text given to node, with options that a worker refuses", () => {
    const answer = run("console.log(run('é'));", "--input-type=module", "--max-old-space-size=500", "--no-warnings", "--eval");
    expect(answer).toEqual({ output: "é\n", error: "", log: "closed\n", status: 0 });
  });

  test("whose worker runs out of memory hears of it, and goes on", () => {
    const answer = run(
      `try { run("everything"); } catch (error) { console.log(error.constructor.name, error.isDisconnect, connection.isOpen); }
      const next = bridgedDriver(driver).connect({ connectArgs: {}, query: {} });
      console.log(next.isOpen);`,
      "--max-old-space-size=40",
    );
    expect(answer).toMatchObject({ output: "OperationalError true false\ntrue\n", log: "closed\n", status: 0 });
  });

  test("that is bundled without the worker's file, is told what to do", () => {
    rmSync(file("dist/engine/bridge/worker.js"));
    const answer = run("");
    expect(answer.error).toMatch(/NoSuchModuleError: The file .*worker\.js is missing.*leave athanor out of the bundle/);
    expect(answer.status).toBe(1);
  });
});
