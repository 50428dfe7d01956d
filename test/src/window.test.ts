// SPDX-License-Identifier: Apache-2.0
// The window engine, which is pure logic, compiled for user space: every interleaving of three
// components, and random schedules of up to 64.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { repoRoot } from "@livestack/lab";
import t from "tap";
import { runInUserSpace } from "./user-space.js";

const make = spawnSync("make", ["-s", "-C", join(repoRoot, "kernel"), "selftests"]);
t.equal(make.status, 0, make.stderr.toString());

for (const name of ["window_explore", "window_random"])
  t.test(name, async (t) => runInUserSpace(t, join(repoRoot, "kernel/build/selftests", name)));
