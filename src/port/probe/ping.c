/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/ping.h"

#include "base/mem.h"
#include "base/str.h"
#include "port/probe/echo.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#define BUCKETS  256 /* by the sequence's low byte */
#define TURN_MAX 64  /* packets read before the loop's other business gets its turn */

enum { V4, V6, PROTOCOLS };

struct line { /* a socket */
	uv_poll_t poll;
	struct pinger *pinger;
	int fd;
	int which;
	bool is_open, is_raw;
};

struct pinger {
	uv_loop_t *loop;
	struct line lines[PROTOCOLS];
	struct ping *buckets[BUCKETS];
	struct echo last; /* what all our packets have in common, and the last sequence */
	unsigned n_holds;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

struct ping {
	struct ping *next, **link;
	struct ip_address to;
	struct echo echo;
	uint64_t sent_ns;
	ping_done *done;
	void *ctx;
};

static const struct {
	int family, protocol;
	uint8_t request, reply;
	struct {
		int level, name;
	} wants_hops, wants_errors, mtu;
} protocols[PROTOCOLS] = {
	[V4] = { AF_INET, IPPROTO_ICMP, ICMP_ECHO, ICMP_ECHOREPLY, { IPPROTO_IP, IP_RECVTTL },
		{ IPPROTO_IP, IP_RECVERR }, { IPPROTO_IP, IP_MTU_DISCOVER } },
	[V6] = { AF_INET6, IPPROTO_ICMPV6, ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY,
		{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT }, { IPPROTO_IPV6, IPV6_RECVERR },
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER } },
};

struct pinger *pinger_new(uv_loop_t *loop)
{
	struct pinger *p = must_alloc(sizeof *p);

	p->loop = loop;
	p->n_holds = 1;
	must(getrandom(&p->last, sizeof p->last, 0) == sizeof p->last);
	return p;
}

static void release(struct pinger *p)
{
	void (*closed)(void *) = p->closed;
	void *ctx = p->closed_ctx;

	if (--p->n_holds > 0)
		return;
	free(p);
	if (closed)
		closed(ctx);
}

static void on_line_closed(uv_handle_t *handle)
{
	struct line *l = handle->data;

	release(l->pinger);
}

void pinger_close(struct pinger *p, void (*closed)(void *ctx), void *ctx)
{
	p->closed = closed;
	p->closed_ctx = ctx;
	for (int i = 0; i < PROTOCOLS; i++) {
		if (!p->lines[i].is_open)
			continue;
		uv_close((uv_handle_t *)&p->lines[i].poll, on_line_closed);
		close(p->lines[i].fd);
	}
	release(p);
}

/* Raw sockets see everybody's ICMP: only echo replies are let through. */
static void filter(int fd, int which)
{
	struct icmp_filter v4 = { .data = ~(1u << ICMP_ECHOREPLY) };
	struct icmp6_filter v6;

	ICMP6_FILTER_SETBLOCKALL(&v6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &v6);
	if (which == V4)
		setsockopt(fd, SOL_RAW, ICMP_FILTER, &v4, sizeof v4);
	else
		setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &v6, sizeof v6);
}

static enum rc open_socket(struct line *l, int which, struct err *e)
{
	int family = protocols[which].family, protocol = protocols[which].protocol, on = 1;
	int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(family, SOCK_DGRAM | flags, protocol);
	bool is_raw = fd < 0;

	if (is_raw)
		fd = socket(family, SOCK_RAW | flags, protocol);
	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return err_set(e, RC_REFUSED,
			"no permission to ping: let this group with 'sysctl "
			"net.ipv4.ping_group_range=\"0 2147483647\"', or give CAP_NET_RAW");
	if (fd < 0)
		return err_errno(e, RC_OFFLINE, errno, "an ICMP socket");
	if (is_raw)
		filter(fd, which);
	setsockopt(fd, protocols[which].wants_hops.level, protocols[which].wants_hops.name, &on,
		sizeof on);
	setsockopt(fd, protocols[which].wants_errors.level, protocols[which].wants_errors.name, &on,
		sizeof on);
	l->fd = fd;
	l->which = which;
	l->is_raw = is_raw;
	return RC_OK;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static enum rc open_line(struct pinger *p, int which, struct line **ret, struct err *e)
{
	struct line *l = &p->lines[which];
	enum rc rc;

	*ret = l;
	if (l->is_open)
		return RC_OK;
	rc = open_socket(l, which, e);
	if (rc != RC_OK)
		return rc;
	must(uv_poll_init(p->loop, &l->poll, l->fd) == 0);
	l->poll.data = l;
	l->pinger = p;
	l->is_open = true;
	p->n_holds++;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	return RC_OK;
}

union control {
	struct cmsghdr align;
	uint8_t bytes[512];
};

static void add_control(struct msghdr *m, int level, int type, const void *data, size_t n)
{
	struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)m->msg_control + m->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), data, n);
	m->msg_controllen += CMSG_SPACE(n);
}

