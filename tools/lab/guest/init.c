// SPDX-License-Identifier: Apache-2.0
/*
 * First process of a lab host. Runs from the initramfs: loads the drivers, puts the root together,
 * gives the host its name and address, and hands over to the agent (root "host") or to systemd with
 * the agent as a unit (root "debian").
 *
 * Parameters come on the kernel command line, so that one initramfs serves every host of a kernel:
 *   lab.root=host|debian  lab.name=NAME  lab.index=I  lab.hosts=N  lab.modules=PATH
 * PATH is the kernel's module folder as the machine sees it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HOST_ROOT	"/mnt/host"	/* this machine's root, read-only, by virtiofs */
#define NEW_ROOT	"/mnt/root"
#define WRITABLE	"/mnt/rw"

static char cmdline[4096];

/* A host that cannot come up must say why and stop: QEMU's exit is what `up` is waiting for. */
static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "lab-init: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(ap);
	fflush(stderr);
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static const char *param(const char *key)
{
	static char value[1024];
	size_t len = strlen(key);
	const char *p = cmdline;

	while (*p) {
		size_t word = strcspn(p, " \n");

		if (word > len && !strncmp(p, key, len) && p[len] == '=') {
			snprintf(value, sizeof(value), "%.*s", (int)(word - len - 1), p + len + 1);
			return value;
		}
		p += word + strspn(p + word, " \n");
	}
	errno = EINVAL;
	die("%s= is missing on the kernel command line", key);
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		die("mkdir %s", path);
}

static void mount_at(const char *source, const char *path, const char *type, unsigned long flags,
		     const char *data)
{
	make_dir(path);
	if (mount(source, path, type, flags, data))
		die("mount %s on %s", type ? type : source, path);
}

/* For what a small kernel may lack (debugfs, cgroup2): the host is useful without it. */
static void mount_if_known(const char *type, const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return;
	mount(type, path, type, 0, NULL);
}

static void write_file(const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		die("write %s", path);
}

static void copy_file(const char *from, const char *to)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t n;

	if (in < 0 || out < 0)
		die("copy %s to %s", from, to);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n)
			die("write %s", to);
	close(in);
	close(out);
}

/* The list is in dependency order, so a failure is final; EEXIST is a module that was built in. */
static void load_modules(void)
{
	FILE *list = fopen("/modules/list", "re");
	char path[256];

	if (!list)
		die("open /modules/list");
	while (fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
			die("load %s", path);
		close(fd);
	}
	fclose(list);
}

static void mount_root(bool debian)
{
	mount_at("host", HOST_ROOT, "virtiofs", MS_RDONLY, NULL);
	if (debian) {
		/* QEMU keeps the writes in a file of its own that goes with it. */
		mount_at("/dev/vda", NEW_ROOT, "ext4", MS_NOATIME, NULL);
		return;
	}
	mount_at("tmpfs", WRITABLE, "tmpfs", 0, "mode=755,size=90%");
	make_dir(WRITABLE "/upper");
	make_dir(WRITABLE "/work");
	mount_at("overlay", NEW_ROOT, "overlay", 0,
		 "lowerdir=" HOST_ROOT ",upperdir=" WRITABLE "/upper,workdir=" WRITABLE "/work");
}

/* The kernel's modules live in the cache, not in the root's own /lib/modules. */
static void bind_modules(void)
{
	char from[1200], to[1200];
	const char *path = param("lab.modules");
	const char *release = strrchr(path, '/');

	snprintf(from, sizeof(from), HOST_ROOT "%s", path);
	make_dir(NEW_ROOT "/lib/modules");
	snprintf(to, sizeof(to), NEW_ROOT "/lib/modules%s", release ? release : "");
	make_dir(to);
	if (mount(from, to, NULL, MS_BIND, NULL))
		die("bind %s", path);
}

static void set_address(int sock, const char *dev, const char *address, const char *mask)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, address, &sin->sin_addr);
	if (ioctl(sock, SIOCSIFADDR, &ifr))
		die("set the address of %s", dev);
	inet_pton(AF_INET, mask, &sin->sin_addr);
	if (ioctl(sock, SIOCSIFNETMASK, &ifr))
		die("set the netmask of %s", dev);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr))
		die("bring up %s", dev);
}

