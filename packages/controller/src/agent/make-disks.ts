// SPDX-License-Identifier: Apache-2.0
import { closeSync, ftruncateSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { makeOverlay } from "../vmm/qcow2-overlay.js";
import { copyImage } from "../vmm/raw-copy.js";
import type { Params } from "./protocol.js";

/** @throws LivestackError BAD_IMAGE; system errors of files, also for a disk that is there */
export async function makeDisks({ root, empty }: Params<"make-disks">): Promise<void> {
  if (root) {
    mkdirSync(dirname(root.path), { recursive: true });
    if (root.copy) await copyImage(root.image.path, root.path);
    else makeOverlay(root.path, root.image.path, root.image.format);
  }
  for (const { path, sizeBytes } of empty) makeEmpty(path, sizeBytes);
}

/** Takes room as it is written to. */
function makeEmpty(path: string, sizeBytes: bigint): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "wx", 0o640);
  try {
    ftruncateSync(file, Number(sizeBytes));
  } finally {
    closeSync(file);
  }
}
