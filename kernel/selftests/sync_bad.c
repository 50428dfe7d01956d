// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is refused of shared sessions: requests that cannot be, in words, with nothing half done;
 * and packets that nobody of the session has sent now, without that it notices.
 *
 * All hosts are this one, see cluster.h.
 * Needs: livestack.ko and livestack_sync.ko loaded; root.
 */
#include "cluster.h"
#include "control.h"
#include "crowd.h"
#include "ktap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chance.h"

#define MS 1000000ULL

static const uint8_t key[LIVESTACK_KEY_BYTES] = "a key that nobody is told of";
static const uint8_t here[4] = { 127, 0, 0, 1 }, elsewhere[4] = { 192, 0, 2, 1 };

static struct cluster_share good(uint32_t session)
{
	return (struct cluster_share){
		.session = session, .hosts = 2, .host = 0, .key = key, .key_length = sizeof(key),
		.address = here, .address_length = sizeof(here),
	};
}

/* The request says the error number, and why. */
static bool refused(struct cluster_share share, int wanted)
{
	return ktap_is(cluster_share(&share, NULL, NULL), wanted);
}

static void test_sync_new(void)
{
	const uint32_t session = control_session(MS, 0), begun = control_session(MS, 0);
	const uint32_t free = control_session_of_mode(MS, 0, LIVESTACK_MODE_FREE);
	struct cluster_share share = good(session);
	uint64_t instance, other;
	uint16_t port, port_2;
	bool ok;

	control_state(begun, LIVESTACK_STATE_RUNNING);
	ok = refused(good(0x7fffffff), ENOENT) && refused(good(begun), EBUSY) &&
	     refused(good(free), EOPNOTSUPP);
	share.hosts = 1;
	ok &= refused(share, ERANGE);
	share.hosts = LIVESTACK_HOSTS_MAX + 1;
	ok &= refused(share, ERANGE);
	share = good(session);
	share.host = 2;
	ok &= refused(share, EINVAL);
	share = good(session);
	share.key_length = sizeof(key) - 1;
	ok &= refused(share, ERANGE);
	share.key = NULL;
	ok &= refused(share, EINVAL);
	share = good(session);
	share.address_length = 3;
	ok &= refused(share, EINVAL);
	share = good(session);
	share.uuid = "not a uuid";
	ok &= refused(share, EINVAL);
	share = good(session);
	share.address = elsewhere;
	ok &= refused(share, EADDRNOTAVAIL);
	share = good(session);
	ok &= ktap_is(cluster_share(&share, &port, &instance), 0) && port && instance;
	ok &= refused(share, EEXIST);
	/* Another session cannot have its port. */
	share = good(free);
	ok &= !control_delete(free);
	share.session = control_session(MS, 0);
	share.port = port;
	ok &= refused(share, EADDRINUSE);
	share.port = 0;
	ok &= ktap_is(cluster_share(&share, &port_2, &other), 0) && port_2 != port &&
	      other != instance;
	ok &= !control_delete(session) && !control_delete(begun) && !control_delete(share.session);
	ktap_ok(ok, "what cannot be shared, and how, is refused");
}

static void test_before(void)
{
	const uint32_t session = control_session(MS, 0);
	const uint8_t far[16] = { [15] = 1 };
	struct cluster_share share = good(session);
	uint64_t instance;
	uint16_t port;
	bool ok;

	ok = ktap_is(cluster_meet(session, 1, here, 4, 9, 9), ENOTCONN) &&
	     ktap_is(cluster_remote(session, 5, 1), EHOSTUNREACH) &&
	     !cluster_share(&share, &port, &instance) &&
	     ktap_is(control_state(session, LIVESTACK_STATE_RUNNING), ENOTCONN) &&
	     ktap_is(cluster_meet(session, 0, here, 4, 9, 9), ENOENT) &&
	     ktap_is(cluster_meet(session, 2, here, 4, 9, 9), ENOENT) &&
	     ktap_is(cluster_meet(session, 1, here, 4, 0, 9), ERANGE) &&
	     ktap_is(cluster_meet(session, 1, here, 4, 9, 0), ERANGE) &&
	     ktap_is(cluster_meet(session, 1, far, 16, 9, 9), EAFNOSUPPORT) &&
	     ktap_is(cluster_meet(session, 1, here, 4, 9, 9), 0) &&
	     ktap_is(cluster_remote(session, 5, 0), EHOSTUNREACH) &&
	     ktap_is(cluster_remote(session, 5, 1), 0) &&
	     ktap_is(cluster_remote(session, 6, 1), 0) &&
	     ktap_is(control_link(session, 0, 5, 6, MS), EREMOTE) &&
	     ktap_is(control_set(session, LIVESTACK_A_SESSION_MODE, LIVESTACK_MODE_FREE),
		     EOPNOTSUPP) &&
	     ktap_is(control_set(session, LIVESTACK_A_SESSION_ON_LOSS, LIVESTACK_ON_LOSS_RELEASE),
		     EOPNOTSUPP) &&
	     ktap_is(control_state(session, LIVESTACK_STATE_RUNNING), 0) &&
	     ktap_is(cluster_meet(session, 1, here, 4, 9, 9), EBUSY);
	ktap_ok(!control_delete(session) && ok, "a shared session wants all hosts, and its gates");
}

static bool holds(const struct nl_answer *answer, const void *bytes, size_t length)
{
	size_t i;

	for (i = 0; i + length <= sizeof(answer->bytes); i++)
		if (!memcmp(answer->bytes + i, bytes, length))
			return true;
	return false;
}

