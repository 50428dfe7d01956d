// SPDX-License-Identifier: Apache-2.0
import { type Command, InvalidArgumentError } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";

interface Options {
  pid?: number;
  name?: string;
  session?: string;
  quantum: string;
  nested: boolean;
  exact: boolean;
}

export function addAttach(program: Command, context: Context): void {
  program
    .command("attach")
    .description("puts a VM that runs already on simulated time, in a session of its own or in one")
    .option("--pid <pid>", "process of its VMM", pidOf)
    .option("--name <name>", "its name, as QEMU and libvirt have it")
    .option("--session <session>", "id, name or UUID of a session to attach it to")
    .option("--quantum <time>", "length of a new session's windows", "10ms")
    .option("--nested", "also a VM with VMX or SVM, whose own guests then run free", false)
    .option("--exact", "clocks as exact as they can be made, at the cost of speed", false)
    .action(async ({ pid, name, session, quantum, nested, exact }: Options) => {
      if ((pid === undefined) === (name === undefined))
        throw new LivestackError("USAGE", "say which VM: --pid or --name, and one of them only", {
          hint: "as in `livestack attach --name web-1`",
        });
      const { parseQuantity, TIME } = await import("../scenario/quantity.js");
      const { QUANTUM_MAX_NS, QUANTUM_MIN_NS } = await import("@livestack/netlink-client");
      const { attachVm } = await import("../run/attach-vm.js");
      const { findVmm, unmodelledOf, vmmOf } = await import("../vmm/find-vmm.js");
      const limits = { min: BigInt(QUANTUM_MIN_NS), max: BigInt(QUANTUM_MAX_NS) };
      const quantumNs = parseQuantity(quantum, TIME, limits);
      const vmm = name === undefined ? vmmOf(pid ?? 0) : findVmm(name);
      const into = session === undefined ? {} : { session };
      const attached = await attachVm({ vmm, quantumNs, nested, exact, ...into }, context);
      const { session: id, name: of, component, made } = attached;
      const how = made ? ", which was made for it and runs" : "";
      context.stdout.write(
        `${vmm.name} (pid ${vmm.pid}) is component ${component} of session ${id} (${of})${how}\n`,
      );
      const input = unmodelledOf(vmm.pid);
      if (input.length > 0)
        context.stdout.write(
          `no link: ${input.join(", ")}; what comes by these comes at the host's time\n`,
        );
    });
}

function pidOf(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it is a number, as `pgrep qemu` prints it");
}
