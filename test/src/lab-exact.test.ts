// SPDX-License-Identifier: Apache-2.0
// --exact counts time in instructions: a busy machine must not change what a host's clock says.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { exec, repoRoot } from "@livestack/lab";
import t from "tap";
import { compileGuest } from "./compile-guest.js";
import { count } from "./form.js";
import { withLab } from "./with-lab.js";

const TOLERANCE = 0.01;

const place = mkdtempSync(join(tmpdir(), "livestack-exact-"));
t.teardown(() => rmSync(place, { recursive: true }));
const program = compileGuest(join(repoRoot, "test/guest/clock_job.c"), place);
const { hosts } = await withLab(t, "exact", { exact: true });
const host = hosts[0]?.name ?? "";

async function jobNs(): Promise<number> {
  const { stdout } = await exec(host, [program]);
  return Number(stdout.toString());
}

function keepBusy(): ChildProcess[] {
  return Array.from({ length: 2 * cpus().length }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore", timeout: 600_000 }),
  );
}

t.test("the same job takes the same time on an idle and on a busy machine", async (t) => {
  await jobNs(); // its pages are read in once
  for (let round = 1; round <= count(2, 10); round++) {
    const idle = await jobNs();
    const load = keepBusy();
    const busy = await jobNs();
    for (const child of load) child.kill("SIGKILL");
    const ratio = busy / idle;
    t.ok(Math.abs(ratio - 1) <= TOLERANCE, `round ${round}: busy/idle is ${ratio.toFixed(4)}`);
  }
});
