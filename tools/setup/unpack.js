// SPDX-License-Identifier: Apache-2.0
import { chmod, lstat, mkdir, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { must } from "./run.js";

/** Marks folders that are being filled. Whoever holds the lock may delete those of others. */
const UNFINISHED = ".unfinished-";

/**
 * Fills a folder so that it either exists whole or not at all, also when we are killed.
 * @param {string} dir
 * @param {(unfinished: string) => Promise<void>} fill
 */
export async function fillFolder(dir, fill) {
  const parent = path.dirname(dir);
  await mkdir(parent, { recursive: true });
  await removeUnfinished(parent);
  const unfinished = path.join(parent, `${UNFINISHED}${path.basename(dir)}`);
  await mkdir(unfinished);
  try {
    await fill(unfinished);
  } catch (error) {
    // At once, because a full disk may be the reason.
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  await rm(dir, { recursive: true, force: true });
  await rename(unfinished, dir);
}

/** @param {string} parent */
export async function removeUnfinished(parent) {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((n) => n.startsWith(UNFINISHED))) {
    await rm(path.join(parent, name), { recursive: true });
  }
}

/**
 * @param {readonly string[]} debs
 * @param {string} dir
 * @param {number | undefined} lockFd
 */
export async function unpack(debs, dir, lockFd) {
  for (const deb of debs) {
    await must(
      `Unpacking ${path.basename(deb)}`,
      `make room in ${dir}, or delete ${deb} if it is damaged, and run the set-up again`,
      "dpkg-deb",
      ["--extract", deb, dir],
      { lockFd },
    );
  }
}

/**
 * Takes documentation away, and set-user-id bits: these files are never updated, so they must give
 * nobody rights.
 * @param {string} tree
 */
export async function tidy(tree) {
  for (const name of ["doc", "man", "locale", "lintian", "bug"]) {
    await rm(path.join(tree, "usr/share", name), { recursive: true, force: true });
  }
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { mode } = await lstat(file);
    if ((mode & 0o6000) !== 0) await chmod(file, mode & 0o1777);
  }
}
