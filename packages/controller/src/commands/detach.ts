// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { withKernel } from "../kernel-client.js";
import { findSession, withSession } from "../session/find-session.js";

export function addDetach(program: Command, context: Context): void {
  withSession(program.command("detach"))
    .argument("[component]", "name of one of its VMs; all of them unless said")
    .description("lets VMs of a session run free, their clocks going on from where they are")
    .action((wanted: string, component: string | undefined) =>
      withKernel(context, async (kernel) => {
        const { detachVms } = await import("../run/attach-vm.js");
        const session = await findSession(kernel, wanted);
        const free = await detachVms(kernel, session, component, context);
        const of = `session ${session.id} (${session.name})`;
        context.stdout.write(
          free.length === 0
            ? `${of} had no VM any more, and is gone\n`
            : `${free.join(", ")} of ${of} runs free\n`,
        );
      }),
    );
}
