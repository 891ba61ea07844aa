/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/engine.h"

#include "base/mem.h"
#include "port/probe/ping.h"
#include "port/probe/trust.h"

#include <stdarg.h>
#include <stdio.h>

struct prober {
	struct prober_setup setup;
	struct probe *probes; /* running */
	struct resolver *resolver;
	struct trust *trust;
	struct pinger *pinger;
	struct http_client *http;
	unsigned n_holds; /* the caller's, and one for each probe and part not yet closed */
	void (*closed)(void *ctx);
	void *closed_ctx;
};

static const struct engine *const engines[] = {
	[PROBE_HTTP] = &http_engine,
	[PROBE_TCP] = &stream_engine,
	[PROBE_TLS] = &stream_engine,
	[PROBE_DNS] = &dns_engine,
	[PROBE_ICMP] = &icmp_engine,
};

struct prober *prober_new(const struct prober_setup *setup)
{
	struct prober *p = must_alloc(sizeof *p);

	p->setup = *setup;
	p->n_holds = 1;
	return p;
}

static void release(void *ctx)
{
	struct prober *p = ctx;
	void (*closed)(void *) = p->closed;
	void *closed_ctx = p->closed_ctx;

	if (--p->n_holds > 0)
		return;
	trust_free(p->trust);
	free(p);
	if (closed)
		closed(closed_ctx);
}

void prober_close(struct prober *p, void (*closed)(void *ctx), void *ctx)
{
	p->closed = closed;
	p->closed_ctx = ctx;
	while (p->probes)
		probe_cancel(p->probes);
	if (p->resolver)
		resolver_close(p->resolver, release, p);
	if (p->pinger)
		pinger_close(p->pinger, release, p);
	if (p->http)
		http_client_close(p->http, release, p);
	release(p);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct probe *p = handle->data;
	struct prober *prober = p->prober;

	probe_result_fini(&p->result);
	free(p);
	release(prober);
}

/* Let go of everything but the memory. */
static void stop(struct probe *p)
{
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	p->link = NULL;
	lookup_cancel(p->lookup);
	p->lookup = NULL;
	if (p->engine)
		p->engine->stop(p);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

static void finish(struct probe *p, bool is_ok)
{
	probe_leave_phase(p);
	p->result.is_ok = is_ok;
	p->result.duration_us = (int64_t)(uv_hrtime() - p->started_ns) / 1000;
	stop(p);
	p->done(p->ctx, &p->result);
}

void probe_pass(struct probe *p)
{
	finish(p, true);
}

/* Servers' words end up in reasons: what isn't printable becomes '?'. */
static void clean(char *text)
{
	size_t n = utf8_cut(text, strlen(text));
	bool is_utf8 = utf8_valid(text, n);

	text[n] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || (!is_utf8 && (*c & 0x80)))
			*c = '?';
}

