// SPDX-License-Identifier: Apache-2.0
import type { Answer, Params, VerbName } from "./protocol.js";

/** The agent of a session, in this process or on another machine: a run does not know which. */
export interface SessionAgent {
  /** @throws LivestackError what the agent says, or that it does not answer */
  ask<Name extends VerbName>(name: Name, params: Params<Name>): Promise<Answer<Name>>;
  close(): void;
}
