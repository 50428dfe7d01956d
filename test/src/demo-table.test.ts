// SPDX-License-Identifier: Apache-2.0
// The demo's own arithmetic, by hand, and that its table tells a wrong latency from a right one.
import t from "tap";
import { latencyTable, SHOWN } from "./demo-table.js";
import { calculated, latencyNs, measured, type Sample, type Scene } from "./scene.js";

const scene: Scene = {
  ...{ quantumNs: 10, toNs: 100, backNs: 10, requests: 50 },
  clients: [
    { language: "c", seed: 1, gapNs: 40 },
    { language: "ts", seed: 1, gapNs: 40 },
  ],
  server: { language: "c", seed: 3, serviceNs: 30 },
};

t.test("one after the other, a server works on requests in the order of arrival", async (t) => {
  const samples = calculated(scene).flat();
  t.equal(samples.length, 100);
  samples.sort((a, b) => Number(a.answeredNs - b.answeredNs));
  let freeNs = 0n;
  for (const sample of samples) {
    const begunNs = sample.arrivedNs > freeNs ? sample.arrivedNs : freeNs;
    freeNs = begunNs + sample.serviceNs;
    if (sample.answeredNs !== freeNs + 10n || sample.arrivedNs !== sample.sentNs + 100n)
      t.fail(`request ${sample.request} of client ${sample.client}`);
  }
  t.ok(
    samples.some((sample) => latencyNs(sample) > 110n + sample.serviceNs),
    "some queue",
  );
  t.ok(
    samples.some((sample) => latencyNs(sample) === 110n + sample.serviceNs),
    "some do not",
  );
});

t.test("of two that arrive at once the lower source is first", async (t) => {
  const [first = [], second = []] = calculated(scene);
  t.same(
    first.map(({ arrivedNs }) => arrivedNs),
    second.map(({ arrivedNs }) => arrivedNs),
  );
  const gaps = first.filter((sample, i) => sample.arrivedNs !== first[i - 1]?.arrivedNs);
  for (const { request, answeredNs } of gaps)
    if (answeredNs >= (second[request]?.answeredNs ?? 0n)) t.fail(`request ${request}`);
  t.ok(gaps.length > 10);
});

const line = ({ request, sentNs, arrivedNs, serviceNs, answeredNs }: Sample) =>
  `${request} ${sentNs} ${arrivedNs} ${serviceNs} ${answeredNs}\n`;

t.test("the table says of each request whether it is equal", async (t) => {
  const [wanted = []] = calculated(scene);
  const lines = [wanted.map(line).join("")];
  const [own = []] = measured({ lines, windows: 1, late: 0 });
  const right = latencyTable(own, wanted);
  t.equal(right.equal, 50);
  t.equal(right.text.split("\n").length, 1 + SHOWN);
  t.notMatch(right.text, /NO/);

  const [first, ...rest] = own;
  if (!first) throw new Error("nothing measured");
  const wrong = latencyTable([{ ...first, answeredNs: first.answeredNs + 1n }, ...rest], wanted);
  t.equal(wrong.equal, 49);
  t.match(wrong.text.split("\n")[1], /NO$/);
  t.equal(latencyTable(own.slice(1), wanted).equal, 0, "a request is compared with itself");
});

t.test("what a client prints is whole or refused", async (t) => {
  t.throws(() => measured({ lines: ["0 1 2 3\n"], windows: 1, late: 0 }), /client 0 printed/);
  t.throws(() => measured({ lines: [""], windows: 1, late: 0 }), /client 0 printed/);
});
