// SPDX-License-Identifier: Apache-2.0
// The main job end to end, on the older kernel; `npm run demo` itself does it on the newer one.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { outcomeOf } from "./lab-command.js";

const demo = fileURLToPath(new URL("./demo.js", import.meta.url));
const place = mkdtempSync(join(tmpdir(), "livestack-demo-"));
t.teardown(() => rmSync(place, { recursive: true }));
const run = (...args: string[]) =>
  outcomeOf(
    spawn(process.execPath, [demo, ...args], { cwd: place, stdio: ["ignore", "pipe", "pipe"] }),
  );

t.test("the demo passes on 6.1", async (t) => {
  const { status, stdout, stderr } = await run("--kernel", "6.1");
  t.comment(stderr);
  t.equal(status, 0, /^demo: .*$/m.exec(stderr)?.[0] ?? "its status");
  t.match(stdout, /kernel 6\.1\./);
  const version = String.raw`\.ko \d+\.\d+\.\d+`;
  const modules = ["livestack", "livestack_vcpu", "livestack_ipc"].map((name) => name + version);
  t.match(stdout, new RegExp(`^modules +${modules.join(", ")}$`, "m"));
  t.match(stdout, /^ +one +sleep 2 +0 +2\.\d{3} s$/m);
  t.match(stdout, /^ +two +sleep 30 +0 +3\d\.\d{3} s$/m);
  t.match(stdout, /^ +ping +1\d\d(\.\d+)? ms from one to two and back; the link has 100 ms$/m);
  t.match(stdout, /^ +TCP +65536 bytes from one to two$/m);
  t.match(stdout, /^ +messages +40 between client and server; 0 late of all$/m);
  t.match(stdout, /^livestack: demo passed\n$/m);
  const [, folder = ""] = /^run folder (.+)$/m.exec(stdout) ?? [];
  const { scenario } = JSON.parse(readFileSync(join(place, folder, "result.json"), "utf8"));
  t.equal(scenario, "demo", "the run folder was copied out of the lab host");
  t.ok(existsSync(join(place, folder, "components/one/console.log")));
});

t.test("bad input is refused", async (t) => {
  const kernel = await run("--kernel", "9.9");
  t.equal(kernel.status, 2);
  t.match(kernel.stderr, /no such kernel/);
  const option = await run("--bogus");
  t.equal(option.status, 2);
  t.match(option.stderr, /usage/);
});
