// SPDX-License-Identifier: Apache-2.0
import { NetlinkError, State } from "@livestack/netlink-client";
import { test } from "tap";
import { ExitStatus } from "../exit-status.js";
import { runForTest } from "../run-for-test.js";
import { ALL, DEAD, fakeKernel, PAIR, TWIN } from "./fake-kernel-for-test.js";

const EMPTY = { sessions: [], components: [], links: [] };

test("ls shows each session, its state and whom it waits for", async (t) => {
  const { openClient, closed } = fakeKernel(ALL);
  const { status, stdout, stderr } = await runForTest(["ls"], { openClient });
  t.equal(status, ExitStatus.OK, stderr);
  const [head, pair, dead] = stdout.split("\n");
  t.match(head, /^ID +NAME +STATE +MODE +SIMULATED +WINDOWS +COMPONENTS +WAITS FOR$/);
  t.match(pair, /^ 3 +pair +running +strict +11\.5 ms +12 +2 +server$/);
  t.match(dead, /^ 4 +3 +paused \(lone died\) +strict .* -$/);
  t.equal(closed.times, 1, "the way to the kernel is closed");
  const none = await runForTest(["ls"], fakeKernel(EMPTY));
  t.match(none.stdout, /^ID +NAME.*\n$/, "no session is no error");
});

test("ls -o json is for programs", async (t) => {
  const { stdout } = await runForTest(["ls", "-o", "json"], fakeKernel(ALL));
  const { schema, sessions } = JSON.parse(stdout);
  t.equal(schema, "livestack.sessions/1");
  t.equal(sessions.length, 3);
  t.match(sessions[0], { id: 3, state: "running", clock_ns: 11_500_000, end_ns: 60_000_000_000 });
});

test("status shows components, links and how late things were", async (t) => {
  for (const name of ["3", "pair", PAIR.uuid, PAIR.uuid.toUpperCase()]) {
    const { status, stdout, stderr } = await runForTest(["status", name], fakeKernel(ALL));
    t.equal(status, 0, stderr);
    t.match(stdout, /^session +3 pair$/m, name);
  }
  const { stdout } = await runForTest(["status", "pair"], fakeKernel(ALL));
  t.match(stdout, /^simulated +11\.5 ms, of it 2 ms skipped$/m);
  t.match(stdout, /^waits for +server$/m);
  t.match(stdout, /^ *1 +server +model +running +12 ms .* 77 +1152921504606846976 +5 +1 +4$/m);
  t.match(stdout, /^ *9 +client +server +1 ms +8 +7 +1 .* 4$/m);
  t.match(stdout, /^ *9 +server +client +2\.5 ms +-/m);
  t.match(stdout, /^late to server +4 +3 ns +15 ns +15 ns$/m);
  t.match(stdout, /^overshoot of server +3 +1\.023 us +1\.023 us +1\.023 us$/m);
  t.match(stdout, /^late on link 9 to server +4 +1 ns +1 ns +1 ns$/m);
  t.notMatch(stdout, "lone", "nothing of another session");
  const bare = await runForTest(["status", "4"], fakeKernel({ ...EMPTY, sessions: [DEAD] }));
  t.match(bare.stdout, /no components\n\nno links\n\nnothing late, no overshoot\n$/);
});

test("status -o json has all of it", async (t) => {
  const { stdout } = await runForTest(["status", "3", "-o", "json"], fakeKernel(ALL));
  const { schema, session, components, links } = JSON.parse(stdout);
  t.equal(schema, "livestack.status/1");
  t.equal(session.waits_for, 1);
  t.match(components[1], { kind: "model", place: "running", late_ns: { count: 4, max: 15 } });
  t.match(links, [{ latency_ns: 1_000_000, to_b: { sent: 8, late_ns: { count: 4 } } }]);
});

