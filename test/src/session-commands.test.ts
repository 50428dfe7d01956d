// SPDX-License-Identifier: Apache-2.0
// `livestack ls|status|events|pause|resume|stop` against the real module.
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  buildModules,
  exec,
  moduleFile,
  type RemoteCommand,
  repoRoot,
  resolveKernel,
  startCommand,
} from "@livestack/lab";
import t from "tap";
import { withLab } from "./with-lab.js";

const SIGTERM = 15;
const NO_PRIVILEGE = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", "--"];
const program = [process.execPath, join(repoRoot, "packages/controller/bin/livestack.js")];
const driver = [process.execPath, fileURLToPath(new URL("./livestack-driver.js", import.meta.url))];
const kernel = await resolveKernel("6.12");
await buildModules(kernel);
const { hosts } = await withLab(t, "commands", { cpus: 2 });
const host = hosts[0]?.name ?? "";

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs commands in the host, one after the other. */
async function drive(
  commands: readonly (readonly string[])[],
  prefix: readonly string[] = [],
): Promise<(index: number) => Outcome> {
  const { stdout, stderr } = await exec(host, [...prefix, ...driver, JSON.stringify(commands)]);
  const outcomes = JSON.parse(stdout.toString() || "[]") as Outcome[];
  return (index) => outcomes[index] ?? { status: -1, stdout: "", stderr: stderr.toString() };
}

const livestack = (...args: string[]) => ["livestack", ...args];

/** The command's lines of JSON as they come. */
function objects(command: RemoteCommand): AsyncIterator<Record<string, unknown>> {
  command.stdin.end();
  // Taken at once, not in the generator: readline drops the lines that come before its iterator.
  const lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
  return (async function* () {
    for await (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
  })();
}

async function next(events: AsyncIterator<Record<string, unknown>>, kind: string) {
  for (;;) {
    const { done, value } = await events.next();
    if (done) throw new Error(`the events ended before a ${kind}`);
    if (value.event === kind) return value;
  }
}

t.test("without the module it is said how to load it; with it there is what is made", async (t) => {
  const outcome = await drive([
    livestack("ls"),
    ["insmod", moduleFile(kernel, "core")],
    ["make-sessions", "main", "twin", "twin"],
    livestack("ls"),
    livestack("ls", "-o", "json"),
    livestack("status", "main"),
    livestack("status", "1", "-o", "json"),
  ]);
  t.equal(outcome(0).status, 3);
  t.match(
    outcome(0).stderr,
    /the livestack kernel module is not loaded \[NOT_LOADED\]\nhint: modprobe/,
  );
  t.equal(outcome(2).stdout, "[1,2,3]", outcome(2).stderr);
  t.match(
    outcome(3).stdout,
    /^ID +NAME +STATE .*\n +1 +main +created .* 2 +-\n +2 +twin .*\n +3 +twin/,
  );
  t.match(JSON.parse(outcome(4).stdout).sessions, [
    { id: 1, name: "main", state: "created", quantum_ns: 1_500_000, components: 2 },
    { id: 2 },
    { id: 3 },
  ]);
  t.match(outcome(5).stdout, /^session +1 main\n/);
  t.match(outcome(5).stdout, /^quantum +1\.5 ms$/m);
  t.match(outcome(5).stdout, /^ *1 +server +model +absent/m);
  t.match(outcome(5).stdout, /^ *0 +server +client +2 ms +0 +0 +0/m);
  const { session, components, links } = JSON.parse(outcome(6).stdout);
  t.equal(session.id, 1);
  t.match(components, [{ name: "client", place: "absent" }, { name: "server" }]);
  t.match(links, [{ id: 0, a: 0, b: 1, latency_ns: 2_000_000, back_latency_ns: 2_000_000 }]);
});

t.test("pause, resume and stop, seen by events", async (t) => {
  const [command, piped] = await Promise.all([
    startCommand(host, { argv: [...program, "events", "-o", "json", "--session", "main"] }),
    // `head` goes after the first line, so the next one finds nobody to read it.
    startCommand(host, {
      argv: ["bash", "-c", '"$@" | head -1; exit $PIPESTATUS', "bash", ...program, "events"],
    }),
  ]);
  const events = objects(command);
  piped.stdin.end();
  const [line] = await once(piped.stdout, "data");
  t.match(String(line), /resync: 3 sessions, 6 components/);
  t.match(await next(events, "resync"), { sessions: [{ id: 1, state: "created" }] });
  const steps = [
    ["resume", "running"],
    ["pause", "paused"],
    ["stop", "stopped"],
  ] as const;
  const outcome = await drive(steps.map(([verb]) => livestack(verb, "main")));
  for (const [index, [verb, state]] of steps.entries()) {
    t.equal(outcome(index).status, 0, outcome(index).stderr);
    t.match(outcome(index).stdout, new RegExp(`^session 1 \\(main\\) is ${state}`), verb);
    t.match(await next(events, "session"), { id: 1, state, reason: "asked" });
  }
  command.kill(SIGTERM);
  t.same(await command.exit, { status: 0, signal: 0 }, "events ends well when told to");
  t.same(await piped.exit, { status: 0, signal: 0 }, "and when its reader has gone");
});

t.test("bad input is refused with code and hint", async (t) => {
  const cases: [string[], number, RegExp][] = [
    [["status", "nosuch"], 1, /\[NO_SUCH_SESSION\]\nhint: `livestack ls`/],
    [["pause", "twin"], 2, /2 sessions are named 'twin' \[AMBIGUOUS_SESSION\]\nhint: .*2, 3/],
    [["pause", "2"], 1, /session 2 \(twin\): .*state.* \[WRONG_STATE\]\nhint: it was created/],
    [["resume", "main"], 1, /\[WRONG_STATE\]\nhint: it was stopped/],
  ];
  const outcome = await drive(cases.map(([args]) => livestack(...args)));
  const denied = await drive([livestack("ls"), livestack("events")], NO_PRIVILEGE);
  const outside = await drive([livestack("ls")], ["unshare", "--net"]);
  const wanted: [Outcome, number, RegExp][] = [
    ...cases.map(([, status, sentence], index): [Outcome, number, RegExp] => [
      outcome(index),
      status,
      sentence,
    ]),
    [denied(0), 1, /CAP_NET_ADMIN .*\[NO_PRIVILEGE\]\nhint: .*root/],
    [denied(1), 1, /\[NO_PRIVILEGE\]/],
    [outside(0), 3, /initial network namespace only \[NOT_LOADED\]/],
  ];
  for (const [{ status, stdout, stderr }, code, sentence] of wanted) {
    t.match(stderr, sentence);
    t.equal(status, code);
    t.equal(stdout, "");
  }
});

t.test("events says so when the module goes, and nothing is left", async (t) => {
  const command = await startCommand(host, { argv: [...program, "events", "-o", "json"] });
  let words = "";
  command.stderr.on("data", (piece) => {
    words += piece;
  });
  await next(objects(command), "resync");
  const { status, stderr } = await exec(host, ["rmmod", "livestack"]);
  t.equal(status, 0, stderr.toString());
  t.same(await command.exit, { status: 3, signal: 0 });
  t.match(words, /\[NOT_LOADED\]/);
  const left = await exec(host, ["pgrep", "-f", "livestack-netlink|helper.js"]);
  t.equal(left.status, 1, left.stdout.toString());
});
