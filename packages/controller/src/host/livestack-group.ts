// SPDX-License-Identifier: Apache-2.0
import { chmodSync, chownSync, readFileSync } from "node:fs";
import type { Server } from "node:net";
import { codeOf } from "../code-of.js";

/** Group `livestack` of this machine, if it has one: its members may speak to agents. */
export function livestackGid(): number | undefined {
  const gid = /^livestack:[^:]*:(\d+):/m.exec(readFileSync("/etc/group", "utf8"))?.[1];
  return gid === undefined ? undefined : Number(gid);
}

/** What root makes becomes root:livestack; what a user makes stays the user's. */
export function giveToGroup(path: string): void {
  const gid = livestackGid();
  if (gid === undefined || process.getuid?.() !== 0) return;
  try {
    chownSync(path, 0, gid);
  } catch (error) {
    // A folder on a file system without owners is still a folder.
    if (codeOf(error) !== "EPERM") throw error;
  }
}

/** Has a server listen at a Unix socket that members of the group may connect to, and no others. */
export async function listenForGroup(server: Server, path: string): Promise<void> {
  await new Promise<void>((done, failed) => {
    server.once("error", failed);
    // Nobody connects before its mode is what it has to be.
    const before = process.umask(0o117);
    server.listen(path, done);
    process.umask(before);
  });
  chmodSync(path, 0o660);
  giveToGroup(path);
}
