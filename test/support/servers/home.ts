/**
 * The folder in which a server of ours lives, and the user as whom it runs. Everything that the server writes is in there; it is deleted
 * when the server is stopped, and at the latest when the test process ends.
 */
import { chownSync, cpSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchFolder } from "./guard.ts";

/** A reason for which no server could be started, to be shown to whoever runs the tests. */
export class CannotStart extends Error {}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Home {
  readonly folder: string;
  /** Undefined where the server runs as whoever runs the tests. */
  readonly user: User | undefined;
}

export const dataFolder = ({ folder }: Home): string => join(folder, "data");

/** A folder of its own for a server, and the user who owns it: both servers refuse to run as root. */
export function makeHome(...names: string[]): Home {
  const user = unprivilegedUser(...names);
  const folder = mkdtempSync(join(tmpdir(), "athanor-server-"));
  watchFolder(folder);
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return { folder, user };
}

/** Another home, with a copy of the data. The server must not be running. */
export function copyHome(home: Home): Home {
  const { user } = home;
  const folder = mkdtempSync(join(tmpdir(), "athanor-server-"));
  watchFolder(folder);
  const copy = { folder, user };
  cpSync(dataFolder(home), dataFolder(copy), { recursive: true, preserveTimestamps: true });
  if (user !== undefined) giveTo(user, folder);
  return copy;
}

function giveTo(user: User, path: string): void {
  chownSync(path, user.uid, user.gid);
  if (statSync(path).isDirectory()) for (const entry of readdirSync(path)) giveTo(user, join(path, entry));
}

/** The user to become, or undefined when we are not root anyway. */
function unprivilegedUser(...names: string[]): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  for (const name of [...names, "nobody"]) {
    const account = accounts.find(([account]) => account === name);
    if (account !== undefined) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new CannotStart(
    "this is root, database servers refuse to run as root, and there is no user to become (postgres, mysql, nobody)",
  );
}
