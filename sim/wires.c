/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wires: connections between the sites, and the way to the watcher.
 *
 * A connection is two queues.  Like TCP, it keeps what can't pass and delivers it in order when it
 * can; it ends when an end closes it or its process dies, which the other end learns if the way is
 * open, and by its own deadlines if not.
 */
#include "sim/world.h"

#include "core/peer/wire.h"

#define ONE_WAY_MS        70
#define DIAL_MS           150
#define DIAL_TIMEOUT_MS   5000
#define BLOCKED_RETRY_MS  250
#define GARBLED_IN        50
#define BEACON_MS_ONE_WAY 30
#define BEACON_TIMEOUT_MS 5000

struct parcel { /* a message on its way, with all it points to */
	struct link_msg msg;
	char *events, *part;
	struct str bytes; /* use_codec: what goes over the wire */
	int64_t due_ms;
	struct parcel *next;
	struct link_head heads[];
};

struct direction {
	struct parcel *first, **last;
	bool is_moving; /* the first has its event */
};

struct connection {
	uint64_t number;
	uint8_t end[2];         /* dialler, listener */
	uint64_t generation[2]; /* of their processes */
	bool is_open[2];
	struct direction way[2]; /* from end[0], from end[1] */
	struct connection *next;
};

static struct connection *find(struct world *w, uint64_t number)
{
	for (struct connection *c = w->connections; c; c = c->next)
		if (c->number == number)
			return c;
	return NULL;
}

static void free_parcel(struct parcel *p)
{
	free(p->events);
	free(p->part);
	str_fini(&p->bytes);
	free(p);
}

static void empty(struct direction *d)
{
	while (d->first) {
		struct parcel *p = d->first;

		d->first = p->next;
		free_parcel(p);
	}
	d->last = &d->first;
}

/* Gone at both ends: nobody can name it any more. */
static void sweep(struct world *w)
{
	for (struct connection **p = &w->connections; *p;) {
		struct connection *c = *p;

		if (c->is_open[0] || c->is_open[1] || c->way[0].is_moving || c->way[1].is_moving) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		empty(&c->way[0]);
		empty(&c->way[1]);
		free(c);
	}
}

static bool is_alive(const struct world *w, const struct connection *c, int end)
{
	const struct sim_site *s = &w->sites[c->end[end]];

	return s->site && s->generation == c->generation[end];
}

static bool passes(const struct world *w, uint8_t from, uint8_t to)
{
	return w->is_path_up[from][to] && w->sites[from].is_wan_up && w->sites[to].is_wan_up;
}

/* ---- dialling */

struct dial {
	uint8_t from, to;
	uint64_t generation;
};

static void dial_failed(struct world *w, void *arg)
{
	struct dial *d = arg;

	if (w->sites[d->from].site && w->sites[d->from].generation == d->generation) {
		site_closed(w->sites[d->from].site, world_now(w, d->from), d->to, 0,
			"connecting timed out");
		world_drain(w, d->from);
	}
	free(d);
}

static void connect(struct world *w, struct connection *c, int end)
{
	uint8_t self = c->end[end];

	if (!is_alive(w, c, end) || !c->is_open[end])
		return;
	site_connected(w->sites[self].site, world_now(w, self), c->end[!end], c->number, end == 0);
	world_drain(w, self);
}

static void dialled(struct world *w, void *arg)
{
	struct dial *d = arg;
	struct connection *c;

	if (!w->sites[d->from].site || w->sites[d->from].generation != d->generation) {
		free(d);
		return;
	}
	if (!w->sites[d->to].site || !passes(w, d->from, d->to) || !passes(w, d->to, d->from)) {
		world_later(w, w->sites[d->to].site ? DIAL_TIMEOUT_MS : 1, dial_failed, d, free);
		return;
	}
	c = must_alloc(sizeof *c);
	c->number = ++w->last_connection;
	c->end[0] = d->from;
	c->end[1] = d->to;
	for (int end = 0; end < 2; end++) {
		c->generation[end] = w->sites[c->end[end]].generation;
		c->is_open[end] = true;
		c->way[end].last = &c->way[end].first;
	}
	c->next = w->connections;
	w->connections = c;
	free(d);
	connect(w, c, 1);
	connect(w, c, 0);
}

void wires_dial(struct world *w, uint8_t from, uint8_t to)
{
	struct dial *d = must_alloc(sizeof *d);

	*d = (struct dial){ from, to, w->sites[from].generation };
	world_later(w, DIAL_MS + 2 * w->slow_ms + (int64_t)rng_below(&w->rng, 20), dialled, d,
		free);
}

/* ---- messages */

struct moving {
	uint64_t connection;
	int way;
};

static void move(struct world *w, struct connection *c, int way);

/* Names and hashes are other ones in the mirror: what becomes of a letter must not depend on which
 * one it is, but that a digit of a hash remains one. */
static char garbled(char c, int bit)
{
	static const char digits[] = "0123456789abcdef0";
	const char *digit = c ? strchr(digits, c) : NULL;

	if (digit)
		return digit[1];
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return c == 'x' ? 'y' : 'x';
	return (char)(c ^ (1 << bit));
}

