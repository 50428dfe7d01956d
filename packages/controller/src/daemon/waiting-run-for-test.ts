// SPDX-License-Identifier: Apache-2.0
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { listStates } from "../host/session-state.js";
import type { RunWorld } from "../run/run-world-for-test.js";

/** A run whose guest waits for the file `gate` of its host. */
export function waiting(root: string): string {
  return `
name: waiting
session: {end: commands, duration: 600s}
components:
  one:
    image: {kernel: ${root}/kernel}
    run: ["while test -d ${root} && ! test -e ${root}/gate; do sleep 0.1; done; echo through", echo after]
    collect: [/proc/self/status]
`;
}

export async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Whether simulated time has begun there. */
export function begunOn(world: RunWorld): boolean {
  return listStates(world.root)[0]?.began === true;
}
