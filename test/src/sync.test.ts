// SPDX-License-Identifier: Apache-2.0
// The agreement of windows between hosts, which is pure logic, compiled for user space: simulated
// networks of up to 64 hosts, every interleaving of 2 and 3, hosts that come and go, forged packets.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repoRoot } from "@livestack/lab";
import t from "tap";
import { runInUserSpace } from "./user-space.js";

const make = spawnSync("make", ["-s", "-C", join(repoRoot, "kernel"), "selftests"]);
t.equal(make.status, 0, make.stderr.toString());

for (const name of ["agree_hosts", "agree_explore", "agree_peers", "agree_fuzz"])
  t.test(name, async (t) => runInUserSpace(t, join(repoRoot, "kernel/build/selftests", name)));
