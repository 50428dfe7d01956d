// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { CannotTell } from "./check.js";

/** An emulated lab host needs 20 s and more to start QEMU. */
const LIMIT_MS = 60_000;
const WORDS_KEPT = 2_000;

export interface ProbeResult {
  made: boolean;
  /** the end of what QEMU said, if it made none */
  words: string;
}

// Stopped from the start (-S), so KVM makes the VM and its CPU but runs no instruction of it.
const ARGUMENTS =
  "-nodefaults -no-user-config -display none -accel kvm -cpu host -smp 1 -m 64 -S -qmp stdio";
const COMMANDS = ["qmp_capabilities", "query-kvm", "quit"];

/**
 * Has QEMU make a virtual machine, asks it whether KVM runs it, and ends it: Node has no ioctl.
 * @throws CannotTell if there is no such program or it takes longer than `limitMs`
 */
export async function makeVirtualMachine(qemu: string, limitMs = LIMIT_MS): Promise<ProbeResult> {
  const child = spawn(qemu, ARGUMENTS.split(" "), { stdio: "pipe" });
  // A program that ends at once closes the pipe under us; its status says enough.
  child.stdin.on("error", () => {});
  child.stdin.write(COMMANDS.map((execute) => `${JSON.stringify({ execute })}\n`).join(""));
  const output = collect(child);
  const { status, late } = await ended(child, qemu, limitMs);
  if (late)
    throw new CannotTell(
      `${qemu} did not answer within ${limitMs / 1000} s and was ended`,
      "try again on an idle machine: `livestack doctor --deep`.",
    );
  const made = status === 0 && /"enabled": ?true/.test(output.stdout);
  const words = output.stderr.trim().replace(/\s*\n\s*/g, "; ");
  return { made, words: words || `it ended with ${status} and no word` };
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (piece: string) => {
      output[name] = (output[name] + piece).slice(-WORDS_KEPT);
    });
  return output;
}

function ended(child: ChildProcess, qemu: string, limitMs: number) {
  return new Promise<{ status: number | string | null; late: boolean }>((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
      // Should it have children, they do not keep us waiting for the end of its output.
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
    }, limitMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      const remedy = "install QEMU, or put it into PATH: `apt install qemu-system-x86`.";
      reject(new CannotTell(`${qemu} cannot be run: ${error.message}`, remedy));
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ status: status ?? signal, late });
    });
  });
}
