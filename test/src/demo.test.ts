// SPDX-License-Identifier: Apache-2.0
// The main job end to end, on the older kernel; `npm run demo` itself does it on the newer one.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { outcomeOf } from "./lab-command.js";

const demo = fileURLToPath(new URL("./demo.js", import.meta.url));
const run = (...args: string[]) =>
  outcomeOf(spawn(process.execPath, [demo, ...args], { stdio: ["ignore", "pipe", "pipe"] }));

t.test("the demo passes on 6.1", async (t) => {
  const { status, stdout, stderr } = await run("--kernel", "6.1");
  t.equal(status, 0, stderr);
  t.match(stdout, /kernel 6\.1\./);
  t.match(stdout, /^modules +livestack\.ko \S+, livestack_vcpu\.ko \S+$/m);
  t.match(stdout, /^ +two +sleep 30 +0 +3\d\.\d{3} s$/m);
  t.match(stdout, /^ +messages +40 between client and server, 0 late$/m);
  t.match(stdout, /^livestack: demo passed\n$/m);
});

t.test("bad input is refused", async (t) => {
  const kernel = await run("--kernel", "9.9");
  t.equal(kernel.status, 2);
  t.match(kernel.stderr, /no such kernel/);
  const option = await run("--bogus");
  t.equal(option.status, 2);
  t.match(option.stderr, /usage/);
});
