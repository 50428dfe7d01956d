// SPDX-License-Identifier: GPL-2.0-only

#include "port.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *port_missing(void)
{
	if (control_missing())
		return control_missing();
	if (access("/sys/module/livestack_ipc", F_OK))
		return "livestack_ipc.ko is not loaded: insmod ipc/livestack_ipc.ko";
	return NULL;
}

static void start(struct nl_message *message, uint8_t command, uint32_t session, uint16_t link,
		  uint32_t end)
{
	control_start(message, command);
	nl_add(message, LIVESTACK_A_PORT_SESSION, &session, sizeof(session));
	nl_add(message, LIVESTACK_A_PORT_LINK, &link, sizeof(link));
	nl_add(message, LIVESTACK_A_PORT_END, &end, sizeof(end));
}

int port_new(uint32_t session, uint16_t link, uint32_t end, const struct port_request *request,
	     struct nl_answer *answer)
{
	static struct nl_answer unread;
	const uint32_t pid = request->pid ? request->pid : getpid();
	const uint32_t fd = request->fd, out_fd = request->out_fd;
	struct nl_message message;

	start(&message, LIVESTACK_CMD_PORT_NEW, session, link, end);
	nl_add(&message, LIVESTACK_A_PORT_KIND, &request->kind, sizeof(request->kind));
	nl_add(&message, LIVESTACK_A_PORT_PID, &pid, sizeof(pid));
	if (request->fd >= 0)
		nl_add(&message, LIVESTACK_A_PORT_FD, &fd, sizeof(fd));
	if (request->out_fd >= 0)
		nl_add(&message, LIVESTACK_A_PORT_OUT_FD, &out_fd, sizeof(out_fd));
	if (request->interface)
		nl_add(&message, LIVESTACK_A_PORT_INTERFACE, request->interface,
		       strlen(request->interface) + 1);
	if (request->framed)
		nl_add(&message, LIVESTACK_A_PORT_FRAMED, NULL, 0);
	if (request->sized)
		nl_add(&message, LIVESTACK_A_PORT_SIZED, NULL, 0);
	return control_ask(&message, answer ? answer : &unread);
}

int port_del(uint32_t session, uint16_t link, uint32_t end)
{
	struct nl_message message;
	struct nl_answer answer;

	start(&message, LIVESTACK_CMD_PORT_DEL, session, link, end);
	return control_ask(&message, &answer);
}

int port_get(uint32_t session, uint16_t link, uint32_t end, struct nl_answer *answer)
{
	struct nl_message message;

	start(&message, LIVESTACK_CMD_PORT_GET, session, link, end);
	return control_ask(&message, answer);
}

bool port_socket(uint32_t session, uint16_t link, uint32_t end, int fd)
{
	return port_stream(session, link, end, fd, false);
}

int port_pair(uint32_t session, uint16_t link, uint32_t end, int type)
{
	int fd[2];
	bool ok;

	if (socketpair(AF_UNIX, type, 0, fd))
		return -1;
	ok = port_socket(session, link, end, fd[1]) && !fcntl(fd[0], F_SETFL, O_NONBLOCK);
	close(fd[1]);
	if (ok)
		return fd[0];
	close(fd[0]);
	return -1;
}

bool port_stream(uint32_t session, uint16_t link, uint32_t end, int fd, bool framed)
{
	const struct port_request request = {
		.kind = LIVESTACK_PORT_KIND_SOCKET,
		.fd = fd,
		.out_fd = -1,
		.framed = framed,
	};
	static struct nl_answer answer;
	const int error = port_new(session, link, end, &request, &answer);

	if (error)
		printf("# port: %s: %s\n", strerror(error),
		       answer.sentence ? answer.sentence : "no sentence");
	return !error;
}

static void start_set(struct nl_message *message, uint32_t session, uint16_t link)
{
	control_start(message, LIVESTACK_CMD_LINK_SET);
	nl_add(message, LIVESTACK_A_LINK_SESSION, &session, sizeof(session));
	nl_add(message, LIVESTACK_A_LINK_ID, &link, sizeof(link));
}

int port_wire_says(uint32_t session, uint16_t link, int way, int setting, uint64_t value,
		   size_t size, struct nl_answer *answer)
{
	const uint16_t head[2] = { 4 + size, setting };
	struct nl_message message;
	uint8_t nest[16] = { 0 };

	memcpy(nest, head, sizeof(head));
	memcpy(nest + sizeof(head), &value, size);
	start_set(&message, session, link);
	nl_add(&message, way | NLA_F_NESTED, nest, 4 + size);
	return control_ask(&message, answer);
}

int port_wire(uint32_t session, uint16_t link, int way, int setting, uint64_t value, size_t size)
{
	static struct nl_answer unread;

	return port_wire_says(session, link, way, setting, value, size, &unread);
}

int port_latency(uint32_t session, uint16_t link, uint64_t latency_ns)
{
	struct nl_message message;
	struct nl_answer answer;

	start_set(&message, session, link);
	nl_add(&message, LIVESTACK_A_LINK_LATENCY_NS, &latency_ns, sizeof(latency_ns));
	nl_add(&message, LIVESTACK_A_LINK_BACK_LATENCY_NS, &latency_ns, sizeof(latency_ns));
	return control_ask(&message, &answer);
}

int port_queue(uint32_t session, uint16_t link, uint32_t bytes)
{
	struct nl_message message;
	struct nl_answer answer;

	start_set(&message, session, link);
	nl_add(&message, LIVESTACK_A_LINK_QUEUE_BYTES, &bytes, sizeof(bytes));
	return control_ask(&message, &answer);
}

int port_link_del(uint32_t session, uint16_t link)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_LINK_DEL);
	nl_add(&message, LIVESTACK_A_LINK_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_LINK_ID, &link, sizeof(link));
	return control_ask(&message, &answer);
}

static bool balanced(const struct nl_answer *link, int way)
{
	const uint64_t sent = control_way(link, way, LIVESTACK_A_DIRECTION_SENT),
		       received = control_way(link, way, LIVESTACK_A_DIRECTION_RECEIVED),
		       dropped = control_way(link, way, LIVESTACK_A_DIRECTION_DROPPED),
		       queued = control_way(link, way, LIVESTACK_A_DIRECTION_QUEUED);
	uint64_t fates = 0;
	int fate;

	for (fate = LIVESTACK_A_DIRECTION_DROPPED_LIMIT;
	     fate <= LIVESTACK_A_DIRECTION_DROPPED_GONE; fate++)
		fates += control_way(link, way, fate);
	if (sent == received + dropped + queued && fates == dropped)
		return true;
	printf("# way %d: sent %lu, received %lu, dropped %lu (for reasons %lu), queued %lu\n", way,
	       sent, received, dropped, fates, queued);
	return false;
}

bool port_balanced(uint32_t session, uint16_t link)
{
	static struct nl_answer answer;

	return !control_get_link(session, link, &answer) &&
	       balanced(&answer, LIVESTACK_A_LINK_TO_A) && balanced(&answer, LIVESTACK_A_LINK_TO_B);
}
