// SPDX-License-Identifier: Apache-2.0
// From simulated time 0 to the end of a session, whatever ends it.

import { setTimeout as sleep } from "node:timers/promises";
import { Parting, Reason, State } from "@livestack/netlink-client";
import type { SessionStatus } from "../agent/protocol.js";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import type { Scenario, ScenarioComponent } from "../scenario/scenario.js";
import type { Progress } from "./progress.js";
import type { RunCommands } from "./run-commands.js";

/** Often enough to stop soon; where a question takes long, as in an emulated machine, less often. */
const POLL_MS = 100;
const POLL_MOST_MS = 2_000;
/** So much of its time at most livestack asks: the guests need the processors. */
const ASKING_SHARE = 20;
/** A host that the others do not hear of for longer is given up, and the run with it. */
const SILENT_MS = 300_000;

export type Ending =
  | { why: "commands" | "duration" | "stopped" | "interrupted" }
  /** a component is lost, and the scenario does not let the others go on without it */
  | { why: "lost"; component: string; how: string }
  /** the other hosts wait for this one in vain */
  | { why: "silent"; host: string };

export interface Watched {
  ending: Ending;
  /** of components that ended while the session went on */
  warnings: string[];
}

interface Watch {
  agent: SessionAgent;
  scenario: Scenario;
  commands: RunCommands;
  progress: Progress;
  interrupted: AbortSignal;
  /** performance.now() at simulated time 0 */
  startMs: number;
}

export async function watchSession(watch: Watch): Promise<Watched> {
  const { agent, scenario, progress, interrupted, startMs } = watch;
  const warnings = new Set<string>();
  let wasPaused = false;
  let heardMs = performance.now();
  for (;;) {
    if (areCommandsThrough(watch)) {
      await pauseAtOnce(agent);
      // That is no pause to tell of.
      wasPaused = true;
    }
    const askedMs = performance.now();
    const status = await agent.ask("status", {});
    const tookMs = performance.now() - askedMs;
    if (status.session.silent === undefined) heardMs = performance.now();
    const isPaused = status.session.state === State.paused;
    if (isPaused && !wasPaused) progress.say(pauseText(status, scenario));
    wasPaused = isPaused;
    progress.show(status, scenario, performance.now() - startMs);
    for (const warning of warningsOf(status, scenario)) warnings.add(warning);
    const ending = interrupted.aborted
      ? ({ why: "interrupted" } as const)
      : (endingOf(status, watch) ?? silenceOf(status, performance.now() - heardMs));
    if (ending) {
      progress.clear();
      return { ending, warnings: [...warnings] };
    }
    await nextLook(watch, Math.min(POLL_MOST_MS, Math.max(POLL_MS, tookMs * ASKING_SHARE)));
  }
}

function areCommandsThrough({ scenario, commands }: Watch): boolean {
  return scenario.session.end === "commands" && commands.count > 0 && commands.haveEnded;
}

/** Before anything is asked: guests that have nothing to do any more skip simulated minutes meanwhile. */
async function pauseAtOnce(agent: SessionAgent): Promise<void> {
  try {
    await agent.ask("session-state", { state: State.paused });
  } catch (error) {
    // It may stand already, or have no gating.
    if (!(error instanceof LivestackError)) throw error;
  }
}

/** Idle time is skipped, so every moment after the last command may be a long simulated one. */
async function nextLook({ commands, interrupted }: Watch, pauseMs: number): Promise<void> {
  const pause = sleep(pauseMs, undefined, { signal: interrupted }).catch(() => {});
  await (commands.haveEnded ? pause : Promise.race([pause, commands.allEnded]));
}

/** @returns undefined while it goes on */
function endingOf(status: SessionStatus, { scenario, commands }: Watch): Ending | undefined {
  const { session } = status;
  if (session.state === State.stopped)
    return { why: session.reason === Reason.ended ? "duration" : "stopped" };
  const lost = lossOf(status, scenario);
  if (lost && (scenario.session.onLoss === "pause" || isNobodyLeft(status, scenario)))
    return { why: "lost", ...lost };
  if (scenario.session.end === "commands" && areThrough(status, scenario, commands))
    return { why: "commands" };
  return undefined;
}

function silenceOf(
  { session: { silent: host } }: SessionStatus,
  forMs: number,
): Ending | undefined {
  return host !== undefined && forMs > SILENT_MS ? { why: "silent", host } : undefined;
}

/** The last command has ended, or where there are none, the last model. */
function areThrough({ fates }: SessionStatus, { components }: Scenario, commands: RunCommands) {
  if (commands.count > 0) return commands.haveEnded;
  const models = components.filter(({ kind }) => kind === "model");
  return (
    models.length > 0 && models.every(({ id }) => fates.some(({ component }) => component === id))
  );
}

/** A machine that is gone or was reset, or a model that has died: the first of them. */
function lossOf(status: SessionStatus, { components }: Scenario) {
  const { session, fates } = status;
  for (const each of components) {
    const how = howLost(each, status);
    if (how !== undefined) return { component: each.name, how };
  }
  if (session.state !== State.paused || session.reason !== Reason.died) return undefined;
  const culprit = components.find(({ id }) => id === session.culprit);
  const fate = fates.find(({ component }) => component === culprit?.id);
  return { component: culprit?.name ?? "a component", how: fate?.how ?? "it has died" };
}

function howLost({ id, kind }: ScenarioComponent, { components, fates }: SessionStatus) {
  const fate = fates.find(({ component }) => component === id);
  if (fate?.failed) return fate.how;
  if (kind !== "live") return undefined;
  const parting = components.find((each) => each.id === id)?.parting;
  if (parting === Parting.reset) return "its guest was reset";
  if (parting === Parting.ended) return "its VMM has ended";
  if (parting === Parting.asked) return "it was detached";
  return undefined;
}

function isNobodyLeft(status: SessionStatus, { components }: Scenario): boolean {
  return components.every((each) => howLost(each, status) !== undefined);
}

function warningsOf(status: SessionStatus, scenario: Scenario): string[] {
  const lost = scenario.components.flatMap((each) => {
    const how = howLost(each, status);
    return how === undefined ? [] : [`${each.name}: ${how}, while the session went on`];
  });
  const { state, reason } = status.session;
  const isOverrun = state === State.paused && reason === Reason.overshot;
  return isOverrun ? [...lost, `paused: ${overshootText(status, scenario)}`] : lost;
}

function overshootText({ session }: SessionStatus, { components }: Scenario): string {
  const name = components.find(({ id }) => id === session.culprit)?.name ?? "a component";
  return `${name} ran further past the end of a window than the lookahead allows for`;
}

/** What has paused the session, and how to make it go on: nothing else will. */
function pauseText(status: SessionStatus, scenario: Scenario): string {
  const { silent } = status.session;
  if (silent !== undefined)
    return `paused: host ${silent} is not heard of by the others; it goes on by itself when it is`;
  const goOn = `\`livestack resume ${scenario.name}\` goes on`;
  return status.session.reason === Reason.overshot
    ? `paused: ${overshootText(status, scenario)}; ${goOn}, and with ` +
        "session.on_overshoot: count it is counted instead"
    : `paused; ${goOn}`;
}
