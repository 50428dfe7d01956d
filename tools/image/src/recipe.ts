// SPDX-License-Identifier: Apache-2.0
// What is in an image and why. Everything here is data and part of the cache key.

/** Raise when the way of building changes the image although the data below stays the same. */
export const RECIPE_VERSION = 1;

/** On top of Debian's "minbase" (priority required, and apt). */
export const BASE_PACKAGES: readonly string[] = [
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

/**
 * Units that must never start. A lab host boots on an emulated CPU, where each process of the boot
 * costs tens of milliseconds, and it is thrown away afterwards. Units of packages that are not in
 * the image are listed too, because a package asked for may bring them in.
 */
export const MASKED_UNITS: readonly string[] = [
  // Maintenance of a machine that lives for months. Timers also end idle time: a guest that only
  // sleeps would be woken by them.
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "logrotate.timer",
  "man-db.timer",
  "systemd-tmpfiles-clean.timer",
  // A guest's clock belongs to the session: nothing may pull it towards another one.
  "systemd-timesyncd.service",
  "systemd-time-wait-sync.service",
  // No one sits at these consoles, root has no password to log in with, and console=ttyS0 would
  // start the serial one by itself.
  "getty@.service",
  "serial-getty@.service",
  "console-getty.service",
  "container-getty@.service",
  // The lab sets the addresses before init starts: there is no network to wait for.
  "systemd-networkd-wait-online.service",
  "NetworkManager-wait-online.service",
  "ifupdown-wait-online.service",
  // "First boot after an update" work. Each new image would do it, and what they make was made
  // when its packages were configured.
  "ldconfig.service",
  "systemd-hwdb-update.service",
  "systemd-journal-catalog-update.service",
  "systemd-sysusers.service",
  "systemd-update-done.service",
  "systemd-firstboot.service",
  // Wanted by logind and the journal for a screen and for firmware's crash store: there is neither.
  "modprobe@drm.service",
  "modprobe@efi_pstore.service",
  // Records and hardware that a throw-away VM does not have: utmp history, a seed for the next
  // boot (the CPU has RDRAND), crash dumps in firmware, radio switches, the journal on disk.
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-random-seed.service",
  "systemd-pstore.service",
  "systemd-rfkill.service",
  "systemd-rfkill.socket",
  "systemd-journal-flush.service",
];

export interface ImageFile {
  path: string;
  content: string;
  mode?: string;
}

const HOST_KEY = "/etc/ssh/ssh_host_ed25519_key";

/** Files written over what the packages installed. */
export const FILES: readonly ImageFile[] = [
  // The lab mounts root and whatever else there is.
  { path: "/etc/fstab", content: "" },
  // No resolver: the machine's own (copied in by mmdebstrap) means nothing inside the lab.
  { path: "/etc/resolv.conf", content: "" },
  { path: "/etc/hosts", content: "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost\n" },
  // Empty, not absent: absent means "first boot" to systemd, which then presets every unit.
  { path: "/etc/machine-id", content: "", mode: "0444" },
  { path: "/etc/default/locale", content: "LANG=C.UTF-8\n" },
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

/** Removed from the finished tree; shell patterns. */
export const REMOVED: readonly string[] = [
  "/etc/hostname", // copied in from this machine; without it the name set by the lab's init stays
  "/etc/ssh/ssh_host_*",
  "/var/lib/dbus/machine-id",
  "/var/lib/systemd/random-seed",
  "/var/log/apt/*",
  "/var/log/dpkg.log",
  "/var/log/alternatives.log",
  "/var/log/bootstrap.log",
];

/** Made if they are missing: mount points that the lab and the guests use. */
export const DIRECTORIES: readonly string[] = ["/root/.ssh", "/usr/lib/modules"];

/**
 * Not unpacked. Only the files are named, so their folders stay: maintainer scripts that link a
 * manual page fail where the folder is missing.
 */
export const DPKG_OPTIONS: readonly string[] = [
  "path-exclude=/usr/share/man/*/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/doc/*/*",
  "path-include=/usr/share/doc/*/copyright",
  "path-exclude=/usr/share/locale/*/LC_MESSAGES/*",
  "path-exclude=/usr/share/lintian/*/*",
];

export const MKE2FS_OPTIONS: readonly string[] = [
  "-t",
  "ext4",
  "-L",
  "livestack",
  "-m",
  "0",
  // Otherwise a kernel thread writes out the inode tables after the first boot, in the middle of
  // what is being measured. The file is new, so it reads as zeros without writing any.
  "-E",
  "root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,assume_storage_prezeroed=1",
];

/** All of the above as one text, for the cache key. */
export function recipeText(): string {
  return JSON.stringify({
    RECIPE_VERSION,
    BASE_PACKAGES,
    MASKED_UNITS,
    FILES,
    REMOVED,
    DIRECTORIES,
    DPKG_OPTIONS,
    MKE2FS_OPTIONS,
  });
}
