/**
 * The lint gate. Type-checked rules over everything that TypeScript compiles, and the project's own rules from scripts/eslint.
 * typescript-eslint needs the classic compiler API, so this runs on TypeScript 6 while the type gate runs on 7.
 */
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import noForgottenYieldStar from "./scripts/eslint/no-forgotten-yield-star.mjs";

// typescript-eslint's rules run under ESLint, but its type for them is not assignable to ESLint's own.
const rules = /** @type {import("eslint").ESLint.Plugin["rules"] & {}} */ (
  /** @type {unknown} */ ({ "no-forgotten-yield-star": noForgottenYieldStar })
);

export default defineConfig(
  globalIgnores(["**/node_modules/", "dist/", "coverage/", ".cache/", "test/consumer/"]),
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { athanor: { rules } },
    rules: {
      "athanor/no-forgotten-yield-star": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" },
      ],
      // An I/O function that happens to need no I/O is still a generator: its callers write yield* either way. Likewise async facades.
      "require-yield": "off",
      "@typescript-eslint/require-await": "off",
      // Values of unknown type are shown to people in messages; String() is what shows them.
      "@typescript-eslint/no-base-to-string": "off",
      // Statements keep `{}` and empty interfaces as type-level markers.
      "@typescript-eslint/no-empty-object-type": "off",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-restricted-globals": [
        "error",
        ...["DisposableStack", "AsyncDisposableStack", "SuppressedError"].map((name) => ({
          name,
          message: "Node 20 does not have it.",
        })),
      ],
    },
  },
  {
    // Tests look into private corners and hand in wrong values on purpose; scripted tests drive generators by hand.
    files: ["test/**"],
    rules: {
      "athanor/no-forgotten-yield-star": ["error", { allowVariables: true }],
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unused-expressions": "off",
      // One test text serves both colours: awaiting what is no promise changes nothing.
      "@typescript-eslint/await-thenable": "off",
    },
  },
  {
    // Scripts read JSON and the compiler's output; their types are checked by the type gate.
    files: ["**/*.mjs"],
    rules: {
      "@typescript-eslint/no-explicit-any": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
);
