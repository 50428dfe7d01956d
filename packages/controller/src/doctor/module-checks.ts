// SPDX-License-Identifier: Apache-2.0
import type { ModuleVersion } from "../kernel-module.js";
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { CannotTell, type CheckGroup, type Finding, fail, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";
import { findModuleFile } from "./module-file.js";

export const moduleChecks: CheckGroup = {
  name: "module",
  checks: [
    { name: "loading", run: loading },
    { name: "headers", run: headers },
    { name: "file", run: file },
    { name: "loaded", run: loaded },
  ],
};

/** "6.1.0-56-cloud-amd64", "6.12.117+deb12-amd64": a package of headers is named for each. */
const DEBIAN_RELEASE = /-amd64$/;
const BUILD = "build it in the checkout: `make -C kernel modules`.";

function loading(machine: Machine): Finding {
  if (!machine.exists("proc/modules"))
    return fail(
      "this kernel is built without loadable modules",
      "boot Debian's own kernel instead: `apt install linux-image-amd64`.",
    );
  if (machine.read("proc/sys/kernel/modules_disabled") !== "1")
    return pass("this kernel loads modules");
  const fact = "kernel.modules_disabled is 1: nothing can be loaded until the next boot";
  if (machine.moduleIsLoaded()) return pass(`${fact}, and livestack is loaded already`);
  return fail(fact, "find what sets it and reboot: `grep -r modules_disabled /etc/sysctl*`.");
}

function headers(machine: Machine): Finding {
  const release = machine.release();
  const makefiles = [
    `lib/modules/${release}/build/Makefile`,
    `usr/src/linux-headers-${release}/Makefile`,
  ];
  const found = makefiles.find((path) => machine.exists(path));
  if (found)
    return pass(`headers of ${release} are in ${machine.path(found).replace(/\/\w+$/, "")}`);
  const fact = `no kernel headers for ${release}`;
  const remedy = DEBIAN_RELEASE.test(release)
    ? `install them: \`apt install linux-headers-${release}\`.`
    : "boot Debian's kernel, whose headers are packaged: `apt install linux-image-amd64 linux-headers-amd64`.";
  if (machine.moduleIsLoaded() || findModuleFile(machine))
    return warn(`${fact}; they are needed when the module is built again`, remedy);
  return fail(`${fact}, so the module cannot be built here`, remedy);
}

function file(machine: Machine): Finding {
  const found = findModuleFile(machine);
  if (!found && machine.moduleIsLoaded())
    return warn("livestack is loaded, but there is no file to load it from again", BUILD);
  if (!found) return fail(`no livestack.ko for ${machine.release()}`, BUILD);
  const { path, info } = found;
  if (!info) return pass(`${path}; it is compressed, its version shows when it is loaded`);
  if (info.release !== machine.release())
    return fail(`${path} is built for ${info.release}, not for ${machine.release()}`, BUILD);
  if (!versionsFit(info.version, programVersion()))
    return fail(
      `${path} is version ${info.version}, this program ${programVersion()}`,
      "build it from this program's checkout: `make -C kernel clean modules`.",
    );
  return pass(`${path}, version ${info.version}`);
}

async function loaded(machine: Machine): Promise<Finding> {
  const found = await askModule(machine);
  if ("outcome" in found) return found;
  const { version, abi } = found;
  if (!versionsFit(version, programVersion()))
    return fail(
      `the loaded module is ${version}, this program ${programVersion()}`,
      reload(machine, "load the one of this release"),
    );
  if (abi === null)
    return warn(
      `livestack ${version} is loaded, but out of reach from this network namespace`,
      "look from the initial one: `nsenter -t 1 -n livestack doctor`.",
    );
  return pass(`livestack ${version}, netlink ABI ${abi}; this program is ${programVersion()}`);
}

async function askModule(machine: Machine): Promise<ModuleVersion | Finding> {
  try {
    const version = await machine.moduleVersion();
    return version ?? warn("livestack is not loaded", `load it: \`${loadCommand(machine)}\`.`);
  } catch (error) {
    if (error instanceof LivestackError && error.code === "MODULE_REFUSED")
      return fail(
        `the loaded module refuses: ${error.message}`,
        reload(machine, "see the kernel's words with dmesg, and load the one of this release"),
      );
    // For example the native addon does not load: that says nothing of the module.
    const reason = error instanceof Error ? error.message : String(error);
    throw new CannotTell(reason, "see what the program itself says: `livestack version`.");
  }
}

function reload(machine: Machine, what: string): string {
  return `${what}: \`rmmod livestack && ${loadCommand(machine)}\`.`;
}

function loadCommand(machine: Machine): string {
  const found = findModuleFile(machine);
  if (found?.installed) return "modprobe livestack";
  const path = found?.path ?? "kernel/build/$(uname -r)/core/livestack.ko";
  return found ? `insmod ${path}` : `make -C kernel modules && insmod ${path}`;
}

/** One minor version of skew works, as between all parts of LiveStack. */
export function versionsFit(one: string, other: string): boolean {
  const parse = (version: string) => /^(\d+)\.(\d+)\./.exec(version)?.slice(1).map(Number);
  const [major, minor] = parse(one) ?? [];
  const [otherMajor, otherMinor] = parse(other) ?? [];
  if (minor === undefined || otherMinor === undefined) return false;
  return major === otherMajor && Math.abs(minor - otherMinor) <= 1;
}
