// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

const SYS_WRITE = "1"; // x86-64
const TRIES = 1_000;
const TRY_MS = 1;

/**
 * Closes `fd` and makes a write(2) to it end that is under way, asleep, in a thread of libuv's pool:
 * with EBADF. Node has nothing for that, and process.exit() would wait for the thread for ever.
 *
 * A signal ends the sleep, the system call is begun anew (libuv asks for that: SA_RESTART) and finds
 * the file closed. SIGURG is one that nobody minds.
 */
export function abortWrite(fd: number): void {
  const ignore = () => {};
  process.on("SIGURG", ignore);
  closeSync(fd);
  // The number must not become that of another file, which the write would then go to.
  const placeholders = occupy(fd);
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const writers = threadsWriting(fd);
      if (writers.length === 0) return;
      for (const thread of writers) process.kill(thread, "SIGURG");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
    }
  } finally {
    for (const placeholder of placeholders) closeSync(placeholder);
    process.off("SIGURG", ignore);
  }
}

/** Opens what cannot be written to until it gets this number; open(2) takes the lowest one free. */
function occupy(fd: number): number[] {
  const opened: number[] = [];
  do opened.push(openSync("/dev/null", "r"));
  while ((opened.at(-1) ?? fd) < fd);
  return opened;
}

function threadsWriting(fd: number): number[] {
  return readdirSync("/proc/self/task")
    .filter((thread) => {
      const [call, argument] = systemCall(thread).split(" ");
      return call === SYS_WRITE && Number(argument) === fd;
    })
    .map(Number);
}

function systemCall(thread: string): string {
  try {
    return readFileSync(`/proc/self/task/${thread}/syscall`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}
