// SPDX-License-Identifier: Apache-2.0
import { type CheckGroup, type Finding, fail, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";

export const tscChecks: CheckGroup = {
  name: "tsc",
  checks: [
    { name: "flags", run: flags },
    { name: "clocksource", run: clocksource },
  ],
};

const FOLDER = "sys/devices/system/clocksource/clocksource0";
/** What the kernel falls back on when it distrusts the TSC. */
const FALLBACKS = ["hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"];

function flags(machine: Machine): Finding {
  const present = machine.cpuFlags();
  const lacking = ["constant_tsc", "nonstop_tsc"].filter((flag) => !present.has(flag));
  const reliable = present.has("tsc_reliable") ? ", tsc_reliable" : "";
  if (lacking.length === 0) return pass(`constant_tsc, nonstop_tsc${reliable}`);
  const fact = `the processor does not show ${lacking.join(" and ")}`;
  const remedy =
    "use a processor with an invariant TSC, or give this VM one (QEMU: -cpu host,migratable=off,+invtsc): `grep -o -w -e constant_tsc -e nonstop_tsc /proc/cpuinfo`.";
  if (machine.bootParameters().includes("tsc=reliable"))
    return warn(`${fact}; the boot parameter tsc=reliable vouches for it`, remedy);
  // A TSC that only stops in deep sleep may be fine; tsc.clocksource tells what the kernel found.
  return present.has("constant_tsc") ? warn(fact, remedy) : fail(fact, remedy);
}

function clocksource(machine: Machine): Finding {
  const current = machine.need(`${FOLDER}/current_clocksource`);
  const available = machine.need(`${FOLDER}/available_clocksource`).split(/\s+/);
  // The kernel takes a clocksource it marked unstable off this list.
  if (!available.includes("tsc"))
    return fail(
      `the kernel does not offer the TSC, it found it unstable or has none (it uses ${current})`,
      "find the reason and mend it; an emulated host needs the boot parameter tsc=reliable: `journalctl -k -g 'tsc|clocksource'`.",
    );
  if (current === "tsc") return pass(`clocksource tsc (on offer: ${available.join(" ")})`);
  const remedy = `keep time by the TSC, and look again after a while: \`echo tsc > /${FOLDER}/current_clocksource\`.`;
  if (FALLBACKS.includes(current))
    return fail(`the kernel keeps time by ${current}, its way out of an unstable TSC`, remedy);
  return warn(`the kernel keeps time by ${current}, not by the TSC`, remedy);
}