/* What one ping wants of the socket that all share. */
static void add_controls(struct msghdr *m, const struct line *l, const struct ping_wish *wish)
{
	bool is_v4 = l->which == V4;
	int ttl = wish->ttl;

	if (ttl)
		add_control(m, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_TTL : IPV6_HOPLIMIT,
			&ttl, sizeof ttl);
	if (wish->source && is_v4) {
		struct in_pktinfo info = { .ipi_spec_dst = wish->source->v4.sin_addr };

		add_control(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	} else if (wish->source) {
		struct in6_pktinfo info = { .ipi6_addr = wish->source->v6.sin6_addr };

		add_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	}
}

/* Fragmenting is an option of the socket, not of the packet; nobody else sends in between. */
static void allow_fragments(const struct line *l, bool is_allowed)
{
	int mode = is_allowed ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO;

	setsockopt(l->fd, protocols[l->which].mtu.level, protocols[l->which].mtu.name, &mode,
		sizeof mode);
}

/* An error that another ping met waits in the socket, and would be ours. */
static void clear_error(const struct line *l)
{
	int ignored;
	socklen_t n = sizeof ignored;

	getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &ignored, &n);
}

static enum rc send_packet(struct line *l, struct ping *ping, const struct ping_wish *wish,
	struct err *e)
{
	uint8_t packet[ECHO_PACKET_MAX];
	struct ip_address to = ping->to;
	union control control;
	struct iovec iov = { .iov_base = packet };
	struct msghdr m = { .msg_name = &to,
		.msg_namelen = ip_length(&to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control };
	char where[IP_TEXT_MAX];
	ssize_t sent;

	memset(&control, 0, sizeof control);
	iov.iov_len = echo_write(&ping->echo, protocols[l->which].request, l->which == V4, packet);
	add_controls(&m, l, wish);
	clear_error(l);
	if (wish->dont_fragment)
		allow_fragments(l, false);
	ping->sent_ns = uv_hrtime();
	sent = sendmsg(l->fd, &m, 0);
	if (sent < 0)
		err_errno(e, RC_OFFLINE, errno, "%s", ip_text(&to, where));
	if (wish->dont_fragment)
		allow_fragments(l, true);
	return sent < 0 ? RC_OFFLINE : RC_OK;
}

static struct ping *find(struct pinger *p, uint16_t sequence, const struct ip_address *from)
{
	struct ping *ping = p->buckets[sequence % BUCKETS];

	while (ping && (ping->echo.sequence != sequence || !ip_equal(&ping->to, from)))
		ping = ping->next;
	return ping;
}

static void link_ping(struct pinger *p, struct ping *ping)
{
	struct ping **bucket = &p->buckets[ping->echo.sequence % BUCKETS];

	ping->next = *bucket;
	ping->link = bucket;
	if (ping->next)
		ping->next->link = &ping->next;
	*bucket = ping;
}

void ping_cancel(struct ping *ping)
{
	if (!ping)
		return;
	*ping->link = ping->next;
	if (ping->next)
		ping->next->link = ping->link;
	free(ping);
}

enum rc ping_send(struct pinger *p, const struct ping_wish *wish, struct ping **ret, struct err *e)
{
	struct line *l;
	struct ping *ping;
	enum rc rc = open_line(p, wish->to.any.sa_family == AF_INET ? V4 : V6, &l, e);

