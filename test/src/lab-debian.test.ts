// SPDX-License-Identifier: Apache-2.0
// A Debian of its own: systemd runs, hosts log in to each other, the kernel's modules are there.
import { exec } from "@livestack/lab";
import t from "tap";
import { count } from "./form.js";
import { withLab } from "./with-lab.js";

const { hosts, spec } = await withLab(t, "debian", { root: "debian", hosts: count(1, 2) });
const host = hosts[0]?.name ?? "";
const peer = hosts.at(-1)?.name ?? "";

t.test("systemd is process 1 and nothing has failed", async (t) => {
  t.equal((await exec(host, ["cat", "/proc/1/comm"])).stdout.toString(), "systemd\n");
  t.equal(
    (await exec(host, ["systemctl", "--failed", "--plain", "--no-legend"])).stdout.toString(),
    "",
  );
});

t.test("root logs in by the lab's key", async (t) => {
  const { status, stdout, stderr } = await exec(host, [
    "ssh",
    "-o",
    "BatchMode=yes",
    peer,
    "hostname",
  ]);
  t.equal(status, 0, stderr.toString());
  t.equal(stdout.toString(), `${peer}\n`);
});

t.test("no password and no other key lets anybody in", async (t) => {
  const ssh = [
    "ssh",
    "-o",
    "BatchMode=yes",
    "-o",
    "IdentityFile=/dev/null",
    "-o",
    "IdentitiesOnly=yes",
  ];
  const { status, stderr } = await exec(host, [...ssh, peer, "true"]);
  t.equal(status, 255);
  t.match(stderr.toString(), /Permission denied/);
});

t.test(
  "modules of the booted kernel load, and the machine's own root is not in sight",
  async (t) => {
    t.equal((await exec(host, ["modprobe", "dummy"])).status, 0);
    t.equal((await exec(host, ["uname", "-r"])).stdout.toString().trim(), spec.kernel.release);
    const mounts = await exec(host, ["findmnt", "-n", "-o", "TARGET", "-t", "virtiofs"]);
    t.same(mounts.stdout.toString().trim().split("\n"), [
      `/usr/lib/modules/${spec.kernel.release}`,
    ]);
  },
);
