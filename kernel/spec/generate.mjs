// SPDX-License-Identifier: GPL-2.0-only
//
// Writes what follows from livestack.yaml, or with --check only says what is no longer current.
// Exit status: 0 written or current, 1 something is stale, 2 the spec or the call is wrong.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { emitKernelHeader, emitKernelSource, emitUapi } from "./emit-c.mjs";
import { emitSelftest } from "./emit-selftest.mjs";
import { emitTypeScript } from "./emit-ts.mjs";
import { readSpec, SpecError } from "./spec.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const source = "kernel/spec/livestack.yaml";

function outputs() {
  const spec = readSpec(readFileSync(join(root, source), "utf8"), source);
  return {
    [`kernel/include/uapi/${spec.header}`]: emitUapi(spec),
    "kernel/core/netlink_gen.h": emitKernelHeader(spec),
    "kernel/core/netlink_gen.c": emitKernelSource(spec),
    "kernel/selftests/spec_gen.h": emitSelftest(spec),
    "packages/netlink-client/src/generated/livestack.ts": emitTypeScript(spec),
  };
}

function committed(file) {
  try {
    return readFileSync(join(root, file), "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

function main(options) {
  const check = options.includes("--check");
  const unknown = options.find((option) => option !== "--check");
  if (unknown !== undefined) {
    console.error(
      `generate: unknown option ${unknown}; usage: node kernel/spec/generate.mjs [--check]`,
    );
    return 2;
  }
  const stale = Object.entries(outputs()).filter(([file, text]) => committed(file) !== text);
  for (const [file, text] of stale) {
    if (check) {
      console.error(
        `${file}: not what ${source} gives now; run make -C kernel generate and commit it`,
      );
    } else {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
      console.log(`${file}: written`);
    }
  }
  return check && stale.length > 0 ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SpecError)) throw error;
  console.error(`generate: ${error.message}`);
  process.exitCode = 2;
}
