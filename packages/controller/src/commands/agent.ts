// SPDX-License-Identifier: Apache-2.0
import { hostname } from "node:os";
import type { Command } from "commander";
import type { Context } from "../context.js";

const BACK_OFF = { firstMs: 1_000, mostMs: 30_000 };
const SETTLE_MS = 200;

interface Options {
  controller: string;
  host: string;
  ca: string;
  certificate: string;
  key: string;
}

export function addAgent(program: Command, context: Context): void {
  program
    .command("agent")
    .description("the daemon of a host: dials its controller and serves sessions, until a signal")
    .requiredOption("--controller <address>", "HOST:PORT")
    .option("--host <name>", "of this host in the inventory and its certificate", hostname())
    .option("--ca <file>", "whom to trust", "/etc/livestack/ca.crt")
    .option("--certificate <file>", "the agent's", "/etc/livestack/agent.crt")
    .option("--key <file>", "of the certificate", "/etc/livestack/agent.key")
    .action(async ({ controller, host, ...files }: Options) => {
      const { AgentDaemon } = await import("../host-daemon/agent-daemon.js");
      const { DaemonLog } = await import("../daemon/daemon-log.js");
      const log = new DaemonLog(context);
      const options = { controller, host, files, backOff: BACK_OFF, settleMs: SETTLE_MS };
      await new AgentDaemon(context, options, log).run(context.interrupted());
      log.info("agent: was told to stop");
    });
}
