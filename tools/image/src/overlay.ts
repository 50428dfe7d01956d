// SPDX-License-Identifier: Apache-2.0
// What an image has that is in no package, put over Debian's tree as a tar: only that is the same
// with root and without.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runSync } from "./run.js";
import type { ImageKind } from "./spec.js";

/** Shell: unpacks tars into a folder ($1 and those before --), then becomes what comes after it. */
export const UNPACK = `tree=$1
shift
while test "$1" != --; do
  tar --extract --keep-directory-symlink -f "$1" -C "$tree" || exit
  shift
done
shift
exec "$@"
`;

/** Returns the tar's path, or nothing if the kind has no overlay. */
export function makeOverlay({ overlay }: ImageKind, workDir: string): string[] {
  if (!overlay) return [];
  const root = join(workDir, "overlay");
  const file = `${root}.tar`;
  mkdirSync(root);
  overlay.fill(root);
  const owner = ["--owner=root:0", "--group=root:0", "--mode=u=rwX,go=rX"];
  runSync("tar", ["--create", ...owner, "--sort=name", "-f", file, "-C", root, "."]);
  return [file];
}
