// SPDX-License-Identifier: Apache-2.0
import { open, readFile } from "node:fs/promises";
import { must, run } from "./run.js";

/**
 * Runs `work` while holding the lock. flock(1) locks the open file we hand it; the lock stays with
 * that open file until we, and every child that was given it, are gone, however we end.
 * @template T
 * @param {string} file
 * @param {(line: string) => void} say
 * @param {(lockFd: number) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, say, work) {
  // "a+": creating must not empty the file, its text names the present holder.
  const handle = await open(file, "a+");
  try {
    const first = await run("flock", ["--nonblock", "3"], { lockFd: handle.fd });
    if (first.status !== 0) {
      say(`Waiting for another set-up to finish: ${await holder(file)}.`);
      await must(
        "Waiting for the lock",
        `remove ${file} if its file system cannot lock`,
        "flock",
        ["3"],
        { lockFd: handle.fd },
      );
    }
    await handle.truncate(0);
    await handle.write(`process ${process.pid}, since ${new Date().toISOString()}\n`);
    return await work(handle.fd);
  } finally {
    await handle.close();
  }
}

/**
 * @param {string} file
 * @returns {Promise<string>}
 */
async function holder(file) {
  const text = (await readFile(file, "utf8")).trim();
  return text === "" ? `whoever holds ${file}` : `${text}, holding ${file}`;
}
