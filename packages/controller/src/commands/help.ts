// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

/** Commander's own `help` answers an unknown name with the general help, as if nothing was wrong. */
export function addHelp(program: Command, context: Context): void {
  program
    .helpCommand(false)
    .command("help [command]")
    .description("what a command does and takes, or the list of all")
    .action((name: string | undefined) => {
      const about = name === undefined ? program : findCommand(program, name);
      context.stdout.write(about.helpInformation());
    });
}

function findCommand(program: Command, name: string): Command {
  const found = program.commands.find((command) => command.name() === name);
  if (found) return found;
  throw new LivestackError("UNKNOWN_COMMAND", `unknown command '${name}'`, {
    hint: "`livestack help` lists the commands",
  });
}
