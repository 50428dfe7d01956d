// SPDX-License-Identifier: Apache-2.0
// The root of builtin:debian: a Debian that does nothing of its own accord. What wakes an idle guest
// ends idle time early, and what follows the host's clock is wrong in a session.
import {
  DPKG_OPTIONS,
  FILES,
  MASKED_UNITS,
  MKE2FS_OPTIONS,
  REMOVED,
  type Recipe,
} from "./recipe.js";

const NAME = "debian";
/** Started when nothing else of the boot is left to start, at the latest 5 s after its turn. */
const TYPE_LAST = "Type=idle";
const UNITS = "/etc/systemd/system";

const GUEST_FILES: Recipe["files"] = [
  ...FILES,
  { path: "/etc/hostname", content: `${NAME}\n` },
  {
    path: "/etc/hosts",
    content: `127.0.0.1\tlocalhost\n127.0.1.1\t${NAME}\n::1\t\tlocalhost ip6-localhost\n`,
  },
  {
    path: `${UNITS}/livestack-agent.service`,
    content: `# The last to start, so that whoever reaches it finds a guest that has booted.
[Unit]
Description=LiveStack guest agent
Wants=systemd-udev-settle.service
After=systemd-udev-settle.service
StartLimitIntervalSec=0

[Service]
${TYPE_LAST}
ExecStart=/usr/sbin/livestack-agent
Restart=always
Environment=HOME=/root LANG=C.UTF-8
StandardOutput=journal+console
# What it runs is no part of it: it goes on when the agent is started anew, has no limit of its own,
# and when the kernel kills one for want of memory the others stay.
KillMode=process
OOMPolicy=continue
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`,
  },
  {
    path: `${UNITS}/livestack-console.service`,
    content: `# Root without a password: whoever has the console has the machine.
[Unit]
Description=Shell on the serial console
StartLimitIntervalSec=0

[Service]
${TYPE_LAST}
# The device is there without a port behind it, too: type 0.
ExecCondition=/bin/grep -qvx 0 /sys/class/tty/ttyS0/type
ExecStart=-/bin/bash --login
Restart=always
WorkingDirectory=/root
Environment=HOME=/root LANG=C.UTF-8 TERM=vt102
StandardInput=tty
TTYPath=/dev/ttyS0
TTYReset=yes
IgnoreSIGPIPE=no
SendSIGHUP=yes

[Install]
WantedBy=multi-user.target
`,
  },
  {
    path: `${UNITS}/service.d/livestack.conf`,
    content: `# A service with a watchdog wakes itself and init every minute or two.
[Service]
WatchdogSec=0
`,
  },
  {
    path: `${UNITS}/systemd-udev-trigger.service.d/livestack.conf`,
    content: `# Not the 70 terminals, which need neither driver nor rule: a third of all there is to look at.
[Service]
ExecStart=
ExecStart=-udevadm trigger --type=subsystems --action=add
ExecStart=-udevadm trigger --type=devices --action=add --subsystem-nomatch=tty
`,
  },
  {
    path: "/etc/sysctl.d/livestack.conf",
    content: `# The kernel looks twice a second whether memory should be compacted ahead of need.
vm.compaction_proactiveness = 0
`,
  },
  {
    path: "/etc/modprobe.d/livestack.conf",
    content: `# Every q35 machine has this controller, and looking for disks at its six ports takes longer than
# the rest of the boot; disks are virtio. \`modprobe ahci\` loads it all the same.
blacklist ahci
`,
  },
  {
    path: "/etc/systemd/system.conf.d/livestack.conf",
    content: `[Manager]
# On the console only what fails: each byte is an exit to the VMM.
ShowStatus=error
DefaultTimeoutStopSec=10s
`,
  },
  {
    path: "/etc/systemd/journald.conf.d/livestack.conf",
    content: `[Journal]
# A journal on disk would write and fsync during measurements.
Storage=volatile
RuntimeMaxUse=16M
# There is nothing to sync, and its timer would end idle time 5 minutes after each message.
SyncIntervalSec=0
# Otherwise the kernel says on the console which units start.
Audit=no
`,
  },
];

export const GUEST_RECIPE: Recipe = {
  version: 1,
  packages: [
    "iproute2",
    "iputils-ping",
    "kmod",
    "netbase",
    "procps",
    "systemd",
    "systemd-sysv",
    "udev",
  ],
  maskedUnits: [
    ...MASKED_UNITS,
    // Whatever timers packages bring, none starts by itself; `systemctl start NAME.timer` does it.
    "timers.target",
    // Nobody logs in, and it needs a message bus.
    "systemd-logind.service",
    "getty.target",
    // Disks are as they are made, nothing measures the boot into a TPM, and nothing extends /usr.
    "systemd-repart.service",
    "systemd-pcrphase.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-sysext.service",
  ],
  files: GUEST_FILES,
  links: {
    [`${UNITS}/default.target`]: "/lib/systemd/system/multi-user.target",
    [`${UNITS}/multi-user.target.wants/livestack-agent.service`]: "../livestack-agent.service",
    [`${UNITS}/multi-user.target.wants/livestack-console.service`]: "../livestack-console.service",
    // Network cards keep the kernel's names, as in builtin:tiny.
    "/etc/systemd/network/99-default.link": "/dev/null",
  },
  removed: REMOVED,
  directories: [],
  dpkgOptions: DPKG_OPTIONS,
  mke2fsOptions: MKE2FS_OPTIONS,
};
