// SPDX-License-Identifier: Apache-2.0
import { NetlinkError } from "@livestack/netlink-client";
import type { Context } from "./context.js";
import { runProgram } from "./program.js";

/** Runs the program inside a test, on a machine without the module unless `world` says otherwise. */
export async function runForTest(
  args: readonly string[],
  world: Partial<Omit<Context, "stdout" | "stderr">> = {},
) {
  const text = { stdout: "", stderr: "" };
  const keep = (name: keyof typeof text) => ({
    write: (piece: string, ...more: unknown[]) => {
      text[name] += piece;
      const taken = more.at(-1);
      if (typeof taken === "function") taken();
      return true;
    },
  });
  const context: Context = {
    stdout: keep("stdout"),
    stderr: keep("stderr"),
    readStdin: async () => Buffer.from(""),
    askModule: noModule,
    openClient: noModule,
    loadModules: noModule,
    runIp: async () => {},
    env: { PATH: process.env.PATH },
    interrupted: () => new AbortController().signal,
    root: "/nonexistent",
    checkout: "/nonexistent",
    ...world,
  };
  return { status: await runProgram(args, context), ...text };
}

async function noModule(): Promise<never> {
  throw new NetlinkError("NOT_LOADED", "the livestack kernel module is not loaded");
}
