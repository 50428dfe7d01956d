// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import {
  buildModules,
  DEFAULT_KERNEL,
  exec,
  type Kernel,
  moduleFile,
  repoRoot,
  resolveKernel,
} from "@livestack/lab";
import { startBenchLab } from "./bench-lab.js";
import type { Measure, PairedBench } from "./pairs.js";

/** What a bench adds to its name and promise when its host counts instructions for time. */
export function counted(exact: boolean): { suffix: string; words: string } {
  return exact
    ? { suffix: "-exact", words: ", counted in instructions" }
    : { suffix: "", words: "" };
}

/** A lab host with livestack.ko in it, in which one bench runs its C programs. */
export class KernelHost {
  readonly #bench: string;
  readonly #withMachines: boolean;
  readonly #withPorts: boolean;
  readonly #exact: boolean;
  #host = "";

  /**
   * @param withMachines with KVM and livestack_vcpu.ko too
   * @param withPorts with livestack_ipc.ko too
   * @param exact its time counts instructions (docs/lab.md): what the emulator itself takes for an
   *   exit, many times what a processor takes, is then no part of what is measured
   */
  constructor(bench: string, { withMachines = false, withPorts = false, exact = false } = {}) {
    this.#bench = bench;
    this.#withMachines = withMachines;
    this.#withPorts = withPorts;
    this.#exact = exact;
  }

  /** Boots it and loads the module. */
  readonly prepare: NonNullable<PairedBench["prepare"]> = async () => {
    const kernel = await resolveKernel(DEFAULT_KERNEL);
    await buildModules(kernel);
    const { firstHost, end } = await startBenchLab("k", {
      kernel: kernel.label,
      exact: this.#exact,
    });
    this.#host = firstHost;
    try {
      await this.#load(kernel);
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  };

  async #load(kernel: Kernel): Promise<void> {
    await this.#run(["insmod", moduleFile(kernel, "core")]);
    if (this.#withPorts) await this.#run(["insmod", moduleFile(kernel, "ipc")]);
    if (!this.#withMachines) return;
    await this.#run(["sh", "-c", "modprobe kvm_amd || modprobe kvm_intel"]);
    await this.#run(["insmod", moduleFile(kernel, "vcpu")]);
  }

  /** The number that a program of kernel/selftests prints. */
  measure(program: string, ...args: readonly (string | number)[]): Measure {
    const path = join(repoRoot, "kernel/build/selftests", program);
    return async () => Number(await this.#run([path, ...args.map(String)]));
  }

  async #run(argv: readonly string[]): Promise<string> {
    const { status, signal, stdout, stderr } = await exec(this.#host, argv);
    if (status !== 0 || signal !== 0)
      throw new Error(
        `bench ${this.#bench}: ${argv.join(" ")} in ${this.#host} ended with ` +
          `${signal ? `signal ${signal}` : status}: ${stderr.toString().trim()}`,
      );
    return stdout.toString();
  }
}
