// SPDX-License-Identifier: Apache-2.0
import { State } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addSetState } from "../session/set-state.js";

export function addStop(program: Command, context: Context): void {
  addSetState(program, context, {
    name: "stop",
    about: "end a session for good; what it counted stays to be looked at",
    state: State.stopped,
  });
}
