/**
 * Where the worker's file is and with which options of Node it is started: as JavaScript beside this file in the published package, as
 * TypeScript when the library runs from its sources. Called by workerThread.ts.
 */
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { NoSuchModuleError } from "../../errors/engine.ts";

export interface Launch {
  readonly file: URL;
  /** Absent: those of the process. */
  readonly execArgv?: string[];
}

/** Throws NoSuchModuleError where the file is missing, as it is when the library was put into a bundle. */
export function findWorker(): Launch {
  // Only the extension of an import is rewritten when the library is built, not that of a text.
  const extension = extname(new URL(import.meta.url).pathname);
  const name = extension === ".ts" && !runsTypeScript() ? "sourceWorker.mjs" : `worker${extension}`;
  const file = new URL(name, import.meta.url);
  if (!existsSync(fileURLToPath(file)))
    throw new NoSuchModuleError(
      `The file ${fileURLToPath(file)} is missing, which a synchronous engine over an asynchronous driver runs in a worker thread. If the program is bundled, leave athanor out of the bundle (external), or use createAsyncEngine.`,
    );
  // --input-type is for `node --eval`; a worker that inherits it refuses its own file.
  if (process.execArgv.some((option) => option.startsWith("--input-type")))
    return { file, execArgv: loaderOptions(process.execArgv) };
  return { file };
}

/** Node reads TypeScript by itself from 22.18 on. */
function runsTypeScript(): boolean {
  const { typescript } = process.features as { readonly typescript?: string | false };
  return typeof typescript === "string";
}

const LOADER_OPTION = /^(?:--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/;

/** The options by which modules are found and loaded; of the others some are not allowed when a list is given. */
function loaderOptions(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < execArgv.length; index++) {
    const match = LOADER_OPTION.exec(execArgv[index]!);
    if (match === null) continue;
    kept.push(execArgv[index]!);
    if (match[1] === "" && index + 1 < execArgv.length) kept.push(execArgv[++index]!);
  }
  return kept;
}
