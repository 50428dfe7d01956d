// SPDX-License-Identifier: Apache-2.0

import { isIP } from "node:net";
import { hostname } from "node:os";
import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../context.js";
import { given } from "../given.js";

const TIMES = { backOff: { firstMs: 1_000, mostMs: 30_000 }, settleMs: 200 };

interface Options {
  controller: string;
  host: string;
  address?: string;
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
    .option(
      "--address <ip>",
      "where other hosts reach this one (default: the address it has towards the controller)",
      addressOf,
    )
    .option("--ca <file>", "whom to trust", "/etc/livestack/ca.crt")
    .option("--certificate <file>", "the agent's", "/etc/livestack/agent.crt")
    .option("--key <file>", "of the certificate", "/etc/livestack/agent.key")
    .action(async ({ controller, host, address, ...files }: Options) => {
      const { AgentDaemon } = await import("../host-daemon/agent-daemon.js");
      const { DaemonLog } = await import("../daemon/daemon-log.js");
      const log = new DaemonLog(context);
      const options = { controller, host, files, ...given({ address }), ...TIMES };
      await new AgentDaemon(context, options, log).run(context.interrupted());
      log.info("agent: was told to stop");
    });
}

function addressOf(text: string): string {
  if (isIP(text) !== 0 && !text.includes("%")) return text;
  throw new InvalidArgumentError("an IPv4 or IPv6 address, without a zone: 192.0.2.1");
}
