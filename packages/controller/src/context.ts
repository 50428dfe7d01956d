// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import { type AskModule, askOverNetlink } from "./kernel-module.js";

/** What a command may touch of the world around it; tests hand in their own. */
export interface Context {
  stdout: Pick<Writable, "write">;
  stderr: Pick<Writable, "write">;
  askModule: AskModule;
  /** where sysfs is mounted */
  sysfs: string;
}

export function processContext(): Context {
  const { stdout, stderr } = process;
  return { stdout, stderr, askModule: askOverNetlink, sysfs: "/sys" };
}
