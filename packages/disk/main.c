// SPDX-License-Identifier: Apache-2.0
/*
 * livestack-disk: a disk of a virtual machine whose requests take simulated time. A back end of
 * vhost-user-blk over a raw image; what time they take is a link's to say: tokens.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "serve.h"

static const char help[] =
	"usage: livestack-disk --socket PATH --image FILE\n"
	"\n"
	"A disk for QEMU's vhost-user-blk-pci, which connects to the Unix socket PATH, made here; ends\n"
	"with its front end. FILE is a raw image of whole sectors of 512 bytes. `livestack run` starts\n"
	"it for components with the key disk, and makes descriptors 3 and 4 the ends of a link: what\n"
	"that link takes for a request, the request takes. Until it has, they take no simulated time.\n";

static bool open_image(struct image *image, const char *path)
{
	off_t bytes;

	image->file = open(path, O_RDWR | O_CLOEXEC);
	if (image->file < 0)
		return complain("%s: %s", path, strerror(errno));
	bytes = lseek(image->file, 0, SEEK_END);
	if (bytes <= 0 || bytes % SECTOR)
		return complain("%s: no image of whole sectors of 512 bytes: `truncate -s %%512` makes one of it",
				path);
	image->bytes = bytes;
	return true;
}

/* Descriptors of ours are not to be where those of tokens belong. */
static bool has_standard_files(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "image", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct device device;
	const char *path = NULL, *image = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			path = optarg;
		else if (option == 'i')
			image = optarg;
		else
			return fputs(help, option == 'h' ? stdout : stderr) < 0 || option != 'h' ? 2 : 0;
	}
	if (!path || !image || optind < argc) {
		complain("say --socket PATH and --image FILE, and nothing else: --help tells more");
		return 2;
	}
	if (!has_standard_files()) {
		complain("one of its standard files is closed: open /dev/null there");
		return 2;
	}
	device_begin(&device);
	if (!tokens_begin(&device.tokens) || !open_image(&device.image, image) ||
	    !serve(&device, path))
		return 1;
	device_end(&device);
	return 0;
}
