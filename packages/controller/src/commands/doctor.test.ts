// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { BROKEN, HEALTHY, LAB_HOST, loaded, writeTree } from "../doctor/fake-machines-for-test.js";
import { ExitStatus } from "../exit-status.js";
import { runForTest } from "../run-for-test.js";

test("doctor ends with 0 on a healthy machine and on one that is only warned about", async (t) => {
  for (const tree of [HEALTHY, LAB_HOST]) {
    const root = writeTree(t.testdir(), tree);
    const { status, stdout, stderr } = await runForTest(["doctor"], { root, askModule: loaded });
    t.equal(status, ExitStatus.OK);
    t.equal(stderr, "");
    t.match(stdout, /^PASS {2}system\.debian +Debian 12$/m);
    t.match(stdout, /\n\n\d+ passed, \d+ warnings, 0 failed\n$/);
  }
});

test("doctor ends with 4 after a FAIL and names what failed on standard error", async (t) => {
  const root = writeTree(t.testdir(), BROKEN);
  const { status, stdout, stderr } = await runForTest(["doctor"], { root });
  t.equal(status, 4);
  t.match(stdout, /^FAIL {2}tsc\.clocksource .*\n +-> find the reason/m);
  t.match(stderr, /^livestack: this machine does not pass .*tsc\.clocksource.* \[UNFIT\]\nhint: /);
});

test("doctor -o json prints the report, also after a FAIL", async (t) => {
  const root = writeTree(t.testdir(), BROKEN);
  const { status, stdout } = await runForTest(["doctor", "-o", "json"], { root });
  t.equal(status, 4);
  const { schema, checks, summary } = JSON.parse(stdout);
  t.equal(schema, "livestack.doctor/1");
  t.equal(summary.pass + summary.warn + summary.fail, checks.length);
  for (const check of checks)
    t.same(Object.keys(check), ["id", "group", "outcome", "fact", "remedy"], check.id);
});

test("doctor does not pass control characters of a file on to the terminal", async (t) => {
  const tree = { ...HEALTHY, "etc/os-release": "ID=x\nPRETTY_NAME=\u001b[2J\u0007bad\n" };
  const root = writeTree(t.testdir(), tree);
  const { stdout } = await runForTest(["doctor"], { root, askModule: loaded });
  t.match(stdout, "?[2J?bad");
  t.notMatch(stdout, "\u001b");
});