test("pause, resume and stop set the state and say how it is then", async (t) => {
  for (const [name, state] of [
    ["pause", State.paused],
    ["resume", State.running],
    ["stop", State.stopped],
  ] as const) {
    const { openClient, set } = fakeKernel(ALL);
    const { status, stdout, stderr } = await runForTest([name, "pair"], { openClient });
    t.equal(status, 0, stderr);
    t.same(set, [{ id: 3, state }]);
    t.match(stdout, /^session 3 \(pair\) is \w+ at 11\.5 ms of simulated time\n$/);
  }
});

test("a session that is not there, or is not one, is refused", async (t) => {
  const same = { ...ALL, sessions: [DEAD, TWIN] };
  for (const command of ["status", "pause", "resume", "stop"]) {
    const none = await runForTest([command, "nosuch"], fakeKernel(ALL));
    t.equal(none.status, ExitStatus.FAILED);
    t.match(none.stderr, /'nosuch' \[NO_SUCH_SESSION\]\nhint: `livestack ls`/);
    const many = await runForTest([command, "3"], fakeKernel(same));
    t.equal(many.status, ExitStatus.USAGE);
    t.match(many.stderr, /2 sessions are named '3' \[AMBIGUOUS_SESSION\]\nhint: .*: 4, 5\n/);
    const missing = await runForTest([command], fakeKernel(ALL));
    t.equal(missing.status, ExitStatus.USAGE);
  }
});

test("the wrong state is refused with the kernel's sentence", async (t) => {
  const refuse = new NetlinkError("EINVAL", "the session cannot go there from its state", {
    attribute: "state",
  });
  const { status, stderr } = await runForTest(["resume", "pair"], fakeKernel(ALL, { refuse }));
  t.equal(status, 1);
  t.match(stderr, /^livestack: session 3 \(pair\): the session cannot go there .*\[WRONG_STATE\]/);
  t.match(stderr, /^hint: it was running/m);
});

test("what keeps us from the kernel has its own code each", async (t) => {
  const cases: [string, string, number][] = [
    ["NOT_LOADED", "NOT_LOADED", 3],
    ["EPERM", "NO_PRIVILEGE", 1],
    ["HELPER_LOST", "HELPER_LOST", 1],
    ["EPROTONOSUPPORT", "MODULE_REFUSED", 1],
    ["ENOENT", "NO_SUCH_SESSION", 1],
  ];
  for (const [code, ours, wanted] of cases) {
    const openClient = async () => {
      throw new NetlinkError(code, "no way", { hint: "try this" });
    };
    const { status, stdout, stderr } = await runForTest(["ls"], { openClient });
    t.equal(status, wanted, code);
    t.equal(stdout, "");
    t.equal(stderr, `livestack: livestack.ko: no way [${ours}]\nhint: try this\n`);
  }
});

test("a module that is loaded but out of reach is said to be so", async (t) => {
  const root = t.testdir({ sys: { module: { livestack: { version: "9.9.9\n" } } } });
  const { status, stderr } = await runForTest(["ls"], { root });
  t.equal(status, 3);
  t.match(stderr, /version 9\.9\.9 is loaded, but answers in the initial network namespace only/);
});

test("link ls shows both ways of each link, and what was dropped why", async (t) => {
  const { status, stdout, stderr } = await runForTest(["link", "ls", "pair"], fakeKernel(ALL));
  t.equal(status, 0, stderr);
  const [head, there, back] = stdout.split("\n");
  t.match(head, /^LINK +FROM +TO +STATE +LATENCY +RATE +JITTER +LOSS +SENT .* DROPPED +FULL +LOST/);
  t.match(there, /^ *9 +client +server +up +1 ms +- +- +- +8 +7 +1 /);
  t.match(back, /^ *9 +server +client +up +2\.5 ms /);
  const json = JSON.parse(
    (await runForTest(["link", "ls", "pair", "-o", "json"], fakeKernel(ALL))).stdout,
  );
  t.match(json, { schema: "livestack.links/1", links: [{ id: 9, latency_ns: 1_000_000 }] });
});

