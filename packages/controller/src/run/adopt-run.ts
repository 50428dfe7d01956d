// SPDX-License-Identifier: Apache-2.0
// Goes on with a run whose livestack was killed.
import { State } from "@livestack/netlink-client";
import { HostAgent } from "../agent/host-agent.js";
import type { Context } from "../context.js";
import { RuntimeFolder, type SessionState } from "../host/session-state.js";
import type { KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { finishRun, type RunOutcome } from "./finish-run.js";
import { keptRun } from "./kept-run.js";
import { openKernel, serveAgent } from "./local-agent.js";
import { phaseTeller } from "./phase.js";
import { Progress } from "./progress.js";
import { RunCommands } from "./run-commands.js";
import { RunFolder } from "./run-folder.js";
import { watchSession } from "./watch-session.js";

/** @throws LivestackError WRONG_STATE for one that had not begun; then and else nothing is ended */
export async function adoptRun(state: SessionState, context: Context): Promise<RunOutcome> {
  const { name, began, phase: left, uuid, folder: path, led } = state;
  if (led)
    throw new LivestackError("WRONG_STATE", "it is a controller's, whose agent goes on with it", {
      place: name,
      hint: `start \`livestack agent\` again; \`livestack release --end ${name}\` ends it`,
    });
  if (!began || path === undefined || left === "released")
    throw new LivestackError(
      "WRONG_STATE",
      `it was left in phase ${left}, outside of simulated time`,
      {
        place: name,
        hint: `\`livestack release --end ${name}\` ends what is left of it; then run it again`,
      },
    );
  const progress = new Progress(context);
  const interrupted = context.interrupted();
  const { scenario, warnings, disks, keepDisks, beganMs } = keptRun(
    new RuntimeFolder(context.root, uuid),
  );
  const folder = new RunFolder(path);
  const kernel = await openKernel(context);
  await refusePaused(kernel, state).catch(async (error) => {
    await kernel.close();
    throw error;
  });
  const logsOf = (component: string) => ({
    consoleLog: folder.consoleLog(component),
    vmmLog: folder.processLog(component, "live"),
  });
  const host = await HostAgent.adopt(kernel, context, state, logsOf).catch(async (error) => {
    await kernel.close();
    throw error;
  });
  const local = await serveAgent(host);
  try {
    const { agent } = local;
    const phase = phaseTeller(agent, progress);
    const live = scenario.components.filter((each) => each.kind === "live");
    const runs = new Map(state.components.map((each) => [each.id, each.runs]));
    const commands = RunCommands.adopt(agent, live, runs);
    await phase("run", "taken over", true);
    const startMs = performance.now() - (Date.now() - beganMs);
    const watched = await watchSession({
      ...{ agent, scenario, commands, progress, interrupted, startMs },
    });
    const said = [...warnings, "another livestack took over", ...watched.warnings];
    const run = { agent, scenario, folder, phase, commands, startMs, ending: watched.ending };
    const outcome = await finishRun({ ...run, warnings: said });
    if (!keepDisks) folder.removeDisks(disks);
    return outcome;
  } finally {
    await local.close();
  }
}

/** The agents of its guests could not answer, and nobody would know why. */
async function refusePaused(kernel: KernelClient, { uuid, name }: SessionState): Promise<void> {
  const session = (await kernel.sessionDump()).find((each) => each.uuid === uuid);
  if (session?.state !== State.paused) return;
  throw new LivestackError("WRONG_STATE", "it is paused, and its guests stand still", {
    place: name,
    hint: `\`livestack resume ${name}\` first, then adopt it`,
  });
}
