/** The lint rule that makes a forgotten `yield*` loud. */
import parser from "@typescript-eslint/parser";
import { RuleTester } from "eslint";
import { afterAll, describe, it } from "vitest";
import rule from "../../scripts/eslint/no-forgotten-yield-star.mjs";

RuleTester.describe = describe;
RuleTester.it = it;
(RuleTester as unknown as { afterAll: typeof afterAll }).afterAll = afterAll;

const tester = new RuleTester({
  languageOptions: {
    parser,
    parserOptions: { projectService: { allowDefaultProject: ["*.ts"] }, tsconfigRootDir: import.meta.dirname },
  },
});

const PRELUDE = `
interface ExecuteRequest { kind: "execute" }
interface ConnectRequest { kind: "connect" }
type IoRequest = ExecuteRequest | ConnectRequest;
type Io<T> = Generator<IoRequest, T, unknown>;
declare function io(): Io<number>;
declare const connection: { close(): Io<void>; maybe?(): Io<void> };
declare function runSync<T>(io: Io<T>): T;
declare function numbers(): Generator<number>;
declare function request(): ExecuteRequest;
function* inferred() { yield request(); return 1; }
`;
const inGenerator = (statement: string) => `${PRELUDE} function* caller(): Io<unknown> { ${statement} }`;
const at = (code: string) => ({ name: code, code: PRELUDE + code, filename: "example.ts" });
const within = (statement: string) => ({
  name: `in a generator: ${statement}`,
  code: inGenerator(statement),
  filename: "example.ts",
});
const forgotten = [{ messageId: "forgotten" }];

tester.run("no-forgotten-yield-star", rule as never, {
  valid: [
    within("const n = yield* io(); return n;"),
    within("return yield* io();"),
    within("yield* (Math.random() > 0.5 ? io() : inferred());"),
    within("yield* connection.close();"),
    at("runSync(io());"),
    at("const n = runSync(io() as Io<number>);"),
    at("const make = () => io();"),
    at("function make(): Io<number> { return io(); }"),
    at("const make = (fast: boolean) => (fast ? io() : inferred());"),
    within("return [1].map(() => { return io(); });"),
    at("for (const n of numbers()) console.log(n);"),
    at("const all = [...numbers()];"),
    at("const steps = numbers(); steps.next();"),
    { ...at("const steps = io();"), options: [{ allowVariables: true }] },
  ],
  invalid: [
    { ...within("io();"), errors: forgotten },
    { ...within("connection.close();"), errors: forgotten },
    { ...within("connection.maybe?.();"), errors: forgotten },
    { ...within("inferred();"), errors: forgotten },
    { ...within("const n = io(); return n;"), errors: forgotten },
    { ...within("if (io()) return 1; return 2;"), errors: forgotten },
    { ...within("void io(); yield request();"), errors: forgotten },
    { ...within("try { return 1; } finally { connection.close(); }"), errors: forgotten },
    { ...within("for (const r of io()) console.log(r);"), errors: forgotten },
    { ...within("return [...io()];"), errors: forgotten },
    { ...within("return io();"), errors: [{ messageId: "returned" }] },
    { ...at("async function f() { await io(); }"), errors: [{ messageId: "awaited" }] },
    { ...at("numbers();"), errors: forgotten },
    { ...at("io().next();"), errors: forgotten },
    { ...at("const steps = io();"), errors: forgotten },
    { ...at("io();"), options: [{ allowVariables: true }], errors: forgotten },
  ],
});
