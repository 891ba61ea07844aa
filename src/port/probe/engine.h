/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine: what the kinds of probes share.  Private to port/probe.
 *
 * A kind is two functions: start (the deadline already runs) and stop (let go of everything, also
 * in the middle).  In between it moves through phases, and ends with probe_pass() or probe_fail(),
 * after which it doesn't touch the probe any more.
 */
#ifndef PORT_PROBE_ENGINE_H
#define PORT_PROBE_ENGINE_H

#include "port/http/http.h"
#include "port/probe/ip.h"
#include "port/probe/probe.h"
#include "port/probe/resolve.h"

struct pinger;
struct trust;

struct engine {
	void (*start)(struct probe *p);
	void (*stop)(struct probe *p);
	void (*expire)(struct probe *p); /* the deadline has come; NULL: the probe fails */
};
extern const struct engine http_engine, stream_engine, dns_engine, icmp_engine;

#define DOING_MAX 200

typedef void probe_resolved(void *ctx, const struct ip_address *to);

struct probe {
	struct prober *prober;
	struct probe *next, **link; /* the prober's running ones; link NULL when not among them */
	const struct probe_spec *spec;
	const struct engine *engine; /* NULL until begun */
	void *state;                 /* the engine's */
	probe_done *done;
	void *ctx;
	struct probe_result result;
	uv_timer_t timer; /* begins the probe, then is its deadline */
	uint64_t started_ns;
	enum probe_phase phase; /* PROBE_PHASES: none */
	uint64_t phase_ns;
	char doing[DOING_MAX]; /* "while connecting to 10.2.0.20:993" */
	struct lookup *lookup;
	probe_resolved *resolved;
	void *resolved_ctx;
};

/* The deadline's message says what the probe was doing. */
void probe_enter(struct probe *p, enum probe_phase phase, const char *doing_fmt, ...) PRINTF(3, 4);
void probe_leave_phase(struct probe *p); /* time until the next phase counts for none */

/* Find an address for the endpoint, by the spec's preference, and note which it is; then call
 * `resolved`, maybe at once.  The probe fails when there is none. */
void probe_resolve(struct probe *p, const struct endpoint *to, probe_resolved *resolved, void *ctx);
/* The spec's source address: false when it is malformed or of the other protocol (the probe has
 * failed then); *ret is NULL when the spec has none. */
bool probe_source(struct probe *p, const struct ip_address *to, struct ip_address *storage,
	const struct ip_address **ret);

void probe_note_tls(struct probe *p, const struct probe_tls *facts); /* copied */
void probe_pass(struct probe *p);
void probe_fail(struct probe *p, const char *fmt, ...) PRINTF(2, 3);
void probe_fail_by_pattern(struct probe *p, const char *fmt, ...) PRINTF(2, 3);

/* The prober's shared parts, made when first needed. */
uv_loop_t *probe_loop(const struct probe *p);
struct trust *probe_trust(struct probe *p);
struct pinger *probe_pinger(struct probe *p);
struct http_client *probe_http_client(struct probe *p);
enum rc probe_secret(struct probe *p, const struct secret *secret, struct str *ret,
	struct err *e) MUST_USE;

#define QUOTE_MAX 80 /* bytes of a foreign text in a message */

#endif
