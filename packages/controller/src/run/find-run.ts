// SPDX-License-Identifier: Apache-2.0
// Which session of this machine, and which of its components, a user means.
import type { Command } from "commander";
import type { Context } from "../context.js";
import {
  type ComponentState,
  listStates,
  orphansAmong,
  type SessionState,
} from "../host/session-state.js";
import { LivestackError } from "../livestack-error.js";

/** Gives a command its --session, explained the same everywhere. */
export function withRun(command: Command): Command {
  return command.option("--session <session>", "name or UUID of the run, if there are several");
}

/** A run that goes on, with its livestack. @throws LivestackError NOT_FOUND, AMBIGUOUS_SESSION */
export function findRunning({ root }: Pick<Context, "root">, wanted?: string): SessionState {
  const states = listStates(root).filter(({ kind }) => kind === "run");
  const orphans = orphansAmong(states);
  const running = states.filter((state) => !orphans.includes(state));
  return only(running, wanted, "no run goes on", "`livestack run FILE` starts one");
}

/** What a killed livestack has left. @throws LivestackError NOT_FOUND, AMBIGUOUS_SESSION */
export function findOrphan({ root }: Pick<Context, "root">, wanted: string): SessionState {
  const states = listStates(root);
  const released = states.filter(({ kind }) => kind === "released");
  const left = [...orphansAmong(states), ...released];
  const names = left.map(({ name }) => name).join(", ");
  return only(left, wanted, "nothing was left", names === "" ? "" : `there is ${names}`);
}

function only(
  states: readonly SessionState[],
  wanted: string | undefined,
  none: string,
  hint: string,
): SessionState {
  const fits = ({ name, uuid }: SessionState) =>
    wanted === undefined || wanted === name || wanted === uuid;
  const found = states.filter(fits);
  const [first] = found;
  const ofName = wanted === undefined ? "" : ` of name or UUID '${wanted}'`;
  if (!first)
    throw new LivestackError("NOT_FOUND", `${none}${ofName}`, hint === "" ? {} : { hint });
  if (found.length === 1) return first;
  const each = found.map(({ name, uuid }) => `${name} ${uuid}`).join(", ");
  throw new LivestackError("AMBIGUOUS_SESSION", `there are ${found.length}${ofName}`, {
    hint: `say which by its UUID: ${each}`,
  });
}

/** @throws LivestackError NOT_FOUND */
export function findComponent(state: SessionState, wanted: string): ComponentState {
  const found = state.components.find(({ name }) => name === wanted);
  if (found) return found;
  throw new LivestackError("NOT_FOUND", `there is no component '${wanted}'`, {
    place: state.name,
    hint: `it has ${state.components.map(({ name }) => name).join(", ")}`,
  });
}
