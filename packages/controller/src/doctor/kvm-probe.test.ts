// SPDX-License-Identifier: Apache-2.0
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Test, test } from "tap";
import { examine } from "./examine.js";
import { fakeMachine, HEALTHY, writeTree } from "./fake-machines-for-test.js";
import { makeVirtualMachine } from "./kvm-probe.js";

/** A program that stands for QEMU. */
function program(t: Test, script: string): string {
  const path = join(t.testdir(), "qemu");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const ANSWERS = 'echo "{\\"return\\": {\\"enabled\\": true, \\"present\\": true}}"';

test("a QEMU that runs by KVM has made a VM", async (t) => {
  const qemu = program(
    t,
    `echo "$@" > "$(dirname "$0")/seen"; cat >> "$(dirname "$0")/seen" & ${ANSWERS}`,
  );
  t.match(await makeVirtualMachine(qemu), { made: true });
  t.match(readFileSync(join(qemu, "../seen"), "utf8"), /-accel kvm .*-S /);
});

test("a QEMU that gives up is quoted", async (t) => {
  const qemu = program(t, 'echo "Could not access KVM" >&2; echo "failed" >&2; exit 1');
  t.same(await makeVirtualMachine(qemu), { made: false, words: "Could not access KVM; failed" });
});

test("a QEMU that says KVM is off, or dies without a word, has made none", async (t) => {
  const off = ANSWERS.replace("true", "false");
  t.match(await makeVirtualMachine(program(t, off)), { made: false });
  const late = await makeVirtualMachine(program(t, `${ANSWERS}; echo died >&2; exit 1`));
  t.same(late, { made: false, words: "died" });
  const died = await makeVirtualMachine(program(t, "kill -9 $$"));
  t.match(died, { made: false, words: /SIGKILL/ });
});

test("a QEMU that hangs is ended, and nothing is claimed of KVM", async (t) => {
  const began = Date.now();
  const hang = makeVirtualMachine(program(t, "exec sleep 60"), 200);
  await t.rejects(hang, { name: "CannotTell", message: /did not answer within 0\.2 s/ });
  t.ok(Date.now() - began < 30_000, "long before it would have ended");
});

test("--deep without QEMU cannot tell, and without --deep none is looked for", async (t) => {
  const machine = fakeMachine(writeTree(t.testdir(), HEALTHY));
  const find = async (deep: boolean) =>
    (await examine(machine, { deep })).checks.find(({ id }) => id === "kvm.create-vm");
  t.match(await find(true), { outcome: "WARN", fact: /^cannot tell: .*ENOENT/ });
  t.equal(await find(false), undefined);
});
