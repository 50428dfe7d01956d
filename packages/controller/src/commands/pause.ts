// SPDX-License-Identifier: Apache-2.0
import { State } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addSetState } from "../session/set-state.js";

export function addPause(program: Command, context: Context): void {
  addSetState(program, context, {
    name: "pause",
    about: "stop a session's windows and clocks until it is resumed",
    state: State.paused,
  });
}
