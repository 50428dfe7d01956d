// SPDX-License-Identifier: Apache-2.0
// One run of a scenario, phase after phase. Whatever fails, all that was started is ended.
import { randomUUID } from "node:crypto";
import type { SessionAgent } from "../agent/session-agent.js";
import type { Context } from "../context.js";
import type { ModuleName } from "../host/load-modules.js";
import type { Scenario } from "../scenario/scenario.js";
import { timeText } from "../session/show.js";
import { acceleratorOf } from "../vmm/accelerator.js";
import { findQemu } from "../vmm/qemu-program.js";
import { beginTime } from "./begin-time.js";
import { bootGuests, guestSources } from "./boot.js";
import { finishRun, type RunOutcome } from "./finish-run.js";
import { allOf, orInterrupted } from "./interrupt.js";
import { keepRun } from "./kept-run.js";
import { startAgent } from "./local-agent.js";
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
}

/** @throws LivestackError what kept it from running to its end; its folder is named on stderr then */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
  context: Context,
): Promise<RunOutcome> {
  const progress = new Progress(context);
  const interrupted = context.interrupted();
  const live = scenario.components.filter((each) => each.kind === "live");
  // Before anything is made: what is missing for it.
  if (live.length > 0) {
    acceleratorOf(context.root, context.env);
    findQemu(context.env);
  }
  const sources = await guestSources(live);
  await context.loadModules(modulesFor(scenario), context);
  const uuid = randomUUID();
  const local = await startAgent(context, { uuid, name: scenario.name });
  let folder: RunFolder | undefined;
  try {
    const { agent } = local;
    folder = RunFolder.create(options.out, scenario);
    folder.writeStart(scenario, await versionsOf(context, uuid));
    const disks: string[] = [];
    const phase = phaseTeller(agent, progress);
    const ready = async (made: RunFolder) => {
      await bootGuests({ agent, scenario, sources, folder: made, uuid, phase, disks });
      await phase("setup", namesOf(live));
      return allSetUp(agent, scenario);
    };
    const warnings = await orInterrupted(ready(folder), interrupted);
    const began = await orInterrupted(
      beginTime({ agent, scenario, folder, uuid, phase }),
      interrupted,
    );
    warnings.push(...began.warnings);
    const { keepDisks } = options;
    const beganMs = Date.now() - (performance.now() - began.startMs);
    keepRun(local.host.runtime, { scenario, warnings, disks, keepDisks, beganMs });
    await phase("run", modeText(scenario), true);
    const watch = { agent, scenario, progress, interrupted, commands: began.commands };
    const watched = await watchSession({ ...watch, startMs: began.startMs });
    warnings.push(...watched.warnings);
    const run = { ...began, agent, scenario, folder, phase, warnings, ending: watched.ending };
    const outcome = await finishRun(run);
    await local.close();
    if (!keepDisks) folder.removeDisks(disks);
    return outcome;
  } catch (error) {
    progress.clear();
    if (folder) progress.say(`kept: ${folder.shown} (logs; there is no result)`);
    // The first error is the one to tell; this one is only of the way out.
    await local.close().catch((left) => progress.say(`not all was ended: ${messageOf(left)}`));
    throw error;
  }
}

function modulesFor({ components, links }: Scenario): ModuleName[] {
  const isLive = components.some(({ kind }) => kind === "live");
  const isWired =
    links.some(({ ends }) => ends.some(({ network }) => network)) ||
    components.some((each) => each.kind === "live" && each.disk !== undefined);
  return [
    "livestack",
    ...(isLive ? (["livestack_vcpu"] as const) : []),
    ...(isWired ? (["livestack_ipc"] as const) : []),
  ];
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
