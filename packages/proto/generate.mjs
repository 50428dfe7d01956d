// SPDX-License-Identifier: Apache-2.0
//
// Writes src/generated from proto/, or with --check only says what is no longer current; looks first
// whether names and layout are as buf's STANDARD rules want them.
// Exit status: 0 written or current, 1 something is stale, 2 the .proto files or the call are wrong.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const programs = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
const GENERATED = join(here, "src/generated");

/** Whether it ended well; what it says is shown. */
function buf(...args) {
  const PATH = `${programs}${delimiter}${process.env.PATH}`;
  const { status, error } = spawnSync("buf", args, {
    cwd: here,
    env: { ...process.env, PATH },
    stdio: ["ignore", 2, 2],
  });
  if (error) console.error(`generate: buf: ${error.message}; run npm ci in the checkout`);
  return status === 0;
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

/** Every source of this repository says its licence; ts-proto's do not by themselves. */
function addLicence(folder) {
  for (const file of filesBelow(folder)) {
    const path = join(folder, file);
    writeFileSync(path, `// SPDX-License-Identifier: Apache-2.0\n${readFileSync(path, "utf8")}`);
  }
}

function staleFiles(made) {
  const textIn = (folder, file) =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : undefined;
  const all = new Set([...filesBelow(made), ...filesBelow(GENERATED)]);
  return [...all].filter((file) => textIn(made, file) !== textIn(GENERATED, file));
}

function main(options) {
  const check = options.includes("--check");
  if (options.some((option) => option !== "--check")) {
    console.error("generate: usage: node packages/proto/generate.mjs [--check]");
    return 2;
  }
  const made = mkdtempSync(join(tmpdir(), "livestack-proto-"));
  try {
    if (!buf("lint") || !buf("format", "--diff", "--exit-code") || !buf("generate", "-o", made))
      return 2;
    addLicence(made);
    const stale = staleFiles(made);
    if (check) {
      for (const file of stale)
        console.error(
          `packages/proto/src/generated/${file}: not what proto/ gives now; ` +
            "run npm run -w @livestack/proto generate and commit it",
        );
      return stale.length > 0 ? 1 : 0;
    }
    rmSync(GENERATED, { recursive: true, force: true });
    cpSync(made, GENERATED, { recursive: true });
    for (const file of stale) console.log(`packages/proto/src/generated/${file}: written`);
    return 0;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

process.exitCode = main(process.argv.slice(2));
