// SPDX-License-Identifier: Apache-2.0
// The demo passes a result that is right and none that is wrong.
import type { RunResultFile } from "@livestack/controller/result";
import t from "tap";
import { demoText, faultsOf, SLEEP_LATE_NS } from "./demo-check.js";

const SECOND = 1_000_000_000;
const NONE_LOST = {
  ...{ dropped: 0, queued: 0 },
  dropped_by: { limit: 0, loss: 0, mtu: 0, down: 0, gone: 0 },
};

function guest(name: string, sleep: number): RunResultFile["components"][number] {
  return {
    ...{ name, kind: "live" },
    vcpus: [
      {
        ...{ windows: 300, parks: 120, overshoot_ns: { p50: 4000, p99: 65_535, max: 70_000 } },
        ...{ preempted_ns: 0, parked_ns: SECOND, idle_ns: sleep * SECOND, user_ns: 0 },
      },
    ],
    skew_max_ns: null,
    unmodelled: [],
    commands: [
      { run: `sleep ${sleep}`, exit: 0, guest_ns: sleep * SECOND + 5_000_000, stdout: "" },
      { run: "while :; do :; done", exit: 0, guest_ns: SECOND, stdout: "" },
      { run: "dd of=/dev/vda", exit: 0, guest_ns: 20_000_000, stdout: "" },
    ],
  };
}

type Guest = ReturnType<typeof guest>;

function pinging(one: Guest): Guest {
  const answers = [101.5, 100, 100.25, 100.5, 103].map(
    (ms) => `64 bytes: seq=0 ttl=64 time=${ms} ms\n`,
  );
  const ping = { run: "ping -c 5 two", exit: 0, guest_ns: 0, stdout: answers.join("") };
  return { ...one, commands: [...one.commands, ping] };
}

function receiving(two: Guest): Guest {
  const cat = { run: "cat /tmp/got", exit: 0, guest_ns: 0, stdout: "65536\n" };
  return { ...two, commands: [...two.commands, cat] };
}

function right(): RunResultFile {
  const model = (name: string) => ({
    ...{ name, kind: "model" as const, vcpus: [], skew_max_ns: null, unmodelled: [], commands: [] },
  });
  return {
    ...{ schema: "livestack.result/1", scenario: "demo", mode: "strict", quantum_ns: 10_000_000 },
    ...{ simulated_ns: 31_030_000_000, wall_ns: 10 * SECOND, windows: 400, late_deliveries: 0 },
    components: [
      pinging(guest("one", 2)),
      receiving(guest("two", 30)),
      model("client"),
      model("server"),
    ],
    links: [
      {
        ...{ name: "one-two", latency_ns: 50_000_000 },
        ...{ delivered: 60, late: 0, bytes: 70_000, ...NONE_LOST },
      },
      {
        ...{ name: "client-server", latency_ns: 20_000_000 },
        ...{ delivered: 40, late: 0, bytes: 640, ...NONE_LOST },
      },
    ],
    warnings: [],
  };
}

/** A right result with one thing changed. */
function but(change: (result: RunResultFile, one: RunResultFile["components"][number]) => void) {
  const result = right();
  const [one] = result.components;
  if (one) change(result, one);
  return faultsOf(result);
}

t.test("what is right has no faults", async (t) => {
  t.same(faultsOf(right()), []);
});

t.test("each fault is found and said", async (t) => {
  const command = (index: number, change: object) =>
    but((_, one) => Object.assign(one.commands[index] ?? {}, change));
  t.same(command(1, { exit: 1 }), ["one: while :; do :; done: ended with status 1"]);
  t.same(command(2, { exit: null, guest_ns: null }), ["one: dd of=/dev/vda: had not ended"]);
  const early = { guest_ns: 2 * SECOND - 1 };
  t.same(command(0, early), ["one: sleep 2: took 2.000 s by the guest's clock"]);
  const late = { guest_ns: 2 * SECOND + SLEEP_LATE_NS + 1 };
  t.same(command(0, late), ["one: sleep 2: took 4.000 s by the guest's clock"]);
  t.match(
    but((_, one) => one.commands.splice(2)),
    ["one: commands of the scenario are missing"],
  );
  const vcpu = (change: object) => but((_, one) => Object.assign(one.vcpus[0] ?? {}, change));
  t.same(vcpu({ parks: 0 }), ["one: it was never stopped"]);
  t.same(vcpu({ idle_ns: SECOND - 1 }), ["one: it slept 2.000 s and was idle only 1.000 s"]);
  t.match(
    but((_, one) => one.vcpus.pop()),
    ["one: nothing was counted of its vCPUs"],
  );
  const whole = (change: Partial<RunResultFile>) => but((result) => Object.assign(result, change));
  t.same(whole({ mode: "free" }), ["the session's mode was free, not strict"]);
  t.same(whole({ simulated_ns: 31 * SECOND }), [
    "simulated time came to 31.000 s, a guest's clock to 31.025 s",
  ]);
  t.same(whole({ late_deliveries: 1 }), ["1 messages were late"]);
  t.same(whole({ links: [] }), ["0 of 40 messages between client and server arrived"]);
  const ping = (stdout: string) => command(3, { stdout });
  t.same(ping(" time=100 ms\n"), ["1 of 5 pings were answered"]);
  t.same(ping(" time=99.9 ms\n".repeat(5)), [
    "a ping was answered after 99.9 ms, before the link's 100 ms",
  ]);
  const got = (stdout: string) =>
    but(({ components }) => Object.assign(components[1]?.commands[3] ?? {}, { stdout }));
  t.same(got("65535\n"), ["65535 of 65536 bytes came over TCP"]);
  t.same(got(""), ["0 of 65536 bytes came over TCP"]);
  t.match(whole({ components: [] }), ["0 guests took part, not 2"]);
});

t.test("the table has every command, and figures below each other", async (t) => {
  const lines = demoText(right()).split("\n");
  t.same(
    lines.filter((line) => / $/.test(line)),
    [],
    "no line ends in a space",
  );
  const shown = lines.filter((line) => / {2}(one|two) /.test(line));
  t.equal(shown.length, 8 + 2);
  t.equal(new Set(shown.slice(0, 8).map((line) => line.length)).size, 1);
  t.match(lines.join("\n"), /one +sleep 2 +0 +2\.005 s\n/);
  t.match(lines.join("\n"), /last command +at 31\.025 s by the clock of two\n/);
  t.match(lines.join("\n"), /ping +100\.5 ms from one to two/);
  t.match(lines.join("\n"), /ratio +3\.10 s simulated in each second/);
});
