// SPDX-License-Identifier: Apache-2.0
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runForTest } from "../run-for-test.js";
import { certificatesIn } from "./certificates.js";
import { identityIn } from "./identity.js";
import { PkiFolder } from "./pki-folder.js";

const DAY_MS = 86_400_000;

function pkiIn(dir: string) {
  return (...args: string[]) => runForTest(["pki", ...args, "--dir", dir]);
}

t.test(
  "what is issued is signed by the authority, and keys are for their owner only",
  async (t) => {
    const dir = join(t.testdir(), "pki");
    const pki = pkiIn(dir);
    t.match(await pki("init"), { status: 0, stdout: /next: livestack pki issue/ });
    t.match(await pki("issue", "controller", "main", "--address", "127.0.0.1"), { status: 0 });
    t.match(await pki("issue", "agent", "node1"), { status: 0 });
    for (const file of ["ca.key", "controller-main.key", "agent-node1.key"])
      t.equal(statSync(join(dir, file)).mode & 0o777, 0o600, file);
    const [ca] = certificatesIn(readFileSync(join(dir, "ca.crt"), "utf8"));
    const [agent] = certificatesIn(readFileSync(join(dir, "agent-node1.crt"), "utf8"));
    t.ok(ca && agent?.verify(ca.publicKey));
    t.same(identityIn(agent?.subjectAltName), { role: "agent", name: "node1" });
    const [controller] = certificatesIn(readFileSync(join(dir, "controller-main.crt"), "utf8"));
    t.match(controller?.subjectAltName, /IP Address:127\.0\.0\.1/);
  },
);

t.test("nothing that is there is overwritten", async (t) => {
  const dir = join(t.testdir(), "pki");
  const pki = pkiIn(dir);
  await pki("init");
  await pki("issue", "user", "ann");
  const before = ["ca.key", "user-ann.crt"].map((file) => readFileSync(join(dir, file), "utf8"));
  for (const args of [["init"], ["issue", "user", "ann"]])
    t.match(await pki(...args), { status: 1, stderr: /\[FILE_EXISTS\]\nhint: / });
  t.same(
    ["ca.key", "user-ann.crt"].map((file) => readFileSync(join(dir, file), "utf8")),
    before,
  );
});

t.test("ls shows until when each is valid, and what has expired", async (t) => {
  const dir = join(t.testdir(), "pki");
  const folder = new PkiFolder(dir);
  await folder.init({ nowMs: Date.now(), days: 100 });
  await folder.issue({ role: "agent", name: "old" }, [], {
    nowMs: Date.now() - 40 * DAY_MS,
    days: 30,
  });
  const { stdout } = await pkiIn(dir)("ls");
  t.match(stdout, /^authority +\S+ +(100|99) +newest$/m);
  t.match(stdout, /^agent old +\S+ +expired +newest$/m);
  const { certificates } = JSON.parse((await pkiIn(dir)("ls", "-o", "json")).stdout);
  t.match(certificates[1], { role: "agent", name: "old", days_left: -11 });
});

t.test("rotate issues again what ends soon, for the same names, and nothing else", async (t) => {
  const dir = join(t.testdir(), "pki");
  const folder = new PkiFolder(dir);
  const nowMs = Date.now();
  await folder.init({ nowMs, days: 100 });
  const soon = { role: "controller", name: "soon" } as const;
  await folder.issue(soon, ["127.0.0.1", "a.example"], { nowMs, days: 20 });
  await folder.issue({ role: "user", name: "later" }, [], { nowMs, days: 90 });
  const key = readFileSync(folder.keyFile(soon), "utf8");
  const { stdout } = await pkiIn(dir)("rotate", "--within", "30");
  t.equal(stdout, `replaced ${folder.certificateFile(soon)} and its key\n`);
  const [again] = certificatesIn(readFileSync(folder.certificateFile(soon), "utf8"));
  t.match(again?.subjectAltName, /IP Address:127\.0\.0\.1/);
  t.match(again?.subjectAltName, /DNS:a\.example/);
  t.not(readFileSync(folder.keyFile(soon), "utf8"), key, "with a new key");
  t.match(await pkiIn(dir)("rotate", "--within", "30"), { stdout: /^nothing ends within 30/ });
});

t.test("an authority is replaced in steps, each of which leaves all trusted", async (t) => {
  const dir = join(t.testdir(), "pki");
  const pki = pkiIn(dir);
  const trusted = () => {
    const cas = certificatesIn(readFileSync(join(dir, "ca.crt"), "utf8"));
    const [agent] = certificatesIn(readFileSync(join(dir, "agent-a.crt"), "utf8"));
    return cas.map((ca) => agent?.verify(ca.publicKey));
  };
  await pki("init");
  await pki("issue", "agent", "a");
  await pki("rotate", "--ca");
  t.same(trusted(), [false, true], "the old authority is trusted beside the new one");
  t.match(await pki("rotate", "--forget-old"), { status: 1, stderr: /\[WRONG_STATE\]/ });
  await pki("rotate", "--all");
  t.same(trusted(), [true, false]);
  t.match(await pki("rotate", "--forget-old"), { status: 0 });
  t.same(trusted(), [true]);
});

t.test("what makes no sense is refused", async (t) => {
  const pki = pkiIn(join(t.testdir(), "pki"));
  t.match(await pki("issue", "agent", "a"), { status: 1, stderr: /\[NO_CERTIFICATE\]/ });
  t.match(await pki("issue", "controller", "a"), { status: 2, stderr: /--address/ });
  t.match(await pki("issue", "agent", "../a"), { status: 2 });
  t.match(await pki("issue", "king", "a"), { status: 2 });
  t.match(await pki("rotate", "--ca", "--all"), { status: 2 });
  t.match(await pki("init", "--days", "0"), { status: 2 });
});

t.test("an identity is one URI of ours, and nothing that looks like one", async (t) => {
  t.same(identityIn("DNS:x, URI:livestack://user/ann"), { role: "user", name: "ann" });
  for (const other of [
    undefined,
    "DNS:x",
    "URI:livestack://king/ann",
    "URI:livestack://user/",
    "URI:livestack://user/a/b",
    "URI:livestack://user/ann, URI:livestack://agent/b",
    'DNS:"x, URI:livestack://user/ann", URI:livestack://agent/b',
  ])
    t.equal(identityIn(other), undefined, String(other));
});
