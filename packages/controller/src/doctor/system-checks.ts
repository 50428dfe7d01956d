// SPDX-License-Identifier: Apache-2.0
import { type CheckGroup, type Finding, fail, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";

const TRIED_DEBIAN = "12";
const TRIED_KERNELS = ["6.1", "6.12"];
const OLDEST_KERNEL: Pair = [6, 1];
/** The same as `engines` in the root's package.json; a test compares them. */
export const OLDEST_NODE: Pair = [20, 19];

type Pair = readonly [major: number, minor: number];

export const systemChecks: CheckGroup = {
  name: "system",
  checks: [
    { name: "debian", run: debian },
    { name: "kernel", run: kernel },
    { name: "arch", run: arch },
    { name: "node", run: node },
  ],
};

function debian(machine: Machine): Finding {
  const release = machine.need("etc/os-release");
  const field = (name: string) =>
    new RegExp(`^${name}=["']?(.*?)["']?$`, "m").exec(release)?.[1] ?? "unknown";
  if (field("ID") === "debian" && field("VERSION_ID") === TRIED_DEBIAN)
    return pass(`Debian ${TRIED_DEBIAN}`);
  return warn(
    `${field("PRETTY_NAME")}; LiveStack is tried on Debian ${TRIED_DEBIAN}`,
    "run the tests here before you rely on it: `npm test`.",
  );
}

function kernel(machine: Machine): Finding {
  const release = machine.release();
  const version = firstTwo(release);
  if (!atLeast(version, OLDEST_KERNEL))
    return fail(
      `Linux ${release} is older than ${OLDEST_KERNEL.join(".")}`,
      "install a kernel that is supported and reboot: `apt install linux-image-amd64`.",
    );
  if (TRIED_KERNELS.includes(version.join("."))) return pass(`Linux ${release}`);
  return warn(
    `Linux ${release}; LiveStack is tried on ${TRIED_KERNELS.join(" and ")}`,
    "see that the modules build for it without a warning: `make -C kernel W1`.",
  );
}

function arch(machine: Machine): Finding {
  const name = machine.need("proc/sys/kernel/arch");
  if (name === "x86_64") return pass("x86_64");
  return fail(
    `the processor is ${name}; LiveStack's gate works with the x86-64 TSC`,
    "use an x86-64 machine, one that says x86_64 to `uname -m`.",
  );
}

function node(machine: Machine): Finding {
  const version = machine.parts.node;
  if (atLeast(firstTwo(version), OLDEST_NODE)) return pass(`Node ${version}`);
  return fail(
    `Node ${version} is older than ${OLDEST_NODE.join(".")}`,
    "install Node 20 or newer, and see which one is found: `node --version`.",
  );
}

function firstTwo(version: string): Pair {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return [Number(major), Number(minor)];
}

function atLeast([major, minor]: Pair, [oldMajor, oldMinor]: Pair): boolean {
  return major > oldMajor || (major === oldMajor && minor >= oldMinor);
}
