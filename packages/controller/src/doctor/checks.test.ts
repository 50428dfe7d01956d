// SPDX-License-Identifier: Apache-2.0
// One wrong thing at a time on a machine that is otherwise healthy.
import { readFileSync } from "node:fs";
import { test } from "tap";
import type { Outcome } from "./check.js";
import { examine } from "./examine.js";
import {
  fakeMachine,
  HEALTHY,
  loaded,
  moduleFile,
  notLoaded,
  RELEASE,
  type Tree,
  VERSION,
  writeTree,
} from "./fake-machines-for-test.js";
import type { MachineParts } from "./machine.js";
import { versionsFit } from "./module-checks.js";
import { OLDEST_NODE } from "./system-checks.js";

const CLOCK = "sys/devices/system/clocksource/clocksource0";
const DKMS = `lib/modules/${RELEASE}/updates/dkms/livestack.ko`;
const DEP = `lib/modules/${RELEASE}/modules.dep`;
const BUILT = `checkout/kernel/build/${RELEASE}/core/livestack.ko`;
const SIG = "sys/module/module/parameters/sig_enforce";
const REQUIRED: Tree = { [SIG]: "Y\n", "sys/module/livestack": null };
const SIGNED = moduleFile(VERSION, RELEASE, "~Module signature appended~\n");
const flags = (words: string): Tree => ({ "proc/cpuinfo": `flags\t: ${words}\n` });
const TSC = "constant_tsc nonstop_tsc";

type Case = [id: string, outcome: Outcome, fact: RegExp, tree: Tree, parts?: Partial<MachineParts>];

