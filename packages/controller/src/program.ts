// SPDX-License-Identifier: Apache-2.0
import { Command, CommanderError } from "commander";
import { CommandStatus } from "./command-status.js";
import { commands } from "./commands/index.js";
import type { Context } from "./context.js";
import { ExitStatus } from "./exit-status.js";
import { LivestackError } from "./livestack-error.js";
import { errorText } from "./print-error.js";
import { programVersion } from "./program-version.js";

/** The program with all its commands; commander throws instead of ending the process. */
export function createProgram(context: Context): Command {
  const program = new Command("livestack")
    .description("Simulates whole clusters with the real software in them, on one simulated time.")
    .version(programVersion())
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // The one place that prints errors is runProgram.
      outputError: () => {},
    })
    .enablePositionalOptions()
    .exitOverride();
  for (const add of commands) add(program, context);
  return program;
}

/**
 * Runs the program once and prints its error, if there is one.
 * @param args without the names of interpreter and script
 * @returns the status to exit with
 */
export async function runProgram(args: readonly string[], context: Context): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: "user" });
    return ExitStatus.OK;
  } catch (thrown) {
    // --help and --version end this way too; without a command the help has been printed already.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return ExitStatus.OK;
    if (thrown instanceof CommanderError && thrown.code === "commander.help")
      return ExitStatus.USAGE;
    if (thrown instanceof CommandStatus) return thrown.status;
    const error = LivestackError.from(thrown);
    context.stderr.write(errorText(error));
    return error.exitStatus;
  }
}
