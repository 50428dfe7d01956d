// SPDX-License-Identifier: Apache-2.0
import type { SessionAgent } from "../agent/session-agent.js";
import type { Progress } from "./progress.js";

/** @param began whether simulated time has begun: only then a run can be taken over */
export type TellPhase = (phase: string, about: string, began?: boolean) => Promise<void>;

/** Says which phase begins, to the user and to whoever has to take over. */
export function phaseTeller(agent: SessionAgent, progress: Progress): TellPhase {
  return async (phase, about, began = false) => {
    progress.say(`${phase}${about && `: ${about}`}`);
    await agent.ask("phase", { phase, began });
  };
}

export function namesOf(components: readonly { name: string }[]): string {
  return components.map(({ name }) => name).join(", ");
}
