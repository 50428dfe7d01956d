// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";

interface Options {
  out: string;
  keepDisks: boolean;
}

export function addRun(program: Command, context: Context): void {
  program
    .command("run <file>")
    .description("runs a scenario on this machine and writes a folder with its result; - is stdin")
    .option("--out <dir>", "where the run's folder is made", "runs")
    .option("--keep-disks", "keep the guests' disks in the run's folder", false)
    .action(async (file: string, options: Options) => {
      // YAML, schemas and all that a run takes are slow to load, and few commands need them.
      const { readScenario } = await import("../scenario/read-scenario.js");
      const { runScenario } = await import("../run/run-scenario.js");
      const { outcomeError, outcomeText } = await import("../run/outcome.js");
      const { nameOrphans } = await import("../run/orphans.js");
      const scenario = await readScenario(file, context);
      nameOrphans(context);
      const outcome = await runScenario(scenario, options, context);
      context.stdout.write(outcomeText(outcome));
      const error = outcomeError(outcome);
      if (error) throw error;
    });
}
