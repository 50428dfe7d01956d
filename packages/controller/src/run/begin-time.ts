// SPDX-License-Identifier: Apache-2.0
// The phase attach: all take their place at simulated time 0, then time begins for all at once.
import { State } from "@livestack/netlink-client";
import type { SessionAgent } from "../agent/session-agent.js";
import type { ModelComponent, Scenario } from "../scenario/scenario.js";
import { timeText } from "../session/show.js";
import { allOf } from "./interrupt.js";
import { namesOf, type TellPhase } from "./phase.js";
import { RunCommands } from "./run-commands.js";
import type { RunFolder } from "./run-folder.js";

const JOIN_LIMIT_MS = 120_000;

interface Beginning {
  agent: SessionAgent;
  scenario: Scenario;
  folder: RunFolder;
  uuid: string;
  phase: TellPhase;
}

export interface Begun {
  commands: RunCommands;
  /** performance.now() at simulated time 0 */
  startMs: number;
  warnings: string[];
}

export async function beginTime(beginning: Beginning): Promise<Begun> {
  const { agent, scenario, phase } = beginning;
  const live = scenario.components.filter((each) => each.kind === "live");
  await phase("attach", namesOf(scenario.components));
  await joinModels(beginning);
  const warnings: string[] = [];
  // One after the other: each guest's wall clock is set right before it stands still, at 0 ns.
  for (const { id, name } of live) {
    const { epochNs, exact } = scenario.session;
    const request = { component: id, epochNs, exact };
    const { clockOffNs, clockRefusal } = await agent.ask("attach", request);
    if (clockRefusal !== undefined)
      warnings.push(`${name}: its clock was not set: ${clockRefusal}`);
    if (clockOffNs !== undefined)
      warnings.push(
        `${name}: its clock is at most ${timeText(clockOffNs)} ahead of session.epoch at 0 ns`,
      );
  }
  const commands = await RunCommands.start(agent, live);
  const startMs = performance.now();
  await agent.ask("session-state", { state: State.running });
  return { commands, startMs, warnings };
}

async function joinModels(beginning: Beginning): Promise<void> {
  const { agent, scenario } = beginning;
  const models = scenario.components.filter((each) => each.kind === "model");
  if (models.length === 0) return;
  await allOf(models.map((model) => startModel(model, beginning)));
  await agent.ask("models-joined", { limitMs: JOIN_LIMIT_MS });
}

async function startModel(model: ModelComponent, beginning: Beginning): Promise<void> {
  const { agent, scenario, folder } = beginning;
  await agent.ask("model-start", {
    component: model.id,
    command: [...model.command],
    directory: scenario.folder,
    env: modelEnvironment(model, scenario),
    log: folder.processLog(model.name, "model"),
  });
}

/** What a model is told, beside LIVESTACK_SESSION, which the agent knows: docs/run.md#models. */
export function modelEnvironment({ id, name }: ModelComponent, scenario: Scenario) {
  const nameOf = (component: number) => scenario.components[component]?.name ?? "";
  const links = scenario.links
    .filter(({ a, b }) => a === id || b === id)
    .map((link) => ({
      id: link.id,
      name: link.name,
      peer: nameOf(link.a === id ? link.b : link.a),
      latency_ns: Number(link.a === id ? link.latencyNs : link.backLatencyNs),
    }));
  return {
    LIVESTACK_COMPONENT: String(id),
    LIVESTACK_COMPONENT_NAME: name,
    LIVESTACK_LINKS: JSON.stringify(links),
  };
}