static void test_secret(void)
{
	const uint32_t session = control_session(MS, 0);
	struct cluster_share share = good(session);
	struct nl_message message;
	struct nl_answer sync = { 0 }, peer = { 0 };
	uint64_t instance;
	uint16_t port, host = 1;
	bool ok = !cluster_share(&share, &port, &instance) &&
		  !cluster_meet(session, 1, here, 4, 9, 9);

	control_start(&message, LIVESTACK_CMD_SYNC_GET);
	nl_add(&message, LIVESTACK_A_SYNC_SESSION, &session, sizeof(session));
	ok = ok && !control_ask(&message, &sync);
	control_start(&message, LIVESTACK_CMD_PEER_GET);
	nl_add(&message, LIVESTACK_A_PEER_SESSION, &session, sizeof(session));
	nl_add(&message, LIVESTACK_A_PEER_HOST, &host, sizeof(host));
	ok = ok && !control_ask(&message, &peer);
	ok = ok && holds(&sync, &instance, sizeof(instance)) && !holds(&sync, key, 8) &&
	     !holds(&peer, key, 8);
	ktap_ok(!control_delete(session) && ok, "the key is told to nobody");
}

/* A port of host 0's, where anything may be sent to. */
static uint16_t port_of(struct cluster *cluster)
{
	struct nl_message message;
	struct nl_answer answer;

	control_start(&message, LIVESTACK_CMD_SYNC_GET);
	nl_add(&message, LIVESTACK_A_SYNC_SESSION, &cluster->session[0], 4);
	if (control_ask(&message, &answer))
		return 0;
	return *(const uint16_t *)answer.attribute[LIVESTACK_A_SYNC_UDP_PORT].data;
}

/* Bytes of no meaning, of any length that fits into a datagram of loopback. */
static void send_noise(uint16_t port, unsigned int count)
{
	static uint8_t bytes[60000];
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int i;

	while (count--) {
		const size_t length = chance(8) ? chance(1500) : chance(sizeof(bytes));

		for (i = 0; i < length && i < 200; i++)
			bytes[i] = chance(256);
		/* Some of them look right from afar. */
		if (chance(2))
			memcpy(bytes, "LSyn\1", 6);
		sendto(fd, bytes, length, 0, (void *)&to, sizeof(to));
	}
	close(fd);
}

static void test_packets(void)
{
	const struct cluster_config config = {
		.hosts = 2, .quantum_ns = MS, .end_ns = ktap_count(500, 5000) * MS,
		.mode = LIVESTACK_MODE_STRICT,
	};
	struct crowd quiet = { .count = 2, .seed = 9 }, crowd = { .count = 2, .seed = 9 };
	struct cluster cluster;
	uint64_t forged, replayed;
	bool ok;
	int i;

	ok = cluster_open(&cluster, &config) && crowd_settle(&quiet, &cluster) && crowd_end(&quiet);
	ok = cluster_close(&cluster) && ok;

	ok = ok && cluster_open(&cluster, &config);
	cluster.weather->changed = 100;
	cluster.weather->kept = 200;
	ok = ok && crowd_settle(&crowd, &cluster);
	for (i = 0; i < 20; i++) {
		send_noise(port_of(&cluster), ktap_count(50, 1000));
		cluster.weather->again = 1;
		usleep(5000);
	}
	ok = crowd_end(&crowd) && ok;
	cluster.weather->again = 1;
	usleep(200000);
	forged = cluster_peer(&cluster, 0, 1, LIVESTACK_A_PEER_FORGED) +
		 cluster_peer(&cluster, 1, 0, LIVESTACK_A_PEER_FORGED);
	replayed = cluster_peer(&cluster, 0, 1, LIVESTACK_A_PEER_REPLAYED) +
		   cluster_peer(&cluster, 1, 0, LIVESTACK_A_PEER_REPLAYED);
	ktap_note("%lu packets, %lu changed: %llu forged, %llu replayed", cluster.forwarded,
		  cluster.spoiled, (unsigned long long)forged, (unsigned long long)replayed);
	ok = ok && forged && replayed && forged <= cluster.spoiled &&
	     crowd.member[0].log == quiet.member[0].log &&
	     crowd.member[1].log == quiet.member[1].log && crowd.member[1].received;
	ktap_ok(cluster_close(&cluster) && ok,
		"packets that are noise, changed or of before are counted, and change nothing");
}

/* Another life of a host, and another session of the same key, are strangers. */
static void test_strangers(void)
{
	const struct cluster_config config = {
		.hosts = 2, .quantum_ns = MS, .mode = LIVESTACK_MODE_STRICT, .silent_ns = 200 * MS,
	};
	struct crowd crowd = { .count = 2, .seed = 9 };
	struct cluster cluster, other;
	bool ok = cluster_open(&cluster, &config) && cluster_open(&other, &config);
	const uint64_t wrong = 12345;

	/* Host 0 is told of an instance that host 1 is not. */
	ok = ok && !cluster_meet(cluster.session[0], 1, here, 4, port_of(&other), wrong) &&
	     crowd_settle(&crowd, &cluster) &&
	     cluster_reaches(&cluster, LIVESTACK_STATE_PAUSED, 0) &&
	     cluster_says(&cluster, 0, LIVESTACK_A_SESSION_WINDOWS) == 0 &&
	     cluster_peer(&cluster, 0, 1, LIVESTACK_A_PEER_REFUSED);
	cluster_state(&cluster, LIVESTACK_STATE_STOPPED);
	ok = crowd_end(&crowd) && ok;
	ok = cluster_close(&cluster) && ok;
	ktap_ok(cluster_close(&other) && ok, "an instance that is not known is not listened to");
}

int main(void)
{
	const char *missing = cluster_missing();

	if (missing)
		return ktap_skip_all(missing);
	ktap_plan(5);
	test_sync_new();
	test_before();
	test_secret();
	test_packets();
	test_strangers();
	return ktap_end();
}