/* TLS sees to it that nothing is changed on the way.  So this is the peer's disk, which changed
 * what it had been given; anything but events breaks the connection. */
static void garble(struct world *w, struct str *bytes)
{
	size_t at = (size_t)rng_below(&w->rng, bytes->len);

	bytes->s[at] = garbled(bytes->s[at], (int)rng_below(&w->rng, 7));
}

static void end_at(struct world *w, struct connection *c, int end);

static void break_off(struct world *w, struct connection *c, int end)
{
	uint8_t self = c->end[end];

	end_at(w, c, end);
	site_closed(w->sites[self].site, world_now(w, self), c->end[!end], c->number,
		"it is garbled");
	world_drain(w, self);
}

static void receive(struct world *w, struct connection *c, int way, const struct link_msg *msg)
{
	uint8_t to = c->end[!way];

	site_received(w->sites[to].site, world_now(w, to), c->end[way], c->number, msg);
	if (msg->kind == LINK_ASKING)
		copies_received(w, to, c->number, msg);
}

static void hand_in(struct world *w, struct connection *c, int way, struct parcel *p)
{
	uint8_t to = c->end[!way];

	if (!is_alive(w, c, !way) || !c->is_open[!way])
		return;
	if (w->options.use_codec) {
		bool is_garbled = w->is_garbling && rng_chance(&w->rng, 1, GARBLED_IN);
		struct wire_in in;
		size_t used;
		struct err e = { 0 };
		enum rc rc;

		if (is_garbled)
			garble(w, &p->bytes);
		rc = wire_read(str_c(&p->bytes), p->bytes.len, &in, &used, &e);
		if (is_garbled &&
			(rc != RC_OK || used != p->bytes.len || in.msg.kind != LINK_EVENTS)) {
			break_off(w, c, !way);
			return;
		}
		if (rc != RC_OK || used != p->bytes.len) {
			world_breach(w, "the codec doesn't read what it wrote: %s", e.text);
			return;
		}
		receive(w, c, way, &in.msg);
	} else {
		receive(w, c, way, &p->msg);
	}
	world_drain(w, to);
}

static void arrive(struct world *w, void *arg)
{
	struct moving *m = arg;
	struct connection *c = find(w, m->connection);
	struct direction *d = &c->way[m->way];
	struct parcel *p = d->first;
	int way = m->way;

	free(m);
	d->is_moving = false;
	if (!p || !is_alive(w, c, !way) || !c->is_open[!way]) {
		empty(d);
		sweep(w);
		return;
	}
	if (!passes(w, c->end[way], c->end[!way])) {
		p->due_ms = w->now_ms + BLOCKED_RETRY_MS;
		move(w, c, way);
		return;
	}
	d->first = p->next;
	if (!d->first)
		d->last = &d->first;
	d->is_moving = true; /* so that nobody sweeps it meanwhile */
	hand_in(w, c, way, p);
	d->is_moving = false;
	free_parcel(p);
	move(w, c, way);
	sweep(w);
}

static void move(struct world *w, struct connection *c, int way)
{
	struct direction *d = &c->way[way];
	struct moving *m;
	int64_t wait_ms;

	if (d->is_moving || !d->first)
		return;
	wait_ms = d->first->due_ms - w->now_ms;
	m = must_alloc(sizeof *m);
	*m = (struct moving){ c->number, way };
	d->is_moving = true;
	world_later(w, wait_ms > 0 ? wait_ms : 0, arrive, m, free);
}

void wires_send(struct world *w, uint8_t from, uint64_t connection, const struct link_msg *msg)
{
	struct connection *c = find(w, connection);
	struct parcel *p;
	int way;

	if (!c)
		return;
	way = c->end[0] == from ? 0 : 1;
	if (!c->is_open[way])
		return;
	p = must_alloc(sizeof *p + (w->options.use_codec ? 0 : msg->n_heads * sizeof *msg->heads));
	p->due_ms = w->now_ms + ONE_WAY_MS + w->slow_ms + (int64_t)rng_below(&w->rng, 8);
	if (w->options.use_codec) {
		wire_write(msg, &p->bytes);
	} else {
		p->msg = *msg;
		if (msg->n_heads)
			memcpy(p->heads, msg->heads, msg->n_heads * sizeof *msg->heads);
		p->msg.heads = p->heads;
		if (msg->events_len) {
			p->events = must_alloc(msg->events_len + 1);
			memcpy(p->events, msg->events, msg->events_len);
		}
		p->msg.events = p->events;
		if (msg->part_len) {
			p->part = must_alloc(msg->part_len);
			memcpy(p->part, msg->part, msg->part_len);
		}
		p->msg.part = p->part;
	}
	*c->way[way].last = p;
	c->way[way].last = &p->next;
	move(w, c, way);
}

/* ---- ends */

struct ending {
	uint64_t connection;
	int end; /* who learns of it */
};