	if (rc != RC_OK)
		return rc;
	ping = must_alloc(sizeof *ping);
	ping->to = wish->to;
	ping->to.v4.sin_port = 0; /* raw IPv6 sockets take it for a protocol; same place in both */
	p->last.sequence++;
	ping->echo = p->last;
	ping->echo.payload_bytes =
		wish->payload_bytes < ECHO_PAYLOAD_MAX ? wish->payload_bytes : ECHO_PAYLOAD_MAX;
	ping->done = wish->done;
	ping->ctx = wish->ctx;
	rc = send_packet(l, ping, wish, e);
	if (rc != RC_OK) {
		free(ping);
		return rc;
	}
	link_ping(p, ping);
	*ret = ping;
	return RC_OK;
}

static void finish(struct ping *ping, const struct ping_reply *reply)
{
	ping_done *done = ping->done;
	void *ctx = ping->ctx;

	ping_cancel(ping);
	done(ctx, reply);
}

static int16_t hop_limit_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool is_it = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			     (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT);
		int value;

		if (!is_it || c->cmsg_len < CMSG_LEN(sizeof value))
			continue;
		memcpy(&value, CMSG_DATA(c), sizeof value);
		return (int16_t)value;
	}
	return -1;
}

static void take_reply(struct line *l, struct msghdr *m, const uint8_t *bytes, size_t n)
{
	bool has_ip = l->which == V4 && l->is_raw;
	const uint8_t *packet = has_ip ? echo_skip_ip(bytes, &n) : bytes;
	struct ping_reply reply = { .is_echo = true, .hop_limit = hop_limit_of(m) };
	struct ping *ping;

	if (!packet || n < ECHO_HEADER_BYTES || packet[0] != protocols[l->which].reply)
		return;
	if (l->is_raw && echo_id(packet) != l->pinger->last.id)
		return;
	ping = find(l->pinger, echo_sequence(packet), m->msg_name);
	if (!ping || !echo_is_intact(&ping->echo, packet, n))
		return;
	reply.rtt_us = (int64_t)(uv_hrtime() - ping->sent_ns) / 1000;
	finish(ping, &reply);
}

static const struct sock_extended_err *error_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool is_it = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			     (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);

		if (is_it && c->cmsg_len >= CMSG_LEN(sizeof(struct sock_extended_err)))
			return (const struct sock_extended_err *)CMSG_DATA(c);
	}
	return NULL;
}

/* The queue holds our own request again, from its ICMP header on, and who refused it. */
static void take_error(struct line *l, struct msghdr *m, const uint8_t *packet, size_t n)
{
	const struct sock_extended_err *error = error_of(m);
	char why[IP_TEXT_MAX + 80], from[IP_TEXT_MAX];
	struct ping_reply reply = { .why = why };
	struct ip_address offender = { 0 };
	struct ping *ping;

	if (!error || n < ECHO_HEADER_BYTES || packet[0] != protocols[l->which].request)
		return;
	ping = find(l->pinger, echo_sequence(packet), m->msg_name);
	if (!ping)
		return;
	snprintf(why, sizeof why, "%s", strerror((int)error->ee_errno));
	memcpy(&offender, SO_EE_OFFENDER(error),
		l->which == V4 ? sizeof offender.v4 : sizeof offender.v6);
	if (offender.any.sa_family == protocols[l->which].family)
		snprintf(why, sizeof why, "%s, says %s", strerror((int)error->ee_errno),
			ip_text(&offender, from));
	finish(ping, &reply);
}

/* One packet; false: there was none. */
static bool receive(struct line *l, int flags)
{
	uint8_t bytes[ECHO_PACKET_MAX + 64];
	struct ip_address from = { 0 };
	union control control;
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof bytes };
	struct msghdr m = { .msg_name = &from,
		.msg_namelen = sizeof from,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	ssize_t n = recvmsg(l->fd, &m, flags);

	if (n < 0)
		return errno != EAGAIN;
	if (flags & MSG_ERRQUEUE)
		take_error(l, &m, bytes, (size_t)n);
	else
		take_reply(l, &m, bytes, (size_t)n);
	return true;
}

/* libuv reports POLLERR, which the error queue raises, as UV_EBADF and stops watching.  What is
 * called from here may close the pinger, but its memory lives until the handle is closed. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct line *l = poll->data;
	const uv_handle_t *handle = (const uv_handle_t *)poll;

	(void)events;
	for (int i = 0; status < 0 && i < TURN_MAX && !uv_is_closing(handle); i++)
		if (!receive(l, MSG_ERRQUEUE))
			break;
	for (int i = 0; i < TURN_MAX && !uv_is_closing(handle); i++)
		if (!receive(l, 0))
			break;
	if (status < 0 && !uv_is_closing(handle))
		uv_poll_start(poll, UV_READABLE, on_poll);
}
