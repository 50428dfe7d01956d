// SPDX-License-Identifier: Apache-2.0
/*
 * disk_job DEVICE: prints how long a disk takes by this machine's own clock, in nanoseconds the least
 * and the median of several: "fsync" with nothing to write, "write" of 4 KiB, "read" of 1 MiB.
 * Nothing of it is in a cache. The first 64 KiB of the disk are left as they are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TIMES 20
#define BLOCK 4096
#define LARGE (1 << 20)
#define START (1 << 16)

static uint8_t *buffer;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int flush(int fd)
{
	return fsync(fd);
}

static int put(int fd)
{
	return pwrite(fd, buffer, BLOCK, START) != BLOCK;
}

static int get(int fd)
{
	return pread(fd, buffer, LARGE, START) != LARGE;
}

static void measure(const char *name, int fd, int (*once)(int fd))
{
	int64_t took[TIMES];
	int i;

	for (i = 0; i < TIMES; i++) {
		const int64_t start = now_ns();

		if (once(fd)) {
			perror(name);
			exit(1);
		}
		took[i] = now_ns() - start;
	}
	qsort(took, TIMES, sizeof(took[0]), compare);
	printf("%s %lld %lld\n", name, (long long)took[0], (long long)took[TIMES / 2]);
}

int main(int argc, char **argv)
{
	const int fd = argc == 2 ? open(argv[1], O_RDWR | O_DIRECT) : -1;

	if (fd < 0 || posix_memalign((void **)&buffer, BLOCK, LARGE)) {
		perror("disk_job DEVICE");
		return 1;
	}
	measure("fsync", fd, flush);
	measure("write", fd, put);
	measure("read", fd, get);
	return 0;
}
