// SPDX-License-Identifier: Apache-2.0
// The netlink client against the real module: nothing that happens is missed, and the overrun that
// aborts a process which uses the npm package costs no more than its helper.
import { fileURLToPath } from "node:url";
import { buildModules, exec, moduleFile, resolveKernel } from "@livestack/lab";
import t, { type Test } from "tap";
import { count } from "./form.js";
import { withLab } from "./with-lab.js";

const churn = fileURLToPath(new URL("./netlink-churn.js", import.meta.url));
const objects = count(300, 2000);
const kernel = await resolveKernel("6.12");
await buildModules(kernel);
const { hosts } = await withLab(t, "netlink", { cpus: 2 });
const host = hosts[0]?.name ?? "";

interface Facts {
  made: number;
  sessions: number;
  components: number;
  links: number;
  equal: boolean;
  sameHelper: boolean;
  counts: Record<string, number>;
}

async function churned(t: Test, ...more: string[]): Promise<Facts> {
  const command = [process.execPath, churn, String(objects), ...more];
  const { status, signal, stdout, stderr } = await exec(host, command);
  t.equal(status, 0, stderr.toString());
  t.equal(signal, 0);
  return JSON.parse(stdout.toString()) as Facts;
}

function sameWorld(t: Test, facts: Facts): void {
  t.equal(facts.made, objects);
  t.equal(facts.sessions, 6, "some sessions stay");
  t.equal(facts.components, 20, "some components stay");
  t.equal(facts.links, 15, "some links stay");
  t.ok(facts.equal, "the listener knows what the kernel lists");
}

t.test("the module loads", async (t) => {
  const { status, stderr } = await exec(host, ["insmod", moduleFile(kernel, "core")]);
  t.equal(status, 0, stderr.toString());
});

t.test(`${objects} objects made and deleted beside a listener`, async (t) => {
  const facts = await churned(t);
  sameWorld(t, facts);
  t.ok((facts.counts.componentNtf ?? 0) > 0, "it heard events, not only states");
});

t.test("a receive overrun costs a helper, and a resync makes up for it", async (t) => {
  const facts = await churned(t, "overrun");
  sameWorld(t, facts);
  t.notOk(facts.sameHelper, "the first helper has gone");
  t.ok((facts.counts.resync ?? 0) >= 2, "the state was told again");
});

t.test("no process is left and the module can go", async (t) => {
  const left = await exec(host, ["pgrep", "-f", "livestack-netlink|helper.js"]);
  t.equal(left.status, 1, left.stdout.toString());
  const { status, stderr } = await exec(host, ["rmmod", "livestack"]);
  t.equal(status, 0, stderr.toString());
  const { stdout: log } = await exec(host, ["dmesg", "--level", "emerg,alert,crit,err"]);
  t.notMatch(log.toString(), /Oops|BUG:|WARNING:/);
});
