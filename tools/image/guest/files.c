// SPDX-License-Identifier: Apache-2.0
/* Files to and from the guest, piece by piece: a line has room for a few megabytes only. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define PIECE_MAX	(1 << 20)

static int write_at(int fd, const char *data, size_t len, off_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data += n;
			len -= n;
			offset += n;
		}
	}
	return 0;
}

/* Each piece must follow on the one before: what two hosts send at once must not be mixed. */
static int add_piece(const char *part, const char *data, size_t len, off_t offset)
{
	int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (offset ? 0 : O_TRUNC), 0600);
	struct stat st;
	int error = 0;

	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		error = errno;
	else if (st.st_size != offset)
		error = ESPIPE;
	else if (write_at(fd, data, len, offset))
		error = errno;
	if (close(fd) && !error)
		error = errno;
	return error;
}

/* The file shows under its name when it is whole: the last piece renames it. */
void put_request(const struct request *r)
{
	size_t len;
	char *path = field_string(r, "path", 0), *data = field_bytes(r, "data", 0, &len);
	char *mode_text = field(r, "mode"), *end = mode_text;
	unsigned long mode = mode_text ? strtoul(mode_text, &end, 8) : 0;
	uint64_t offset, last;
	char *part;
	int error;

	if (!path || *path != '/')
		return send_bad_field(r->id, "put", "path");
	if (!data)
		return send_bad_field(r->id, "put", "data");
	if (!mode_text || end == mode_text || *end || mode > 07777)
		return send_bad_field(r->id, "put", "mode");
	if (!field_number(r, "offset", 0, INT64_MAX - len, &offset))
		return send_bad_field(r->id, "put", "offset");
	if (!field_number(r, "last", 0, 1, &last))
		return send_bad_field(r->id, "put", "last");
	if (asprintf(&part, "%s.livestack-part", path) < 0)
		return send_errno(r->id, ENOMEM, path);
	error = add_piece(part, data, len, offset);
	if (!error && last && (chmod(part, mode) || rename(part, path)))
		error = errno;
	if (error) {
		unlink(part);
		send_errno(r->id, error, path);
	} else {
		send_ok(r->id);
	}
	free(part);
}

static ssize_t read_at(int fd, char *data, size_t len, off_t offset)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = pread(fd, data + have, len - have, offset + have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

/* Regular files only: reading anything else may never end. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	errno = fd >= 0 && S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
	close(fd);
	return -1;
}

void get_request(const struct request *r)
{
	char *path = field_string(r, "path", 0);
	struct buffer *line;
	uint64_t offset, length;
	char *data;
	ssize_t n;
	int fd;

	if (!path || *path != '/')
		return send_bad_field(r->id, "get", "path");
	if (!field_number(r, "offset", 0, INT64_MAX - PIECE_MAX, &offset))
		return send_bad_field(r->id, "get", "offset");
	if (!field_number(r, "length", 1, PIECE_MAX, &length))
		return send_bad_field(r->id, "get", "length");
	fd = open_regular(path);
	if (fd < 0)
		return send_errno(r->id, errno, path);
	data = malloc(length);
	n = data ? read_at(fd, data, length, offset) : -1;
	if (n < 0) {
		send_errno(r->id, errno, path);
	} else {
		line = begin_line(r->id, "ok");
		buffer_print(line, " end=%d", (size_t)n < length);
		buffer_add_bytes(line, "data", data, n);
		send_line();
	}
	free(data);
	close(fd);
}
