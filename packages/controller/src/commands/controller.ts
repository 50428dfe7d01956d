// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from "commander";
import { CONTROLLER_PORT, localSocket } from "../cluster/controller-place.js";
import type { Context } from "../context.js";
import type { Address } from "../daemon/controller.js";

const METRICS_PORT = 7601;
const BEAT_MS = 5_000;
const HELLO_MS = 10_000;
const IDLE_MS = 60_000;
const CERTIFICATE_LOOK_MS = 10_000;

interface Options {
  listen: Address;
  ca: string;
  certificate: string;
  key: string;
  state: string;
  socket?: string;
  metrics: Address | false;
  reflection: boolean;
  absent: number;
}

export function addController(program: Command, context: Context): void {
  program
    .command("controller")
    .description("the daemon that agents of hosts and command lines connect to, until a signal")
    .option("--listen <address>", "HOST:PORT", addressOf, {
      host: "0.0.0.0",
      port: CONTROLLER_PORT,
    })
    .option("--ca <file>", "whom to trust", "/etc/livestack/ca.crt")
    .option("--certificate <file>", "the controller's", "/etc/livestack/controller.crt")
    .option("--key <file>", "of the certificate", "/etc/livestack/controller.key")
    .option("--state <dir>", "inventory and sessions", "/var/lib/livestack/controller")
    .option("--socket <file>", "for command lines of this machine", localSocket(context.root))
    .option("--metrics <address>", "HOST:PORT of /metrics, for Prometheus", addressOf, {
      host: "127.0.0.1",
      port: METRICS_PORT,
    })
    .option("--no-metrics", "no /metrics")
    .option("--reflection", "let grpcurl ask what is served", false)
    .option("--absent <seconds>", "end a session without its command line after", secondsOf, 60)
    .action(async (options: Options) => {
      // gRPC and all that a daemon takes are slow to load.
      const { Controller } = await import("../daemon/controller.js");
      const { readCertificates } = await import("../cluster/credentials.js");
      const { DaemonLog } = await import("../daemon/daemon-log.js");
      const { ca, certificate, key, listen, state, socket, metrics, reflection, absent } = options;
      const log = new DaemonLog(context);
      const files = { ca, certificate, key };
      const certificates = readCertificates(files, "controller");
      const signal = context.interrupted();
      const controller = await Controller.start(
        {
          ...{ listen, certificates, folder: state, reflection, absentMs: absent * 1000 },
          ...{ beatMs: BEAT_MS, helloMs: HELLO_MS, idleMs: IDLE_MS },
          ...(socket !== undefined && { socket }),
          ...(metrics && { metrics }),
        },
        log,
      );
      const { renewAs } = await import("../daemon/renew-certificates.js");
      const renewing = renewAs(files, certificates, CERTIFICATE_LOOK_MS, controller, log);
      await aborted(signal);
      clearInterval(renewing);
      log.info("controller: was told to stop");
      await controller.close("the controller was told to stop");
    });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener("abort", () => done(), { once: true });
  });
}

/** "0.0.0.0:7600", "[::1]:7600" */
function addressOf(text: string): Address {
  const [, host = "", port = ""] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535)
    throw new InvalidArgumentError("HOST:PORT, as 0.0.0.0:7600 or [::1]:7600");
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= 1e6) return seconds;
  throw new InvalidArgumentError("a number of seconds");
}
