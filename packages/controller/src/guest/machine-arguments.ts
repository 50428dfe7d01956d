// SPDX-License-Identifier: Apache-2.0
// What every guest needs for its clock to stop and go with the session; docs/guests.md says why.
import { AGENT_PORT } from "./agent-line.js";

export interface GuestKernelOptions {
  /**
   * The host's TSC frequency, given to a guest whose host is itself emulated: there the guest's own
   * calibration, against the PIT, comes out wrong.
   */
  tscKhz?: number;
  /** whatever else, such as "root=/dev/vda1" */
  extra?: readonly string[];
}

/** Kernel command line of a guest that is booted directly. */
export function guestCommandLine({ tscKhz, extra = [] }: GuestKernelOptions = {}): string {
  return [
    "console=ttyS0",
    // Each character on the console is an exit to the VMM, and a boot would write thousands.
    "quiet",
    // The TSC is the one clock the gate stops: take it at once and let no other judge it.
    "clocksource=tsc",
    "tsc=reliable",
    // No PM timer, against which the kernel would refine what it was told: emulated that never ends,
    // and until it has the guest has no high-resolution timers.
    ...(tscKhz === undefined ? [] : [`tsc_early_khz=${tscKhz}`, "pmtmr=0"]),
    // All devices are on bus 0 or behind a bridge; to look for others is 8,000 exits to the VMM.
    "pci=lastbus=0",
    // Its timer would wake every CPU each 4 s, and idle time that is interrupted is not skipped.
    "nowatchdog",
    // At boot it would count the timer's interrupts against a TSC that goes on while a busy host does
    // not run it, and panic; Linux leaves that out itself where it knows the hypervisor.
    "no_timer_check",
    // guestMachine's IOMMU is there for interrupts; with DMA it would only be work.
    "intel_iommu=off",
    // QEMU's exit is how a panic is told.
    "panic=-1",
    ...extra,
  ].join(" ");
}

export interface GuestMachineOptions {
  /** default "kvm"; "tcg" for trying a guest where there is no KVM, ungated */
  accelerator?: "kvm" | "tcg";
  /** the host's CPU has an invariant TSC (nonstop_tsc in /proc/cpuinfo) */
  invariantTsc?: boolean;
}

/** QEMU's machine and CPU for a guest, without devices. */
export function guestMachine(options: GuestMachineOptions = {}): string[] {
  const { accelerator = "kvm", invariantTsc = false } = options;
  const cpu = [
    accelerator === "kvm" ? "host" : "max",
    // No kvmclock, steal time or PTP: they speak of the host's time.
    "kvm=off",
    "x2apic=on",
    // A hypervisor in the guest would keep clocks of its own.
    ...["svm=off", "vmx=off"],
    ...(invariantTsc ? ["migratable=off", "invtsc=on"] : []),
  ];
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-machine", `q35,hpet=off,smm=off${accelerator === "kvm" ? ",kernel-irqchip=split" : ""}`],
    ...["-accel", accelerator === "kvm" ? "kvm" : "tcg,thread=multi"],
    ...["-cpu", cpu.join(",")],
    // Without a hypervisor it knows, Linux uses x2APIC only where interrupts are remapped. Before all
    // other devices, which it serves.
    ...["-device", "intel-iommu,intremap=on,eim=on"],
  ];
}

/** QEMU takes a comma in a value for its end unless it is doubled. */
export function quoted(path: string): string {
  return path.replaceAll(",", ",,");
}

/** The guest agent's port, with its other end at the Unix socket `path`. */
export function agentPort(path: string): string[] {
  return [
    ...["-device", "virtio-serial-pci"],
    ...["-chardev", `socket,id=agent,path=${quoted(path)},server=on,wait=off`],
    ...["-device", `virtserialport,chardev=agent,name=${AGENT_PORT}`],
  ];
}

/**
 * A virtio network device at a tap that is there. Its VMM's main loop moves the frames, as vhost's thread
 * would by the host's time after the guest has stopped; without the firmware's network boot.
 */
export function guestNetwork(tap: string, mac: string, id: string): string[] {
  return [
    ...["-netdev", `tap,id=${id},ifname=${tap},script=no,downscript=no,vhost=off`],
    ...["-device", `virtio-net-pci,netdev=${id},mac=${mac},romfile=`],
  ];
}

/** A raw disk image as virtio disk; threads, because their states tell whether the VMM is at work. */
export function guestDisk(path: string, id: string): string[] {
  const file = `file.driver=file,file.aio=threads,file.filename=${quoted(path)}`;
  return [
    ...["-blockdev", `driver=raw,node-name=${id},${file}`],
    ...["-device", `virtio-blk-pci,drive=${id}`],
  ];
}

/** A modelled disk, whose back end listens at the Unix socket `path`; `boots`: as below. */
export function guestModelledDisk(path: string, id: string, boots: boolean): string[] {
  // One ring: a disk takes its requests one after the other.
  const device = `vhost-user-blk-pci,chardev=${id},num-queues=1`;
  return [
    ...["-chardev", `socket,id=${id},path=${quoted(path)}`],
    ...["-device", `${device}${boots ? ",bootindex=0" : ""}`],
  ];
}

/** RAM that back ends of modelled disks can look into. */
export function guestSharedMemory(megabytes: bigint): string[] {
  return [
    ...["-object", `memory-backend-memfd,id=memory,size=${megabytes}M,share=on`],
    ...["-machine", "memory-backend=memory"],
  ];
}

/** A qcow2 image over another one; `boots`: the firmware boots it. */
export function guestOverlay(path: string, id: string, boots: boolean): string[] {
  const file = `file.driver=file,file.aio=threads,file.filename=${quoted(path)}`;
  return [
    ...["-blockdev", `driver=qcow2,node-name=${id},${file}`],
    ...["-device", `virtio-blk-pci,drive=${id}${boots ? ",bootindex=0" : ""}`],
  ];
}

/**
 * A raw image that others boot from too, such as builtin:debian's, and that is never written: what
 * the guest writes goes into a file of QEMU's own in TMPDIR (else /var/tmp), gone when QEMU ends. The
 * first disk on the command line is /dev/vda.
 */
export function guestSharedDisk(path: string, id: string): string[] {
  const drive = `if=none,id=${id},format=raw,snapshot=on,aio=threads,file=${quoted(path)}`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${id}`];
}
