// SPDX-License-Identifier: Apache-2.0
// A component of the session, as its agent has it.
import type { GuestRun } from "../guest/agent-client.js";
import type { ComponentState } from "../host/session-state.js";
import type { LiveGuest } from "./live-guest.js";
import type { ModelProcess } from "./model-process.js";

/** Tells what is kept on disk from what only this process has. */
export interface Member {
  kept: ComponentState;
  guest?: LiveGuest;
  model?: ModelProcess;
  runs: Map<string, GuestRun>;
  attached: boolean;
  /** commands that others ran in it while time went on */
  execs: number;
}

export function fresh(kept: ComponentState): Member {
  return { kept, runs: new Map(), attached: false, execs: 0 };
}
