// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDir, runSync } from "@livestack/image";
import { ExitStatus, LabError } from "./errors.js";
import { repoRoot } from "./paths.js";
import { runVisibly } from "./run.js";

const SOURCE_PACKAGE = "linux-source-6.12";
const fragment = fileURLToPath(new URL("../debug-kernel.config", import.meta.url));

/**
 * The kernel with lockdep, KASAN and the atomic-sleep checks, from Debian's source package: 15
 * minutes on two cores, once a source version and configuration. A build that was cut off goes on
 * where it stopped.
 * @returns the built tree
 */
export async function buildDebugKernel(): Promise<string> {
  const archive = fetchSource();
  const config = createHash("sha256").update(readFileSync(fragment)).digest("hex").slice(0, 12);
  const version = basename(archive).split("_")[1] ?? "unknown";
  const place = join(cacheDir(), "kernels", "debug", `${version}-${config}`);
  if (existsSync(join(place, ".built"))) return place;
  process.stderr.write(`lab: building the debug kernel ${version}: 15 minutes on two cores\n`);
  if (!existsSync(place)) unpack(archive, place);
  const lock = `${place}.lock`;
  const make = (...args: string[]) =>
    runVisibly("flock", ["--no-fork", lock, "make", "-s", "-C", place, ...args]);
  if (!existsSync(join(place, ".configured"))) {
    await make("x86_64_defconfig", "kvm_guest.config");
    runSync("scripts/kconfig/merge_config.sh", ["-m", ".config", fragment], { cwd: place });
    await make("olddefconfig");
    checkConfig(place);
    runSync("touch", [join(place, ".configured")]);
  }
  await make(`-j${availableCpus()}`, "bzImage", "modules");
  runSync("touch", [join(place, ".built")]);
  return place;
}

function availableCpus(): number {
  return Number(runSync("nproc", []).toString().trim());
}

function fetchSource(): string {
  const setup = join(repoRoot, "tools/setup/main.js");
  return runSync(process.execPath, [setup, "--fetch", SOURCE_PACKAGE]).toString().trim();
}

function unpack(archive: string, place: string): void {
  const partial = `${place}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const tarball = `./usr/src/${SOURCE_PACKAGE}.tar.xz`;
    runSync("bash", [
      "-c",
      'set -o pipefail; dpkg-deb --fsys-tarfile "$1" | tar xO "$2" | tar xJ -C "$3" --strip-components=1',
      "unpack",
      archive,
      tarball,
      partial,
    ]);
    renameSync(partial, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** A check that silently drops out of the configuration would make every later run worthless. */
function checkConfig(place: string): void {
  const config = readFileSync(join(place, ".config"), "utf8");
  const lost = [
    "PROVE_LOCKING",
    "DEBUG_ATOMIC_SLEEP",
    "KASAN",
    "DEBUG_OBJECTS",
    "PROVE_RCU",
  ].filter((name) => !config.includes(`\nCONFIG_${name}=y\n`));
  if (lost.length > 0)
    throw new LabError(
      ExitStatus.FAILED,
      `${place}/.config: the debug kernel would lack ${lost.join(", ")}`,
      "see what tools/lab/debug-kernel.config asks for that this source no longer has",
    );
}
