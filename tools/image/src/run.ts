// SPDX-License-Identifier: Apache-2.0
// Running programs so that none of them outlives us, whatever ends us.

import { execFile, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { ImageError } from "./errors.js";

// On Debian an ordinary user's PATH has no sbin, where mke2fs and debugfs are.
const PATH = `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;

export interface CaptureOptions {
  env?: NodeJS.ProcessEnv;
}

/** Standard output of a short command that must succeed. */
export function capture(argv: readonly [string, ...string[]], options: CaptureOptions = {}) {
  const [file, ...args] = argv;
  const env = { ...(options.env ?? process.env), PATH, LC_ALL: "C.UTF-8" };
  return new Promise<string>((resolve, reject) => {
    execFile(file, args, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const why = stderr.trim().split("\n").pop() || error.message;
      reject(new ImageError("build-failed", `\`${argv.join(" ")}\` failed: ${why}`));
    });
  });
}

export interface RunSyncOptions {
  cwd?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Bytes for standard input; none by default. */
  input?: Buffer;
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * Runs a program to its end, while this one waits, and returns its standard output.
 * @throws ImageError tool-missing; no-space or build-failed with the program's last words
 */
export function runSync(
  program: string,
  args: readonly string[],
  options: RunSyncOptions = {},
): Buffer {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, PATH, ...options.env },
    input: options.input,
    maxBuffer: 1 << 30,
    stdio: [options.input ? "pipe" : "ignore", "pipe", "pipe"],
  });
  if (result.error) {
    const text = `${program} cannot be run (${result.error.message}): run \`npm run setup\`.`;
    throw new ImageError("tool-missing", text, { cause: result.error });
  }
  if (result.status === 0) return result.stdout;
  const words = lastLines(result.stderr.toString() || result.stdout.toString(), 20);
  const what = `\`${[program, ...args].join(" ")}\` failed with status ${result.status ?? result.signal}`;
  const full = /^.*No space left on device.*$/m.exec(words);
  if (full) {
    const text = `${what} (${full[0]}): free some space or set XDG_CACHE_HOME to a larger disk.`;
    throw new ImageError("no-space", text);
  }
  throw new ImageError("build-failed", `${what}: mend what its last words name.\n${words}`);
}

export interface GroupOptions {
  /** Added to the environment. */
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** Kept open in every process of the group, so that a lock on it lasts as long as they do. */
  lockFd: number;
  /** Gets standard output and standard error, line by line. */
  onLine: (line: string) => void;
  signal?: AbortSignal | undefined;
}

// The shell leads a process group. Descriptor 3 is a pipe from us: it ends when we close it and
// also when we are killed with -9, and then the whole group is killed.
const LEADER = `
(read -r _ <&3; kill -KILL 0) 4>&- >/dev/null 2>&1 &
watcher=$!
exec 3<&-
"$@"
status=$?
kill "$watcher"
exit "$status"
`;

/**
 * Runs a program and all it starts as one group and resolves with its exit status. When `signal`
 * is aborted or this process dies, the group is killed.
 */
export async function runGroup(argv: readonly string[], options: GroupOptions): Promise<number> {
  if (options.signal?.aborted) throw aborted();
  const child = spawn("/bin/sh", ["-c", LEADER, "sh", ...argv], {
    detached: true,
    env: { ...process.env, ...options.env, PATH, LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "pipe", "pipe", options.lockFd],
  });
  const lifeline = child.stdio[3];
  // A program that fails early closes its input; its exit status tells the story.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin ?? "");
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", options.onLine);
  }
  lifeline?.on("error", () => {});
  const kill = () => lifeline?.destroy();
  options.signal?.addEventListener("abort", kill);
  try {
    const status = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    if (options.signal?.aborted) throw aborted();
    return status;
  } finally {
    options.signal?.removeEventListener("abort", kill);
    lifeline?.destroy();
  }
}

export function aborted(): ImageError {
  return new ImageError("aborted", "Stopped before the image was ready: run again to build it.");
}
