// SPDX-License-Identifier: Apache-2.0
// One run of a scenario, phase after phase. Whatever fails, all that was started is ended.
import { randomUUID } from "node:crypto";
import type { SessionAgent } from "../agent/session-agent.js";
import type { ControllerPlace } from "../cluster/controller-place.js";
import type { Context } from "../context.js";
import type { Scenario } from "../scenario/scenario.js";
import { timeText } from "../session/show.js";
import { beginTime } from "./begin-time.js";
import { bootGuests } from "./boot.js";
import { finishRun, type RunOutcome } from "./finish-run.js";
import { allOf, orInterrupted } from "./interrupt.js";
import { LocalPlace } from "./local-place.js";
import { namesOf, phaseTeller } from "./phase.js";
import { Progress } from "./progress.js";
import { RunFolder } from "./run-folder.js";
import { setUpGuest } from "./set-up-guest.js";
import { versionsOf } from "./versions.js";
import { watchSession } from "./watch-session.js";

export interface RunOptions {
  /** run folders are made in this one */
  out: string;
  /** whether disks stay when the run has ended */
  keepDisks: boolean;
  /** whose hosts to run it on; absent: on this machine */
  remote?: ControllerPlace;
}

/** A host or controller that was away for longer is given up, and the run with it. */
const LOST_MS = 300_000;

/** @throws LivestackError what kept it from running to its end; its folder is named on stderr then */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  context: Context,
): Promise<RunOutcome> {
  const progress = new Progress(context);
  const interrupted = context.interrupted();
  const live = scenario.components.filter((each) => each.kind === "live");
  const uuid = randomUUID();
  const place = await placeOf({ uuid, interrupted, progress, options, context });
  const sources = await place.makeReady(scenario);
  const session = await place.open(scenario);
  let folder: RunFolder | undefined;
  try {
    const { agent } = session;
    folder = RunFolder.create(options.out, scenario);
    folder.writeStart(scenario, await versionsOf(context, uuid));
    const there = session.filesIn(folder);
    const disks: string[] = [];
    const phase = phaseTeller(agent, progress);
    const ready = async () => {
      await bootGuests({ agent, scenario, sources, folder: there, uuid, phase, disks });
      await phase("setup", namesOf(live));
      return allSetUp(agent, scenario);
    };
    const warnings = await orInterrupted(ready(), interrupted);
    const began = await orInterrupted(
      beginTime({ agent, scenario, folder: there, uuid, phase }),
      interrupted,
    );
    warnings.push(...began.warnings);
    const { keepDisks } = options;
    const beganMs = Date.now() - (performance.now() - began.startMs);
    session.keep({ scenario, warnings, disks, keepDisks, beganMs });
    await phase("run", modeText(scenario), true);
    const watch = { agent, scenario, progress, interrupted, commands: began.commands };
    const watched = await watchSession({ ...watch, startMs: began.startMs });
    warnings.push(...watched.warnings);
    const run = { ...began, agent, scenario, folder, phase, warnings, ending: watched.ending };
    const outcome = await finishRun({ ...run, gather: (into) => session.gather(into) });
    await session.close();
    if (!keepDisks) folder.removeDisks(disks);
    return outcome;
  } catch (error) {
    progress.clear();
    if (folder) progress.say(`kept: ${folder.shown} (logs; there is no result)`);
    // The first error is the one to tell; these are only of the way out.
    if (folder) await session.gather(folder).catch(() => {});
    await session.close().catch((left) => progress.say(`not all was ended: ${messageOf(left)}`));
    throw error;
  }
}

interface Start {
  uuid: string;
  interrupted: AbortSignal;
  progress: Progress;
  options: RunOptions;
  context: Context;
}

/** gRPC is slow to load, and not needed on one machine. */
async function placeOf({ uuid, interrupted, progress, options, context }: Start) {
  const { remote: controller } = options;
  if (!controller) return new LocalPlace(uuid, context);
  const { RemotePlace } = await import("./remote-place.js");
  const say = (text: string) => progress.say(text);
  return new RemotePlace({ uuid, controller, interrupted, say, lostMs: LOST_MS }, context);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function allSetUp(agent: SessionAgent, scenario: Scenario): Promise<string[]> {
  const warnings: string[] = [];
  const live = scenario.components.filter((each) => each.kind === "live");
  await allOf(
    live.map(async (guest) => warnings.push(...(await setUpGuest(agent, guest, scenario)))),
  );
  return warnings;
}

function modeText({ session }: Scenario): string {
  const { mode, end, durationNs } = session;
  const until =
    durationNs === undefined
      ? ""
      : `${end === "duration" ? "until" : "at most until"} ${timeText(durationNs)}`;
  const named = mode === "strict" ? "" : `mode ${mode}`;
  return [named, until].filter(Boolean).join(", ");
}
