// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { lab, selftests, tap } from "./mutants-which-test.js";

const PROTOCOL = "tools/lab/src/protocol.ts";
const protocolTest = tap("tools/lab/dist/protocol.test.js");
const BYTES = "exec of a command that prints 50 MB of random bytes: the same bytes arrive";
const STATUS = "exec: exit status, signals and stdin are right";
const TWENTY = "exec: 20 at once work";

const execution: Mutant[] = [
  {
    name: "the rest of a piece is dropped",
    promise: BYTES,
    file: PROTOCOL,
    find: "offset < this.#length ? [buffer.subarray(offset)] : []",
    replace: "offset < 0 ? [buffer.subarray(offset)] : []",
    command: protocolTest,
  },
  {
    name: "a frame type differs from the agent's",
    promise: BYTES,
    file: "tools/lab/guest/protocol.h",
    find: "LAB_ERROUT = 9,",
    replace: "LAB_ERROUT = 12,",
    command: protocolTest,
  },
  {
    name: "one piece of standard input overwrites another",
    promise: BYTES,
    file: "tools/lab/guest/agent.c",
    find: "memcpy(s->in_buf + s->in_len, data, len);",
    replace: "memcpy(s->in_buf, data, len);",
    command: lab("lab", "random bytes"),
  },
  {
    name: "the agent takes a signal for a status",
    promise: STATUS,
    file: "tools/lab/guest/agent.c",
    find: "exit_frame[1] = WTERMSIG(s->status);",
    replace: "exit_frame[0] = WTERMSIG(s->status);",
    command: lab("lab", "statuses and signals are"),
  },
  {
    name: "`lab exec` forgets which signal it was",
    promise: STATUS,
    file: "tools/lab/src/exec.ts",
    find: "return signal ? 128 + signal : status;",
    replace: "return signal ? 128 : status;",
    command: lab("lab", "statuses and signals are"),
  },
  {
    name: "a command outlives its caller",
    promise: STATUS,
    file: "tools/lab/src/lab-host.ts",
    find: "agent.send(stream, FrameType.HANGUP, Buffer.alloc(0));",
    replace: "",
    command: lab("lab", "caller has gone"),
  },
  {
    name: "output goes to the command that was started last",
    promise: TWENTY,
    file: "tools/lab/src/agent-channel.ts",
    find: "this.#streams.get(frame.stream)?.(frame);",
    replace:
      "this.#streams.get(frame.type === FrameType.OUTPUT ? Math.max(...this.#streams.keys()) : frame.stream)?.(frame);",
    command: lab("lab", "twenty commands"),
  },
];

const NETWORK = "three hosts up at once on two cores reach each other by address";
const INSIDE = "nothing outside loopback and the lab's own namespace is ever addressed";
const BAD_INPUT = "bad input: a sentence with the remedy, status documented, nothing left over";
const DOWN = "`down` leaves nothing, also after kill -9 of the tool";
const AT_ONCE = "a host that panics is reported at once with its last console lines";

const labs: Mutant[] = [
  {
    name: "all hosts have one hardware address",
    promise: NETWORK,
    file: "tools/lab/src/machine.ts",
    find: 'index.toString(16).padStart(2, "0")}`;',
    replace: '(index > 0 ? "01" : "00")}`;',
    command: lab("lab", "all hosts reach each other"),
  },
  {
    name: "QEMU listens on TCP",
    promise: INSIDE,
    file: "tools/lab/src/machine.ts",
    find: '["-qmp", `unix:',
    replace: '["-qmp", "tcp:127.0.0.1:0,server=on,wait=off", "-qmp", `unix:',
    command: lab("lab", "no process of the lab has a socket"),
  },
  {
    name: "a folder that is no kernel tree is taken for one",
    promise: BAD_INPUT,
    file: "tools/lab/src/kernels.ts",
    find: "if (missing.length > 0)",
    replace: "if (missing.length > 9)",
    command: lab("lab-faults", "bad input gets"),
  },
  {
    name: "a failed `up` leaves its folder",
    promise: BAD_INPUT,
    file: "tools/lab/src/lab.ts",
    find: "  } catch (error) {\n    await end(options.name);",
    replace: "  } catch (error) {",
    command: lab("lab-faults", "bad input gets"),
  },
  {
    name: "a full disk gets no remedy",
    promise: BAD_INPUT,
    file: "tools/image/src/run.ts",
    find: "/^.*No space left on device.*$/m",
    replace: "/^No space left on device$/",
    command: lab("lab-faults", "a disk without space"),
  },
  {
    name: "a name in use is taken away from who has it",
    promise: BAD_INPUT,
    file: "tools/lab/src/lab.ts",
    find: "mkdirSync(dir, { mode: 0o700 });",
    replace: "mkdirSync(dir, { mode: 0o700, recursive: true });",
    command: lab("lab-faults", "with one host up"),
  },
  {
    name: "a panic is not told from a power-off",
    promise: AT_ONCE,
    file: "tools/lab/src/lab-host.ts",
    find: "const words = LAST_WORDS.exec(text);",
    replace: 'const words = LAST_WORDS.exec("");',
    command: lab("lab-faults", "with one host up"),
  },
  {
    name: "a lab's processes outlive their supervisor",
    promise: DOWN,
    file: "tools/lab/src/lab-host.ts",
    find: '["--pdeathsig", "KILL", "--", ...command]',
    replace: '["--pdeathsig", "clear", "--", ...command]',
    command: lab("lab-faults", "kill -9 of the supervisor"),
  },
  {
    name: "a lab host cannot run virtual machines",
    promise: "2,000 times a KVM VM made and destroyed in a two-CPU lab host: the host survives",
    file: "tools/lab/src/accelerator.ts",
    find: 'return accel === "kvm" ? "host" : "max";',
    replace: 'return accel === "kvm" ? "host,svm=off,vmx=off" : "max,svm=off";',
    command: lab("lab-kvm"),
  },
  {
    name: "--exact counts real time",
    promise: "--exact: time does not depend on the load of the machine",
    file: "tools/lab/src/machine.ts",
    find: '"-icount", "shift=2,sleep=off", ',
    replace: "",
    command: lab("lab-exact"),
  },
];

const kernelParts: Mutant[] = [
  {
    name: "the module states another version",
    promise: "program and modules know whether they are of the same release",
    file: "kernel/core/netlink.c",
    find: "LIVESTACK_A_VERSION_VERSION, LS_VERSION)",
    replace: 'LIVESTACK_A_VERSION_VERSION, "0.0.0")',
    command: selftests("core_netlink"),
  },
  {
    name: "the module refuses without a sentence",
    promise: "one test summary from TypeScript to kernel",
    file: "kernel/core/netlink.c",
    find: "info->extack->_msg = sentence;",
    replace: "",
    command: selftests("core_netlink"),
  },
];

export const labMutants: readonly Mutant[] = [...execution, ...labs, ...kernelParts];
