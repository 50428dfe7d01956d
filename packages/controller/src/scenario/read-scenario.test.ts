// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { ONE, placesOf, scenarioOf } from "./scenario-for-test.js";

test("what a scenario leaves out is filled in", async (t) => {
  t.same(scenarioOf(ONE, "/home/user"), {
    name: "one",
    folder: "/home/user",
    session: {
      quantumNs: "auto",
      autoLimitNs: 10_000_000n,
      mode: "strict",
      onLoss: "pause",
      onOvershoot: "pause",
      exact: false,
      epochNs: 1_767_225_600_000_000_000n,
      end: "commands",
    },
    components: [
      {
        kind: "live",
        id: 0,
        name: "web",
        image: { builtin: "tiny", packages: [] },
        vcpus: 1,
        memoryBytes: 536_870_912n,
        disks: [],
        files: [],
        setup: [],
        run: ["sleep 1"],
        collect: [],
      },
    ],
    links: [],
  });
});

const FULL = `
schema: livestack.scenario/1
name: full
session:
  quantum: 1.5ms
  mode: relaxed
  on_loss: release
  on_overshoot: count
  exact: true
  epoch: 2030-06-01T12:00:00.5+02:00
  duration: 10s
  end: commands
components:
  zebra:
    image: {kernel: vmlinuz, initrd: initrd.img, append: quiet}
    vcpus: 4
    memory: 1.5GiB
    disks: [{size: 1GiB}, {size: 10MiB}]
    disk: {latency: 1.5ms, rate: 800Mbit}
    files: [{from: job.sh, to: /root/job.sh, mode: "0755"}, {from: job.sh, to: /root/copy.sh}]
    setup: [mkdir /out]
    ready: test -d /out
    run: [/root/job.sh, sync]
    collect: [/out/log]
  ant: {kind: live, image: {disk: sub/disk.img, format: raw}}
  bee: {image: builtin:debian, packages: [iperf3, fio]}
  dev: {kind: model, command: [./dev, "", "--port=1"]}
links:
  - {endpoints: [dev, zebra], latency: 20ms, back: {latency: 5ms}, queue: 256KiB, capture: true}
  - {name: second, endpoints: [zebra, dev], latency: 6ms}
  - endpoints: ["zebra:eth0", "ant:eth7"]
    addresses: [192.168.7.1/30, 192.168.7.2/30]
    latency: 30ms
    rate: 100Mbit
    loss: 0.5%
    mtu: 1400
    back: {rate: 10Mbit, jitter: 1ms, limit: {bytes: 64KiB}}
    seed: 7
`;

