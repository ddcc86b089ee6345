/**
 * How the suite runs. `npm test` calls it through scripts/run-tests.mjs; `npx vitest run test/unit/x.test.ts` works too.
 * Databases are found or started once, by test/support/global-setup.ts; tests reach them through test/support/databases.ts.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  // Node 20 cannot parse `using`; below es2026 the transform rewrites it.
  oxc: { target: "es2022" },
  resolve: {
    alias: [
      { find: /^athanor$/, replacement: path("./src/index.ts") },
      { find: /^athanor\/(.+)$/, replacement: path("./src/$1.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/consumer/**"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/closing-lines.ts"],
    // Vitest leaves one processor free, which on a machine with two means that everything waits in one line.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Starting a server and compiling a fixture project both take longer than vitest's 5 s on a busy machine with two cores.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    typecheck: {
      enabled: true,
      include: ["test/types/**/*.test-d.ts"],
      checker: path("./node_modules/typescript-native/bin/tsc"),
      tsconfig: path("./test/types/tsconfig.json"),
      // An error outside the type tests is the `types` gate's to report, once, instead of failing each test run.
      ignoreSourceErrors: true,
    },
  },
});
