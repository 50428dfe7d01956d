// SPDX-License-Identifier: Apache-2.0
import { CannotTell, type CheckGroup, type Finding, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";

export const memoryChecks: CheckGroup = {
  name: "memory",
  checks: [
    { name: "size", run: size },
    { name: "hugepages", run: hugepages },
    { name: "swap", run: swap },
    { name: "resctrl", run: resctrl },
  ],
};

/** One small guest beside the program itself. */
const LEAST_MIB = 2048;

function size(machine: Machine): Finding {
  const total = Math.floor(memoryField(machine, "MemTotal") / 1024);
  const available = Math.floor(memoryField(machine, "MemAvailable") / 1024);
  const fact = `${available} of ${total} MiB are available`;
  if (available >= LEAST_MIB) return pass(fact);
  return warn(
    `${fact}; less than ${LEAST_MIB} MiB leave room for no more than a small guest`,
    "free some, or use smaller guests: `ps -e -o rss,comm --sort -rss | head`.",
  );
}

function hugepages(machine: Machine): Finding {
  const total = memoryField(machine, "HugePages_Total");
  const free = memoryField(machine, "HugePages_Free");
  const page = memoryField(machine, "Hugepagesize");
  const fact = `${free} of ${total} huge pages of ${page} KiB are free`;
  if (free > 0) return pass(fact);
  return warn(
    `${fact}, so guests cannot have their memory in them`,
    "reserve what the guests need, for example 2 GiB: `sysctl -w vm.nr_hugepages=1024`.",
  );
}

/** Sizes are in KiB, numbers of pages plain. */
function memoryField(machine: Machine, name: string): number {
  const value = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(machine.need("proc/meminfo"))?.[1];
  if (value !== undefined) return Number(value);
  throw new CannotTell(`/proc/meminfo has no ${name}`, "see it: `cat /proc/meminfo`.");
}

function swap(machine: Machine): Finding {
  const [, ...devices] = machine.need("proc/swaps").split("\n");
  if (devices.length === 0) return pass("no swap");
  const names = devices.map((line) => line.split(/\s+/)[0]).join(", ");
  return warn(
    `swap is on (${names}): a guest whose memory is swapped out stands still in host time`,
    "turn it off: `swapoff -a`.",
  );
}

function resctrl(machine: Machine): Finding {
  const flags = machine.cpuFlags();
  const able = ["cat_l3", "mba"].filter((flag) => flags.has(flag));
  if (able.length === 0)
    return warn(
      "the processor can divide neither cache nor memory bandwidth: results carry 'memory interference not controlled'",
      "use one that can where that matters: `grep -o -w -e cat_l3 -e mba /proc/cpuinfo`.",
    );
  if (!/\bresctrl$/m.test(machine.need("proc/filesystems")))
    return warn(
      `the processor has ${able.join(", ")}, but this kernel has no resctrl`,
      "boot Debian's own kernel instead: `apt install linux-image-amd64`.",
    );
  if (!machine.exists("sys/fs/resctrl/schemata"))
    return warn(
      `the processor has ${able.join(", ")}, but resctrl is not mounted`,
      "mount it: `mount -t resctrl resctrl /sys/fs/resctrl`.",
    );
  if (able.length === 2) return pass("resctrl is mounted: cat_l3, mba");
  return warn(
    `resctrl is mounted, but the processor has ${able[0]} only: results say what was not controlled`,
    "see what it can do: `ls /sys/fs/resctrl/info`.",
  );
}