test("all that a scenario may say is understood; ids follow the file's order", async (t) => {
  const folder = t.testdir({
    vmlinuz: "",
    "initrd.img": "",
    "job.sh": "",
    sub: { "disk.img": "" },
  });
  const { session, components, links } = scenarioOf(FULL, folder);
  t.same(session, {
    quantumNs: 1_500_000n,
    autoLimitNs: 5_000_000n,
    lookahead: { ns: 5_000_000n, link: "dev-zebra" },
    mode: "relaxed",
    onLoss: "release",
    onOvershoot: "count",
    exact: true,
    epochNs: 1_906_538_400_500_000_000n,
    end: "commands",
    durationNs: 10_000_000_000n,
  });
  const [zebra, ant, bee, dev] = components;
  t.match(zebra, {
    id: 0,
    name: "zebra",
    image: { kernel: `${folder}/vmlinuz`, initrd: `${folder}/initrd.img`, append: "quiet" },
    vcpus: 4,
    memoryBytes: 1_610_612_736n,
    disks: [{ sizeBytes: 1_073_741_824n }, { sizeBytes: 10_485_760n }],
    disk: { latencyNs: 1_500_000n, rateBps: 800_000_000n },
    setup: ["mkdir /out"],
    ready: "test -d /out",
    run: ["/root/job.sh", "sync"],
    collect: ["/out/log"],
  });
  t.same(zebra?.kind === "live" && zebra.files, [
    { from: `${folder}/job.sh`, to: "/root/job.sh", mode: "0755" },
    { from: `${folder}/job.sh`, to: "/root/copy.sh" },
  ]);
  t.match(ant, { id: 1, name: "ant", image: { disk: `${folder}/sub/disk.img`, format: "raw" } });
  t.match(bee, { id: 2, image: { builtin: "debian", packages: ["iperf3", "fio"] } });
  t.same(dev, { kind: "model", id: 3, name: "dev", command: ["./dev", "", "--port=1"] });
  const plain = { toA: {}, toB: {}, mtu: 1500, seed: 0n };
  t.same(links, [
    {
      ...{ id: 0, name: "dev-zebra", a: 3, b: 0, ...plain },
      // eth0 is another link's.
      ends: [{ component: 3 }, { component: 0, network: { port: 1, address: "10.64.0.2/24" } }],
      ...{ latencyNs: 20_000_000n, backLatencyNs: 5_000_000n, queueBytes: 262_144n },
      capture: true,
    },
    {
      ...{ id: 1, name: "second", a: 0, b: 3, ...plain },
      ends: [{ component: 0, network: { port: 2, address: "10.64.1.1/24" } }, { component: 3 }],
      ...{ latencyNs: 6_000_000n, backLatencyNs: 6_000_000n, queueBytes: 1_048_576n },
      capture: false,
    },
    {
      ...{ id: 2, name: "zebra-ant", a: 0, b: 1, mtu: 1400, seed: 7n, capture: false },
      ends: [
        { component: 0, network: { port: 0, address: "192.168.7.1/30" } },
        { component: 1, network: { port: 7, address: "192.168.7.2/30" } },
      ],
      toB: { rateBps: 100_000_000n, lossPpm: 5000, mtu: 1418 },
      toA: {
        ...{ rateBps: 10_000_000n, jitterNs: 1_000_000n, lossPpm: 5000, mtu: 1418 },
        ...{ limitBytes: 65_536, limitPackets: 1000 },
      },
      ...{ latencyNs: 30_000_000n, backLatencyNs: 30_000_000n, queueBytes: 1_048_576n },
    },
  ]);
});

test("a duration alone ends a session, unless commands are said to", async (t) => {
  const ends = (session: string) => scenarioOf(`session: ${session}\n${ONE}`).session.end;
  t.equal(ends("{}"), "commands");
  t.equal(ends("{duration: 1s}"), "duration");
  t.equal(ends("{duration: 1s, end: commands}"), "commands");
  t.equal(ends("{duration: 1s, end: duration}"), "duration");
});

test("in a strict session a window may be as long as the lookahead, in others longer", async (t) => {
  const links = "links: [{endpoints: [web, db], latency: 2ms}]\n";
  const db = "  db: {kind: model, command: [db]}\n";
  const with_ = (session: string) => `session: ${session}\n${ONE}${db}${links}`;
  t.same(placesOf(with_("{quantum: 2ms}")), []);
  t.same(placesOf(with_("{quantum: 3ms}")), ["1:20 QUANTUM_TOO_LONG"]);
  t.same(placesOf(with_("{quantum: 3ms, mode: relaxed}")), []);
  t.same(placesOf(with_("{quantum: 3ms, mode: free}")), []);
});

test("the largest session the kernel has is within the limits", async (t) => {
  const components = Array.from({ length: 1024 }, (_, n) => `  c${n}: *web\n`).join("");
  const links = Array.from(
    { length: 4096 },
    (_, n) => `  - {name: l${n}, endpoints: [c${n % 1024}, c${(n + 1) % 1024}], latency: 1h}\n`,
  ).join("");
  const head = "x-web: &web {image: builtin:tiny, run: [sleep 1]}\nname: large\ncomponents:\n";
  const scenario = scenarioOf(`${head}${components}links:\n${links}`);
  t.equal(scenario.components.length, 1024);
  t.equal(scenario.links.length, 4096);
  t.equal(scenario.session.autoLimitNs, 10_000_000_000n, "a window is 10 s long at most");
  t.same(placesOf(`${head}${components}  c1024: *web\n`), ["3:1 OUT_OF_RANGE"]);
});
