// SPDX-License-Identifier: Apache-2.0
import { down, ExitStatus, LabError, type LabState, type UpOptions, up } from "@livestack/lab";

const running = new Set<string>();

/** Boots a lab of this process's own for the time of `use`, which gets it and its first host. */
export async function withBenchLab<T>(
  purpose: string,
  options: Omit<UpOptions, "name">,
  use: (lab: LabState, firstHost: string) => Promise<T>,
): Promise<T> {
  const { lab, firstHost, end } = await startBenchLab(purpose, options);
  try {
    return await use(lab, firstHost);
  } finally {
    await end();
  }
}

/** Boots a lab of this process's own, which `end` takes down. */
export async function startBenchLab(
  purpose: string,
  options: Omit<UpOptions, "name">,
): Promise<{ lab: LabState; firstHost: string; end: () => Promise<void> }> {
  const name = `bench-${process.pid}-${purpose}`;
  running.add(name);
  try {
    const lab = await up({ ...options, name });
    return { lab, firstHost: `${name}1`, end: () => end(name) };
  } catch (error) {
    await end(name);
    throw error;
  }
}

/** For a run that is interrupted. */
export async function endBenchLabs(): Promise<void> {
  for (const name of running) await end(name);
}

async function end(name: string): Promise<void> {
  running.delete(name);
  try {
    await down(name);
  } catch (error) {
    // It has not come up, and `up` has cleaned away what there was of it.
    if (!(error instanceof LabError && error.status === ExitStatus.NO_SUCH_LAB)) throw error;
  }
}
