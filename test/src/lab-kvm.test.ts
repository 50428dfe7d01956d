// SPDX-License-Identifier: Apache-2.0
// KVM inside a lab host: machines come and go beside one that spins, and the host survives it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec, repoRoot } from "@livestack/lab";
import t from "tap";
import { compileGuest } from "./compile-guest.js";
import { count } from "./form.js";
import { withLab } from "./with-lab.js";

const place = mkdtempSync(join(tmpdir(), "livestack-churn-"));
t.teardown(() => rmSync(place, { recursive: true }));
const program = compileGuest(join(repoRoot, "test/guest/kvm_churn.c"), place);
const { hosts } = await withLab(t, "kvm", { cpus: 2 });
const host = hosts[0]?.name ?? "";
const machines = count(100, 2000);

t.test(`${machines} machines made, run and destroyed beside a spinning one`, async (t) => {
  const load = await exec(host, ["sh", "-c", "modprobe kvm_amd || modprobe kvm_intel"]);
  t.equal(load.status, 0, load.stderr.toString());
  const { status, stdout, stderr } = await exec(host, [program, String(machines)]);
  t.equal(status, 0, stderr.toString());
  t.equal(stdout.toString(), `${machines} machines, spinner alive\n`);
  const { stdout: log } = await exec(host, ["dmesg", "--level", "emerg,alert,crit,err"]);
  t.notMatch(log.toString(), /Oops|BUG:|WARNING:|int3/);
});
