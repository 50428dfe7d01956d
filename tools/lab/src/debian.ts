// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSync } from "@livestack/image";
import { ExitStatus, LabError } from "./errors.js";
import { exec } from "./exec.js";
import type { LabState } from "./state.js";

/**
 * Waits for systemd and lets the lab's hosts log in to each other as root by a key made for this
 * lab alone.
 */
export async function prepareDebian(lab: LabState): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), "livestack-key-"));
  try {
    const key = join(place, "id_ed25519");
    runSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", lab.spec.name, "-f", key]);
    const secret = readFileSync(key);
    const open = readFileSync(`${key}.pub`);
    await Promise.all(lab.hosts.map((host) => prepareHost(host.name, secret, open)));
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

async function prepareHost(host: string, secret: Buffer, open: Buffer): Promise<void> {
  await script(host, "umask 077; mkdir -p ~/.ssh; cat > ~/.ssh/id_ed25519", secret);
  await script(
    host,
    "cat >> ~/.ssh/authorized_keys; cp ~/.ssh/authorized_keys ~/.ssh/id_ed25519.pub",
    open,
  );
  await script(
    host,
    "cat > ~/.ssh/config",
    Buffer.from("Host *\n  StrictHostKeyChecking accept-new\n"),
  );
  // Ends with 1 for "degraded" too: a unit that failed is the user's to look at, not a failed boot.
  const { stdout } = await exec(host, ["systemctl", "is-system-running", "--wait"]);
  const state = stdout.toString().trim();
  if (state !== "running")
    process.stderr.write(`lab: ${host}: systemd says ${state}; see: systemctl --failed\n`);
}

async function script(host: string, text: string, input: Buffer): Promise<void> {
  const result = await exec(host, ["sh", "-ec", text], { input });
  if (result.status !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `host ${host}: ${text}: ${result.stderr.toString().trim()}`,
    );
}
