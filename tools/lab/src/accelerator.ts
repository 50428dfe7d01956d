// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, tools } from "@livestack/image";
import { offInitramfs } from "./initramfs.js";
import type { Kernel } from "./kernels.js";

export type Accelerator = "kvm" | "tcg";

const PROBE_LIMIT_MS = 10_000;

/**
 * KVM if it can boot a stock kernel, else emulation. The device file proves nothing: a /dev/kvm that
 * cannot run a guest is common where the machine is itself a VM. Asked once a boot of the machine.
 */
export function accelerator(kernel: Kernel): Accelerator {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const memo = join(cacheDir(), "kvm-probe");
  const asked = readMemo(memo);
  if (asked?.bootId === bootId) return asked.works ? "kvm" : "tcg";
  const works = probe(kernel);
  mkdirSync(cacheDir(), { recursive: true });
  writeFileSync(memo, JSON.stringify({ bootId, works }));
  return works ? "kvm" : "tcg";
}

function readMemo(path: string): { bootId: string; works: boolean } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function probe(kernel: Kernel): boolean {
  const { qemu, qemuArgs, env } = tools();
  const result = spawnSync(qemu, [...qemuArgs, ...offMachine(kernel, "kvm")], {
    env: { ...process.env, ...env },
    timeout: PROBE_LIMIT_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return result.status === 0 && result.stdout.includes("lab: user space reached");
}

export function cpuModel(accel: Accelerator): string {
  return accel === "kvm" ? "host" : "max";
}

/** Machine that boots `kernel`, says so on standard output and powers off. */
export function offMachine(kernel: Kernel, accel: Accelerator): string[] {
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-accel", accel === "kvm" ? "kvm" : "tcg,thread=multi"],
    ...["-cpu", cpuModel(accel), "-smp", "2", "-m", "512M", "-serial", "stdio"],
    ...["-kernel", kernel.image, "-initrd", offInitramfs()],
    ...["-append", "console=ttyS0 panic=-1"],
  ];
}
