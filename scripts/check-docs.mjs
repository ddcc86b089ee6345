/**
 * Gate: the TypeScript examples in README.md and docs/ compile against the sources. Each ```ts block is a module of its own;
 * "```ts append" continues the block before it in the same file, "```ts no-check" is left alone. Errors are reported at the
 * line of the Markdown file. Examples are type-checked, never run.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, inRoot, isMain, nativeTsc, root } from "./lib/project.mjs";

/**
 * The modules that a Markdown text holds. Each keeps the line numbers of the text: whatever is not code is a blank line.
 * @param {string} markdown
 * @returns {string[]}
 */
export function extractExamples(markdown) {
  const lines = markdown.split(/\r?\n/);
  /** @type {string[][]} */
  const modules = [];
  /** @type {string[] | undefined} */
  let current;
  let fence = "";
  lines.forEach((line, index) => {
    const match = /^\s*(`{3,}|~{3,})\s*(.*)$/.exec(line);
    if (fence === "") {
      if (match === null) return;
      fence = match[1] ?? "";
      const [language, ...flags] = (match[2] ?? "").trim().split(/\s+/);
      if ((language !== "ts" && language !== "typescript") || flags.includes("no-check")) return;
      const previous = modules.at(-1);
      if (flags.includes("append") && previous !== undefined) {
        current = previous;
      } else {
        current = [];
        modules.push(current);
      }
    } else if (match?.[1] !== undefined && match[1].startsWith(fence) && match[2] === "") {
      fence = "";
      current = undefined;
    } else if (current !== undefined) {
      while (current.length < index) current.push("");
      current.push(line);
    }
  });
  return modules.map((module) => module.join("\n") + "\n");
}

/** @returns {string[]} README.md and every page under docs, relative to the root */
function pages() {
  const docs = existsSync(inRoot("docs"))
    ? readdirSync(inRoot("docs"), { recursive: true }).map((name) => `docs/${String(name)}`)
    : [];
  return ["README.md", ...docs].filter((name) => name.endsWith(".md") && existsSync(inRoot(name))).sort();
}

async function main() {
  // Inside the project, so that packages resolve; git and prettier ignore .cache.
  const directory = inRoot(".cache", "docs");
  rmSync(directory, { recursive: true, force: true });
  let count = 0;
  for (const page of pages()) {
    extractExamples(readFileSync(inRoot(page), "utf8")).forEach((module, index) => {
      const file = join(directory, `${page}.${index + 1}.ts`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, module);
      count += 1;
    });
  }
  console.log(`   ${count} examples`);
  if (count === 0) return;

  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ["**/*.ts"],
      exclude: [],
    }),
  );
  const { code, output } = await capture(process.execPath, [nativeTsc, "-p", directory, "--pretty", "false"]);
  console.error(output.replaceAll(/^\.cache\/docs\/(.+?\.md)\.\d+\.ts/gm, "$1").trimEnd());
  process.exitCode = code;
}

if (isMain(import.meta.url)) await main();
