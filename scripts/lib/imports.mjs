/**
 * Reads which module of a source tree imports which, and how: the common ground of check-layers.mjs and check-cycles.mjs.
 * It parses only; no types are resolved, so it takes a second for the whole library.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import ts from "typescript";

/**
 * One import of one file.
 * - "runtime": the module is loaded together with the importing one.
 * - "dynamic": it is loaded later, by `import()`; it cannot be part of a load-time cycle.
 * - "type": it is erased. `import { type A }` is not: under verbatimModuleSyntax an empty import remains.
 * @typedef {{ file: string, line: number, specifier: string, kind: "runtime" | "dynamic" | "type", target: string | undefined }} Import
 */

/**
 * @param {string} directory
 * @returns {string[]} paths relative to the directory, with forward slashes, sorted
 */
export function sourceFiles(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mts|tsx)$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join(posix.sep))
    .sort();
}

/**
 * All imports of a source tree. `target` is the imported file relative to the tree, for relative specifiers.
 * @param {string} directory
 * @returns {Import[]}
 */
export function readImports(directory) {
  return sourceFiles(directory).flatMap((file) => importsOf(file, readFileSync(join(directory, file), "utf8")));
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {Import[]}
 */
export function importsOf(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false);
  /** @type {Import[]} */
  const found = [];

  /**
   * @param {ts.Node} node
   * @param {ts.Node | undefined} specifier
   * @param {Import["kind"]} kind
   */
  function add(node, specifier, kind) {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const name = specifier.text;
    const target = name.startsWith(".")
      ? posix.normalize(posix.join(posix.dirname(file), name)).replace(/\.js$/, ".ts")
      : undefined;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    found.push({ file, line, specifier: name, kind, target });
  }

  /** @param {ts.Node} node */
  function visit(node) {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? "type" : "runtime");
    } else if (ts.isExportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.isTypeOnly ? "type" : "runtime");
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, "type");
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node, node.arguments[0], "dynamic");
    }
    ts.forEachChild(node, visit);
  }
  visit(source);
  return found;
}

/** @param {string} file */
export const folderOf = (file) => dirname(file).split("/")[0] ?? ".";
