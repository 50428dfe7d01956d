// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { test } from "tap";
import { runForTest } from "../run-for-test.js";
import { ONE } from "../scenario/scenario-for-test.js";

const LINKED = `${ONE}  db: {kind: model, command: [db]}
session: {quantum: 1.5ms, duration: 1min}
links: [{endpoints: [web, db], latency: 2ms}]
`;

test("validate says in short what a right file is", async (t) => {
  const file = join(t.testdir({ "one.yaml": LINKED }), "one.yaml");
  const { status, stdout, stderr } = await runForTest(["validate", file]);
  t.equal(status, 0);
  t.equal(stderr, "");
  t.equal(
    stdout,
    `${file} is valid: one
components  1 live (vCPUs: 1, memory: 512MiB), 1 modelled
links       1
mode        strict
quantum     1.5 ms
lookahead   2 ms, of link web-db
ends        at 60 s
`,
  );
});

test("validate reads standard input", async (t) => {
  const readStdin = async () => Buffer.from(ONE);
  const { status, stdout } = await runForTest(["validate", "-"], { readStdin });
  t.equal(status, 0);
  t.match(stdout, /^- is valid: one\n/);
  t.match(stdout, /^quantum +auto, at most 10 ms\nlookahead +without limit\nends +with the last/m);
  const wrong = await runForTest(["validate", "-"], {
    readStdin: async () => Buffer.from("a: 1\n"),
  });
  t.equal(wrong.status, 1);
  t.match(wrong.stderr, /^livestack: <stdin>:1:1: .* \[UNKNOWN_KEY\]$/m);
});

test("validate prints all errors, the number of them last, and ends with 1", async (t) => {
  const file = join(
    t.testdir({ "bad.yaml": `nam: x\n${ONE}session: {mode: strit}\n` }),
    "bad.yaml",
  );
  const { status, stdout, stderr } = await runForTest(["validate", file]);
  t.equal(status, 1);
  t.equal(stdout, "");
  const lines = stderr.split("\n");
  t.equal(
    lines[0],
    `livestack: ${file}:1:1: the scenario: there is no key "nam" here [UNKNOWN_KEY]`,
  );
  t.equal(lines[1], "hint: did you mean name?");
  t.match(lines[2], ":5:17: session.mode:");
  t.equal(lines[4], `livestack: ${file} has 2 errors [INVALID_SCENARIO]`);
});

test("validate -o json is for programs, for right files and for wrong ones", async (t) => {
  const dir = t.testdir({ "one.yaml": LINKED, "bad.yaml": `${ONE}mode: strict\n` });
  const json = async (name: string) => {
    const { status, stdout } = await runForTest(["validate", join(dir, name), "-o", "json"]);
    return { status, ...JSON.parse(stdout) };
  };
  t.match(await json("one.yaml"), {
    status: 0,
    schema: "livestack.validation/1",
    file: join(dir, "one.yaml"),
    valid: true,
    errors: [],
    scenario: {
      name: "one",
      folder: dir,
      session: { quantum_ns: 1_500_000, mode: "strict", lookahead: { ns: 2_000_000 } },
      components: [
        { id: 0, name: "web", disks: [], run: ["sleep 1"] },
        { id: 1, kind: "model" },
      ],
      links: [{ id: 0, name: "web-db", a: 0, b: 1, latency_ns: 2_000_000 }],
    },
  });
  t.same(await json("bad.yaml"), {
    status: 1,
    schema: "livestack.validation/1",
    file: join(dir, "bad.yaml"),
    valid: false,
    errors: [
      {
        code: "UNKNOWN_KEY",
        line: 4,
        column: 1,
        message: 'the scenario: there is no key "mode" here',
        hint: "mode is a key of session",
      },
    ],
  });
});

test("validate of what cannot be read says so", async (t) => {
  const dir = t.testdir({});
  const absent = await runForTest(["validate", join(dir, "nosuch.yaml"), "-o", "json"]);
  t.equal(absent.status, 1);
  t.equal(absent.stdout, "");
  t.match(absent.stderr, /nosuch\.yaml: there is no such file \[NO_SUCH_FILE\]\nhint: /);
  t.match((await runForTest(["validate", dir])).stderr, "EISDIR");
  t.equal((await runForTest(["validate"])).status, 2);
});
