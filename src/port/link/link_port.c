/* SPDX-License-Identifier: Apache-2.0 */
/* The port as its owner sees it: what lab.yaml says, where it listens, and its end. */
#include "port/link/link_port.h"

#include "port/link/connection.h"
#include "port/link/dial.h"

#include <errno.h>

#define BACKLOG 64

struct listener {
	uv_tcp_t tcp;
	struct link_port *port;
};

static void on_call(uv_stream_t *server, int status)
{
	struct listener *l = server->data;

	if (status == 0)
		connection_accept(l->port, server);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;
	struct link_port *p = l->port;

	free(l);
	link_port_release(p);
}

static void close_listener(struct link_port *p)
{
	if (p->listener)
		uv_close((uv_handle_t *)&p->listener->tcp, on_listener_closed);
	p->listener = NULL;
}

/* 0 or libuv's error. */
static int listen_at(struct link_port *p, const struct sockaddr *sa)
{
	struct listener *l = must_alloc(sizeof *l);
	struct sockaddr_storage bound = { 0 };
	int n = sizeof bound, status;

	l->port = p;
	l->tcp.data = l;
	must(uv_tcp_init(p->loop, &l->tcp) == 0);
	p->alive++;
	p->listener = l;
	status = uv_tcp_bind(&l->tcp, sa, 0);
	if (status == 0)
		status = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_call);
	if (status == 0)
		status = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&bound, &n);
	if (status == 0)
		address_text((struct sockaddr *)&bound, p->listens);
	else
		close_listener(p);
	return status;
}

static int listen_everywhere(struct link_port *p, uint16_t port)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	int status;

	uv_ip6_addr("::", port, &v6);
	uv_ip4_addr("0.0.0.0", port, &v4);
	status = listen_at(p, (struct sockaddr *)&v6); /* takes IPv4 too */
	if (status == UV_EAFNOSUPPORT || status == UV_EINVAL || status == UV_EADDRNOTAVAIL)
		status = listen_at(p, (struct sockaddr *)&v4); /* a machine without IPv6 */
	return status;
}

static enum rc start_listening(struct link_port *p, const struct link_port_peer *self,
	struct err *e)
{
	const struct address *a = &self->address;
	int status = UV_EADDRNOTAVAIL;

	if (a->is_numeric)
		status = listen_at(p, (const struct sockaddr *)&a->sockaddr);
	if (status == UV_EADDRNOTAVAIL)
		status = listen_everywhere(p, a->port);
	if (status < 0)
		return err_set(e, RC_IO, "listening for peers at %s: %s", self->address_text,
			uv_strerror(status));
	return RC_OK;
}

static void forget_peers(struct link_port_peer *peers)
{
	for (uint8_t i = 0; i < SITES_MAX; i++) {
		free(peers[i].name);
		free(peers[i].address_text);
		peers[i] = (struct link_port_peer){ 0 };
	}
}

/* What another lab.yaml says, until it is taken over. */
struct draft {
	struct link_port_peer peers[SITES_MAX];
};

static void draft_fini(struct draft *d)
{
	forget_peers(d->peers);
}
SCOPED_FINI(draft_fini, struct draft)

static enum rc read_peers(struct link_port_peer *ret, const struct link_port_lab *lab,
	const struct public_key *own_key, struct err *e)
{
	must(lab->n_sites <= SITES_MAX && lab->self < lab->n_sites);
	for (uint8_t i = 0; i < lab->n_sites; i++) {
		const struct link_port_site *site = &lab->sites[i];
		enum rc rc = address_parse(site->address, &ret[i].address, e);

		if (rc != RC_OK)
			return err_in(e, rc, "address of site %s", site->name);
		ret[i].name = must_strdup(site->name);
		ret[i].address_text = must_strdup(site->address);
		ret[i].key = site->key;
	}
	if (memcmp(&ret[lab->self].key, own_key, sizeof *own_key) != 0)
		return err_set(e, RC_REFUSED,
			"our private key isn't the one of site %s in lab.yaml",
			lab->sites[lab->self].name);
	return RC_OK;
}

