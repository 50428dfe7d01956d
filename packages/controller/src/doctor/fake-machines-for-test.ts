// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { programVersion } from "../program-version.js";
import { Machine, type MachineParts } from "./machine.js";

/** Files below "/", null for one that is absent. A value "-> PATH" is a symbolic link. */
export type Tree = Record<string, string | null>;

const SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
const CLOCK = "sys/devices/system/clocksource/clocksource0";
const CPU = "sys/devices/system/cpu";
export const RELEASE = "6.12.117+deb12-amd64";
export const VERSION = programVersion();

/** What the linker leaves of a module that matters to doctor. */
export function moduleFile(version = VERSION, release = RELEASE, end = ""): string {
  const info = [
    "license=GPL v2",
    "srcversion=5A1B",
    `version=${version}`,
    `vermagic=${release} SMP mod_unload`,
  ];
  return `\u007fELF\0\0${info.join("\0")}\0\0text${end}`;
}

/** Bare metal as an operator should hand it over: the module is loaded, nothing to complain of. */
export const HEALTHY: Tree = {
  "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
  "proc/sys/kernel/osrelease": `${RELEASE}\n`,
  "proc/sys/kernel/arch": "x86_64\n",
  "proc/sys/kernel/modules_disabled": "0\n",
  "proc/sys/kernel/perf_event_paranoid": "2\n",
  "proc/modules": "livestack 65536 0 - Live 0x0000000000000000 (OE)\n",
  "proc/cmdline": "root=/dev/sda1 ro quiet\n",
  "proc/cpuinfo":
    "vendor_id\t: GenuineIntel\nflags\t\t: fpu tsc constant_tsc nonstop_tsc vmx cat_l3 mba\n",
  "proc/meminfo":
    "MemTotal: 65536000 kB\nMemAvailable: 60000000 kB\nHugePages_Total: 1024\n" +
    "HugePages_Free: 512\nHugepagesize: 2048 kB\n",
  "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n",
  "proc/filesystems": "nodev\tsysfs\nnodev\tresctrl\n",
  [`lib/modules/${RELEASE}/build/Makefile`]: "include\n",
  [`lib/modules/${RELEASE}/modules.dep`]: "kernel/a.ko:\nupdates/dkms/livestack.ko:\n",
  [`lib/modules/${RELEASE}/updates/dkms/livestack.ko`]: moduleFile(),
  "sys/module/livestack/version": `${VERSION}\n`,
  "sys/module/module/parameters/sig_enforce": "N\n",
  "sys/module/kvm/parameters/halt_poll_ns": "0\n",
  "sys/module/kvm_intel/parameters/ept": "Y\n",
  "sys/module/kvm_intel/parameters/nested": "N\n",
  "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
  [SECURE_BOOT]: "\u0006\0\0\0\0",
  "dev/kvm": "-> /dev/null",
  [`${CLOCK}/current_clocksource`]: "tsc\n",
  [`${CLOCK}/available_clocksource`]: "tsc hpet acpi_pm \n",
  [`${CPU}/online`]: "0-3\n",
  [`${CPU}/cpu0/cpufreq/scaling_governor`]: "performance\n",
  [`${CPU}/cpu1/cpufreq/scaling_governor`]: "performance\n",
  [`${CPU}/smt/active`]: "0\n",
  "sys/bus/event_source/devices/cpu/type": "4\n",
  "sys/fs/resctrl/schemata": "L3:0=ff\n",
};

/** An emulated host of the lab, as one showed itself, with KVM's module and the checkout's livestack. */
export const LAB_HOST: Tree = {
  ...HEALTHY,
  "proc/sys/kernel/perf_event_paranoid": "3\n",
  "proc/cmdline": "console=ttyS0 panic=-1 oops=panic tsc=reliable nokaslr\n",
  "proc/cpuinfo": "vendor_id\t: AuthenticAMD\nflags\t\t: fpu tsc rdtscp cpuid hypervisor svm npt\n",
  "proc/meminfo":
    "MemTotal: 980432 kB\nMemAvailable: 800000 kB\nHugePages_Total: 0\n" +
    "HugePages_Free: 0\nHugepagesize: 2048 kB\n",
  [`lib/modules/${RELEASE}/build/Makefile`]: null,
  [`lib/modules/${RELEASE}/modules.dep`]: "kernel/a.ko:\n",
  "sys/module/kvm/parameters/halt_poll_ns": "200000\n",
  "sys/module/kvm_intel": null,
  "sys/module/kvm_amd/parameters/npt": "Y\n",
  "sys/module/kvm_amd/parameters/nested": "1\n",
  "sys/firmware/efi": null,
  "sys/kernel/security/lockdown": null,
  [`${CLOCK}/available_clocksource`]: "tsc acpi_pm \n",
  [`${CPU}/online`]: "0-1\n",
  [`${CPU}/cpu0/cpufreq`]: null,
  [`${CPU}/cpu1/cpufreq`]: null,
  "sys/bus/event_source/devices/cpu": null,
  "sys/fs/resctrl": null,
};

/** Everything that a machine can lack. */
export const BROKEN: Tree = {
  ...HEALTHY,
  "etc/os-release": 'PRETTY_NAME="Other Linux 9"\nVERSION_ID="9"\nID=other\n',
  "proc/sys/kernel/osrelease": "5.10.0-30-amd64\n",
  "proc/sys/kernel/arch": "aarch64\n",
  "proc/sys/kernel/modules_disabled": "1\n",
  "proc/sys/kernel/perf_event_paranoid": "3\n",
  "proc/cpuinfo": "flags\t\t: fpu tsc\n",
  "proc/meminfo":
    "MemTotal: 980432 kB\nMemAvailable: 800000 kB\nHugePages_Total: 8\n" +
    "HugePages_Free: 0\nHugepagesize: 2048 kB\n",
  "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2\tpartition\t1\t0\t-2\n",
  [`lib/modules/${RELEASE}`]: null,
  "sys/module/livestack": null,
  "sys/module/module/parameters/sig_enforce": "Y\n",
  "sys/module/kvm": null,
  "sys/module/kvm_intel": null,
  "sys/kernel/security/lockdown": "none [integrity] confidentiality\n",
  [SECURE_BOOT]: "\u0006\0\0\0\u0001",
  "dev/kvm": null,
  [`${CLOCK}/current_clocksource`]: "hpet\n",
  [`${CLOCK}/available_clocksource`]: "hpet acpi_pm \n",
  [`${CPU}/online`]: "0\n",
  [`${CPU}/cpu1/cpufreq/scaling_governor`]: "powersave\n",
  [`${CPU}/smt/active`]: "1\n",
  "sys/bus/event_source/devices/cpu": null,
  "sys/fs/resctrl": null,
};

/** Writes the tree below `dir`; a null takes away what is there. */
export function writeTree(dir: string, tree: Tree): string {
  for (const [name, content] of Object.entries(tree)) {
    const path = join(dir, name);
    rmSync(path, { recursive: true, force: true });
    if (content === null) continue;
    mkdirSync(dirname(path), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), path);
    else writeFileSync(path, content, "latin1");
  }
  return dir;
}

export const loaded = async () => ({ version: VERSION, abi: 1 });

export async function notLoaded(): Promise<never> {
  throw Object.assign(new Error("not loaded"), { code: "NOT_LOADED" });
}

export function fakeMachine(root: string, parts: Partial<MachineParts> = {}): Machine {
  const checkout = join(root, "checkout");
  return new Machine({
    root,
    checkout,
    askModule: loaded,
    node: "20.19.0",
    qemu: "/nonexistent/qemu",
    ...parts,
  });
}
