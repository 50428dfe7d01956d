// SPDX-License-Identifier: Apache-2.0
// Programs that run on this machine and report KTAP: logic by itself, without a kernel of ours.
import { spawnSync } from "node:child_process";
import { parseKtap } from "@livestack/lab";
import type { Test } from "tap";
import { form } from "./form.js";
import { reportKtap } from "./ktap-to-tap.js";

/** Runs one, in the form that is asked for, and makes its points those of `t`. */
export function runInUserSpace(t: Test, program: string): void {
  const { status, stdout } = spawnSync(program, {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, ...(form === "full" ? { LS_FULL: "1" } : {}) },
  });
  reportKtap(t, parseKtap(stdout));
  t.equal(status, 0, "it ends well");
}
