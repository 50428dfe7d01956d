// SPDX-License-Identifier: Apache-2.0
// Network interfaces of this machine that join a guest's to the end of a link: QEMU's tap and the link's
// device, on a bridge that has nothing else. All are named after session and link, so that who comes later
// knows whose they are.
import { execFile } from "node:child_process";
import { codeOf } from "../code-of.js";
import { LivestackError } from "../livestack-error.js";

/** Of one end of a link. */
export interface Cable {
  /** the link's network device, made with its port and gone with it */
  device: string;
  tap: string;
  bridge: string;
  mtu: number;
}

/** Runs ip(8) on lines of its commands; tests hand in their own. @returns nothing, or rejects */
export type RunIp = (lines: readonly string[], force?: boolean) => Promise<void>;

/** IFNAMSIZ is 16 with the NUL: six digits of session, four of link. */
export function cableOf(session: number, link: number, end: "a" | "b", mtu: number): Cable {
  const device = `ls${session}x${link}${end}`;
  return { device, tap: `${device}t`, bridge: `${device}b`, mtu };
}

export const TAP_NAME = /^ls\d+x\d+[ab]t$/;

/** Locally administered; of the same interface of the same component the same in each run. */
export function macOf(component: number, port: number): string {
  const bytes = [0x02, 0x4c, 0x53, component >> 8, component & 0xff, port];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/**
 * Before the guest's VMM, which opens the tap, and after the link's port. Nothing of this machine speaks
 * on it: no addresses, no spanning tree, no snooping, which would each send frames of their own.
 */
export async function layCables(cables: readonly Cable[], ip: RunIp): Promise<void> {
  const lines = cables.flatMap(({ device, tap, bridge, mtu }) => [
    `link add name ${bridge} type bridge stp_state 0 mcast_snooping 0 group_fwd_mask 65528`,
    `tuntap add dev ${tap} mode tap`,
    ...[bridge, tap, device].map((name) => `link set dev ${name} addrgenmode none`),
    ...[tap, device].map((name) => `link set dev ${name} mtu ${mtu} master ${bridge} up`),
    `link set dev ${bridge} up`,
  ]);
  if (lines.length > 0) await ip(lines);
}

/** Some may be gone already. @param names as interfacesOf() has them */
export async function removeInterfaces(names: readonly string[], ip: RunIp): Promise<void> {
  if (names.length === 0) return;
  await ip(
    names.map((name) => `link del dev ${name}`),
    true,
  );
}

/** Those that stay when the session is deleted. */
export function interfacesOf(cables: readonly Cable[]): string[] {
  return cables.flatMap(({ tap, bridge }) => [tap, bridge]);
}

/** @throws LivestackError SYSTEM */
export const runIp: RunIp = async (lines, force = false) => {
  // Opening /dev/net/tun would load it, where there is that file before. Built in, it is no module.
  if (!force)
    await new Promise<void>((done) => execFile("modprobe", ["-qa", "tun", "bridge"], () => done()));
  await new Promise<void>((done, failed) => {
    const args = [...(force ? ["-force"] : []), "-batch", "-"];
    const child = execFile("ip", args, (error, _, stderr) => {
      if (error === null || (force && codeOf(error) !== "ENOENT")) return done();
      failed(cannotLay(error, stderr));
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(lines.map((line) => `${line}\n`).join(""));
  });
};

function cannotLay(error: Error, stderr: string): LivestackError {
  const missing = codeOf(error) === "ENOENT";
  const why = stderr.trim().split("\n")[0] || error.message;
  return new LivestackError(
    "SYSTEM",
    missing ? "there is no program ip" : `its network interfaces cannot be made: ${why}`,
    {
      place: "ip",
      cause: error,
      hint: missing
        ? "install the package iproute2"
        : "links of virtual machines need the kernel's drivers tun and bridge, and root",
    },
  );
}
