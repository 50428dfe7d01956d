// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { askOverNetlink, moduleVersion } from "../kernel-module.js";
import { programVersion } from "../program-version.js";
import { runForTest } from "../run-for-test.js";

const loaded = { askModule: async () => ({ version: "1.2.3", abi: 7 }) };

test("version -o json has the versions of program, Node and module", async (t) => {
  const { status, stdout, stderr } = await runForTest(["version", "-o", "json"], loaded);
  t.equal(status, 0);
  t.equal(stderr, "");
  t.same(JSON.parse(stdout), {
    program: programVersion(),
    node: process.versions.node,
    module: { version: "1.2.3", abi: 7 },
  });
  const text = (await runForTest(["version"], loaded)).stdout;
  t.match(text, /^module +1\.2\.3, netlink ABI 7$/m);
});

test("version says when no module is loaded", async (t) => {
  const root = t.testdir({ sys: { module: {} } });
  t.match((await runForTest(["version"], { root })).stdout, /^module +not loaded$/m);
  const { stdout } = await runForTest(["version", "-o", "json"], { root });
  t.equal(JSON.parse(stdout).module, null);
});

test("version tells a module out of reach from one that is not loaded", async (t) => {
  const root = t.testdir({ sys: { module: { livestack: { version: "1.2.3\n" } } } });
  t.match((await runForTest(["version"], { root })).stdout, /^module +1\.2\.3, out of reach/m);
  const { stdout } = await runForTest(["version", "-o", "json"], { root });
  t.same(JSON.parse(stdout).module, { version: "1.2.3", abi: null });
});

test("version does not take a module it cannot look at for one that is not loaded", async (t) => {
  const root = t.testdir({ sys: { module: { livestack: { version: {} } } } });
  const { status, stdout, stderr } = await runForTest(["version"], { root });
  t.equal(status, 1);
  t.equal(stdout, "");
  t.match(stderr, /^livestack: EISDIR.*\[SYSTEM\]/);
});

test("a module that refuses this program is reported in its own words", async (t) => {
  const askModule = async () => {
    throw Object.assign(new Error("abi 9 is too new for this module, which speaks 7"), {
      name: "NetlinkError",
      code: "EPROTONOSUPPORT",
    });
  };
  const { status, stdout, stderr } = await runForTest(["version"], { askModule });
  t.equal(status, 1);
  t.equal(stdout, "");
  t.match(stderr, /^livestack: livestack\.ko: abi 9 is too new.* \[MODULE_REFUSED\]\nhint: load /);
});

test("the kernel of this machine can be asked", async (t) => {
  const found = await moduleVersion(askOverNetlink, "/sys");
  t.ok(found === null || /^\d+\.\d+\.\d+/.test(found.version), "none, or one with a version");
});

test("a failure before the module is asked is not blamed on it", async (t) => {
  const askModule = async () => {
    throw new Error("the addon does not load");
  };
  const { status, stderr } = await runForTest(["version"], { askModule });
  t.equal(status, 1);
  t.match(stderr, /^livestack: Error: the addon does not load\n(?:.*\n)*.*\[INTERNAL\]/);
});
