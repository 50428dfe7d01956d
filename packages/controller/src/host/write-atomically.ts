// SPDX-License-Identifier: Apache-2.0
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";

/** Readers see the old content or the new one, also after a crash, and never a part. */
export function writeAtomically(path: string, text: string, mode = 0o640): void {
  const part = `${path}.part`;
  const file = openSync(part, "w", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}
