// SPDX-License-Identifier: Apache-2.0
// What this machine must offer before a build starts.

import { accessSync, constants, existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { ImageError } from "./errors.js";

export const IS_ROOT = process.geteuid?.() === 0;

/** Program -> Debian package. */
const TOOLS: Record<string, string> = {
  "apt-get": "apt",
  debugfs: "e2fsprogs",
  e2fsck: "e2fsprogs",
  flock: "util-linux",
  mke2fs: "e2fsprogs",
  mmdebstrap: "mmdebstrap",
  tar: "tar",
  unshare: "util-linux",
};
const TOOLS_WITHOUT_ROOT: Record<string, string> = { fakeroot: "fakeroot", newuidmap: "uidmap" };

/**
 * For a default image: its tree with the packages still in it 0.5 GB, the image 0.25 GB, without
 * root a tar and a second tree; the rest is for the packages asked for.
 */
const SPACE_NEEDED = IS_ROOT ? 1.5e9 : 2e9;

/** The machine's own Debian release, such as "bookworm". */
export async function debianRelease(osRelease = "/etc/os-release"): Promise<string> {
  const text = await readFile(osRelease, "utf8").catch(() => "");
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1];
  const codename = field("VERSION_CODENAME");
  if (field("ID") === "debian" && codename) return codename;
  throw new ImageError(
    "not-debian",
    "Images are made from this machine's own Debian packages and this is no Debian: use Debian 12.",
  );
}

/** Throws with all that is missing in one sentence. */
export function checkTools(searchPath = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`): void {
  const wanted = IS_ROOT ? TOOLS : { ...TOOLS, ...TOOLS_WITHOUT_ROOT };
  const missing = Object.keys(wanted).filter((tool) => !isInPath(tool, searchPath));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => wanted[tool]))].join(" ");
  throw new ImageError(
    "tool-missing",
    `Images cannot be built without ${missing.join(", ")}: run \`npm run setup\`, or as root ` +
      `\`apt-get install ${packages}\`.`,
  );
}

function isInPath(tool: string, searchPath: string): boolean {
  return searchPath.split(":").some((dir) => {
    try {
      accessSync(path.join(dir, tool), constants.X_OK);
      return dir !== "";
    } catch {
      return false;
    }
  });
}

/** Without root the build runs as "root" of a user namespace, which needs ids of its own. */
export async function checkSubordinateIds(): Promise<void> {
  const { username, uid } = os.userInfo();
  for (const file of ["/etc/subuid", "/etc/subgid"]) {
    const text = existsSync(file) ? await readFile(file, "utf8") : "";
    const lines = text.split("\n").map((line) => line.split(":")[0]);
    if (lines.includes(username) || lines.includes(String(uid))) continue;
    throw new ImageError(
      "not-permitted",
      `${file} gives ${username} no subordinate ids, so no image can be built without root: as ` +
        `root run \`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}\`.`,
    );
  }
}

export async function checkSpace(dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  if (free >= SPACE_NEEDED) return;
  const gb = (bytes: number) => (bytes / 1e9).toFixed(1);
  throw new ImageError(
    "no-space",
    `${dir} has ${gb(free)} GB free and a build needs ${gb(SPACE_NEEDED)} GB: free some space or ` +
      "set XDG_CACHE_HOME (without root also TMPDIR) to a larger disk.",
  );
}
