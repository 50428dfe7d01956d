// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";

export function addAdopt(program: Command, context: Context): void {
  program
    .command("adopt <run>")
    .description("goes on with a run, by name or UUID, whose livestack was killed")
    .action(async (wanted: string) => {
      const { findOrphan } = await import("../run/find-run.js");
      const { adoptRun } = await import("../run/adopt-run.js");
      const { outcomeError, outcomeText } = await import("../run/outcome.js");
      const outcome = await adoptRun(findOrphan(context, wanted), context);
      context.stdout.write(outcomeText(outcome));
      const error = outcomeError(outcome);
      if (error) throw error;
    });
}
