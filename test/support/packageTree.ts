/** Writes a project with a node_modules into a temporary folder, for the tests of examples/package-graph. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A file's text or bytes; an object is written as JSON; `{ link }` is a symbolic link. */
export type TreeFile = string | Uint8Array | Readonly<Record<string, unknown>> | { readonly link: string };

/** Makes the project, which goes when the test is finished; gives its folder. */
export function packageTree(files: Readonly<Record<string, TreeFile>>): string {
  const root = mkdtempSync(join(tmpdir(), "athanor-packages-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  writeFiles(root, files);
  return root;
}

export function writeFiles(root: string, files: Readonly<Record<string, TreeFile>>): void {
  for (const [path, content] of Object.entries(files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    if (typeof content === "string" || content instanceof Uint8Array) writeFileSync(target, content);
    else if (typeof content["link"] === "string") symlinkSync(content["link"], target);
    else writeFileSync(target, JSON.stringify(content));
  }
}
