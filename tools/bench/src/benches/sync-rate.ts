// SPDX-License-Identifier: Apache-2.0
// Windows that two hosts agree on, each a kernel of its own: livestack_sync.ko against a gRPC stream.
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  buildModules,
  DEFAULT_KERNEL,
  exec,
  insertCommand,
  type RemoteCommand,
  repoRoot,
  resolveKernel,
  startCommand,
} from "@livestack/lab";
import { startBenchLab } from "../bench-lab.js";
import type { PairedBench } from "../pairs.js";

const KERNEL_WINDOWS = 2_000;
const GRPC_WINDOWS = 500;
const GRPC_PORT = 7700;
const program = join(repoRoot, "kernel/build/selftests/bench_sync");
const grpc = fileURLToPath(new URL("../grpc-windows.js", import.meta.url));

interface Host {
  name: string;
  address: string;
}

/** A program that is told on its standard input what the other has said. */
class Talker {
  readonly command: RemoteCommand;
  readonly #lines: AsyncIterator<string>;
  #lastWords = "";

  private constructor(command: RemoteCommand) {
    this.command = command;
    this.#lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
    command.stderr.on("data", (piece: Buffer) => {
      this.#lastWords += piece;
    });
    command.exit.catch(() => {});
  }

  static async start(host: string, ...argv: string[]): Promise<Talker> {
    return new Talker(await startCommand(host, { argv }));
  }

  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`bench sync-rate: it has ended: ${this.#lastWords.trim()}`);
    return value;
  }

  async end(): Promise<void> {
    this.command.stdin.end();
    await this.command.exit;
  }
}

let hosts: [Host, Host] | undefined;

function both(): [Host, Host] {
  if (hosts) return hosts;
  throw new Error("bench sync-rate: there is no lab");
}

async function run(host: string, argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await exec(host, argv);
  if (status !== 0) throw new Error(`bench sync-rate: ${host}: ${stderr.toString().trim()}`);
  return stdout.toString();
}

async function prepare(): Promise<() => Promise<void>> {
  const kernel = await resolveKernel(DEFAULT_KERNEL);
  await buildModules(kernel);
  const { lab, end } = await startBenchLab("sync", { kernel: kernel.label, hosts: 2 });
  const [a, b] = lab.hosts;
  if (!a || !b) throw new Error("bench sync-rate: the lab has no two hosts");
  hosts = [a, b];
  try {
    for (const { name } of hosts)
      for (const module of ["core", "sync"]) await run(name, insertCommand(kernel, module));
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** @returns ns that a window costs */
async function inKernels(): Promise<number> {
  const [uuid, key] = [randomUUID(), randomBytes(32).toString("hex")];
  const talkers = await Promise.all(
    both().map(({ name, address }, host) =>
      Talker.start(name, program, "2", String(host), address, String(KERNEL_WINDOWS)),
    ),
  );
  for (const { command } of talkers) command.stdin.write(`${uuid} ${key}\n`);
  const ends = await Promise.all(talkers.map((talker) => talker.line()));
  for (const [host, { command }] of talkers.entries()) {
    const other = 1 - host;
    command.stdin.write(`${both()[other]?.address} ${ends[other]}\n`);
  }
  const costs = await Promise.all(talkers.map((talker) => talker.line()));
  for (const talker of talkers) await talker.end();
  return Number(costs[0]?.split(" ")[0]);
}

/** @returns ns that a window costs */
async function overGrpc(): Promise<number> {
  const [server, client] = both();
  const address = `${server.address}:${GRPC_PORT}`;
  const serving = await Talker.start(server.name, process.execPath, grpc, "serve", address);
  try {
    await serving.line();
    const argv = [process.execPath, grpc, "dial", address, String(GRPC_WINDOWS)];
    return Number(await run(client.name, argv));
  } finally {
    await serving.end();
  }
}

export const syncRate: PairedBench = {
  name: "sync-rate",
  promise:
    "two hosts agree on at least 5 times as many windows a second in the kernel as over a gRPC stream",
  unit: "ns",
  prepare,
  baseline: overGrpc,
  candidate: inKernels,
  pairs: 7,
  tolerance: 0.4,
  claim: { ratioAtMost: 0.2 },
};