/* The lab's network carries what its user sends: no neighbour discovery, no multicast. */
static void silence_ipv6(void)
{
	int fd = open("/proc/sys/net/ipv6/conf/eth0/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;		/* a kernel without IPv6 */
	if (write(fd, "1\n", 2) != 2)
		die("silence IPv6");
	close(fd);
}

static void name_and_network(void)
{
	int index = atoi(param("lab.index")), hosts = atoi(param("lab.hosts"));
	char lab[65], host[80], address[32], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!out || sock < 0)
		die("name the host");
	snprintf(lab, sizeof(lab), "%s", param("lab.name"));
	snprintf(host, sizeof(host), "%s%d", lab, index);
	snprintf(address, sizeof(address), "10.76.0.%d", index);
	sethostname(host, strlen(host));
	silence_ipv6();
	set_address(sock, "lo", "127.0.0.1", "255.0.0.0");
	set_address(sock, "eth0", address, "255.255.255.0");
	close(sock);

	fprintf(out, "127.0.0.1 localhost\n");
	for (int i = 1; i <= hosts; i++)
		fprintf(out, "10.76.0.%d %s%d\n", i, lab, i);
	fclose(out);
	unlink(NEW_ROOT "/etc/hosts");
	write_file(NEW_ROOT "/etc/hosts", 0644, text);
	free(text);
	unlink(NEW_ROOT "/etc/hostname");
	write_file(NEW_ROOT "/etc/hostname", 0644, host);
}

static void install_agent_unit(void)
{
	static const char unit[] =
		"[Unit]\nDescription=Lab agent\nDefaultDependencies=no\nConflicts=shutdown.target\n"
		"[Service]\nExecStart=/run/lab/agent\nKillMode=process\nRestart=always\n";

	make_dir("/run/systemd");
	make_dir("/run/systemd/system");
	make_dir("/run/systemd/system/sysinit.target.wants");
	write_file("/run/systemd/system/lab-agent.service", 0644, unit);
	if (symlink("../lab-agent.service",
		    "/run/systemd/system/sysinit.target.wants/lab-agent.service"))
		die("enable the agent's unit");
}

static void enter_root(void)
{
	static const char *const moved[] = { "/dev", "/proc", "/sys", "/run" };

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		char to[64];

		snprintf(to, sizeof(to), NEW_ROOT "%s", moved[i]);
		make_dir(to);
		if (mount(moved[i], to, NULL, MS_MOVE, NULL))
			die("move %s", moved[i]);
	}
	if (chdir(NEW_ROOT) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("enter the new root");
}

static void mount_for_agent(void)
{
	mount_at("devpts", "/dev/pts", "devpts", 0, "gid=5,mode=620,ptmxmode=666");
	mount_at("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_if_known("cgroup2", "/sys/fs/cgroup");
	mount_if_known("debugfs", "/sys/kernel/debug");
	mount_if_known("tracefs", "/sys/kernel/tracing");
	if (symlink("/proc/self/fd", "/dev/fd") && errno != EEXIST)
		die("link /dev/fd");
	if (symlink("pts/ptmx", "/dev/ptmx.lab") == 0 && rename("/dev/ptmx.lab", "/dev/ptmx"))
		die("link /dev/ptmx");
}

int main(void)
{
	bool debian;
	int fd;

	mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, cmdline, sizeof(cmdline) - 1) < 0)
		die("read /proc/cmdline");
	close(fd);
	debian = !strcmp(param("lab.root"), "debian");

	make_dir("/mnt");
	load_modules();
	mount_root(debian);
	bind_modules();
	name_and_network();
	make_dir("/run/lab");
	copy_file("/agent", "/run/lab/agent");
	if (debian)
		install_agent_unit();
	enter_root();
	if (debian) {
		execl("/sbin/init", "/sbin/init", NULL);
		die("start /sbin/init");
	}
	mount_for_agent();
	execl("/run/lab/agent", "lab-agent", NULL);
	die("start the agent");
}
