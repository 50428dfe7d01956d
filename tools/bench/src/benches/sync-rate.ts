// SPDX-License-Identifier: Apache-2.0
// Windows that two hosts agree on, each a kernel of its own: livestack_sync.ko against a gRPC stream.
import { fileURLToPath } from "node:url";
import {
  buildModules,
  DEFAULT_KERNEL,
  exec,
  insertCommand,
  resolveKernel,
  Talker,
} from "@livestack/lab";
import { startBenchLab } from "../bench-lab.js";
import type { PairedBench } from "../pairs.js";
import { type SyncHost, windowsInKernels } from "../sync-windows.js";

const KERNEL_WINDOWS = 2_000;
const GRPC_WINDOWS = 500;
const GRPC_PORT = 7700;
const grpc = fileURLToPath(new URL("../grpc-windows.js", import.meta.url));

let hosts: [SyncHost, SyncHost] | undefined;

function both(): [SyncHost, SyncHost] {
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
  const [first] = await windowsInKernels(both(), KERNEL_WINDOWS);
  return first?.costNs ?? Number.NaN;
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
