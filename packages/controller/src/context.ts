// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type RunIp, runIp } from "./agent/cabling.js";
import { type LoadModules, loadModules } from "./host/load-modules.js";
import { type OpenClient, openOverNetlink } from "./kernel-client.js";
import { type AskModule, askOverNetlink } from "./kernel-module.js";

/** What a command may touch of the world around it; tests hand in their own. */
export interface Context {
  stdout: Pick<Writable, "write">;
  stderr: Pick<Writable, "write"> & { readonly isTTY?: boolean };
  /** all there is to read on standard input */
  readStdin: () => Promise<Buffer>;
  askModule: AskModule;
  openClient: OpenClient;
  loadModules: LoadModules;
  runIp: RunIp;
  env: Readonly<NodeJS.ProcessEnv>;
  /** aborts when the user has had enough of a command that goes on by itself; asked once */
  interrupted: () => AbortSignal;
  /** what stands for "/" wherever a command reads of the system */
  root: string;
  /** the checkout this program runs from */
  checkout: string;
}

export function processContext(): Context {
  const { stdout, stderr } = process;
  const checkout = fileURLToPath(new URL("../../../", import.meta.url));
  return {
    stdout,
    stderr,
    readStdin: () => buffer(process.stdin),
    askModule: askOverNetlink,
    openClient: openOverNetlink,
    loadModules,
    runIp,
    env: process.env,
    interrupted,
    root: "/",
    checkout,
  };
}

/** Ctrl-C, a signal to end, or a reader of our output that has gone away. */
function interrupted(): AbortSignal {
  const control = new AbortController();
  const end = () => control.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  process.stdout.once("error", end);
  return control.signal;
}