const cases: Case[] = [
  [
    "system.debian",
    "WARN",
    /Debian GNU\/Linux 13/,
    { "etc/os-release": "ID=debian\nVERSION_ID=13\nPRETTY_NAME='Debian GNU/Linux 13'" },
  ],
  ["system.kernel", "PASS", /6\.1\.0-56/, { "proc/sys/kernel/osrelease": "6.1.0-56-cloud-amd64" }],
  [
    "system.kernel",
    "WARN",
    /tried on 6\.1 and 6\.12/,
    { "proc/sys/kernel/osrelease": "6.16.3-amd64" },
  ],
  ["system.kernel", "FAIL", /older than 6\.1/, { "proc/sys/kernel/osrelease": "6.0.19-amd64" }],
  ["system.node", "PASS", /24\.0\.0/, {}, { node: "24.0.0" }],
  ["system.node", "FAIL", /20\.18\.3/, {}, { node: "20.18.3" }],
  ["module.loading", "FAIL", /without loadable modules/, { "proc/modules": null }],
  ["module.loading", "PASS", /loaded already/, { "proc/sys/kernel/modules_disabled": "1" }],
  [
    "module.headers",
    "PASS",
    /usr\/src/,
    { [`lib/modules/${RELEASE}/build`]: null, [`usr/src/linux-headers-${RELEASE}/Makefile`]: "" },
  ],
  ["module.headers", "WARN", /built again/, { [`lib/modules/${RELEASE}/build`]: null }],
  ["module.file", "PASS", /checkout.*version/, { [DEP]: null, [BUILT]: moduleFile() }],
  ["module.file", "PASS", /compressed/, { [DEP]: "extra/livestack.ko.xz:\n" }],
  ["module.file", "FAIL", /built for 6\.1/, { [DKMS]: moduleFile(VERSION, "6.1.0-56-amd64") }],
  ["module.file", "FAIL", /version 7\.0\.0/, { [DKMS]: moduleFile("7.0.0") }],
  ["module.file", "FAIL", /version unknown/, { [DKMS]: `\0vermagic=${RELEASE} SMP\0` }],
  [
    "module.loaded",
    "WARN",
    /not loaded/,
    { "sys/module/livestack": null },
    { askModule: notLoaded },
  ],
  ["module.loaded", "WARN", /out of reach/, {}, { askModule: notLoaded }],
  [
    "module.loaded",
    "FAIL",
    /loaded module is 7\.0\.0/,
    {},
    { askModule: async () => ({ ...(await loaded()), version: "7.0.0" }) },
  ],
  [
    "module.loaded",
    "FAIL",
    /refuses: abi 9/,
    {},
    { askModule: rejects("abi 9", { name: "NetlinkError", code: "EPROTONOSUPPORT" }) },
  ],
  [
    "module.loaded",
    "WARN",
    /cannot tell: the addon/,
    {},
    { askModule: rejects("the addon does not load", {}) },
  ],
  ["signing.enforced", "PASS", /livestack is loaded/, { [SIG]: "Y" }],
  ["signing.enforced", "FAIL", /no signature/, REQUIRED],
  ["signing.enforced", "WARN", /whether by a key/, { ...REQUIRED, [DKMS]: SIGNED }],
  ["signing.enforced", "WARN", /was not read/, { ...REQUIRED, [DEP]: "livestack.ko.zst:" }],
  ["signing.enforced", "WARN", /cannot tell/, { [SIG]: null }],
  [
    "signing.lockdown",
    "FAIL",
    /lockdown is integrity/,
    { ...REQUIRED, "sys/kernel/security/lockdown": "none [integrity] confidentiality" },
  ],
  [
    "signing.lockdown",
    "PASS",
    /no lockdown/,
    { "sys/kernel/security/lockdown": null, "sys/kernel/security/lsm": "capability" },
  ],
  ["signing.secure-boot", "PASS", /without EFI/, { "sys/firmware/efi": null }],
  [
    "signing.secure-boot",
    "WARN",
    /efivarfs is not mounted/,
    { "sys/firmware/efi": null, "sys/firmware/efi/runtime": "0x1" },
  ],
  ["kvm.cpu", "PASS", /AMD-V/, flags(`${TSC} svm`)],
  ["kvm.module", "WARN", /ept=N/, { "sys/module/kvm_intel/parameters/ept": "N" }],
  ["kvm.module", "FAIL", /kvm_intel is not loaded/, { "sys/module/kvm_intel": null }],
  [
    "kvm.module",
    "WARN",
    /kvm_other/,
    { "sys/module/kvm_intel": null, "sys/module/kvm_other/x": "" },
  ],
  ["kvm.device", "FAIL", /no \/dev\/kvm/, { "dev/kvm": null }],
  ["kvm.device", "FAIL", /no character device/, { "dev/kvm": "a file" }],
  ["kvm.nested", "WARN", /nested=1/, { "sys/module/kvm_intel/parameters/nested": "1" }],
  ["kvm.halt-poll", "WARN", /200000 ns/, { "sys/module/kvm/parameters/halt_poll_ns": "200000" }],
  ["tsc.flags", "FAIL", /constant_tsc and nonstop_tsc/, flags("vmx")],
  ["tsc.flags", "WARN", /not show nonstop_tsc/, flags("vmx constant_tsc")],
  ["tsc.flags", "WARN", /vouches/, { ...flags("svm"), "proc/cmdline": "quiet tsc=reliable" }],
  ["tsc.flags", "PASS", /tsc_reliable/, flags(`${TSC} tsc_reliable`)],
  [
    "tsc.clocksource",
    "FAIL",
    /unstable or has none \(it uses hpet\)/,
    {
      [`${CLOCK}/current_clocksource`]: "hpet",
      [`${CLOCK}/available_clocksource`]: "hpet acpi_pm",
    },
  ],
  [
    "tsc.clocksource",
    "FAIL",
    /keeps time by acpi_pm/,
    { [`${CLOCK}/current_clocksource`]: "acpi_pm" },
  ],
  ["tsc.clocksource", "WARN", /kvm-clock/, { [`${CLOCK}/current_clocksource`]: "kvm-clock" }],
  ["cpu.count", "PASS", /6 CPUs/, { "sys/devices/system/cpu/online": "0-3,8,10" }],
  ["cpu.count", "WARN", /no list of CPUs/, { "sys/devices/system/cpu/online": "all" }],
  [
    "cpu.governor",
    "WARN",
    /is schedutil/,
    { "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "schedutil" },
  ],
  [
    "cpu.governor",
    "PASS",
    /does not scale/,
    { "sys/devices/system/cpu/cpu0": null, "sys/devices/system/cpu/cpu1": null },
  ],
  [
    "cpu.pmu",
    "PASS",
    /cpu_core/,
    { "sys/bus/event_source/devices/cpu": null, "sys/bus/event_source/devices/cpu_core/type": "4" },
  ],
  [
    "memory.hugepages",
    "WARN",
    /0 of 4/,
    { "proc/meminfo": "HugePages_Total: 4\nHugePages_Free: 0\nHugepagesize: 2048 kB\n" },
  ],
  ["memory.size", "WARN", /no MemTotal/, { "proc/meminfo": "" }],
  ["memory.resctrl", "WARN", /has no resctrl/, { "proc/filesystems": "nodev\tsysfs\n" }],
  ["memory.resctrl", "WARN", /no resctrl|not mounted/, { "sys/fs/resctrl/schemata": null }],
  ["memory.resctrl", "WARN", /has cat_l3 only/, flags(`${TSC} vmx cat_l3`)],
];

function rejects(message: string, fields: object): () => Promise<never> {
  return async () => {
    throw Object.assign(new Error(message), fields);
  };
}

for (const [id, outcome, fact, tree, parts] of cases)
  test(`${id} is ${outcome} where its fact is ${fact}`, async (t) => {
    const root = writeTree(t.testdir(), { ...HEALTHY, ...tree });
    const { checks } = await examine(fakeMachine(root, parts), { deep: false });
    const found = checks.find((check) => check.id === id);
    t.equal(found?.outcome, outcome, `${found?.fact}`);
    t.match(found?.fact, fact);
    if (outcome !== "PASS") t.match(found?.remedy, /^[^`]+`[^`]+`\.$/);
  });

test("one minor version of skew fits, two do not", async (t) => {
  t.ok(versionsFit("1.2.0", "1.2.9"));
  t.ok(versionsFit("1.3.0", "1.2.0"));
  t.ok(versionsFit("1.2.0", "1.3.0"));
  t.notOk(versionsFit("1.4.0", "1.2.0"));
  t.notOk(versionsFit("2.2.0", "1.2.0"));
  t.notOk(versionsFit("unknown", "unknown"));
});

test("the oldest Node is the one package.json names", async (t) => {
  const manifest = readFileSync(new URL("../../../../package.json", import.meta.url), "utf8");
  t.equal(JSON.parse(manifest).engines.node, `>=${OLDEST_NODE.join(".")}`);
});
