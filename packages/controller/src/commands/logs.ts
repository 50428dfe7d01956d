// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

const POLL_MS = 200;

interface Options {
  follow: boolean;
  session?: string;
  run?: string;
}

export function addLogs(program: Command, context: Context): void {
  program
    .command("logs [component]")
    .description("what guests' consoles, VMMs and models said, of one component or all")
    .option("-f, --follow", "go on until the run is over, or Ctrl-C", false)
    .option("--session <session>", "name or UUID of the run, if there are several")
    .option("--run <dir>", "folder of a run that is over")
    .action(async (component: string | undefined, options: Options) => {
      const { names, folder, isOver } = await logsOf(component, options, context);
      const { LogPrinter } = await import("../run/log-printer.js");
      const printer = new LogPrinter(folder, names, context);
      printer.print();
      if (!options.follow) return printer.end();
      const signal = context.interrupted();
      while (!signal.aborted && !isOver()) {
        await sleep(POLL_MS, undefined, { signal }).catch(() => {});
        printer.print();
      }
      printer.end();
    });
}

async function logsOf(component: string | undefined, { run, session }: Options, context: Context) {
  const { readdirSync } = await import("node:fs");
  if (run !== undefined) {
    const below = join(run, "components");
    if (!existsSync(below))
      throw new LivestackError("NO_SUCH_FILE", "it is no folder of a run", {
        place: run,
        hint: "say one of those that `livestack run` has named, as in runs/NAME-YYYYMMDD-HHMMSS",
      });
    const names = readdirSync(below);
    return { names: picked(names, component, run), folder: run, isOver: () => true };
  }
  const { findRunning } = await import("../run/find-run.js");
  const { RuntimeFolder } = await import("../host/session-state.js");
  const state = findRunning(context, session);
  const names = picked(
    state.components.map(({ name }) => name),
    component,
    state.name,
  );
  const { statePath } = new RuntimeFolder(context.root, state.uuid);
  return { names, folder: state.folder ?? "", isOver: () => !existsSync(statePath) };
}

function picked(names: readonly string[], wanted: string | undefined, place: string) {
  if (wanted === undefined) return names;
  if (names.includes(wanted)) return [wanted];
  throw new LivestackError("NOT_FOUND", `there is no component '${wanted}'`, {
    place,
    hint: `it has ${names.join(", ")}`,
  });
}
