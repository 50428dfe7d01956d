// SPDX-License-Identifier: Apache-2.0
// From the end of simulated time to the run's result.
import { State } from "@livestack/netlink-client";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import type { Scenario } from "../scenario/scenario.js";
import { collectFiles } from "./guest-files.js";
import { makeResult } from "./make-result.js";
import { namesOf, type TellPhase } from "./phase.js";
import type { RunResultFile } from "./result-schema.js";
import type { RunCommands } from "./run-commands.js";
import type { RunFolder } from "./run-folder.js";
import { captureWarnings, warningsFrom } from "./warnings.js";
import type { Ending } from "./watch-session.js";

export interface FinishedRun {
  agent: SessionAgent;
  scenario: Scenario;
  folder: RunFolder;
  phase: TellPhase;
  commands: RunCommands;
  startMs: number;
  warnings: string[];
  ending: Ending;
  /** brings into the folder what is elsewhere; absent: nothing is */
  gather?: (folder: RunFolder) => Promise<string[]>;
}

export interface RunOutcome {
  result: RunResultFile;
  folder: RunFolder;
  ending: Ending;
}

export async function finishRun(run: FinishedRun): Promise<RunOutcome> {
  const { agent, scenario, folder, phase, commands, startMs, warnings, ending } = run;
  const live = scenario.components.filter((each) => each.kind === "live");
  await stopTime(agent);
  const wallNs = BigInt(Math.round((performance.now() - startMs) * 1e6));
  // While machines are attached: their counts go with them.
  const statistics = await agent.ask("statistics", {});
  await phase("detach", namesOf(live));
  for (const { id } of live) await agent.ask("detach", { component: id });
  await commands.finish();
  const { fates } = await agent.ask("status", {});
  const left = live.filter(({ id }) => !fates.some(({ component }) => component === id));
  await phase("collect", namesOf(left.filter(({ collect }) => collect.length > 0)));
  const failures: string[] = [];
  for (const guest of left) failures.push(...(await collectFiles(agent, guest, folder)));
  const { captures } = await agent.ask("captures-end", {});
  failures.push(...((await run.gather?.(folder)) ?? []));
  const result = makeResult({
    ...{ scenario, statistics, wallNs },
    commands: commands.results(folder),
    warnings: unique([
      ...warnings,
      ...endingWarnings(ending),
      ...commands.warnings(),
      ...warningsFrom(statistics, scenario),
      ...failures,
      ...captureWarnings(captures, scenario),
    ]),
  });
  folder.writeResult(result);
  return { result, folder, ending };
}

/** No window opens any more; a session without gating cannot pause, and one may have stopped by itself. */
async function stopTime(agent: SessionAgent): Promise<void> {
  const { session } = await agent.ask("status", {});
  if (session.state !== State.running) return;
  try {
    await agent.ask("session-state", { state: State.paused });
  } catch (error) {
    if (!(error instanceof LivestackError)) throw error;
    await agent.ask("session-state", { state: State.stopped });
  }
}

function endingWarnings(ending: Ending): string[] {
  if (ending.why === "lost") return [`${ending.component}: ${ending.how}: the run ended there`];
  if (ending.why === "silent")
    return [`host ${ending.host} was not heard of any more by the others: the run ended there`];
  if (ending.why === "interrupted") return ["it was told to stop before its end"];
  return ending.why === "stopped" ? ["the session was stopped from outside"] : [];
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
