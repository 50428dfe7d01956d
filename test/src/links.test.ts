// SPDX-License-Identifier: Apache-2.0
// Links between virtual machines in a lab host: real guests, real ping, and
// what is lost, changed and left over. links-times.test.ts looks at how long pings take.
import { tinyGuest } from "@livestack/image";
import t from "tap";
import { form } from "./form.js";
import { LinksHost, timesOf } from "./links-host.js";

if (form === "short") {
  t.pass("guests speak with each other", { skip: "the demo does, in the short form" });
  process.exit(0);
}

const guest = "image: builtin:tiny, memory: 128MiB";
const scenarios = {
  lossy: `
name: lossy
session: {end: commands, on_overshoot: count}
components:
  a: {${guest}, run: ["ping -c 50 -i 0.1 -W 1 b || true", "ping -c 3 -s 1400 -W 1 c || true"]}
  b: {${guest}}
  c: {${guest}}
links:
  - {endpoints: [a, b], latency: 20ms, back: {loss: 50%}, seed: 5}
  - {endpoints: [a, c], latency: 30ms, back: {latency: 25ms, mtu: 1000}}
`,
  changed: `
name: changed
session: {end: commands, on_overshoot: count}
components:
  a: {${guest}, setup: [mkfifo /tmp/go], run: [ping -c 3 b, read -r _ </tmp/go, ping -c 3 b, read -r _ </tmp/go, "! ping -c 2 -W 1 b"]}
  b: {${guest}}
links:
  - {endpoints: [a, b], latency: 20ms}
`,
};

tinyGuest();
const host = await LinksHost.start(t, "links", scenarios);

t.test("what is lost or too long for a link is counted by its reason", async (t) => {
  const outcome = await host.run("lossy");
  t.equal(outcome.status, 0, outcome.stderr);
  const { components, links } = await host.resultOf("lossy");
  const [lossy, short] = links;
  // The guests speak on by themselves: what is on its way when the run ends is gone.
  const { loss, gone } = lossy.dropped_by;
  t.ok(loss > 0 && lossy.dropped === loss + gone, JSON.stringify(lossy));
  t.equal(short.dropped_by.mtu, 3, "answers that are too long");
  const answers = components[0].commands[0].stdout.match(/seq=\d+/g)?.length ?? 0;
  t.ok(answers > 5 && answers < 45, `${answers} answers`);
  await host.forgetRuns();
});

t.test("a link is changed while time goes on, and what a kill leaves is taken away", async (t) => {
  const run = await host.begin("changed");
  const go = () => host.livestack("exec", "a", "sh", "-c", "echo >/tmp/go");
  t.equal((await host.livestack("link", "set", "changed", "a-b", "--latency", "60ms")).status, 0);
  t.match((await host.livestack("link", "ls", "changed")).stdout, /^ *a-b +a +b +up +60 ms /m);
  t.equal((await go()).status, 0);
  const refused = await host.livestack("link", "set", "changed", "a-b", "--latency", "1ms");
  t.equal(refused.status, 1, "shorter than a window");
  await host.sh("sleep 5");
  t.equal((await host.livestack("link", "set", "changed", "a-b", "--down")).status, 0);
  t.equal((await go()).status, 0);
  t.same(await run.command.exit, { status: 0, signal: 0 }, run.said);
  const { components, links } = await host.resultOf("changed");
  const [first, , second] = components[0].commands;
  t.ok(Math.min(...timesOf(first.stdout)) >= 40, first.stdout);
  t.ok(Math.min(...timesOf(second.stdout)) >= 120, second.stdout);
  t.ok(links[0].dropped_by.down > 0, JSON.stringify(links));
  t.equal(await host.left(), "0\n");
});

t.test("what a killed livestack leaves is taken away by release --end", async (t) => {
  const { command } = await host.begin("changed");
  await host.sh("pkill -9 -f 'livestack.js run'");
  await command.exit;
  t.match(await host.left(), /ls\d+x0a\n.*ls\d+x0at/s, "its interfaces go on");
  t.equal((await host.livestack("release", "changed", "--end")).status, 0);
  t.equal(await host.left(), "0\n");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await host.checkKernel(t);
});
