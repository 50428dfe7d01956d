// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { type ModuleVersion, moduleVersion } from "../kernel-module.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import { programVersion } from "../program-version.js";

/** What `-o json` prints. */
interface Versions {
  program: string;
  node: string;
  module: ModuleVersion | null;
}

export function addVersion(program: Command, context: Context): void {
  withOutputFormat(program.command("version"))
    .description("versions of this program, of Node and of the loaded kernel module")
    .action(async ({ output }: { output: OutputFormat }) => {
      const versions: Versions = {
        program: programVersion(),
        node: process.versions.node,
        module: await moduleVersion(context.askModule, join(context.root, "sys")),
      };
      context.stdout.write(output === "json" ? jsonText(versions) : versionText(versions));
    });
}

function versionText({ program, node, module }: Versions): string {
  return `program  ${program}\nnode     ${node}\nmodule   ${moduleText(module)}\n`;
}

function moduleText(module: ModuleVersion | null): string {
  if (!module) return "not loaded";
  if (module.abi !== null) return `${module.version}, netlink ABI ${module.abi}`;
  return `${module.version}, out of reach: it answers in the initial network namespace only`;
}
