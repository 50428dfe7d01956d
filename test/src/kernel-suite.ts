// SPDX-License-Identifier: Apache-2.0
import { buildModules, moduleNames, resolveKernel, runSelftests } from "@livestack/lab";
import type { Test } from "tap";
import { form } from "./form.js";
import { reportKtap } from "./ktap-to-tap.js";
import { withLab } from "./with-lab.js";

/** Only the self-tests with this in their name, for who looks at one thing; MODULE_... is of one module. */
const filter = process.env.LIVESTACK_SELFTESTS;
const modules = moduleNames();
const named = modules.filter((name) => filter?.startsWith(`${name}_`));

/**
 * The self-tests that a host must count its time for, in such a host. All of it is one subtest, as a
 * file's tests end with the last that has been asked for.
 */
export function exactSuite(t: Test, kernelName: string): Promise<unknown> {
  return t.test(`self-tests of vcpu on ${kernelName}, with exact time`, async (t) => {
    const kernel = await resolveKernel(kernelName);
    await buildModules(kernel);
    const { hosts } = await withLab(t, "exact", { kernel: kernelName, exact: true });
    const how = { form, exact: true, filter: "vcpu_exact" };
    reportKtap(t, await runSelftests(hosts[0]?.name ?? "", "vcpu", how));
  });
}

/**
 * The kernel part on one kernel: in one lab host, the self-tests of every module, of which the last
 * point is that the kernel's log has no complaint.
 */
export async function kernelSuite(t: Test, kernelName: string, memoryBytes: number): Promise<void> {
  const kernel = await resolveKernel(kernelName);
  await buildModules(kernel);
  const { hosts } = await withLab(t, "kernel", { kernel: kernelName, memoryBytes });
  const host = hosts[0]?.name ?? "";
  for (const name of named.length > 0 ? named : modules)
    await t.test(`self-tests of ${name} on ${kernel.release}`, async (t) => {
      reportKtap(t, await runSelftests(host, name, { form, ...(filter ? { filter } : {}) }));
    });
}
