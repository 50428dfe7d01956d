// SPDX-License-Identifier: Apache-2.0
import { access, rename, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * @param {string} dir
 * @param {readonly string[]} names
 * @returns {Promise<boolean>}
 */
export async function allExist(dir, names) {
  const checks = names.map((name) =>
    access(path.join(dir, name)).then(
      () => true,
      () => false,
    ),
  );
  return !(await Promise.all(checks)).includes(false);
}

/**
 * Replaces a file in one step: a reader sees the old text or the new one.
 * @param {string} file
 * @param {string} text
 */
export async function writeWhole(file, text) {
  const unfinished = `${file}.unfinished`;
  await writeFile(unfinished, text);
  await rename(unfinished, file);
}
