// SPDX-License-Identifier: Apache-2.0
import type { SessionAgent } from "../agent/session-agent.js";
import type { Scenario } from "../scenario/scenario.js";
import type { BootSource } from "../vmm/guest-image.js";
import type { KeptRun } from "./kept-run.js";
import type { RunFolder } from "./run-folder.js";

/** Where a run has its components: this machine, or hosts of a controller. A run does not know which. */
export interface RunPlace {
  /**
   * Before anything is made: what is missing for the scenario is said, what can be had is got.
   * @returns what guests boot, by the ids of live components; paths are of their hosts
   * @throws LivestackError NO_KVM, NO_QEMU, NO_IMAGE, NOT_LOADED, MODULE_REFUSED; of hosts also NO_ROOM,
   *   HOST_LOST and what else a controller refuses with
   */
  makeReady(scenario: Scenario): Promise<ReadonlyMap<number, BootSource>>;
  /** @throws LivestackError NOT_LOADED, NO_PRIVILEGE, MODULE_REFUSED */
  open(scenario: Scenario): Promise<RunSession>;
}

export interface RunSession {
  readonly agent: SessionAgent;
  /** Where what the run writes beside its guests goes: paths of their host. */
  filesIn(folder: RunFolder): RunFolder;
  /** For whoever takes over after a kill. */
  keep(kept: KeptRun): void;
  /** Brings what was written beside the guests into the run's folder. @returns what is missing */
  gather(folder: RunFolder): Promise<string[]>;
  /** Ends all that the session has, then itself. */
  close(): Promise<void>;
}
