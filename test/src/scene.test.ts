// SPDX-License-Identifier: Apache-2.0
// What a scene has to give, by hand, and how what clients print is read.
import t from "tap";
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

t.test("what clients print is what they measured", async (t) => {
  const wanted = calculated(scene);
  const lines = wanted.map((samples) => samples.map(line).join(""));
  t.same(measured({ lines, windows: 1, late: 0 }), wanted);
});

t.test("what a client prints is whole or refused", async (t) => {
  t.throws(() => measured({ lines: ["0 1 2 3\n"], windows: 1, late: 0 }), /client 0 printed/);
  t.throws(() => measured({ lines: [""], windows: 1, late: 0 }), /client 0 printed/);
});
