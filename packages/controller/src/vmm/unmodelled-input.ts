// SPDX-License-Identifier: Apache-2.0
// What reaches a guest from outside of simulated time: it comes when the host has it, not when a link says.

import { TAP_NAME } from "../agent/cabling.js";

const DEVICES: readonly [RegExp, (found: RegExpExecArray) => string][] = [
  [/^virtserialport\b.*\bname=([^,]+)/, ([, name]) => `virtio port ${name}`],
  [/^virtconsole\b/, () => "virtio console"],
  [/^(isa|pci)-serial\b/, () => "serial console"],
  [/^(vfio-[\w-]+|usb-host|ivshmem-[\w-]+|vhost-[\w-]+)/, ([, type]) => `device ${type}`],
];

/** No back end, or one that nothing can come from. */
const SILENT = /^(none|null|file:)/;

/**
 * Its names, from a QEMU's arguments, in their order, each once.
 * @param args as in /proc/PID/cmdline; of another VMM's none are found
 */
export function unmodelledInput(args: readonly string[]): string[] {
  const found = args.flatMap((arg, index) =>
    named(arg.replace(/^--/, "-"), plain(args[index + 1] ?? "")),
  );
  return [...new Set(found)];
}

/** libvirt says {"driver":"virtserialport","name":"x"} for virtserialport,name=x. */
function plain(value: string): string {
  if (!value.startsWith("{")) return value;
  try {
    const { driver, type = driver, ...rest } = JSON.parse(value) as Record<string, unknown>;
    return [String(type), ...Object.entries(rest).map(([key, each]) => `${key}=${each}`)].join(",");
  } catch {
    // No QEMU takes it, either.
    return value;
  }
}

function named(option: string, value: string): string[] {
  const [type = ""] = value.split(",");
  switch (option) {
    case "-netdev":
    case "-nic":
    case "-net":
      return /^(none|nic|hubport)$/.test(type) || isCable(value) ? [] : [`network (${type})`];
    case "-serial":
      return SILENT.test(value) ? [] : ["serial console"];
    case "-nographic":
      return ["serial console"];
    case "-display":
    case "-vnc":
    case "-spice":
      return type === "none" ? [] : ["display"];
    case "-device":
      return deviceIn(value);
    default:
      return [];
  }
}

/** A tap that a run has joined to the end of a link. */
function isCable(value: string): boolean {
  const tap = /^tap\b.*\bifname=([^,]+)/.exec(value)?.[1];
  return tap !== undefined && TAP_NAME.test(tap);
}

function deviceIn(value: string): string[] {
  for (const [pattern, name] of DEVICES) {
    const found = pattern.exec(value);
    if (found) return [name(found)];
  }
  return [];
}
