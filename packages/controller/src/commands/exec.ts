// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import { CommandStatus } from "../command-status.js";
import type { Context } from "../context.js";

export function addExec(program: Command, context: Context): void {
  program
    .command("exec <component> <command...>")
    .description("runs a command in a guest of a run, and ends with its status")
    .option("--session <session>", "name or UUID of the run, if there are several")
    // What follows the component is the guest's, its options too.
    .passThroughOptions()
    .action(async (name: string, words: string[], { session }: { session?: string }) => {
      const { AgentConnection } = await import("../agent/connection.js");
      const { findComponent, findRunning } = await import("../run/find-run.js");
      const { RuntimeFolder } = await import("../host/session-state.js");
      const run = words[0] === "--" ? words.slice(1) : words;
      const state = findRunning(context, session);
      const { id } = findComponent(state, name);
      const { agentSocket } = new RuntimeFolder(context.root, state.uuid);
      const agent = await AgentConnection.open(agentSocket);
      try {
        const end = await agent.ask("guest-exec", { component: id, run });
        context.stdout.write(end.stdout);
        context.stderr.write(end.stderr);
        const lost = end.stdoutLost + end.stderrLost;
        if (lost > 0n) context.stderr.write(`livestack: ${lost} bytes more were not kept\n`);
        const status = end.exit ?? 128 + (end.signal ?? 0);
        if (status !== 0) throw new CommandStatus(status);
      } finally {
        agent.close();
      }
    });
}
