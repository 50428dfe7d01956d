// SPDX-License-Identifier: Apache-2.0
// `livestack attach` and `detach` against a fake kernel: VMs that somebody else has started.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Kind, NetlinkError, State } from "@livestack/netlink-client";
import t, { type Test } from "tap";
import { vmNameIn } from "../vmm/find-vmm.js";
import { RunWorld } from "./run-world-for-test.js";

/** A process that has a name as a VMM has it. */
function vmmNamed(t: Test, name: string): ChildProcess {
  const child = spawn(
    "sh",
    ["-c", "sleep 1000 & wait", "sh", "-name", `guest=${name},debug-threads=on`],
    {
      detached: true,
    },
  );
  t.teardown(() => process.kill(-(child.pid ?? 0), "SIGKILL"));
  return child;
}

function folders({ root }: RunWorld): string[] {
  const folder = join(root, "run/livestack");
  return existsSync(folder) ? readdirSync(folder) : [];
}

t.test("a VM's name is read as QEMU reads it", async (t) => {
  t.equal(vmNameIn(["qemu", "-name", "web"]), "web");
  t.equal(vmNameIn(["qemu", "-name", "guest=web,debug-threads=on"]), "web");
  t.equal(vmNameIn(["qemu", "--name", "guest=a,,b,process=x"]), "a,b");
  t.equal(vmNameIn(["qemu", "-m", "1G"]), undefined);
});

t.test("by name, into a session of its own, which goes when it is detached", async (t) => {
  const world = new RunWorld(t);
  const name = `web-${process.pid}`;
  const { pid } = vmmNamed(t, name);
  const { status, stdout, stderr } = await world.livestack(
    "attach",
    "--name",
    name,
    "--quantum",
    "2ms",
  );
  t.equal(status, 0, stderr);
  t.equal(
    stdout,
    `${name} (pid ${pid}) is component 0 of session 1 (${name}), which was made for it and runs\n`,
  );
  t.same(world.loaded, ["livestack", "livestack_vcpu"]);
  const client = await world.kernel.openClient();
  t.match(await client.sessionGet({ id: 1 }), { state: State.running, quantumNs: 2_000_000n });
  const twice = await world.livestack("detach", name, "nosuch");
  t.match(twice.stderr, /no VM 'nosuch' is attached \[NOT_FOUND\]\nhint: there is web-/);
  const free = await world.livestack("detach", name);
  t.equal(free.stdout, `${name} of session 1 (${name}) runs free\n`);
  t.equal(world.kernel.sessions, 0);
  t.same(folders(world), []);
});

t.test("a session that was made for a VM goes by detach, too, when that VM has gone", async (t) => {
  const world = new RunWorld(t);
  const name = `gone-${process.pid}`;
  vmmNamed(t, name);
  t.equal((await world.livestack("attach", "--name", name)).status, 0);
  const client = await world.kernel.openClient();
  await client.componentDetach({ session: 1, id: 0 });
  const { stdout, stderr } = await world.livestack("detach", name);
  t.equal(stdout, `session 1 (${name}) had no VM any more, and is gone\n`, stderr);
  t.equal(world.kernel.sessions, 0);
  t.same(folders(world), []);
});

t.test(
  "by pid, into a session that is there: as its component of that name, or a new one",
  async (t) => {
    const world = new RunWorld(t);
    const client = await world.kernel.openClient();
    const session = await client.sessionNew({ uuid: "u", name: "lab", quantumNs: 1_000_000n });
    const [one, two] = [`one-${process.pid}`, `two-${process.pid}`];
    await client.componentNew({ session, id: 3, name: one, kind: Kind.live });
    const [first, second] = [vmmNamed(t, one), vmmNamed(t, two)];
    const attach = (child: ChildProcess) =>
      world.livestack("attach", "--pid", String(child.pid), "--session", "lab");
    t.match((await attach(first)).stdout, `is component 3 of session ${session} (lab)\n`);
    t.match((await attach(second)).stdout, `is component 0 of session ${session} (lab)\n`);
    t.equal((await world.livestack("detach", "lab", one)).status, 0);
    t.equal(world.kernel.sessions, 1, "somebody else's session stays");
    t.equal((await client.componentGet({ session, id: 0 })).vcpus, 1);
  },
);

t.test("what cannot be attached leaves nothing behind, and is told", async (t) => {
  const world = new RunWorld(t);
  const name = `bad-${process.pid}`;
  const [child, twin] = [vmmNamed(t, name), vmmNamed(t, `${name}-twin`)];
  vmmNamed(t, `${name}-twin`);
  const cases: [string[], number, RegExp][] = [
    [["attach"], 2, /say which VM: --pid or --name.*\[USAGE\]\nhint: /],
    [["attach", "--pid", "1", "--name", "x"], 2, /one of them only \[USAGE\]/],
    [["attach", "--pid", "x"], 2, /pgrep qemu.*\[USAGE\]/],
    [["attach", "--pid", "4194304"], 1, /there is no process 4194304 \[NOT_ATTACHED\]\nhint: /],
    [
      ["attach", "--name", "nosuch"],
      1,
      /no VM named 'nosuch' runs here \[NOT_FOUND\]\nhint: there is /,
    ],
    [
      ["attach", "--name", `${name}-twin`],
      2,
      new RegExp(`2 VMs are named .*\\[AMBIGUOUS_NAME\\]\nhint: .*${twin.pid}`),
    ],
    [["attach", "--pid", String(child.pid), "--session", "nosuch"], 1, /\[NO_SUCH_SESSION\]/],
    [["attach", "--pid", String(child.pid), "--quantum", "1 parsec"], 1, /\[BAD_UNIT\]\nhint: /],
    [
      ["attach", "--pid", String(child.pid)],
      1,
      /bad-\d+: no Hyper-V, please \[NOT_ATTACHED\]\nhint: docs\/guests\.md/,
    ],
    [["detach", "nosuch"], 1, /\[NO_SUCH_SESSION\]/],
  ];
  world.kernel.refuse = (what) =>
    what.startsWith("component-attach")
      ? new NetlinkError("EOPNOTSUPP", "no Hyper-V, please")
      : undefined;
  for (const [args, status, stderr] of cases) {
    const outcome = await world.livestack(...args);
    t.match(outcome.stderr, stderr, args.join(" "));
    t.equal(outcome.status, status, args.join(" "));
    t.equal(world.kernel.sessions, 0);
    t.same(folders(world), []);
  }
});
