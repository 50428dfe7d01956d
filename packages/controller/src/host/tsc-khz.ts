// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../code-of.js";

export interface HostTsc {
  /** the CPU says that it neither stops nor changes its speed */
  invariant: boolean;
  /** to be told to guests; absent where they find it out by themselves */
  tellKhz?: number;
}

/**
 * What guests have to know of this machine's time-stamp counter. In an emulated machine their own
 * calibration, against an emulated PIT, comes out wrong, so they are told its frequency: the kernel's
 * own figure, which is "cpu MHz" wherever the CPU has no frequencies to choose from, as emulated ones.
 */
export function hostTsc(root: string): HostTsc {
  const info = textOf(join(root, "proc/cpuinfo"));
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "";
  const flags = field("flags").split(" ");
  const invariant = flags.includes("constant_tsc") && flags.includes("nonstop_tsc");
  const khz = Math.round(Number(field("cpu MHz")) * 1000);
  const isEmulated = /\bTCG\b/.test(field("model name")) || !flags.includes("constant_tsc");
  const isTold = flags.includes("hypervisor") && isEmulated && khz > 0;
  return { invariant, ...(isTold && { tellKhz: khz }) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
}
