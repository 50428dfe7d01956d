// SPDX-License-Identifier: Apache-2.0
// Runs inside a lab host: takes commands as JSON on its command line, runs them one after the other
// and prints what each did. Those of `livestack` run in this process and share one way to the real
// kernel: starting a program, and its helper, is what takes long on an emulated machine.
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { type KernelClient, processContext, runProgram } from "@livestack/controller";
import { Kind, NetlinkClient } from "@livestack/netlink-client";

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

let shared: NetlinkClient | undefined;

async function openShared(): Promise<NetlinkClient> {
  shared ??= await NetlinkClient.open();
  return shared;
}

/** As the commands get it, who close it after use. */
async function openClient(): Promise<KernelClient> {
  const client = await openShared();
  return new Proxy(client, {
    get(target, name) {
      if (name === "close") return async () => {};
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function livestack(args: readonly string[]): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  const keep = (name: keyof typeof text) => ({
    write: (piece: string) => {
      text[name] += piece;
      return true;
    },
  });
  const own = { stdout: keep("stdout"), stderr: keep("stderr"), openClient };
  const context = { ...processContext(), ...own };
  return { status: await runProgram(args, context), ...text };
}

/** Makes a session of two components with a link for each name. */
async function makeSessions(names: readonly string[]): Promise<Outcome> {
  const client = await openShared();
  for (const name of names) {
    const session = await client.sessionNew({ uuid: randomUUID(), name, quantumNs: 1_500_000n });
    for (const [id, part] of ["client", "server"].entries())
      await client.componentNew({ session, id, name: part, kind: Kind.model });
    await client.linkNew({ session, id: 0, a: 0, b: 1, latencyNs: 2_000_000n });
  }
  const ids = (await client.sessionDump()).map(({ id }) => id);
  return { status: 0, stdout: JSON.stringify(ids), stderr: "" };
}

async function run([name = "", ...args]: readonly string[]): Promise<Outcome> {
  if (name === "livestack") return livestack(args);
  if (name === "make-sessions") return makeSessions(args);
  return spawnSync(name, args, { encoding: "utf8" });
}

const outcomes: Outcome[] = [];
for (const command of JSON.parse(process.argv[2] ?? "[]") as string[][])
  outcomes.push(await run(command));
await shared?.close();
process.stdout.write(JSON.stringify(outcomes));
