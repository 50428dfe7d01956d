// SPDX-License-Identifier: Apache-2.0
// One build at a time in a cache.

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { ImageError } from "./errors.js";
import { aborted } from "./run.js";

export interface Lock {
  fd: number;
  release(): void;
}

/**
 * Takes flock(1) on `file`, waiting for who has it; `onWait` is called once before a wait. The lock
 * belongs to the open file, which we share with flock: it stays ours after flock has ended and goes
 * when the last process that inherited the descriptor has gone.
 */
export async function takeLock(
  file: string,
  onWait: () => void,
  signal?: AbortSignal,
): Promise<Lock> {
  const fd = openSync(file, "a", 0o644);
  try {
    if (!(await flock(fd, ["--nonblock"], signal))) {
      onWait();
      if (!(await flock(fd, [], signal))) throw cannotLock(file);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { fd, release: () => closeSync(fd) };
}

function cannotLock(file: string): ImageError {
  return new ImageError(
    "build-failed",
    `${file} cannot be locked: put the cache on a file system with flock(2) (XDG_CACHE_HOME).`,
  );
}

function flock(fd: number, options: string[], signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(aborted());
    const child = spawn("flock", [...options, "--exclusive", "3"], {
      stdio: ["ignore", "ignore", "ignore", fd],
    });
    const stop = () => child.kill("SIGKILL");
    signal?.addEventListener("abort", stop);
    child.once("error", reject);
    child.once("exit", (code) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(aborted());
      else resolve(code === 0);
    });
  });
}
