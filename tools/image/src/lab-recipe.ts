// SPDX-License-Identifier: Apache-2.0
// The image of a lab host: systemd and SSH.
import {
  DPKG_OPTIONS,
  FILES,
  MASKED_UNITS,
  MKE2FS_OPTIONS,
  REMOVED,
  type Recipe,
} from "./recipe.js";

const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";

const PACKAGES: readonly string[] = [
  "ca-certificates",
  "dbus",
  "iproute2",
  "iputils-ping",
  "kmod",
  // Resolves the host's own name with no /etc/hosts entry: sudo and sshd would wait for DNS.
  "libnss-myhostname",
  "netbase",
  "openssh-server",
  "procps",
  "python3", // Ansible's modules run in it
  "python3-apt", // Ansible's apt module needs it, and a host without network cannot fetch it
  "sudo",
  "systemd",
  "systemd-sysv",
  "udev",
];

const LAB_FILES: Recipe["files"] = [
  ...FILES,
  { path: "/etc/hosts", content: "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost\n" },
  {
    path: "/etc/systemd/journald.conf.d/livestack.conf",
    content: `# A journal on disk would write and fsync during measurements.
[Journal]
Storage=volatile
RuntimeMaxUse=16M
`,
  },
  {
    path: "/etc/ssh/sshd_config.d/livestack.conf",
    content: `# Root by key only; the lab puts the key in /root/.ssh/authorized_keys.
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
# One kind of host key: making an RSA key takes seconds on an emulated CPU.
HostKey ${HOST_KEY}
`,
  },
  {
    path: "/etc/systemd/system/livestack-ssh-keys.service",
    content: `# No two hosts may share a key, so the image has none.
[Unit]
Description=Make this machine's SSH host key
Before=ssh.service ssh.socket
ConditionPathExists=!${HOST_KEY}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -C "" -f ${HOST_KEY}
`,
  },
  {
    path: "/etc/systemd/system/ssh.service.d/livestack.conf",
    content: `[Unit]
Requires=livestack-ssh-keys.service
After=livestack-ssh-keys.service
`,
  },
];

export const LAB_RECIPE: Recipe = {
  version: 2,
  packages: PACKAGES,
  maskedUnits: MASKED_UNITS,
  files: LAB_FILES,
  links: {},
  // Without /etc/hostname the name set by the lab's init stays.
  removed: [...REMOVED, "/etc/ssh/ssh_host_*"],
  // Mount points and keys that the lab's init uses. sshd refuses keys in a folder that others may
  // write to.
  directories: ["/root/.ssh", "/usr/lib/modules"],
  dpkgOptions: DPKG_OPTIONS,
  mke2fsOptions: MKE2FS_OPTIONS,
};
