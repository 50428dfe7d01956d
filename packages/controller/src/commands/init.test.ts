// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { runForTest } from "../run-for-test.js";

test("init writes an example that validates", async (t) => {
  const file = join(t.testdir({}), "new.yaml");
  const { status, stdout } = await runForTest(["init", file]);
  t.equal(status, 0);
  t.equal(stdout, `wrote ${file}; next: livestack validate ${file}\n`);
  const valid = await runForTest(["validate", file]);
  t.equal(valid.status, 0, valid.stderr);
});

test("what the example has in comments validates too, once the marks are taken off", async (t) => {
  const file = join(t.testdir({}), "new.yaml");
  await runForTest(["init", file]);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(/^#(?= {2}|links:)/gm, ""));
  const { status, stdout, stderr } = await runForTest(["validate", file]);
  t.equal(status, 0, stderr);
  t.match(stdout, /^components +2 live .*, 1 modelled$/m);
  t.match(stdout, /^quantum +auto, at most 5 ms$/m, "as the comment says");
});

test("init never overwrites", async (t) => {
  const dir = t.testdir({
    "old.yaml": "mine\n",
    folder: {},
    link: t.fixture("symlink", "nowhere"),
  });
  for (const name of ["old.yaml", "folder", "link"]) {
    const { status, stdout, stderr } = await runForTest(["init", join(dir, name)]);
    t.equal(status, 1, name);
    t.equal(stdout, "");
    t.match(stderr, /\[FILE_EXISTS\]\nhint: /);
  }
  t.equal(readFileSync(join(dir, "old.yaml"), "utf8"), "mine\n");
});
