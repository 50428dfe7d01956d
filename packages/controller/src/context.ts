// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type AskModule, askOverNetlink } from "./kernel-module.js";

/** What a command may touch of the world around it; tests hand in their own. */
export interface Context {
  stdout: Pick<Writable, "write">;
  stderr: Pick<Writable, "write">;
  askModule: AskModule;
  /** what stands for "/" wherever a command reads of the system */
  root: string;
  /** the checkout this program runs from */
  checkout: string;
}

export function processContext(): Context {
  const { stdout, stderr } = process;
  const checkout = fileURLToPath(new URL("../../../", import.meta.url));
  return { stdout, stderr, askModule: askOverNetlink, root: "/", checkout };
}
