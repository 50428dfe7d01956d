// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import {
  decode,
  encode,
  type Layout,
  layouts,
  MESSAGE_MAX,
  numbers,
  sizeOf,
  TIME_NONE,
  WIDTH,
} from "./layout.js";

const headers = fileURLToPath(new URL("../../../kernel/include/uapi", import.meta.url));

/** What a C compiler makes of the header: a line for each expression. */
function askCompiler(expressions: readonly string[]): string[] {
  const place = mkdtempSync(join(tmpdir(), "livestack-layout-"));
  t.teardown(() => rmSync(place, { recursive: true }));
  const program = join(place, "ask");
  const lines = expressions.map((each) => `printf("%llu\\n", (unsigned long long)(${each}));`);
  writeFileSync(
    `${program}.c`,
    `#include <linux/livestack.h>\n#include <stddef.h>\n#include <stdio.h>\n` +
      `int main(void)\n{\n${lines.join("\n")}\nreturn 0;\n}\n`,
  );
  const { status, stderr } = spawnSync("gcc", [`-I${headers}`, "-o", program, `${program}.c`]);
  if (status !== 0) throw new Error(`gcc: ${stderr}`);
  const answers = spawnSync(program, { encoding: "utf8" }).stdout.trim().split("\n");
  if (answers.length !== expressions.length) throw new Error(`${answers.length} answers`);
  return answers;
}

/** Where each field begins, and how many bytes it has. */
function places(layout: Layout): [string, number, number][] {
  let at = 0;
  return Object.entries(layout).map(([field, kind]) => {
    const begin = at;
    at += WIDTH[kind];
    return [field, begin, WIDTH[kind]];
  });
}

for (const [name, layout] of Object.entries(layouts))
  t.test(`struct livestack_${name} is what the header says`, async (t) => {
    const struct = `struct livestack_${name}`;
    const fields = places(layout);
    const answers = askCompiler([
      `sizeof(${struct})`,
      ...fields.flatMap(([field]) => [
        `offsetof(${struct}, ${field})`,
        `sizeof(((${struct} *)0)->${field})`,
      ]),
    ]);
    const own = [sizeOf(layout), ...fields.flatMap(([, at, bytes]) => [at, bytes])];
    t.same(answers.map(Number), own);
  });

t.test("numbers and limits are what the header says", async (t) => {
  const verbs = Object.entries(numbers);
  const answers = askCompiler([
    ...verbs.map(([verb]) => `LIVESTACK_IOC_${verb.toUpperCase()}`),
    "LIVESTACK_TIME_NONE",
    "LIVESTACK_MESSAGE_MAX",
  ]);
  t.same(answers, [...verbs.map(([, number]) => `${number}`), `${TIME_NONE}`, `${MESSAGE_MAX}`]);
});

t.test("what is encoded is decoded again, and fields not given are 0", async (t) => {
  const fields = { arrival_ns: TIME_NONE, send_ns: 1n, length: 0xffffffff, link: 0xffff };
  t.same(decode(layouts.recv, encode(layouts.recv, fields)), {
    ...{ ...fields, sequence: 0n, data: 0n, source: 0 },
  });
});