test("link set sets what is asked, one way or both", async (t) => {
  const asked = async (...args: string[]) => {
    const { linksSet, ...kernel } = fakeKernel(ALL);
    const { status, stderr } = await runForTest(["link", "set", "pair", "9", ...args], kernel);
    t.equal(status, 0, stderr);
    return linksSet;
  };
  const id = { session: 3, id: 9 };
  t.same(await asked("--latency", "3ms"), [
    { ...id, latencyNs: 3_000_000n, backLatencyNs: 3_000_000n },
  ]);
  t.same(await asked("--latency", "3ms", "--to", "server"), [{ ...id, latencyNs: 3_000_000n }]);
  t.same(await asked("--rate", "5Mbit", "--loss", "1%", "--to", "client"), [
    { ...id, toA: { rateBps: 5_000_000n, lossPpm: 10_000 } },
  ]);
  t.same(await asked("--down"), [{ ...id, toB: { down: 1 }, toA: { down: 1 } }]);
  t.same(await asked("--up", "--limit", "64KiB", "--jitter", "1us"), [
    {
      ...id,
      toB: { down: 0, limitBytes: 65_536, jitterNs: 1000n },
      toA: { down: 0, limitBytes: 65_536, jitterNs: 1000n },
    },
  ]);
});

test("link set refuses what makes no sense, and sets nothing", async (t) => {
  const cases: [string[], RegExp][] = [
    [["pair", "9"], /nothing is to be set \[USAGE\]\nhint: say at least one of --latency/],
    [["pair", "9", "--latency", "-1ms"], /--latency: -1ms is out of range \[OUT_OF_RANGE\]/],
    [["pair", "9", "--rate", "0bit"], /--rate: 0bit is out of range \[OUT_OF_RANGE\]/],
    [["pair", "9", "--loss", "2"], /--loss: 2 has no unit \[BAD_UNIT\]/],
    [
      ["pair", "9", "--latency", "2h"],
      /--latency: 2h is out .*\nhint: write a time from 0ns to 1h/,
    ],
    [["pair", "9", "--rate", "2Tbit"], /--rate: 2Tbit is out .*\nhint: .* from 1bit to 1Tbit/],
    [["pair", "9", "--jitter", "-1us"], /--jitter: -1us is out .*\nhint: .* from 0ns to 1h/],
    [["pair", "9", "--loss", "101%"], /--loss: 101% is out .*\nhint: .* from 0ppm to 100%/],
    [["pair", "9", "--limit", "0B"], /--limit: 0B is out .*\nhint: write a size from 1B/],
    [["pair", "9", "--up", "--down"], /cannot be used with/],
    [["pair", "7", "--up"], /the session has no link '7' \[NOT_FOUND\]\nhint: it has 9/],
    [
      ["pair", "9", "--up", "--to", "lone"],
      /does not lead to 'lone' .*\nhint: it joins client and server/,
    ],
    [["none", "9", "--up"], /NO_SUCH_SESSION/],
  ];
  for (const [args, message] of cases) {
    const { linksSet, ...kernel } = fakeKernel(ALL);
    const { status, stderr } = await runForTest(["link", "set", ...args], kernel);
    t.not(status, 0);
    t.match(stderr, message, args.join(" "));
    t.same(linksSet, []);
  }
});

test("link set says that a latency would be below a window, and of which link", async (t) => {
  const sentence = "the latency is below the quantum of a strict session, messages could be late";
  const refuse = new NetlinkError("ERANGE", sentence, { attribute: "latency-ns" });
  const args = ["link", "set", "pair", "9"];
  const kernel = () => fakeKernel(ALL, { refuse });
  const short = await runForTest([...args, "--latency", "2us"], kernel());
  t.equal(short.status, ExitStatus.FAILED);
  t.match(
    short.stderr,
    /--latency: 2us on link 9 is shorter than windows of the strict session, 1ms \[OUT_OF_RANGE\]/,
  );
  t.match(short.stderr, /^hint: take 1ms or more$/m);
  const other = await runForTest([...args, "--loss", "1%"], kernel());
  t.match(other.stderr, `livestack.ko: ${sentence} [MODULE_REFUSED]`, "else in the kernel's words");
});
