/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getaddrinfo(3) can't be interrupted once it runs and may take half a minute.  So a lookup is an
 * object of its own: the dial gives up on it in time, and the next dial to that name takes over
 * what still runs instead of blocking one more thread of the pool.
 */
#include "port/link/dial.h"

#include <netdb.h>
#include <stdio.h>

#define ATTEMPT_MIN_MS 1000

struct lookup {
	uv_getaddrinfo_t request;
	struct lookup *next, **link; /* the port's list; link NULL when the port is gone */
	struct dial *dial;           /* who waits; NULL: nobody */
	struct address address;
};

static struct link_port_peer *peer_of(const struct dial *d)
{
	return &d->port->peers[d->peer];
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct dial *d = handle->data;
	struct link_port *p = d->port;

	free(d);
	link_port_release(p);
}

static void finish(struct dial *d)
{
	if (d->lookup)
		d->lookup->dial = NULL;
	peer_of(d)->dial = NULL;
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

void dial_cancel(struct dial *d)
{
	if (d->attempt)
		connection_drop(d->attempt);
	finish(d);
}

static void try_next(struct dial *d);

static bool use_last_good(struct dial *d)
{
	const struct link_port_peer *peer = peer_of(d);

	if (peer->last_good.ss_family == AF_UNSPEC)
		return false;
	d->addresses[0] = peer->last_good;
	d->n = 1;
	return true;
}

static void fail(struct dial *d)
{
	const struct link_port_owner *owner = &d->port->owner;

	err_in(&d->why, RC_OFFLINE, "dialling %s", peer_of(d)->address_text);
	dial_cancel(d); /* freed by the loop, later */
	owner->closed(owner->ctx, d->peer, 0, d->why.text);
}

static void on_timer(uv_timer_t *timer)
{
	struct dial *d = timer->data;

	if (d->is_failing)
		return fail(d);
	d->lookup->dial = NULL;
	d->lookup = NULL;
	if (use_last_good(d))
		return try_next(d);
	err_set(&d->why, RC_TIMEOUT, "its name isn't answered in time");
	fail(d);
}

static void fail_soon(struct dial *d)
{
	d->is_failing = true;
	must(uv_timer_start(&d->timer, on_timer, 0, 0) == 0);
}

void dial_fail_soon(struct dial *d, const char *why)
{
	if (d->attempt)
		connection_drop(d->attempt);
	d->attempt = NULL;
	if (d->lookup)
		d->lookup->dial = NULL;
	d->lookup = NULL;
	err_set(&d->why, RC_OFFLINE, "%s", why);
	fail_soon(d);
}

/* Each address gets its share of the time, so that a dead one (often IPv6) leaves some. */
static int64_t share_ms(const struct dial *d)
{
	int64_t ms = d->port->connect_ms / d->n;

	return ms < ATTEMPT_MIN_MS && d->n > 1 ? ATTEMPT_MIN_MS : ms;
}

static void try_next(struct dial *d)
{
	d->attempt = NULL;
	while (d->next < d->n) {
		const struct sockaddr *to = (const struct sockaddr *)&d->addresses[d->next++];

		if (connection_dial(&d->attempt, d, to, share_ms(d), &d->why) == RC_OK)
			return;
	}
	fail_soon(d);
}

void dial_attempt_failed(struct dial *d, const char *why)
{
	char address[ADDRESS_TEXT_MAX];

	address_text((const struct sockaddr *)&d->addresses[d->next - 1], address);
	err_set(&d->why, RC_OFFLINE, "%s: %s", address, why);
	try_next(d);
}

void dial_connected(struct dial *d, const struct sockaddr *to)
{
	size_t size = to->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						: sizeof(struct sockaddr_in);

	memcpy(&peer_of(d)->last_good, to, size);
	d->attempt = NULL;
	finish(d);
}

static void add_address(struct dial *d, const struct sockaddr *sa, size_t size)
{
	if (d->n == DIAL_ADDRESSES_MAX || size > sizeof d->addresses[0])
		return;
	memset(&d->addresses[d->n], 0, sizeof d->addresses[0]);
	memcpy(&d->addresses[d->n++], sa, size);
}

/* What worked the last time comes first. */
static void order_addresses(struct dial *d)
{
	for (unsigned i = 1; i < d->n; i++) {
		struct sockaddr_storage *a = &d->addresses[i], first = d->addresses[0];

		if (memcmp(a, &peer_of(d)->last_good, sizeof *a) != 0)
			continue;
		d->addresses[0] = *a;
		*a = first;
	}
}

static void looked_up(struct dial *d, int status, const struct addrinfo *found)
{
	uv_timer_stop(&d->timer);
	d->lookup = NULL;
	for (const struct addrinfo *a = found; a; a = a->ai_next)
		add_address(d, a->ai_addr, a->ai_addrlen);
	if (d->n == 0 && !use_last_good(d)) {
		err_set(&d->why, RC_OFFLINE, "%s", status ? uv_strerror(status) : "no address");
		return fail(d);
	}
	order_addresses(d);
	try_next(d);
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct lookup *l = request->data;

	if (l->link) {
		*l->link = l->next;
		if (l->next)
			l->next->link = l->link;
	}
	if (l->dial)
		looked_up(l->dial, status, found);
	uv_freeaddrinfo(found);
	free(l);
}

void dial_forget_lookups(struct link_port *p)
{
	while (p->lookups) {
		struct lookup *l = p->lookups;

		p->lookups = l->next;
		l->link = NULL;
		l->next = NULL;
		l->dial = NULL;
		uv_cancel((uv_req_t *)&l->request); /* works if it hasn't begun */
	}
}

static struct lookup *running_lookup(const struct link_port *p, const struct address *a)
{
	for (struct lookup *l = p->lookups; l; l = l->next)
		if (!l->dial && l->address.port == a->port && str_eq(l->address.host, a->host))
			return l;
	return NULL;
}

static struct lookup *start_lookup(struct link_port *p, const struct address *a, struct err *e)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct lookup *l = must_alloc(sizeof *l);
	char service[8];
	int status;

	l->request.data = l;
	l->address = *a;
	snprintf(service, sizeof service, "%u", a->port);
	status = uv_getaddrinfo(p->loop, &l->request, on_lookup, a->host, service, &hints);
	if (status < 0) {
		free(l);
		err_set(e, RC_OFFLINE, "%s", uv_strerror(status));
		return NULL;
	}
	l->next = p->lookups;
	l->link = &p->lookups;
	if (l->next)
		l->next->link = &l->next;
	p->lookups = l;
	return l;
}

static void look_up(struct dial *d)
{
	const struct address *a = &peer_of(d)->address;

	d->lookup = running_lookup(d->port, a);
	if (!d->lookup)
		d->lookup = start_lookup(d->port, a, &d->why);
	if (!d->lookup)
		return fail_soon(d);
	d->lookup->dial = d;
	must(uv_timer_start(&d->timer, on_timer, (uint64_t)d->port->lookup_ms, 0) == 0);
}

void dial_start(struct link_port *p, uint8_t peer)
{
	struct dial *d = must_alloc(sizeof *d);

	d->port = p;
	d->peer = peer;
	p->peers[peer].dial = d;
	p->alive++;
	must(uv_timer_init(p->loop, &d->timer) == 0);
	d->timer.data = d;
	if (!p->peers[peer].address.is_numeric)
		return look_up(d);
	d->addresses[0] = p->peers[peer].address.sockaddr;
	d->n = 1;
	try_next(d);
}
