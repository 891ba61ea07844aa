/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind icmp: one echo request or several, spread over the first part of the timeout; ends when
 * each has been answered or refused, or at the deadline.
 */
#include "port/probe/engine.h"
#include "port/probe/ping.h"

#include "base/mem.h"

#include <stdio.h>

#define GAP_MAX_MS 200 /* between two requests */

/* Lives until its timer is closed. */
struct volley {
	uv_timer_t timer;
	struct probe *probe;
	struct ip_address to, source;
	bool has_source;
	uint16_t n_over; /* answered or refused */
	struct volley_ping {
		struct volley *volley;
		struct ping *ping; /* NULL: over */
	} * pings;
	int64_t rtt_sum_us;
	char why[IP_TEXT_MAX + 80]; /* the last refusal; "" */
};

static uint16_t count(const struct icmp_spec *spec)
{
	return spec->count ? spec->count : 1;
}

static void conclude(struct probe *p)
{
	const struct icmp_spec *spec = &p->spec->icmp;
	const struct volley *v = p->state;
	const struct probe_icmp *r = &p->result.icmp;
	unsigned lost = r->sent - r->received, percent = r->sent ? 100 * lost / r->sent : 100;
	char limit[DURATION_TEXT_MAX], to[IP_TEXT_MAX];

	p->result.phase_us[PHASE_PROCESSING] = r->rtt_avg_us;
	p->phase = PROBE_PHASES;
	if (r->received > 0 && percent <= spec->loss_percent_max)
		probe_pass(p);
	else if (r->received == 0 && v->why[0])
		probe_fail(p, "%s: %s", ip_text(&v->to, to), v->why);
	else if (r->received == 0)
		probe_fail(p, "no answer in %s (while %s)",
			duration_text(p->spec->timeout_ms, limit), p->doing);
	else
		probe_fail(p, "%u of %u echoes lost, wanted at most %u %%", lost, r->sent,
			spec->loss_percent_max);
}

static void note_echo(struct probe *p, const struct ping_reply *reply)
{
	struct probe_icmp *r = &p->result.icmp;
	struct volley *v = p->state;

	if (r->received == 0 || reply->rtt_us < r->rtt_min_us)
		r->rtt_min_us = reply->rtt_us;
	if (reply->rtt_us > r->rtt_max_us)
		r->rtt_max_us = reply->rtt_us;
	r->received++;
	v->rtt_sum_us += reply->rtt_us;
	r->rtt_avg_us = v->rtt_sum_us / r->received;
	r->hop_limit = reply->hop_limit;
}

static void on_reply(void *ctx, const struct ping_reply *reply)
{
	struct volley_ping *vp = ctx;
	struct volley *v = vp->volley;
	struct probe *p = v->probe;

	vp->ping = NULL;
	v->n_over++;
	if (reply->is_echo)
		note_echo(p, reply);
	else
		snprintf(v->why, sizeof v->why, "%s", reply->why);
	if (v->n_over == count(&p->spec->icmp))
		conclude(p);
}

static void on_turn(uv_timer_t *timer);

/* The next request, and a timer for the one after it.  Intervals leave the last one as much time
 * as lies between two. */
static void send_next(struct probe *p)
{
	const struct icmp_spec *spec = &p->spec->icmp;
	struct volley *v = p->state;
	uint16_t n = p->result.icmp.sent++;
	int64_t gap_ms = p->spec->timeout_ms / (count(spec) + 1);
	struct ping_wish wish = {
		.to = v->to,
		.source = v->has_source ? &v->source : NULL,
		.payload_bytes = spec->payload_bytes,
		.ttl = spec->ttl,
		.dont_fragment = spec->dont_fragment,
		.done = on_reply,
		.ctx = &v->pings[n],
	};
	struct err e;

	v->pings[n].volley = v;
	if (ping_send(probe_pinger(p), &wish, &v->pings[n].ping, &e) != RC_OK) {
		probe_fail(p, "%s", e.text);
		return;
	}
	if (n + 1 < count(spec))
		uv_timer_start(&v->timer, on_turn,
			(uint64_t)(gap_ms < GAP_MAX_MS ? gap_ms : GAP_MAX_MS), 0);
}

static void on_turn(uv_timer_t *timer)
{
	struct volley *v = timer->data;

	send_next(v->probe);
}

static void on_resolved(void *ctx, const struct ip_address *to)
{
	struct probe *p = ctx;
	struct volley *v = p->state;
	const struct ip_address *source;
	char text[IP_TEXT_MAX];

	v->to = *to;
	if (!probe_source(p, to, &v->source, &source))
		return;
	v->has_source = source != NULL;
	probe_enter(p, PHASE_CONNECT, "opening a socket");
	probe_pinger(p);
	probe_enter(p, PHASE_PROCESSING, "waiting for the echo from %s", ip_text(to, text));
	send_next(p);
}

static void start(struct probe *p)
{
	const struct icmp_spec *spec = &p->spec->icmp;
	struct endpoint to = { 0 };
	struct volley *v = must_alloc(sizeof *v);

	p->state = v;
	p->result.icmp.hop_limit = -1;
	v->probe = p;
	v->pings = must_alloc(count(spec) * sizeof *v->pings);
	must(uv_timer_init(probe_loop(p), &v->timer) == 0);
	v->timer.data = v;
	if (str_copy(to.host, sizeof to.host, spec->address))
		probe_resolve(p, &to, on_resolved, p);
	else
		probe_fail(p, "'%.64s' is too long for a host", spec->address);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct volley *v = handle->data;

	free(v->pings);
	free(v);
}

static void stop(struct probe *p)
{
	struct volley *v = p->state;

	for (uint16_t i = 0; i < count(&p->spec->icmp); i++)
		ping_cancel(v->pings[i].ping);
	uv_close((uv_handle_t *)&v->timer, on_timer_closed);
	p->state = NULL;
}

const struct engine icmp_engine = { .start = start, .stop = stop, .expire = conclude };