static void fail(struct probe *p, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void fail(struct probe *p, const char *fmt, va_list ap)
{
	vsnprintf(p->result.reason, sizeof p->result.reason, fmt, ap);
	clean(p->result.reason);
	finish(p, false);
}

void probe_fail(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(p, fmt, ap);
	va_end(ap);
}

void probe_fail_by_pattern(struct probe *p, const char *fmt, ...)
{
	va_list ap;

	p->result.failed_by_pattern = true;
	va_start(ap, fmt);
	fail(p, fmt, ap);
	va_end(ap);
}

static void on_deadline(uv_timer_t *timer)
{
	struct probe *p = timer->data;
	char limit[DURATION_TEXT_MAX];

	if (p->engine->expire) {
		p->engine->expire(p);
		return;
	}
	probe_fail(p, "no answer in %s (while %s)", duration_text(p->spec->timeout_ms, limit),
		p->doing);
}

static void on_begin(uv_timer_t *timer)
{
	struct probe *p = timer->data;

	/* The loop's idea of now may be old, and a deadline that fires early is a false alarm. */
	uv_update_time(timer->loop);
	uv_timer_start(timer, on_deadline, (uint64_t)p->spec->timeout_ms, 0);
	p->started_ns = uv_hrtime();
	p->engine = engines[p->spec->kind];
	p->engine->start(p);
}

struct probe *probe_start(struct prober *prober, const struct probe_spec *spec, probe_done *done,
	void *ctx)
{
	struct probe *p = must_alloc(sizeof *p);

	p->prober = prober;
	p->spec = spec;
	p->done = done;
	p->ctx = ctx;
	p->result.kind = spec->kind;
	p->phase = PROBE_PHASES;
	must(uv_timer_init(prober->setup.loop, &p->timer) == 0);
	p->timer.data = p;
	uv_timer_start(&p->timer, on_begin, 0, 0);
	p->link = &prober->probes;
	p->next = prober->probes;
	if (p->next)
		p->next->link = &p->next;
	prober->probes = p;
	prober->n_holds++;
	return p;
}

void probe_cancel(struct probe *p)
{
	if (p && p->link)
		stop(p);
}

void probe_leave_phase(struct probe *p)
{
	uint64_t now_ns = uv_hrtime();

	if (p->phase < PROBE_PHASES)
		p->result.phase_us[p->phase] += (int64_t)(now_ns - p->phase_ns) / 1000;
	p->phase = PROBE_PHASES;
}

void probe_enter(struct probe *p, enum probe_phase phase, const char *doing_fmt, ...)
{
	va_list ap;

	probe_leave_phase(p);
	p->phase = phase;
	p->phase_ns = uv_hrtime();
	va_start(ap, doing_fmt);
	vsnprintf(p->doing, sizeof p->doing, doing_fmt, ap);
	va_end(ap);
}

void probe_note_tls(struct probe *p, const struct probe_tls *facts)
{
	if (!p->result.tls)
		p->result.tls = must_alloc(sizeof *p->result.tls);
	*p->result.tls = *facts;
}

static void note_address(struct probe *p, const struct ip_address *to)
{
	bool is_first = p->result.ip_version == 0;

	probe_leave_phase(p);
	p->result.ip_version = (uint8_t)ip_version(to);
	p->result.ip_hash = ip_hash(to);
	if (is_first)
		p->result.lookup_us = p->result.phase_us[PHASE_RESOLVE];
}

static void on_lookup(void *ctx, const struct ip_address *to, const char *why)
{
	struct probe *p = ctx;

	p->lookup = NULL;
	if (!to) {
		probe_fail(p, "%s", why);
		return;
	}
	note_address(p, to);
	p->resolved(p->resolved_ctx, to);
}

static void resolve_literal(struct probe *p, const struct ip_address *a)
{
	if (!ip_choose(a, 1, p->spec->ip, p->spec->ip_fallback)) {
		probe_fail(p, "the address is not an IPv%d address", p->spec->ip == IP_V4 ? 4 : 6);
		return;
	}
	note_address(p, a);
	p->resolved(p->resolved_ctx, a);
}

void probe_resolve(struct probe *p, const struct endpoint *to, probe_resolved *resolved, void *ctx)
{
	struct lookup_wish wish = { .host = to->host,
		.port = to->port,
		.ip = p->spec->ip,
		.fallback = p->spec->ip_fallback };
	struct prober *prober = p->prober;
	struct lookup *lookup;
	struct ip_address a;

	probe_enter(p, PHASE_RESOLVE, "resolving %.150s", to->host);
	p->resolved = resolved;
	p->resolved_ctx = ctx;
	if (ip_parse(to->host, to->port, &a)) {
		resolve_literal(p, &a);
		return;
	}
	if (!prober->resolver) {
		prober->resolver = resolver_new(prober->setup.loop);
		prober->n_holds++;
	}
	lookup = lookup_start(prober->resolver, &wish, on_lookup, p);
	if (lookup)
		p->lookup = lookup;
}

bool probe_source(struct probe *p, const struct ip_address *to, struct ip_address *storage,
	const struct ip_address **ret)
{
	*ret = NULL;
	if (!p->spec->source_address)
		return true;
	if (!ip_parse(p->spec->source_address, 0, storage)) {
		probe_fail(p, "source address '%.64s' is malformed", p->spec->source_address);
		return false;
	}
	if (storage->any.sa_family != to->any.sa_family) {
		probe_fail(p, "source address %.64s can't reach an IPv%d address",
			p->spec->source_address, ip_version(to));
		return false;
	}
	*ret = storage;
	return true;
}

uv_loop_t *probe_loop(const struct probe *p)
{
	return p->prober->setup.loop;
}

struct trust *probe_trust(struct probe *p)
{
	if (!p->prober->trust)
		p->prober->trust = trust_new();
	return p->prober->trust;
}

struct pinger *probe_pinger(struct probe *p)
{
	struct prober *prober = p->prober;

	if (!prober->pinger) {
		prober->pinger = pinger_new(prober->setup.loop);
		prober->n_holds++;
	}
	return prober->pinger;
}

struct http_client *probe_http_client(struct probe *p)
{
	struct prober *prober = p->prober;

	if (!prober->http) {
		prober->http = http_client_new(prober->setup.loop);
		prober->n_holds++;
	}
	return prober->http;
}

enum rc probe_secret(struct probe *p, const struct secret *secret, struct str *ret, struct err *e)
{
	const struct prober_setup *setup = &p->prober->setup;

	if (!setup->read_secret)
		return err_set(e, RC_UNSUPPORTED, "secrets can't be read here");
	return setup->read_secret(setup->ctx, secret, ret, e);
}

void probe_result_fini(struct probe_result *r)
{
	free(r->tls);
	r->tls = NULL;
}

void probe_result_copy(struct probe_result *dst, const struct probe_result *src)
{
	probe_result_fini(dst);
	*dst = *src;
	if (!src->tls)
		return;
	dst->tls = must_alloc(sizeof *dst->tls);
	*dst->tls = *src->tls;
}
