// SPDX-License-Identifier: GPL-2.0-only

#include "cable.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"

bool cable_up(const char *interface)
{
	struct ifreq request = { 0 };
	char path[96];
	int fd, socket_fd;
	bool ok;

	/* No address is to be made up and told to others. */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
	fd = open(path, O_WRONLY);
	if (fd >= 0 && write(fd, "1", 1) != 1)
		return false;
	close(fd);
	socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	ok = !ioctl(socket_fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	ok = ok && !ioctl(socket_fd, SIOCSIFFLAGS, &request);
	close(socket_fd);
	return ok;
}

int cable_packets(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(CABLE_PROTOCOL),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(CABLE_PROTOCOL));
	const int room = 16 << 20;

	/* What a link's queue lets through at once is not to be lost here. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

struct cable_frame cable_frame(uint32_t number)
{
	return (struct cable_frame){
		.header = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_source = { 2, 0, 0, 0, 0, 2 },
			    .h_proto = htons(CABLE_PROTOCOL) },
		.number = number,
	};
}

bool cable_is_frame(const struct cable_frame *frame, size_t length)
{
	return length >= ETH_ZLEN && frame->header.h_proto == htons(CABLE_PROTOCOL);
}

static bool plug(struct cable *cable, unsigned int which, const char *interface)
{
	const struct port_request request = { LIVESTACK_PORT_KIND_NET, -1, -1, interface, 0 };
	const int error = port_new(cable->pair.session, PAIR_LINK,
				   which ? LIVESTACK_END_B : LIVESTACK_END_A, &request, NULL);

	if (error)
		printf("# port %s: error %d\n", interface, error);
	if (error || !cable_up(interface))
		return false;
	cable->socket[which] = cable_packets(interface);
	return cable->socket[which] >= 0;
}

bool cable_begin(struct cable *cable)
{
	cable->socket[0] = -1;
	cable->socket[1] = -1;
	return pair_begin(&cable->pair, LIVESTACK_MODE_STRICT, CABLE_QUANTUM, CABLE_LATENCY) &&
	       plug(cable, 0, CABLE_NAME_0) && plug(cable, 1, CABLE_NAME_1) &&
	       !pair_step(&cable->pair, 0, 0) &&
	       pair_step(&cable->pair, 1, LIVESTACK_TIME_NONE) == EAGAIN;
}

bool cable_end(struct cable *cable)
{
	bool ok = port_balanced(cable->pair.session, PAIR_LINK);
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (cable->socket[i] >= 0)
			close(cable->socket[i]);
	return pair_end(&cable->pair) && ok && !if_nametoindex(CABLE_NAME_0);
}

bool cable_put(struct cable *cable, uint32_t number, size_t length)
{
	const struct cable_frame frame = cable_frame(number);

	return send(cable->socket[0], &frame, length, 0) == (ssize_t)length;
}

int64_t cable_get(struct cable *cable)
{
	struct cable_frame frame;
	ssize_t length;

	do
		length = recv(cable->socket[1], &frame, sizeof(frame), 0);
	while (length > 0 && !cable_is_frame(&frame, length));
	return length < 0 ? -1 : (int64_t)frame.number;
}
