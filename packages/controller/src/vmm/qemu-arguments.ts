// SPDX-License-Identifier: Apache-2.0
// The whole command line of a guest's QEMU; docs/guests.md says why it is what it is.
import { AGENT_PORT } from "../guest/agent-line.js";
import {
  agentPort,
  guestCommandLine,
  guestDisk,
  guestMachine,
  guestModelledDisk,
  guestNetwork,
  guestOverlay,
  guestSharedMemory,
  quoted,
} from "../guest/machine-arguments.js";

/** Of these arguments: what unmodelledInput() finds in them. */
export const UNMODELLED: readonly string[] = ["serial console", `virtio port ${AGENT_PORT}`];

export interface VmmPlan {
  name: string;
  vcpus: number;
  memoryBytes: bigint;
  kernel?: string;
  initrd?: string;
  append?: string;
  /** qcow2 overlay over the image's disk: /dev/vda */
  overlay?: string;
  /** raw images */
  disks: readonly string[];
  /** sockets of the back ends of modelled disks, which are all then */
  diskSockets: readonly string[];
  networks: readonly { tap: string; mac: string }[];
  consoleLog: string;
  sockets: { qmp: string; agent: string; console: string };
  accelerator: "kvm" | "tcg";
  invariantTsc: boolean;
  tscKhz?: number;
}

export function qemuArguments(plan: VmmPlan): string[] {
  const { name, vcpus, memoryBytes, networks, sockets } = plan;
  const { accelerator, invariantTsc } = plan;
  return [
    ...["-name", `guest=${quoted(name)},debug-threads=on`],
    ...guestMachine({ accelerator, invariantTsc }),
    ...["-smp", String(vcpus), "-m", `${memoryBytes >> 20n}M`],
    ...serialConsole(sockets.console, plan.consoleLog),
    ...["-chardev", `socket,id=qmp,path=${quoted(sockets.qmp)},server=on,wait=off`],
    ...["-mon", "chardev=qmp,mode=control"],
    ...agentPort(sockets.agent),
    ...(plan.diskSockets.length > 0 ? modelledDisks(plan) : plainDisks(plan)),
    ...networks.flatMap(({ tap, mac }, index) => guestNetwork(tap, mac, `net${index}`)),
    ...bootArguments(plan),
  ];
}

function plainDisks({ kernel, overlay, disks }: VmmPlan): string[] {
  return [
    ...(overlay === undefined ? [] : guestOverlay(overlay, "root", kernel === undefined)),
    ...disks.flatMap((path, index) => guestDisk(path, `disk${index}`)),
  ];
}

function modelledDisks({ kernel, memoryBytes, diskSockets }: VmmPlan): string[] {
  return [
    ...guestSharedMemory(memoryBytes >> 20n),
    ...diskSockets.flatMap((path, index) =>
      guestModelledDisk(path, `disk${index}`, kernel === undefined && index === 0),
    ),
  ];
}

/** What the guest writes is kept, whether somebody looks at it or not. */
function serialConsole(socket: string, log: string): string[] {
  const chardev = `socket,id=console,path=${quoted(socket)},server=on,wait=off`;
  return [
    ...["-chardev", `${chardev},logfile=${quoted(log)},logappend=on`],
    ...["-serial", "chardev:console"],
  ];
}

/** Without a kernel the firmware boots the first disk. */
function bootArguments({ kernel, initrd, append, tscKhz }: VmmPlan): string[] {
  if (kernel === undefined) return ["-boot", "strict=on"];
  const extra = append?.split(/\s+/).filter(Boolean) ?? [];
  const line = guestCommandLine({ extra, ...(tscKhz !== undefined && { tscKhz }) });
  return [
    ...["-kernel", kernel],
    ...(initrd === undefined ? [] : ["-initrd", initrd]),
    ...["-append", line],
  ];
}
