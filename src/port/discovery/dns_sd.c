/* SPDX-License-Identifier: Apache-2.0 */
/* One group a name: discovery/dns/dns.go of Prometheus 3.5. */
#include "base/endpoint.h"
#include "base/str.h"
#include "port/discovery/dns_records.h"
#include "port/discovery/engine.h"

#include <stdio.h>

struct dns_sd {
	uint32_t n_waiting;         /* names that are being asked for */
	char why[REASON_BYTES_MAX]; /* the first that failed; "" */
};

struct question { /* one name; lives until the resolver has answered */
	struct sd *sd;
	const char *name;
};

static void start(struct sd *sd)
{
	sd->own = must_alloc(sizeof(struct dns_sd));
}

static void on_answer(void *ctx, const uint8_t *answer, size_t n, const char *why)
{
	struct question *q = ctx;
	struct sd *sd = q->sd;
	struct dns_sd *own = sd->own;
	scoped(arena_fini) struct arena a = { 0 };
	struct target_group group = { .source = q->name }; /* of a name that isn't there: empty */
	struct err e = { 0 };

	arena_init(&a, TARGETS_BYTES_MAX);
	if (answer && dns_group_of(&sd->config->dns, q->name,
			      (struct dns_answer_bytes){ answer, n }, &a, &group, &e) != RC_OK)
		why = e.text;
	free(q);
	if (!sd->is_closing && !why)
		sd_found(sd, &group, 1, false);
	if (why && !own->why[0])
		snprintf(own->why, sizeof own->why, "%.*s",
			(int)utf8_most(why, sizeof own->why - 1), why);
	if (--own->n_waiting == 0 && !sd->is_closing)
		sd_done(sd, own->why[0] ? own->why : NULL);
}

static void refresh(struct sd *sd)
{
	const struct sd_dns *c = &sd->config->dns;
	struct dns_sd *own = sd->own;

	own->why[0] = '\0';
	own->n_waiting = c->names.n;
	for (uint32_t i = 0; i < c->names.n; i++) {
		struct question *q = must_alloc(sizeof *q);

		*q = (struct question){ sd, c->names.v[i] };
		records_ask(sd_resolver(sd), q->name, dns_record_type((enum dns_sd_type)c->type),
			on_answer, q);
	}
}

static void stop(struct sd *sd)
{
	(void)sd; /* the resolver answers all when it is closed */
}

static void free_own(struct sd *sd)
{
	free(sd->own);
}

const struct sd_engine dns_sd_engine = { start, refresh, stop, free_own };