static void learn_end(struct world *w, void *arg)
{
	struct ending *x = arg;
	struct connection *c = find(w, x->connection);

	if (c && c->is_open[x->end] && is_alive(w, c, x->end)) {
		uint8_t self = c->end[x->end];

		if (!passes(w, c->end[!x->end], self) || c->way[!x->end].first) {
			world_later(w, BLOCKED_RETRY_MS, learn_end, x, free);
			return;
		}
		c->is_open[x->end] = false;
		site_closed(w->sites[self].site, world_now(w, self), c->end[!x->end], c->number,
			"closed by the peer");
		world_drain(w, self);
	}
	if (find(w, x->connection))
		sweep(w);
	free(x);
}

static void end_at(struct world *w, struct connection *c, int end)
{
	struct ending *x;

	if (!c->is_open[end])
		return;
	c->is_open[end] = false;
	x = must_alloc(sizeof *x);
	*x = (struct ending){ c->number, !end };
	world_later(w, 2 * ONE_WAY_MS, learn_end, x, free);
}

void wires_close(struct world *w, uint8_t from, uint64_t connection)
{
	struct connection *c = find(w, connection);

	if (c)
		end_at(w, c, c->end[0] == from ? 0 : 1);
}

void wires_drop_all(struct world *w, uint8_t site)
{
	for (struct connection *c = w->connections; c; c = c->next)
		for (int end = 0; end < 2; end++)
			if (c->end[end] == site)
				end_at(w, c, end);
}

/* ---- beacons */

struct call { /* a beacon and its answer */
	uint8_t from;
	uint64_t generation;
	struct beacon beacon;
	struct beacon_answer answer;
	bool is_answered;
	struct arena arena;
	struct call *next; /* unused: the next that is */
};

/* They are large and many: kept to be used again. */
static struct call *new_call(struct world *w)
{
	struct call *c = w->idle_calls;

	if (!c)
		return must_alloc(sizeof *c);
	w->idle_calls = c->next;
	c->is_answered = false;
	return c;
}

static void free_call(struct world *w, struct call *c)
{
	arena_reset(&c->arena);
	c->next = w->idle_calls;
	w->idle_calls = c;
}

static void drop_call(void *arg)
{
	struct call *c = arg;

	arena_fini(&c->arena);
	free(c);
}

static void end_call(struct world *w, void *arg)
{
	struct call *c = arg;
	struct sim_site *s = &w->sites[c->from];

	if (s->site && s->generation == c->generation) {
		bool arrives = c->is_answered && s->is_wan_up && s->is_watcher_path_up;

		site_watcher(s->site, world_now(w, c->from), 0, arrives ? &c->answer : NULL,
			"connecting timed out");
		world_drain(w, c->from);
	}
	free_call(w, c);
}

/* False when no answer will get back. */
static bool hand_to_watcher(struct world *w, struct call *c)
{
	struct now now = world_now(w, SIM_SITES);
	struct err e = { 0 };
	enum rc rc = watcher_beacon(w->watcher, now, &c->beacon, &c->answer, &e);
	struct beacon_answer again;

	if (rc != RC_OK && w->options.trace)
		fprintf(w->options.trace, "%12.3f watcher refuses site%u: %s\n",
			(double)w->now_ms / 1000, c->from, e.text);
	if (!w->sites[c->from].loses_answers)
		return rc == RC_OK;
	if (rng_chance(&w->rng, 1, 2))
		return false;
	if (watcher_beacon(w->watcher, now, &c->beacon, &again, NULL) == RC_OK)
		world_breach(w, "the watcher takes a beacon twice");
	return rc == RC_OK;
}

static void reach_watcher(struct world *w, void *arg)
{
	struct call *c = arg;
	const struct sim_site *s = &w->sites[c->from];

	if (!w->watcher || !s->is_wan_up || !s->is_watcher_path_up) {
		world_later(w, BEACON_TIMEOUT_MS, end_call, c, drop_call);
		return;
	}
	c->is_answered = hand_to_watcher(w, c);
	for (uint32_t i = 0; c->is_answered && i < c->answer.n_sites; i++)
		for (uint32_t j = 0; j < c->answer.sites[i].n_told; j++)
			c->answer.sites[i].told[j] =
				arena_strdup(&c->arena, c->answer.sites[i].told[j]);
	world_drain_watcher(w);
	world_later(w, BEACON_MS_ONE_WAY, end_call, c, drop_call);
}

void wires_beacon(struct world *w, uint8_t from, const struct beacon *b)
{
	struct call *c = new_call(w);

	c->from = from;
	c->generation = w->sites[from].generation;
	c->beacon = *b;
	for (uint32_t i = 0; i < b->n_told; i++)
		c->beacon.told[i] = arena_strdup(&c->arena, b->told[i]);
	for (uint32_t i = 0; i < b->n_deliver; i++)
		c->beacon.deliver[i].payload = arena_strdup(&c->arena, b->deliver[i].payload);
	world_later(w, BEACON_MS_ONE_WAY, reach_watcher, c, drop_call);
}

void wires_fini(struct world *w)
{
	while (w->connections) {
		struct connection *c = w->connections;

		w->connections = c->next;
		empty(&c->way[0]);
		empty(&c->way[1]);
		free(c);
	}
	while (w->idle_calls) {
		struct call *c = w->idle_calls;

		w->idle_calls = c->next;
		drop_call(c);
	}
}
