// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { ImageError } from "@livestack/image";
import { Command, CommanderError } from "commander";
import { ExitStatus, errorCode, FREE_SPACE, LabError, messageOf } from "./errors.js";
import { CannotRunError } from "./exec.js";
import { DEFAULT_KERNEL } from "./kernels.js";
import { down, up } from "./lab.js";
import { printLabs } from "./listing.js";
import { hostFiles } from "./machine.js";
import { labDir } from "./paths.js";
import { findHost } from "./state.js";
import { runHere, shellHere } from "./terminal.js";
import { type TestModuleOptions, testModule } from "./test-module.js";
import { parseMemory, parseRoot } from "./units.js";

const STATUS_HELP = `
Exit status: 0 done; 1 failed; 2 bad input; 3 this machine is not set up (npm run setup);
4 no such lab or host; 5 the name is in use; 255 the host has gone.
exec and shell end with their command's own status, 128 + N if signal N ended it,
127 if there is no such command, 126 if it cannot be run.`;

const number = (text: string) => (/^\d+$/.test(text) ? Number(text) : Number.NaN);

function keyValue(text: string, previous: Record<string, string>): Record<string, string> {
  const [key = "", value] = text.split(/=(.*)/s, 2);
  if (!key || value === undefined)
    throw new LabError(ExitStatus.USAGE, `--env ${text}: not of the form NAME=VALUE`);
  return { ...previous, [key]: value };
}

interface UpFlags {
  name: string;
  hosts: number;
  kernel: string;
  cpus?: number;
  memory: string;
  root: string;
  exact: boolean;
}

async function upCommand(flags: UpFlags): Promise<void> {
  const { name, hosts, kernel, cpus, exact } = flags;
  const state = await up({
    ...{ name, hosts, kernel, exact, ...parseRoot(flags.root) },
    ...(cpus === undefined ? {} : { cpus }),
    memoryBytes: parseMemory(flags.memory),
  });
  printLabs([state]);
  process.stderr.write(`lab: run commands with: npm run -s lab -- exec ${name}1 -- COMMAND...\n`);
}

function logsCommand(host: string): void {
  const found = findHost(host);
  if (!found)
    throw new LabError(ExitStatus.NO_SUCH_LAB, `${host}: no such lab host`, "`lab ls` lists them");
  const dir = labDir(found.lab.spec.name);
  process.stdout.write(readFileSync(hostFiles(dir, found.host.index).console));
}

function program(): Command {
  const lab = new Command("lab")
    .description("Boots throw-away Linux machines that play the bare-metal hosts.")
    .addHelpText("after", STATUS_HELP)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(lab --help lists the commands)");
  lab
    .command("up")
    .description("boot a lab: hosts NAME1 to NAMEn on a network of their own")
    .requiredOption("--name <name>", "the lab's name")
    .option("--hosts <n>", "how many hosts", number, 1)
    .option("--kernel <kernel>", "6.1, 6.12, debug, or the folder of a built tree", DEFAULT_KERNEL)
    .option("--cpus <n>", "CPUs of each host (default: 2, with --exact 1)", number)
    .option("--memory <size>", "memory of each host", "1G")
    .option(
      "--root <root>",
      "host: this machine's root, read-only with a writable layer; debian[:PKG,...]: a Debian with systemd and SSH",
      "host",
    )
    .option(
      "--exact",
      "one CPU, time counted in instructions: the machine's load changes nothing",
      false,
    )
    .action(upCommand);
  lab
    .command("exec")
    .description("run a command in a host; input, output, signals and status are its own")
    .usage("[--env NAME=VALUE]... [--cwd DIR] HOST -- COMMAND...")
    .argument("<host>")
    .argument("<command...>")
    .option("--env <name=value>", "add to the command's environment", keyValue, {})
    .option("--cwd <dir>", "directory to run it in (default: this one with root host, else /root)")
    .passThroughOptions()
    .action(
      async (
        host: string,
        words: string[],
        flags: { env: Record<string, string>; cwd?: string },
      ) => {
        const argv = words[0] === "--" ? words.slice(1) : words;
        if (argv.length === 0)
          throw new LabError(ExitStatus.USAGE, "exec: no command", "lab exec HOST -- COMMAND...");
        process.exitCode = await runHere(host, argv, flags.env, flags.cwd);
      },
    );
  lab
    .command("shell <host>")
    .description("a login shell in a host")
    .action(async (host: string) => {
      process.exitCode = await shellHere(host);
    });
  lab.command("logs <host>").description("a host's console so far").action(logsCommand);
  lab
    .command("ls")
    .description("all labs and their hosts")
    .option("-o, --output <format>", "table or json", "table")
    .action((flags: { output: string }) => printLabs(undefined, flags.output));
  lab
    .command("down <name>")
    .description("end a lab; nothing of it is left")
    .action((name: string) => down(name));
  lab
    .command("test <module>")
    .description("build one module, load it in a host that is kept warm, run its self-tests (KTAP)")
    .option("--kernel <kernel>", "as for up", DEFAULT_KERNEL)
    .option("--filter <text>", "only self-tests whose name contains this", "")
    .option("--exact", "in a host with exact time, for tests that need it", false)
    .option("--gdb", "stop with the module loaded and say how to attach gdb", false)
    .action(async (module: string, flags: TestModuleOptions) => {
      process.exitCode = await testModule(module, flags);
    });
  return lab;
}

function report(error: unknown): number {
  // commander has printed its own errors; --help is no error.
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? ExitStatus.OK : ExitStatus.USAGE;
  process.stderr.write(`lab: ${messageOf(error)}\n`);
  if (error instanceof CannotRunError) return error.shellStatus;
  if (error instanceof LabError) {
    if (error.hint) process.stderr.write(`hint: ${error.hint}\n`);
    return error.status;
  }
  if (error instanceof ImageError) return error.exitStatus;
  if (errorCode(error) === "ENOSPC") process.stderr.write(`hint: ${FREE_SPACE}\n`);
  return ExitStatus.FAILED;
}

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
