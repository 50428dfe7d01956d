// SPDX-License-Identifier: Apache-2.0
// What an image is made of. A recipe is data, all of it part of the cache key; what the recipes
// have in common is here.

export interface ImageFile {
  path: string;
  content: string;
  mode?: string;
}

export interface Recipe {
  /** Raise when the way of building changes the image although the data stays the same. */
  version: number;
  /** On top of Debian's "minbase" (priority required, and apt). */
  packages: readonly string[];
  maskedUnits: readonly string[];
  /** Written over what the packages installed. */
  files: readonly ImageFile[];
  /** Symbolic links, with their targets. */
  links: Readonly<Record<string, string>>;
  /** Removed from the finished tree; shell patterns. */
  removed: readonly string[];
  /** Made if they are missing, with mode 0700 below /root, where only root has business. */
  directories: readonly string[];
  dpkgOptions: readonly string[];
  mke2fsOptions: readonly string[];
}

/**
 * Units that must never start, in any image. Machines here may boot on an emulated CPU, where each
 * process of the boot costs tens of milliseconds, and they are thrown away afterwards. Units of
 * packages that are not in the image are listed too, because a package asked for may bring them in.
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
  // start the serial one by itself; a guest has a shell there that asks for none.
  "getty@.service",
  "serial-getty@.service",
  "console-getty.service",
  "container-getty@.service",
  // The lab sets the addresses before init starts, a guest's setup later: there is no network to
  // wait for.
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

/** Of every image. */
export const FILES: readonly ImageFile[] = [
  // Whoever boots it mounts root and whatever else there is.
  { path: "/etc/fstab", content: "" },
  // No resolver: the machine's own (copied in by mmdebstrap) means nothing inside.
  { path: "/etc/resolv.conf", content: "" },
  // Empty, not absent: absent means "first boot" to systemd, which then presets every unit.
  { path: "/etc/machine-id", content: "", mode: "0444" },
  { path: "/etc/default/locale", content: "LANG=C.UTF-8\n" },
];

export const REMOVED: readonly string[] = [
  "/etc/hostname", // copied in from this machine
  "/var/lib/dbus/machine-id",
  "/var/lib/systemd/random-seed",
  "/var/log/apt/*",
  "/var/log/dpkg.log",
  "/var/log/alternatives.log",
  "/var/log/bootstrap.log",
];

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