static void set_peers(struct link_port *p, struct link_port_peer *peers,
	const struct link_port_lab *lab)
{
	forget_peers(p->peers);
	memcpy(p->peers, peers, sizeof p->peers);
	memset(peers, 0, sizeof p->peers);
	p->n_peers = lab->n_sites;
	p->self = lab->self;
}

static int64_t or_default(int64_t ms, int64_t otherwise)
{
	return ms ? ms : otherwise;
}

static struct link_port *prepare(const struct link_port_setup *setup)
{
	struct link_port *p = must_alloc(sizeof *p);

	p->loop = setup->loop;
	p->owner = setup->owner;
	p->own_key = key_public(setup->key);
	p->lookup_ms = or_default(setup->lookup_ms, 5 * SECOND_MS);
	p->connect_ms = or_default(setup->connect_ms, 5 * SECOND_MS);
	p->handshake_ms = or_default(setup->handshake_ms, 5 * SECOND_MS);
	p->drain_ms = or_default(setup->drain_ms, SECOND_MS);
	return p;
}

static enum rc fill(struct link_port *p, const struct link_port_setup *setup, struct err *e)
{
	scoped(draft_fini) struct draft draft = { 0 };
	enum rc rc = read_peers(draft.peers, &setup->lab, &p->own_key, e);

	if (rc != RC_OK)
		return rc;
	set_peers(p, draft.peers, &setup->lab);
	rc = tls_identity_new(&p->identity, p->peers[p->self].name, setup->key, e);
	if (rc != RC_OK)
		return rc;
	return start_listening(p, &p->peers[p->self], e);
}

enum rc link_port_new(struct link_port **ret, const struct link_port_setup *setup, struct err *e)
{
	struct link_port *p = prepare(setup);
	enum rc rc = fill(p, setup, e);

	if (rc != RC_OK) {
		link_port_stop(p, NULL, NULL);
		return rc;
	}
	*ret = p;
	return RC_OK;
}

void link_port_release(struct link_port *p)
{
	void (*stopped)(void *) = p->stopped;
	void *ctx = p->stopped_ctx;

	if (--p->alive > 0 || !p->is_stopping)
		return;
	dial_forget_lookups(p);
	forget_peers(p->peers);
	tls_identity_free(p->identity);
	str_fini(&p->frame);
	free(p);
	if (stopped)
		stopped(ctx);
}

void link_port_stop(struct link_port *p, void (*stopped)(void *ctx), void *ctx)
{
	p->alive++; /* until this is done */
	p->is_stopping = true;
	p->stopped = stopped;
	p->stopped_ctx = ctx;
	close_listener(p);
	for (uint8_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].dial)
			dial_cancel(p->peers[i].dial);
	for (struct connection *c = p->connections; c; c = c->next)
		connection_end(c);
	link_port_release(p);
}

/* Do these addresses mean the same socket? */
static bool is_same_place(const struct address *a, const struct address *b)
{
	return a->port == b->port && a->is_numeric == b->is_numeric &&
	       (!a->is_numeric || str_eq(a->host, b->host));
}

/* The old socket may hold the very port that is wanted, so it goes first. */
static enum rc move_listener(struct link_port *p, const struct link_port_peer *to, struct err *e)
{
	const struct link_port_peer *from = &p->peers[p->self];
	enum rc rc;

	if (p->listener && is_same_place(&from->address, &to->address))
		return RC_OK;
	close_listener(p);
	rc = start_listening(p, to, e);
	if (rc != RC_OK && start_listening(p, from, NULL) != RC_OK)
		return err_in(e, rc, "and nowhere else either");
	return rc;
}

/* The place of a peer of ours in another list; NO_PEER: not there. */
static uint8_t place_in(const struct link_port_peer *peers, uint8_t n, const char *name)
{
	for (uint8_t i = 0; i < n; i++)
		if (str_eq(peers[i].name, name))
			return i;
	return NO_PEER;
}

