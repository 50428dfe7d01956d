// SPDX-License-Identifier: Apache-2.0
import type { Context } from "./context.js";
import { runProgram } from "./program.js";

/** Runs the program inside a test, on a machine without the module unless `world` says otherwise. */
export async function runForTest(
  args: readonly string[],
  world: Partial<Pick<Context, "askModule" | "root" | "checkout">> = {},
) {
  const text = { stdout: "", stderr: "" };
  const keep = (name: keyof typeof text) => ({
    write: (piece: string) => {
      text[name] += piece;
      return true;
    },
  });
  const context: Context = {
    stdout: keep("stdout"),
    stderr: keep("stderr"),
    askModule: noModule,
    root: "/nonexistent",
    checkout: "/nonexistent",
    ...world,
  };
  return { status: await runProgram(args, context), ...text };
}

async function noModule(): Promise<never> {
  throw Object.assign(new Error("the livestack kernel module is not loaded"), {
    code: "NOT_LOADED",
  });
}
