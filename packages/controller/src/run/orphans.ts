// SPDX-License-Identifier: Apache-2.0
import type { Context } from "../context.js";
import { listStates, orphansAmong, type SessionState } from "../host/session-state.js";

/** Names what killed livestacks have left; touches nothing of it. */
export function nameOrphans({ root, stderr }: Pick<Context, "root" | "stderr">): void {
  for (const orphan of orphansAmong(listStates(root))) stderr.write(`${orphanText(orphan)}\n`);
}

export function orphanText({ name, uuid, phase }: SessionState): string {
  return (
    `livestack: ${name} (${uuid}) was left in phase ${phase} by a livestack that is no more; ` +
    `\`livestack adopt ${name}\` goes on with it, \`livestack release ${name}\` gives it up`
  );
}
