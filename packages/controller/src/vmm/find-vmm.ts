// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { LivestackError } from "../livestack-error.js";
import { unmodelledInput } from "./unmodelled-input.js";

/** A VM as its QEMU names it; libvirt names its domains so, too. */
export interface RunningVmm {
  pid: number;
  name: string;
}

/** What of its VMM reaches the guest at the host's time; see unmodelledInput(). */
export function unmodelledOf(pid: number): string[] {
  return unmodelledInput(argumentsOf(`/proc/${pid}/cmdline`));
}

/** What `-name` says: "web", "guest=web", "guest=web,debug-threads=on". */
export function vmNameIn(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === "-name" || arg === "--name");
  const value = at < 0 ? undefined : args[at + 1];
  // A comma in a name is doubled.
  const first = value?.split(/(?<!,),(?!,)/)[0];
  return first?.replace(/^guest=/, "").replaceAll(",,", ",");
}

function runningVmms(): RunningVmm[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const name = vmNameIn(argumentsOf(`/proc/${entry}/cmdline`));
      return name === undefined ? [] : [{ pid: Number(entry), name }];
    });
}

/** By its pid; one without a name is called after that. */
export function vmmOf(pid: number): RunningVmm {
  const name = vmNameIn(argumentsOf(`/proc/${pid}/cmdline`));
  return { pid, name: name && /^[!-~]{1,63}$/.test(name) ? name : `vm-${pid}` };
}

/** @throws LivestackError NOT_FOUND, AMBIGUOUS_NAME */
export function findVmm(wanted: string): RunningVmm {
  const running = runningVmms();
  const found = running.filter(({ name }) => name === wanted);
  const [first] = found;
  if (!first)
    throw new LivestackError("NOT_FOUND", `no VM named '${wanted}' runs here`, {
      hint:
        running.length === 0
          ? "QEMU's -name says how a VM is called; say --pid of its VMM instead"
          : `there is ${running.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ")}`,
    });
  if (found.length === 1) return first;
  throw new LivestackError("AMBIGUOUS_NAME", `${found.length} VMs are named '${wanted}'`, {
    hint: `say which by --pid: ${found.map(({ pid }) => pid).join(", ")}`,
  });
}

function argumentsOf(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\0");
  } catch {
    // It ended meanwhile.
    return [];
  }
}
