// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

const POLL_MS = 100;

export function addConsole(program: Command, context: Context): void {
  program
    .command("console <component>")
    .description(
      "a guest's serial console, to the end of the run; a terminal can type, Ctrl-] leaves",
    )
    .option("--session <session>", "name or UUID of the run, if there are several")
    .action(async (name: string, { session }: { session?: string }) => {
      const { findComponent, findRunning } = await import("../run/find-run.js");
      const { RuntimeFolder } = await import("../host/session-state.js");
      const { FileFollower } = await import("../run/follow-file.js");
      const { RunFolder } = await import("../run/run-folder.js");
      const state = findRunning(context, session);
      const { id, kind } = findComponent(state, name);
      if (kind === "model")
        throw new LivestackError("WRONG_STATE", "a model has no console", {
          place: name,
          hint: `\`livestack logs ${name}\` shows what it said`,
        });
      const runtime = new RuntimeFolder(context.root, state.uuid);
      const file = new FileFollower(new RunFolder(state.folder ?? "").consoleLog(name));
      const { openKeyboard } = await import("../run/keyboard.js");
      const signal = context.interrupted();
      // What it writes comes from the file in any case: the socket takes what is typed.
      const keyboard = openKeyboard(runtime.console(id), context);
      try {
        while (!signal.aborted && !keyboard.isLeft && existsSync(runtime.statePath)) {
          for (const piece of file.next()) context.stdout.write(piece);
          await sleep(POLL_MS, undefined, { signal }).catch(() => {});
        }
        for (const piece of file.next()) context.stdout.write(piece);
      } finally {
        keyboard.close();
      }
    });
}