static void move_connection(struct connection *c, const struct link_port_peer *peers, uint8_t n)
{
	const struct link_port_peer *old = &c->port->peers[c->peer];
	uint8_t to = place_in(peers, n, old->name);

	c->peer = to;
	if (to == NO_PEER) /* its owner has forgotten it */
		connection_drop(c);
	else if (c->stage != CONNECTION_CONNECTING &&
		 memcmp(&old->key, &peers[to].key, sizeof old->key) != 0)
		connection_fail_soon(c, "its key in lab.yaml is another one now");
}

/* The dial moves to the peer's new place, or ends. */
static void move_dial(struct dial *d, struct link_port_peer *peers, uint8_t n)
{
	const struct link_port_peer *old = &d->port->peers[d->peer];
	uint8_t to = place_in(peers, n, old->name);

	if (to == NO_PEER)
		return dial_cancel(d);
	if (!str_eq(old->address_text, peers[to].address_text))
		dial_fail_soon(d, "its address in lab.yaml is another one now");
	d->peer = to;
	peers[to].dial = d;
}

static void keep_last_good(const struct link_port *p, struct link_port_peer *peers, uint8_t n)
{
	for (uint8_t i = 0; i < p->n_peers; i++) {
		uint8_t to = place_in(peers, n, p->peers[i].name);

		if (to != NO_PEER && str_eq(p->peers[i].address_text, peers[to].address_text))
			peers[to].last_good = p->peers[i].last_good;
	}
}

enum rc link_port_reload(struct link_port *p, const struct link_port_lab *lab, struct err *e)
{
	scoped(draft_fini) struct draft draft = { 0 };
	enum rc rc = read_peers(draft.peers, lab, &p->own_key, e);

	if (rc == RC_OK)
		rc = move_listener(p, &draft.peers[lab->self], e);
	if (rc != RC_OK)
		return rc;
	keep_last_good(p, draft.peers, lab->n_sites);
	for (uint8_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].dial)
			move_dial(p->peers[i].dial, draft.peers, lab->n_sites);
	for (struct connection *c = p->connections; c; c = c->next)
		if (c->peer != NO_PEER)
			move_connection(c, draft.peers, lab->n_sites);
	set_peers(p, draft.peers, lab);
	return RC_OK;
}

static bool is_dialling(const struct link_port *p, uint8_t peer)
{
	if (p->peers[peer].dial)
		return true;
	for (const struct connection *c = p->connections; c; c = c->next)
		if (c->is_dialled && c->peer == peer && c->stage == CONNECTION_HANDSHAKE)
			return true;
	return false;
}

void link_port_dial(struct link_port *p, uint8_t peer)
{
	must(peer < p->n_peers && peer != p->self && !p->is_stopping);
	if (!is_dialling(p, peer))
		dial_start(p, peer);
}

static struct connection *find(const struct link_port *p, uint64_t number)
{
	for (struct connection *c = p->connections; c; c = c->next)
		if (c->number == number && c->stage == CONNECTION_OPEN)
			return c;
	return NULL;
}

void link_port_send(struct link_port *p, uint64_t connection, const struct link_msg *msg)
{
	struct connection *c = find(p, connection);

	if (c)
		connection_send(c, msg);
}

void link_port_close(struct link_port *p, uint64_t connection)
{
	struct connection *c = find(p, connection);

	if (c)
		connection_end(c);
}

const char *link_port_listens(const struct link_port *p)
{
	return p->listens;
}

struct link_port_usage link_port_usage(const struct link_port *p)
{
	struct link_port_usage u = { 0 };

	for (const struct connection *c = p->connections; c; c = c->next) {
		u.connections++;
		u.strangers += c->number == 0 && !c->is_dialled;
		if (c->unsent_bytes > u.outbox_bytes)
			u.outbox_bytes = c->unsent_bytes;
	}
	return u;
}
