// SPDX-License-Identifier: Apache-2.0
import type { Context } from "../context.js";
import type { Scenario } from "../scenario/scenario.js";
import { acceleratorOf } from "../vmm/accelerator.js";
import { type BootSource, bootSource } from "../vmm/guest-image.js";
import { findQemu } from "../vmm/qemu-program.js";
import { type KeptRun, keepRun } from "./kept-run.js";
import { startAgent } from "./local-agent.js";
import { modulesFor } from "./modules-for.js";
import type { RunFolder } from "./run-folder.js";
import type { RunPlace, RunSession } from "./run-place.js";

/** This machine alone, with controller and agent in this process. */
export class LocalPlace implements RunPlace {
  readonly #context: Context;
  readonly #uuid: string;

  constructor(uuid: string, context: Context) {
    this.#uuid = uuid;
    this.#context = context;
  }

  async makeReady(scenario: Scenario): Promise<ReadonlyMap<number, BootSource>> {
    const { root, env } = this.#context;
    const live = scenario.components.filter((each) => each.kind === "live");
    if (live.length > 0) {
      acceleratorOf(root, env);
      findQemu(env);
    }
    const sources = new Map<number, BootSource>();
    for (const { id, image } of live) sources.set(id, await bootSource(image));
    await this.#context.loadModules(modulesFor(scenario), this.#context);
    return sources;
  }

  async open({ name }: Scenario): Promise<RunSession> {
    const local = await startAgent(this.#context, { uuid: this.#uuid, name });
    return {
      agent: local.agent,
      filesIn: (folder: RunFolder) => folder,
      keep: (kept: KeptRun) => keepRun(local.host.runtime, kept),
      gather: async () => [],
      close: () => local.close(),
    };
  }
}
