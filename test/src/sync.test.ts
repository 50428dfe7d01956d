// SPDX-License-Identifier: Apache-2.0
// The agreement of windows between hosts, which is pure logic, compiled for user space: simulated
// networks of up to 64 hosts, every interleaving of 2 and 3, hosts that come and go, forged packets.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseKtap, repoRoot } from "@livestack/lab";
import t from "tap";
import { form } from "./form.js";
import { reportKtap } from "./ktap-to-tap.js";

const make = spawnSync("make", ["-s", "-C", join(repoRoot, "kernel"), "selftests"]);
t.equal(make.status, 0, make.stderr.toString());

for (const name of ["sync_hosts", "sync_explore", "sync_peers", "sync_fuzz"])
  t.test(name, async (t) => {
    const { status, stdout } = spawnSync(join(repoRoot, "kernel/build/selftests", name), {
      encoding: "utf8",
      env: { ...process.env, ...(form === "full" ? { LS_FULL: "1" } : {}) },
    });
    reportKtap(t, parseKtap(stdout));
    t.equal(status, 0, "it ends well");
  });
