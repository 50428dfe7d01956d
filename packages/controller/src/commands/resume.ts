// SPDX-License-Identifier: Apache-2.0
import { State } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addSetState } from "../session/set-state.js";

export function addResume(program: Command, context: Context): void {
  addSetState(program, context, {
    name: "resume",
    about: "start a session, or let a paused one go on",
    state: State.running,
  });
}
