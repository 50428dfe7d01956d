// SPDX-License-Identifier: Apache-2.0
import { programVersion } from "../program-version.js";
import { CannotTell, type CheckGroup, type Finding, fail, pass, warn } from "./check.js";
import type { Machine } from "./machine.js";
import { findModuleFile } from "./module-file.js";

export const signingChecks: CheckGroup = {
  name: "signing",
  checks: [
    { name: "enforced", run: enforced },
    { name: "lockdown", run: lockdown },
    { name: "secure-boot", run: secureBoot },
  ],
};

const EFI = "sys/firmware/efi";
/** The GUID is EFI's own, of its global variables. */
const SECURE_BOOT = `${EFI}/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c`;
const SIGN =
  "let DKMS sign it and enrol its key, then reboot: " +
  `\`dkms add ./kernel; dkms install livestack/${programVersion()} && mokutil --import /var/lib/dkms/mok.pub\`.`;

function enforced(machine: Machine): Finding {
  const path = "sys/module/module/parameters/sig_enforce";
  const value = machine.read(path);
  if (value === "N") return pass("the kernel loads modules without a signature");
  if (value === "Y") return whenRequired(machine, "module.sig_enforce is on");
  if (machine.exists("proc/modules"))
    throw new CannotTell(
      `there is no ${machine.path(path)}`,
      "see what the kernel was built with: `grep MODULE_SIG /boot/config-$(uname -r)`.",
    );
  return pass("this kernel loads no modules, so none is checked");
}

function lockdown(machine: Machine): Finding {
  const text = machine.read("sys/kernel/security/lockdown");
  if (text === undefined && machine.list("sys/kernel/security").length === 0)
    throw new CannotTell(
      "securityfs is not mounted",
      "mount it and look again: `mount -t securityfs securityfs /sys/kernel/security`.",
    );
  const state = /\[(\w+)\]/.exec(text ?? "[none]")?.[1];
  if (state === "none") return pass(text ? "lockdown is off" : "this kernel has no lockdown");
  return whenRequired(machine, `lockdown is ${state ?? text}`);
}

function secureBoot(machine: Machine): Finding {
  if (!machine.exists(EFI)) return pass("booted without EFI, so without Secure Boot");
  const bytes = machine.readBytes(SECURE_BOOT);
  if (bytes) {
    // Four bytes of attributes come before the value.
    if (bytes[4] !== 1) return pass("Secure Boot is off");
    return whenRequired(machine, "Secure Boot is on");
  }
  if (machine.list(`${EFI}/efivars`).length > 0) return pass("this firmware has no Secure Boot");
  throw new CannotTell(
    "efivarfs is not mounted",
    "mount it and look again: `mount -t efivarfs efivarfs /sys/firmware/efi/efivars`.",
  );
}

/** The module has to have a signature; whether its key is trusted shows only when it is loaded. */
function whenRequired(machine: Machine, fact: string): Finding {
  if (machine.moduleIsLoaded()) return pass(`${fact}, and livestack is loaded`);
  const found = findModuleFile(machine);
  if (!found) return warn(`${fact}: the module will have to be signed`, SIGN);
  if (!found.info) return warn(`${fact}; whether ${found.path} is signed was not read`, SIGN);
  if (!found.info.signed) return fail(`${fact}, and ${found.path} has no signature`, SIGN);
  return warn(
    `${fact}; ${found.path} is signed, whether by a key this kernel trusts shows when it is loaded`,
    "load it and see: `modprobe livestack`.",
  );
}
