/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind dns: one question over UDP, TCP or TLS.  Datagrams that don't answer it are passed over,
 * as a resolver does, and counted, so that the deadline's message can tell of them.
 */
#include "port/probe/channel.h"
#include "port/probe/dns_judge.h"

#include "base/mem.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

struct ask {
	struct dns_query query;
	struct endpoint server;
	struct ip_address address;
	struct channel channel; /* TCP, TLS */
	struct str in;          /* of it: length and message */
	struct datagrams *udp;  /* NULL: none or closed */
	unsigned n_strangers;   /* datagrams that answered something else */
	enum dns_match stranger;
};

/* The UDP socket, which lives until libuv has closed its handle. */
struct datagrams {
	uv_poll_t poll;
	int fd;
	struct probe *probe;
};

static void judge(struct probe *p, const uint8_t *bytes, size_t n)
{
	scoped(arena_fini) struct arena a;
	const struct dns_spec *spec = &p->spec->dns;
	struct probe_dns *result = &p->result.dns;
	struct dns_message m;
	struct dns_verdict verdict;
	struct err e;

	arena_init(&a, DNS_ARENA_BYTES);
	probe_leave_phase(p);
	if (dns_parse(bytes, n, &a, &m, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return;
	}
	result->is_answered = true;
	result->answers = m.n[DNS_ANSWER];
	result->authorities = m.n[DNS_AUTHORITY];
	result->additionals = m.n[DNS_ADDITIONAL];
	result->has_serial = spec->type == DNS_TYPE_SOA;
	result->serial = m.serial;
	dns_judge(spec, &m, &verdict);
	if (verdict.is_ok)
		probe_pass(p);
	else if (verdict.by_pattern)
		probe_fail_by_pattern(p, "%s", verdict.why);
	else
		probe_fail(p, "%s", verdict.why);
}

static void send_over_stream(struct probe *p)
{
	struct ask *a = p->state;
	uint8_t length[2] = { (uint8_t)(a->query.n >> 8), (uint8_t)a->query.n };
	scoped(str_fini) struct str out = STR_EMPTY;

	str_addn(&out, length, sizeof length);
	str_addn(&out, a->query.bytes, a->query.n);
	probe_enter(p, PHASE_PROCESSING, "waiting for the answer");
	channel_send(&a->channel, out.s, out.len);
}

static void on_stream_received(struct probe *p, const char *bytes, size_t n)
{
	struct ask *a = p->state;
	const uint8_t *in;
	enum dns_match match;
	size_t length;

	str_addn(&a->in, bytes, n);
	in = (const uint8_t *)a->in.s;
	if (a->in.len < 2)
		return;
	length = (size_t)(in[0] << 8 | in[1]);
	if (a->in.len < 2 + length)
		return;
	match = dns_match(&a->query, in + 2, length);
	if (match == DNS_MATCHES)
		judge(p, in + 2, length);
	else
		probe_fail(p, "the server answers %s", dns_match_text(match));
}

static void on_stream_ended(struct probe *p)
{
	probe_fail(p, "the server closed the connection without an answer");
}

static void ask_over_stream(struct probe *p)
{
	static const struct channel_events events = {
		.ready = send_over_stream,
		.received = on_stream_received,
		.ended = on_stream_ended,
	};
	struct ask *a = p->state;

	channel_open(&a->channel, p,
		&(struct channel_wish){ .on = &events,
			.to = &a->server,
			.tls = &p->spec->dns.tls,
			.use_tls = p->spec->dns.use_tls });
}

static void on_datagrams_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void close_datagrams(struct ask *a)
{
	if (!a->udp)
		return;
	uv_close((uv_handle_t *)&a->udp->poll, on_datagrams_closed);
	close(a->udp->fd);
	a->udp = NULL;
}

/* The same server again: the address that answered, not what its name may lead to next. */
static void retry_over_tcp(struct probe *p)
{
	struct ask *a = p->state;

	close_datagrams(a);
	ip_text(&a->address, a->server.host);
	ask_over_stream(p);
}

static void take_datagram(struct probe *p, const uint8_t *bytes, size_t n)
{
	struct ask *a = p->state;
	enum dns_match match = dns_match(&a->query, bytes, n);

	if (match != DNS_MATCHES) {
		a->n_strangers++;
		a->stranger = match;
		probe_enter(p, PHASE_PROCESSING, "waiting for the answer, after %u to %s",
			a->n_strangers, dns_match_text(match));
		return;
	}
	if (bytes[2] & 0x02) /* truncated */
		retry_over_tcp(p);
	else
		judge(p, bytes, n);
}

static void fail_errno(struct probe *p, int errnum)
{
	struct ask *a = p->state;
	char where[IP_PORT_TEXT_MAX];

	ip_text_port(&a->address, where);
	if (errnum == ECONNREFUSED)
		probe_fail(p, "connection refused by %s", where);
	else
		probe_fail(p, "%s: %s", where, strerror(errnum));
}

static void on_datagram(uv_poll_t *poll, int status, int events)
{
	struct datagrams *d = poll->data;
	uint8_t bytes[DNS_MESSAGE_MAX];
	ssize_t n = recv(d->fd, bytes, sizeof bytes, 0);

	(void)events;
	if (n >= 0)
		take_datagram(d->probe, bytes, (size_t)n);
	else if (errno != EAGAIN && errno != EINTR)
		fail_errno(d->probe, errno);
	else if (status < 0) /* libuv stopped watching, and there was nothing */
		uv_poll_start(poll, UV_READABLE, on_datagram);
}

/* A connected socket: the kernel then drops what comes from others, and tells of refusals. */
static int connected_socket(const struct ip_address *to, const struct ip_address *source)
{
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if ((!source || bind(fd, &source->any, ip_length(source)) == 0) &&
		connect(fd, &to->any, ip_length(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void on_resolved(void *ctx, const struct ip_address *to)
{
	struct probe *p = ctx;
	struct ask *a = p->state;
	struct ip_address storage;
	const struct ip_address *source;
	int fd;

	a->address = *to;
	if (!probe_source(p, to, &storage, &source))
		return;
	probe_enter(p, PHASE_CONNECT, "opening a socket");
	fd = connected_socket(to, source);
	if (fd < 0) {
		fail_errno(p, errno);
		return;
	}
	a->udp = must_alloc(sizeof *a->udp);
	a->udp->fd = fd;
	a->udp->probe = p;
	a->udp->poll.data = a->udp;
	must(uv_poll_init(probe_loop(p), &a->udp->poll, fd) == 0);
	probe_enter(p, PHASE_PROCESSING, "waiting for the answer");
	if (send(fd, a->query.bytes, a->query.n, 0) < 0)
		fail_errno(p, errno);
	else
		uv_poll_start(&a->udp->poll, UV_READABLE, on_datagram);
}

static enum rc make_query(const struct dns_spec *spec, struct dns_query *ret, struct err *e)
{
	struct dns_question q = {
		.name = spec->name,
		.type = spec->type,
		.class = spec->class ? spec->class : 1,
		.wants_recursion = !spec->no_recursion,
	};

	if (getrandom(&q.id, sizeof q.id, 0) != sizeof q.id)
		return err_errno(e, RC_INTERNAL, errno, "a random number");
	return dns_query_new(ret, &q, e);
}

static void start(struct probe *p)
{
	const struct dns_spec *spec = &p->spec->dns;
	struct ask *a = must_alloc(sizeof *a);
	struct err e;

	p->state = a;
	if (endpoint_parse_or(spec->server, spec->use_tls ? 853 : 53, &a->server, &e) != RC_OK ||
		make_query(spec, &a->query, &e) != RC_OK)
		probe_fail(p, "%s", e.text);
	else if (spec->use_tcp || spec->use_tls)
		ask_over_stream(p);
	else
		probe_resolve(p, &a->server, on_resolved, p);
}

static void stop(struct probe *p)
{
	struct ask *a = p->state;

	close_datagrams(a);
	channel_close(&a->channel);
	dns_query_fini(&a->query);
	str_fini(&a->in);
	free(a);
	p->state = NULL;
}

const struct engine dns_engine = { .start = start, .stop = stop };
