// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import type { ProcessIdentity } from "../host/process-identity.js";

function disksText(helpers: readonly ProcessIdentity[]): string {
  return helpers.length === 0 ? "" : `, its disks ${helpers.map(({ pid }) => pid).join(", ")}`;
}

export function addRelease(program: Command, context: Context): void {
  program
    .command("release <run>")
    .description("gives up a run whose livestack was killed: its VMs run free from then on")
    .option("--end", "end its VMs and models, too", false)
    .action(async (wanted: string, { end }: { end: boolean }) => {
      const { findOrphan } = await import("../run/find-run.js");
      const { RuntimeFolder } = await import("../host/session-state.js");
      const { releaseRun } = await import("../run/release-run.js");
      const state = findOrphan(context, wanted);
      const { running, ended } = await releaseRun(state, context, { end });
      const { path } = new RuntimeFolder(context.root, state.uuid);
      const lines = [
        `${state.name} is released`,
        ...ended.map(({ name, process }) => `ended      ${name} (pid ${process?.pid})`),
        ...running.map(
          ({ id, name, process, helpers }) =>
            `runs free  ${name} (pid ${process?.pid}${disksText(helpers)}, QMP ${path}/${id}.qmp); end it by \`livestack release --end ${state.name}\``,
        ),
        ...(state.folder === undefined ? [] : [`kept       ${state.folder}`]),
      ];
      context.stdout.write(lines.map((line) => `${line}\n`).join(""));
    });
}
