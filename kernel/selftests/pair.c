// SPDX-License-Identifier: GPL-2.0-only

#include "pair.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "control.h"
#include "device.h"

bool pair_create(struct pair *pair, uint32_t mode, uint64_t quantum_ns, uint64_t latency_ns)
{
	unsigned int i;

	*pair = (struct pair){
		.session = control_session_of_mode(quantum_ns, 0, mode),
		.fd = { -1, -1 },
	};
	for (i = 0; i < 2; i++)
		if (control_component(pair->session, i, LIVESTACK_KIND_MODEL))
			return false;
	if (control_link(pair->session, PAIR_LINK, 0, 1, latency_ns))
		return false;
	for (i = 0; i < 2; i++)
		pair->fd[i] = device_join(pair->session, i, O_NONBLOCK);
	return pair->fd[0] >= 0 && pair->fd[1] >= 0;
}

bool pair_begin(struct pair *pair, uint32_t mode, uint64_t quantum_ns, uint64_t latency_ns)
{
	return pair_create(pair, mode, quantum_ns, latency_ns) &&
	       !control_state(pair->session, LIVESTACK_STATE_RUNNING);
}

bool pair_end(struct pair *pair)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (pair->fd[i] >= 0)
			close(pair->fd[i]);
	return !control_delete(pair->session);
}

int pair_step(struct pair *pair, unsigned int who, uint64_t next_ns)
{
	return device_wait(pair->fd[who], &pair->clock[who], next_ns, NULL);
}

bool pair_calms(struct pair *pair, unsigned int who)
{
	struct pollfd file = { .fd = pair->fd[who], .events = POLLIN };

	return poll(&file, 1, 5000) == 1;
}

int pair_goes(struct pair *pair, unsigned int who, uint64_t next_ns)
{
	unsigned int tries;
	int error;

	/* What one port does may give another something to do, at the same time. */
	for (tries = 0; tries < 20; tries++) {
		error = pair_step(pair, who, next_ns);
		if (error != EAGAIN || !pair_calms(pair, who))
			break;
	}
	return error;
}

int pair_comes(struct pair *pair, unsigned int who)
{
	return pair_goes(pair, who, LIVESTACK_TIME_NONE);
}
