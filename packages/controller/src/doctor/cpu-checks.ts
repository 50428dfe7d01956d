// SPDX-License-Identifier: Apache-2.0
import { CannotTell, type CheckGroup, type Finding, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";

export const cpuChecks: CheckGroup = {
  name: "cpu",
  checks: [
    { name: "count", run: count },
    { name: "governor", run: governor },
    { name: "smt", run: smt },
    { name: "pmu", run: pmu },
    { name: "perf", run: perf },
  ],
};

const FOLDER = "sys/devices/system/cpu";
/** Where a processor has cores of two kinds there is one unit for each. */
const UNITS = ["cpu", "cpu_core", "cpu_atom"];

function count(machine: Machine): Finding {
  const online = machine.need(`${FOLDER}/online`);
  const number = countOf(online);
  if (number >= 2) return pass(`${number} CPUs online (${online})`);
  return warn(
    "one CPU is online: guests and LiveStack itself take turns on it",
    "bring the others online, or give the VM more: `echo 1 | tee /sys/devices/system/cpu/cpu*/online`.",
  );
}

/** Of a list as the kernel writes them: "0-3,8". */
function countOf(list: string): number {
  let number = 0;
  for (const range of list.split(",")) {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (first === undefined)
      throw new CannotTell(`"${list}" is no list of CPUs`, `see it: \`cat /${FOLDER}/online\`.`);
    number += Number(last ?? first) - Number(first) + 1;
  }
  return number;
}

function governor(machine: Machine): Finding {
  const governors = machine
    .list(FOLDER)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => machine.read(`${FOLDER}/${name}/cpufreq/scaling_governor`))
    .filter((name) => name !== undefined);
  if (governors.length === 0) return pass("this kernel does not scale the CPUs' frequency");
  const others = new Set(governors.filter((name) => name !== "performance"));
  if (others.size === 0) return pass(`governor performance on ${governors.length} CPUs`);
  return warn(
    `the CPU frequency governor is ${[...others].join(", ")}: speed follows the load`,
    `fix it: \`echo performance | tee /${FOLDER}/cpu*/cpufreq/scaling_governor\`.`,
  );
}

function smt(machine: Machine): Finding {
  if (machine.need(`${FOLDER}/smt/active`) === "0") return pass("one thread per core");
  return warn(
    "SMT is on: guests on two threads of one core slow each other down",
    `turn it off, or pin one virtual CPU per core: \`echo off > /${FOLDER}/smt/control\`.`,
  );
}

function pmu(machine: Machine): Finding {
  const units = UNITS.filter((name) => machine.exists(`sys/bus/event_source/devices/${name}`));
  if (units.length > 0) return pass(`hardware counters: ${units.join(", ")}`);
  return warn(
    "no hardware counters: memory budgets count task-clock, the VMM's time included",
    "in a VM have them passed in (libvirt: <pmu state='on'/>), and look again: `ls /sys/bus/event_source/devices`.",
  );
}

function perf(machine: Machine): Finding {
  const level = Number(machine.need("proc/sys/kernel/perf_event_paranoid"));
  if (level <= 2) return pass(`perf_event_paranoid is ${level}`);
  return warn(
    `perf_event_paranoid is ${level}: only root may count events`,
    "let users count their own: `sysctl -w kernel.perf_event_paranoid=2`.",
  );
}
