/**
 * Sees to it that no server outlives the test process, however that ends: a small shell process, of which nothing is asked but to read
 * from a pipe. When the pipe ends, because this process is gone, it kills the servers that it was told of and deletes their folders.
 * server.ts and programs.ts tell it. It touches nothing that it was not told of.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** A process is stopped before its children are listed, so that it cannot make more meanwhile. */
const SCRIPT = `
end() {
  kill -STOP "$1" 2>/dev/null || return
  for child in $(cat /proc/$1/task/*/children 2>/dev/null || pgrep -P "$1"); do end "$child"; done
  kill -KILL "$1" 2>/dev/null
}
pids= folders=
while read -r what value; do
  case $what in
    watch) pids="$pids $value" ;;
    forget) rest=; for pid in $pids; do [ "$pid" = "$value" ] || rest="$rest $pid"; done; pids=$rest ;;
    folder) folders="$folders
$value" ;;
  esac
done
for pid in $pids; do end "$pid"; done
[ -z "$pids" ] || sleep 0.3
IFS='
'
for folder in $folders; do rm -rf -- "$folder"; done
`;

let guard: ChildProcess | undefined;
const watched = new Set<number>();

function tell(line: string): void {
  // Windows has no sh; there the servers end when the test process ends in an orderly way.
  if (process.platform === "win32") return;
  if (guard === undefined) {
    // Detached: Ctrl-C in the terminal is for us, and the guard must outlive us.
    guard = spawn("/bin/sh", ["-c", SCRIPT], { cwd: "/", stdio: ["pipe", "ignore", "ignore"], detached: true });
    guard.on("error", () => {});
    guard.unref();
    const pipe = guard.stdin as Socket;
    pipe.on("error", () => {});
    pipe.unref();
  }
  guard.stdin?.write(`${line}\n`);
}

/** The process and its children are killed when this process ends. */
export function watchProcess(pid: number): void {
  if (watched.size === 0) process.on("exit", killAll);
  watched.add(pid);
  tell(`watch ${pid}`);
}

/** The process has ended: its number may soon be somebody else's. */
export function forgetProcess(pid: number): void {
  watched.delete(pid);
  if (watched.size === 0) process.off("exit", killAll);
  tell(`forget ${pid}`);
}

/** The folder is deleted when this process ends. */
export function watchFolder(folder: string): void {
  tell(`folder ${folder}`);
}

function killAll(): void {
  for (const pid of watched) for (const each of [pid, ...descendants(pid)]) signal(each, "SIGKILL");
}

/** Whether the signal could be sent: false where the process has ended. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** The process's children, their children, and so on. */
export function descendants(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

function childrenOf(pid: number): number[] {
  let text = "";
  try {
    if (process.platform === "linux") {
      // A child belongs to the thread that made it.
      for (const thread of readdirSync(`/proc/${pid}/task`))
        text += readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8") + " ";
    } else {
      text = execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
    }
  } catch {
    // The process has ended, or has no children (pgrep).
  }
  return text.split(/\s+/).filter(Boolean).map(Number);
}
