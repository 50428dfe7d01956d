// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExitStatus, LabError } from "./errors.js";

export const repoRoot = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Where running labs keep their sockets: a short path, because a Unix socket's may have only 107
 * bytes, and one that is the same for every shell of this user, so that `lab ls` sees all labs.
 */
export function stateDir(): string {
  const { uid } = userInfo();
  const dir = `/tmp/livestack-lab-${uid}`;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(dir);
  if (owner !== uid || (mode & 0o077) !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `${dir}: belongs to another user or is open to others`,
      `remove it, or make it yours alone: chmod 700 ${dir}`,
    );
  return dir;
}

export function labDir(name: string): string {
  return join(stateDir(), name);
}
