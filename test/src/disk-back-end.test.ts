// SPDX-License-Identifier: Apache-2.0
// The back end of a modelled disk: its logic by itself, hostile guests and front ends among it, and what it
// says to bad arguments. disk.test.ts tries it with a guest.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoRoot } from "@livestack/lab";
import t from "tap";
import { runInUserSpace } from "./user-space.js";

const folder = join(repoRoot, "packages/disk");
const make = spawnSync("make", ["-s", "-C", folder, "all", "unit"]);
t.equal(make.status, 0, make.stderr.toString());
const place = mkdtempSync(join(tmpdir(), "livestack-back-end-"));
t.teardown(() => rmSync(place, { recursive: true }));

t.test("logic", async (t) => runInUserSpace(t, join(folder, "build/disk_test")));

t.test("what it cannot work with gets a sentence, and a status", async (t) => {
  const socket = join(place, "socket");
  const [image, odd] = [join(place, "image"), join(place, "odd")];
  writeFileSync(image, Buffer.alloc(512));
  writeFileSync(odd, Buffer.alloc(513));
  const cases: [string[], number, RegExp][] = [
    [[], 2, /say --socket PATH and --image FILE/],
    [["--socket", socket], 2, /say --socket PATH and --image FILE/],
    [["--socket", socket, "--image", image, "more"], 2, /and nothing else/],
    [["--sockets"], 2, /usage: livestack-disk --socket PATH/],
    [["--socket", socket, "--image", join(place, "none")], 1, /none: No such file/],
    [["--socket", socket, "--image", odd], 1, /odd: no image of whole sectors.*truncate/],
    [["--socket", "x".repeat(108), "--image", image], 1, /a socket's path has 107 bytes/],
    [["--socket", join(place, "no/s"), "--image", image], 1, /no socket there: No such file/],
  ];
  for (const [args, wanted, sentence] of cases) {
    const { status, stderr } = spawnSync(join(folder, "build/livestack-disk"), args, {
      encoding: "utf8",
      timeout: 10_000,
    });
    t.equal(status, wanted, args.join(" ").slice(0, 80));
    t.match(stderr, sentence);
  }
});
