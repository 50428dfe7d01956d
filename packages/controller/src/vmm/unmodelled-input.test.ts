// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { qemuArguments, UNMODELLED } from "./qemu-arguments.js";
import { unmodelledInput } from "./unmodelled-input.js";

t.test("it is found in the arguments of a QEMU, each once", async (t) => {
  const cases: [string, string[]][] = [
    ["-nodefaults -display none -serial none -net none", []],
    ["-serial file:log -netdev hubport,id=a,hubid=0", []],
    ["-serial stdio -serial pty -nographic", ["serial console"]],
    ["-netdev user,id=a -nic tap,ifname=t0", ["network (user)", "network (tap)"]],
    ["--display gtk -vnc :0", ["display"]],
    [
      "-device virtserialport,chardev=c,name=org.qemu.guest_agent.0",
      ["virtio port org.qemu.guest_agent.0"],
    ],
    ["-device vfio-pci,host=01:00.0 -device virtio-blk-pci,drive=a", ["device vfio-pci"]],
    ['-device {"driver":"virtserialport","id":"c","name":"a.b"}', ["virtio port a.b"]],
    [
      '-netdev {"type":"tap","fd":"3"} -device {"driver":"isa-serial"}',
      ["network (tap)", "serial console"],
    ],
    ['-device {"driver":"virtio-blk-pci"} -device {"driver"', []],
    ["", []],
  ];
  for (const [line, found] of cases) t.same(unmodelledInput(line.split(" ")), found, line);
});

t.test("what is told of guests that livestack starts is what their QEMU has", async (t) => {
  const plan = {
    ...{
      name: "one",
      vcpus: 1,
      memoryBytes: 1n << 27n,
      kernel: "k",
      diskSockets: [],
      disks: ["d"],
    },
    networks: [{ tap: "ls12x4095bt", mac: "02:4c:53:00:00:00" }],
    ...{ consoleLog: "log", sockets: { qmp: "q", agent: "a", console: "c" } },
    ...({ accelerator: "kvm", invariantTsc: true } as const),
  };
  t.same(unmodelledInput(qemuArguments(plan)), UNMODELLED);
});
