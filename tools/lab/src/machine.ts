// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { tools } from "@livestack/image";
import { type Accelerator, cpuModel } from "./accelerator.js";
import { labInitramfs } from "./initramfs.js";
import type { Kernel } from "./kernels.js";

/** One lab as it was asked for; the supervisor gets exactly this. */
export interface LabSpec {
  name: string;
  hosts: number;
  kernel: Kernel;
  cpus: number;
  memoryBytes: number;
  root: "host" | "debian";
  /** disk image when root is "debian" */
  image?: string;
  exact: boolean;
  accelerator: Accelerator;
}

/** Sockets and files of one host, in the lab's folder. */
export function hostFiles(dir: string, index: number) {
  const file = (suffix: string) => join(dir, `${index}.${suffix}`);
  return {
    console: file("console"),
    agent: file("agent"),
    qmp: file("qmp"),
    virtiofs: file("fs"),
    exec: file("exec"),
  };
}

export function switchDir(dir: string): string {
  return join(dir, "switch");
}

export function hostAddress(index: number): string {
  return `10.76.0.${index}`;
}

/** QEMU's program and arguments for host `index` (from 1). */
export function machineCommand(spec: LabSpec, dir: string, index: number): string[] {
  const { qemu, qemuArgs } = tools();
  const files = hostFiles(dir, index);
  const mac = `52:54:00:76:00:${index.toString(16).padStart(2, "0")}`;
  return [
    qemu,
    ...qemuArgs,
    ...["-name", `${spec.name}${index}`, "-nodefaults", "-no-user-config"],
    ...["-display", "none", "-no-reboot", "-machine", "q35,memory-backend=ram"],
    ...acceleration(spec),
    ...["-smp", String(spec.cpus), "-m", `${spec.memoryBytes}b`],
    ...["-object", `memory-backend-memfd,id=ram,size=${spec.memoryBytes},share=on`],
    ...["-kernel", spec.kernel.image, "-initrd", labInitramfs(spec.kernel)],
    ...["-append", commandLine(spec, index)],
    ...["-serial", `file:${files.console}`],
    ...["-qmp", `unix:${files.qmp},server=on,wait=off`],
    ...["-chardev", `socket,id=fs,path=${files.virtiofs}`],
    ...["-device", "vhost-user-fs-pci,chardev=fs,tag=host"],
    ...["-chardev", `socket,id=agent,path=${files.agent},server=on,wait=off`],
    ...[
      "-device",
      "virtio-serial-pci",
      "-device",
      "virtserialport,chardev=agent,name=livestack.lab.agent",
    ],
    ...["-netdev", `vde,id=net,sock=${switchDir(dir)}`],
    ...["-device", `virtio-net-pci,netdev=net,mac=${mac},romfile=`],
    ...(spec.image
      ? ["-drive", `file=${spec.image},format=raw,if=virtio,snapshot=on,cache=unsafe`]
      : []),
  ];
}

/**
 * Exact: time counted in instructions (4 ns each), on one CPU, not waiting for real time when idle;
 * an idle and a loaded machine then agree.
 */
function acceleration(spec: LabSpec): string[] {
  const cpu = ["-cpu", cpuModel(spec.accelerator)];
  if (spec.exact) return ["-accel", "tcg,thread=single", "-icount", "shift=2,sleep=off", ...cpu];
  return ["-accel", spec.accelerator === "kvm" ? "kvm" : "tcg,thread=multi", ...cpu];
}

function commandLine(spec: LabSpec, index: number): string {
  return [
    "console=ttyS0",
    // Its exit is how QEMU tells of a panic; an oops that went on would hide the bug.
    "panic=-1 oops=panic",
    // Emulated time drifts against the emulated PIT, and KVM in the host refuses an unstable TSC.
    "tsc=reliable",
    // On a busy machine too few timer interrupts come in the time in which they are counted at boot.
    "no_timer_check",
    // Addresses in traces and for gdb are those of the symbol table.
    "nokaslr",
    // virtiofsd writes file pages behind the emulator's back, which then runs the translation of the
    // code that was in that page before; clearing a page when it is handed out discards it.
    "init_on_alloc=1",
    // Self-tests ask the whole log whether it is clean.
    "log_buf_len=4M",
    "net.ifnames=0",
    `lab.root=${spec.root} lab.name=${spec.name} lab.index=${index} lab.hosts=${spec.hosts}`,
    `lab.modules=${spec.kernel.modules}`,
    ...spec.kernel.bootArgs,
    ...(spec.root === "debian" ? ["systemd.show_status=0"] : []),
  ].join(" ");
}
