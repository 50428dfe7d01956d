// SPDX-License-Identifier: Apache-2.0
// The overlay is taken by QEMU itself, takes writes, and leaves the image under it alone.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { makeOverlay } from "./qcow2-overlay.js";
import { findQemu } from "./qemu-program.js";

const place = mkdtempSync(join(tmpdir(), "livestack-overlay-"));
t.teardown(() => rmSync(place, { recursive: true }));
const { program, args, env } = findQemu(process.env);

/** What QEMU says of an image that it opens, by QMP. */
function opened(path: string) {
  const commands = ["qmp_capabilities", "query-named-block-nodes", "quit"];
  const { stdout, stderr } = spawnSync(
    program,
    [
      ...args,
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-machine",
      "none",
      "-qmp",
      "stdio",
      "-blockdev",
      `driver=qcow2,node-name=root,file.driver=file,file.filename=${path}`,
    ],
    {
      input: commands.map((execute) => `${JSON.stringify({ execute })}\n`).join(""),
      env: { ...process.env, ...env },
    },
  );
  const answer = stdout
    .toString()
    .split("\n")
    .find((line) => line.includes('"node-name"'));
  if (!answer) throw new Error(stderr.toString());
  const nodes = JSON.parse(answer).return as {
    "node-name": string;
    image: Record<string, unknown>;
  }[];
  return nodes.find((node) => node["node-name"] === "root")?.image;
}

t.test("over a raw image, over a qcow2 image, of any size", async (t) => {
  for (const size of [1, 512, 5000, 64 << 20, 3 * 2 ** 40]) {
    const raw = join(place, `raw-${size}`);
    writeFileSync(raw, "");
    truncateSync(raw, size);
    const over = join(place, `over-${size}.qcow2`);
    makeOverlay(over, raw, "raw");
    const rounded = Math.ceil(size / 512) * 512;
    t.match(opened(over), {
      "virtual-size": rounded,
      "backing-filename": raw,
      "backing-filename-format": "raw",
    });
    const second = join(place, `second-${size}.qcow2`);
    makeOverlay(second, over, "qcow2");
    t.match(opened(second), {
      "virtual-size": rounded,
      "backing-filename": over,
      "backing-filename-format": "qcow2",
    });
  }
});

t.test("what is no image, and an overlay that is there", async (t) => {
  const text = join(place, "text");
  writeFileSync(text, "no image");
  t.throws(() => makeOverlay(join(place, "new"), text, "qcow2"), {
    code: "BAD_IMAGE",
    place: text,
  });
  t.throws(() => makeOverlay(text, text, "raw"), { code: "EEXIST" });
  t.equal(readFileSync(text, "utf8"), "no image");
});
