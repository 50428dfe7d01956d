// SPDX-License-Identifier: Apache-2.0
import { CannotTell, type CheckGroup, type Finding, fail, pass, warn } from "./check.js";
import { makeVirtualMachine } from "./kvm-probe.js";
import type { Machine } from "./machine.js";

export const kvmChecks: CheckGroup = {
  name: "kvm",
  checks: [
    { name: "cpu", run: cpu },
    { name: "module", run: kvmModule },
    { name: "device", run: device },
    { name: "nested", run: nested },
    { name: "halt-poll", run: haltPoll },
    { name: "create-vm", deep: true, run: createVm },
  ],
};

const VENDORS = [
  { flag: "vmx", name: "VT-x", module: "kvm_intel", paging: "ept" },
  { flag: "svm", name: "AMD-V", module: "kvm_amd", paging: "npt" },
] as const;

const ON = /^[Y1]$/;

function vendorOf(machine: Machine) {
  const flags = machine.cpuFlags();
  return VENDORS.find(({ flag }) => flags.has(flag));
}

/** The kvm_... of LiveStack's two that is in the kernel. */
function loadedVendor(machine: Machine) {
  return VENDORS.find(({ module }) => machine.exists(`sys/module/${module}`));
}

function cpu(machine: Machine): Finding {
  const vendor = vendorOf(machine);
  if (vendor) return pass(`the processor has ${vendor.name} (${vendor.flag})`);
  return fail(
    "the processor shows neither vmx nor svm, which live guests run on",
    "turn VT-x or AMD-V on in the firmware, or nested virtualization outside if this is a VM: `systemctl reboot --firmware-setup`.",
  );
}

function kvmModule(machine: Machine): Finding {
  const vendor = loadedVendor(machine);
  if (vendor) return nestedPaging(machine, vendor);
  const others = machine.list("sys/module").filter((name) => name.startsWith("kvm_"));
  if (others.length > 0)
    return warn(
      `virtual machines are run by ${others.join(", ")}; LiveStack is tried with kvm_intel and kvm_amd`,
      "see whether it makes a VM at all: `livestack doctor --deep`.",
    );
  const wanted = vendorOf(machine);
  if (wanted)
    return fail(`${wanted.module} is not loaded`, `load it: \`modprobe ${wanted.module}\`.`);
  return fail(
    "no KVM module is loaded, and none fits this processor",
    "see kvm.cpu: `livestack doctor`.",
  );
}

function nestedPaging(machine: Machine, { module, paging }: (typeof VENDORS)[number]): Finding {
  const value = machine.need(`sys/module/${module}/parameters/${paging}`);
  if (ON.test(value)) return pass(`${module} is loaded, ${paging} is on`);
  return warn(
    `${module} is loaded with ${paging}=${value}: every page fault of a guest leaves it`,
    `load it with ${paging} on: \`modprobe -r ${module} && modprobe ${module} ${paging}=1\`.`,
  );
}

function device(machine: Machine): Finding {
  const path = "dev/kvm";
  if (!machine.exists(path))
    return fail(
      "there is no /dev/kvm",
      `load KVM's module: \`modprobe ${vendorOf(machine)?.module ?? "kvm_intel || modprobe kvm_amd"}\`.`,
    );
  if (!machine.isCharacterDevice(path))
    return fail(
      "/dev/kvm is no character device",
      "let udev make it again: `rm -r /dev/kvm && udevadm trigger --name-match=kvm`.",
    );
  try {
    machine.tryOpen(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      `/dev/kvm does not open: ${reason}`,
      "let this user into the group kvm and log in again: `usermod -aG kvm $USER`.",
    );
  }
  return pass("/dev/kvm opens; whether it makes a VM is asked with --deep");
}

function nested(machine: Machine): Finding {
  const vendor = loadedVendor(machine);
  if (!vendor)
    throw new CannotTell(
      "neither kvm_intel nor kvm_amd is loaded",
      "see kvm.module: `lsmod | grep kvm`.",
    );
  const { module, flag } = vendor;
  const value = machine.need(`sys/module/${module}/parameters/nested`);
  if (!ON.test(value)) return pass(`guests are not offered ${flag}`);
  return warn(
    `${module} has nested=${value}: a guest started with -cpu host has ${flag}, and such a guest is refused`,
    `turn it off, or start guests with -cpu host,-${flag}: \`modprobe -r ${module} && modprobe ${module} nested=0\`.`,
  );
}

function haltPoll(machine: Machine): Finding {
  const path = "sys/module/kvm/parameters/halt_poll_ns";
  const value = machine.read(path);
  if (value === undefined)
    throw new CannotTell("the module kvm is not loaded", "see kvm.module: `lsmod | grep kvm`.");
  if (value === "0") return pass("halting virtual CPUs do not poll");
  return warn(
    `halting virtual CPUs poll up to ${value} ns: host time taken from the other guests`,
    `turn it off: \`echo 0 > /${path}\`.`,
  );
}

async function createVm(machine: Machine): Promise<Finding> {
  const { qemu } = machine.parts;
  const { made, words } = await makeVirtualMachine(qemu);
  if (made) return pass(`${qemu} made a VM with one virtual CPU; nothing was booted in it`);
  return fail(
    `${qemu} made no VM: ${words}`,
    "see the same with its whole output: `qemu-system-x86_64 -accel kvm -cpu host -S -display none`.",
  );
}
