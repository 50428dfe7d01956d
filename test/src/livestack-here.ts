// SPDX-License-Identifier: Apache-2.0
// `livestack` in this process, inside a lab host: all commands share one way to the real kernel, because
// starting a program, and its helper, is what takes long on an emulated machine.
import { type KernelClient, processContext, runProgram } from "@livestack/controller";
import { NetlinkClient } from "@livestack/netlink-client";

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

let shared: NetlinkClient | undefined;

export async function openShared(): Promise<NetlinkClient> {
  shared ??= await NetlinkClient.open();
  return shared;
}

export async function closeShared(): Promise<void> {
  await shared?.close();
  shared = undefined;
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

export async function livestack(args: readonly string[]): Promise<Outcome> {
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
