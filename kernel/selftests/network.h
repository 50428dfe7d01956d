/* SPDX-License-Identifier: GPL-2.0-only */
/* A bad network between the hosts of cluster.h: UDP sockets on loopback, and a thread behind. */
#ifndef _LS_NETWORK_H
#define _LS_NETWORK_H

#include "cluster.h"

struct network;

/* Sockets for packets to each host, at *@ports. NULL: failure. */
struct network *network_open(struct cluster *cluster, uint16_t *ports);

/* Packets for @host go on to @port of loopback, and those that come from there are from it. */
void network_to(struct network *network, unsigned int host, uint16_t port);

void network_close(struct network *network);

#endif /* _LS_NETWORK_H */
