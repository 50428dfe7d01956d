// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import { type ControllerPlace, withController } from "../cluster/controller-place.js";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

interface Options extends ControllerPlace {
  out: string;
  keepDisks: boolean;
}

export function addRun(program: Command, context: Context): void {
  withController(program.command("run <file>"))
    .description("runs a scenario and writes a folder with its result; - is stdin")
    .option("--out <dir>", "where the run's folder is made", "runs")
    .option("--keep-disks", "keep the guests' disks in the run's folder", false)
    .action(async (file: string, options: Options) => {
      // YAML, schemas and all that a run takes are slow to load, and few commands need them.
      const { readScenario } = await import("../scenario/read-scenario.js");
      const { runScenario } = await import("../run/run-scenario.js");
      const { outcomeError, outcomeText } = await import("../run/outcome.js");
      const { nameOrphans } = await import("../run/orphans.js");
      const { out, keepDisks, ...place } = options;
      const remote = remoteOf(place, context);
      if (remote && keepDisks)
        throw new LivestackError("USAGE", "disks are on the hosts, and go with the session", {
          hint: "leave out --keep-disks, or --controller",
        });
      const scenario = await readScenario(file, context, remote ? "elsewhere" : "here");
      if (!remote) nameOrphans(context);
      const chosen = { out, keepDisks, ...(remote && { remote }) };
      const outcome = await runScenario(scenario, chosen, context);
      context.stdout.write(outcomeText(outcome));
      const error = outcomeError(outcome);
      if (error) throw error;
    });
}

/** Without a word of a controller a run is on this machine. */
function remoteOf(place: ControllerPlace, { env }: Context): ControllerPlace | undefined {
  const { controller = env.LIVESTACK_CONTROLLER } = place;
  return controller === undefined ? undefined : { ...place, controller };
}
