// SPDX-License-Identifier: Apache-2.0
// The folders a build works in, and their removal, also after a build that was killed. All callers
// hold the cache's lock, so every work folder found is a leftover or the caller's own.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { IS_ROOT } from "./machine.js";
import { capture } from "./run.js";

const PREFIX = ".work-";
const TREE_PREFIX = "livestack-image-";
// In a work folder: a link to the folder outside the cache that belongs to the same build.
const TREE_LINK = "tree-place";

export interface Work {
  /** In the cache's images folder, so that the finished image can be renamed into place. */
  dir: string;
  /** Where the Debian tree is unpacked. */
  treePlace: string;
}

export async function makeWork(imagesDir: string): Promise<Work> {
  const dir = await mkdtemp(path.join(imagesDir, PREFIX));
  if (IS_ROOT) return { dir, treePlace: dir };
  // The namespace's "root" is another user to the file system and cannot enter a home folder that
  // others may not read, where the cache usually is.
  const treePlace = path.join(os.tmpdir(), TREE_PREFIX + randomUUID());
  // The link first: killed between the two, we leave nothing that the next run cannot find.
  await symlink(treePlace, path.join(dir, TREE_LINK));
  await mkdir(treePlace);
  await chmod(treePlace, 0o755);
  return { dir, treePlace };
}

export async function removeWork(dir: string): Promise<void> {
  const treePlace = await readlink(path.join(dir, TREE_LINK)).catch(() => "");
  if (path.basename(treePlace).startsWith(TREE_PREFIX) && existsSync(treePlace)) {
    // Its files belong to the namespace's ids: only the same kind of namespace may remove them.
    const rmTree = ["rm", "-rf", "--one-file-system", treePlace] as const;
    await capture(["unshare", "--user", "--map-auto", "--map-root-user", "--", ...rmTree]);
  }
  await rm(path.join(dir, TREE_LINK), { force: true });
  // Not past a mount point: a build's mounts are in a namespace of their own, but if one ever were
  // not, this machine's /dev would be behind it.
  await capture(["rm", "-rf", "--one-file-system", dir]);
}

/** Removes what killed builds left in the cache. */
export async function sweep(imagesDir: string): Promise<void> {
  for (const name of await readdir(imagesDir)) {
    if (name.startsWith(PREFIX)) await removeWork(path.join(imagesDir, name));
  }
}
