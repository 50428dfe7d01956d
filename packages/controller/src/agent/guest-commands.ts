// SPDX-License-Identifier: Apache-2.0
// The commands of a guest that run from simulated time 0 on, one after the other. All are handed over
// before time begins: a guest that had to wait for its host between two of them would be idle
// meanwhile, and idle time is skipped. So each waits in the guest, where its agent lets it begin at the
// moment at which the one before it has ended.
import type { AgentClient, GuestRun, OnEnded } from "../guest/agent-client.js";

/** of each of a command's two outputs */
const KEEP_BYTES = 4 << 20;

// $1 is the command. Without the newline, from an agent that has died or does not know of waiting, it
// does not run.
const WAITING = 'read -r _ && exec /bin/sh -c "$1" </dev/null';

/** @returns their runs, in their order */
export function startCommands(
  agent: AgentClient,
  commands: readonly string[],
  onEnded: OnEnded,
): GuestRun[] {
  const runs: GuestRun[] = [];
  for (const command of commands) {
    const after = runs.at(-1)?.id;
    const run = ["/bin/sh", "-c", ...(after === undefined ? [command] : [WAITING, "sh", command])];
    const waits = after === undefined ? {} : { after };
    runs.push(agent.run({ run, ...waits, keepBytes: KEEP_BYTES, onEnded }));
  }
  return runs;
}
