/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies: in one world of three each site scrapes itself, and keeps a copy of what the other scraped.
 *
 * Real are core/peer/copying, core/peer/asking and the link; the stores are lists with a place for each
 * window, and what daemon/copies.c does between them is done here.  A store takes no sample that is older
 * than its newest.  What a copy took is safe when its process dies, but not while its disk is full, and of
 * the newest answers a torn commit may cost some.
 *
 * Question and answer are lines of text:
 *	FROM UNTIL                 windows that end in (from, until]
 *	UNTIL, then TIME padding   up to when all is told; a line for each window with a sample
 */
#include "sim/world.h"

#include <inttypes.h>

#define SCRAPE_MS    (15 * SECOND_MS)
#define TIMEOUT_MS   MINUTE_MS
#define RETENTION_MS (5 * DAY_MS)
#define COMPUTING_MS 300
#define PADDING_MAX  2000
#define TOO_MUCH     100000 /* bytes of an answer, in worlds where there is such a thing */

static struct sim_copy *copy_at(struct world *w, uint8_t site)
{
	return &w->copies[site];
}

struct sim_window *copies_window(const struct world *w, struct sim_windows *of, int64_t t_ms)
{
	int64_t i = (t_ms - COPIES_BEGIN_MS + w->copy_every_ms - 1) / w->copy_every_ms;

	return i < 0 || i >= COPIES_WINDOWS ? NULL : &of->v[i];
}

/* ---- scraping */

static void scrape(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);
	int64_t t_ms = world_now(w, site).wall.ms;
	struct sim_window *window = copies_window(w, &c->own, t_ms);

	if (!w->sites[site].site || !window || t_ms <= c->own.newest_ms)
		return;
	c->own.newest_ms = t_ms;
	window->t_ms = t_ms;
	/* The clock went back, after it was told that this time is over. */
	window->is_late |= t_ms <= c->told_ms;
}

static void scrape_all(struct world *w, void *arg)
{
	(void)arg;
	for (uint8_t site = 0; site < SIM_SITES; site++)
		scrape(w, site);
	world_later(w, SCRAPE_MS, scrape_all, NULL, NULL);
}

/* ---- answering */

struct computing {
	uint8_t site;
	uint64_t generation, number;
	int64_t from_ms, until_ms;
};

static void write_answer(struct world *w, const struct computing *q, struct str *out)
{
	struct sim_copy *c = copy_at(w, q->site);
	int64_t over_ms = world_now(w, q->site).wall.ms - COPYING_SETTLED_MS;
	int64_t until_ms = over_ms < q->until_ms ? over_ms : q->until_ms;

	str_addf(out, "%" PRId64 "\n", until_ms);
	if (until_ms > c->told_ms)
		c->told_ms = until_ms;
	for (int64_t end_ms = q->from_ms + w->copy_every_ms; end_ms <= until_ms;
		end_ms += w->copy_every_ms) {
		const struct sim_window *window = copies_window(w, &c->own, end_ms);

		if (window && window->t_ms)
			str_addf(out, "%" PRId64 " %*s\n", window->t_ms, w->copy_padding, "");
	}
}

static void computed(struct world *w, void *arg)
{
	struct computing *q = arg;
	scoped(str_fini) struct str body = STR_EMPTY;
	const struct sim_site *s = &w->sites[q->site];
	bool is_too_much;

	if (s->site && s->generation == q->generation) {
		write_answer(w, q, &body);
		is_too_much = w->copy_refuses && body.len > TOO_MUCH;
		asking_computed(&copy_at(w, q->site)->asking, q->number, is_too_much ? 422 : 200,
			&body);
		copies_look(w, q->site);
	}
	free(q);
}

static void compute(struct world *w, uint8_t site, const struct asking_effect *fx)
{
	struct computing *q = must_alloc(sizeof *q);
	char form[64];

	*q = (struct computing){ site, w->sites[site].generation, fx->number, 0, 0 };
	snprintf(form, sizeof form, "%.*s", (int)fx->question.n, fx->question.bytes);
	if (sscanf(form, "%" SCNd64 " %" SCNd64, &q->from_ms, &q->until_ms) != 2)
		world_breach(w, "oracle 7: site%u is asked for something else: %s", site, form);
	world_later(w, (int64_t)rng_below(&w->copies_rng, COMPUTING_MS), computed, q, free);
}

/* ---- asking */

static void keep(struct world *w, uint8_t site, int64_t t_ms)
{
	struct sim_copy *c = copy_at(w, site);
	struct sim_window *window = copies_window(w, &c->kept, t_ms);

	oracle_copied(w, site, t_ms);
	if (!copying_is_wanted(&c->copying, t_ms))
		world_breach(w, "oracle 7: site%u is given a sample that it didn't ask for", site);
	if (!window || t_ms <= c->kept.newest_ms)
		return;
	c->kept.newest_ms = t_ms;
	window->t_ms = t_ms;
	window->answer = c->n_answers;
}

static void take(struct world *w, uint8_t site, const struct str *body)
{
	struct sim_copy *c = copy_at(w, site);
	const char *at = str_c(body);
	int64_t told_ms = strtoll(at, NULL, 10);

	c->n_answers++;
	while ((at = strchr(at, '\n')) && *++at)
		keep(w, site, strtoll(at, NULL, 10));
	if (!w->sites[site].is_disk_full)
		c->n_safe = c->n_answers;
	world_trace(w, "site%u copied up to %" PRId64, site, told_ms);
	copying_taken(&c->copying, world_now(w, site), told_ms, body->len);
}

static void answered(struct world *w, uint8_t site, const struct asking_effect *fx)
{
	struct copying *c = &copy_at(w, site)->copying;

	if (fx->status == 200)
		take(w, site, &fx->bytes);
	else if (fx->status == 422)
		copying_refused(c, world_now(w, site));
	else
		copying_failed(c, world_now(w, site));
}

static void ask(struct world *w, uint8_t site, const struct copying_question *q)
{
	struct sim_copy *c = copy_at(w, site);
	char form[64];
	struct asking_question question = { ASKING_SAMPLES, "", form, TIMEOUT_MS };

	snprintf(form, sizeof form, "%" PRId64 " %" PRId64, q->from_ms, q->until_ms);
	if (c->begin_ms == INT64_MIN)
		c->begin_ms = q->from_ms;
	c->n_questions++;
	if (asking_ask(&c->asking, world_now(w, site).mono, &question, NULL, NULL) != RC_OK)
		copying_failed(&c->copying, world_now(w, site));
}

/* ---- driving */

static uint64_t connection_of(const struct world *w, uint8_t site)
{
	const struct link *l = site_link(w->sites[site].site, !site);

	return link_is_current(l, l->connection) ? l->connection : 0;
}

static void carry_out(struct world *w, uint8_t site, const struct asking_effect *fx)
{
	struct link_msg msg = { .kind = LINK_ASKING,
		.part = fx->bytes.s,
		.part_len = fx->bytes.len };

	switch (fx->kind) {
	case ASKING_DO_SEND:
		wires_send(w, site, copy_at(w, site)->asking.connection, &msg);
		break;
	case ASKING_DO_COMPUTE:
		compute(w, site, fx);
		break;
	case ASKING_SAY_ANSWERED:
		answered(w, site, fx);
		break;
	}
}

static void drain(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);
	struct asking_effect fx;

	while (asking_next(&c->asking, world_now(w, site).mono, &fx)) {
		carry_out(w, site, &fx);
		asking_effect_fini(&fx);
	}
}

void copies_look(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);
	struct now now = world_now(w, site);
	struct copying_question q;
	struct mono wake, other;
	uint64_t connection;

	if (!w->has_copies || !w->sites[site].site)
		return;
	connection = connection_of(w, site);
	asking_connected(&c->asking, connection);
	asking_tick(&c->asking, now.mono);
	drain(w, site);
	copying_connected(&c->copying, now, connection != 0);
	if (copying_next(&c->copying, now, &q)) {
		ask(w, site, &q);
		drain(w, site);
	}
	wake = copying_wake(&c->copying);
	other = asking_wake(&c->asking);
	world_arm(w, &c->timer, wake.ms < other.ms ? wake : other);
}

void copies_received(struct world *w, uint8_t site, uint64_t connection, const struct link_msg *msg)
{
	struct sim_copy *c = copy_at(w, site);

	if (!w->has_copies || !w->sites[site].site || connection_of(w, site) != connection)
		return;
	asking_connected(&c->asking, connection);
	if (asking_received(&c->asking, world_now(w, site).mono, msg->part, msg->part_len, NULL) !=
		RC_OK)
		world_breach(w, "oracle 7: site%u can't read a part of a question", site);
	copies_look(w, site);
}

/* ---- processes and disks */

void copies_start(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);

	if (!w->has_copies)
		return;
	copying_init(&c->copying, c->kept.newest_ms);
	copying_declare(&c->copying, w->copy_every_ms, RETENTION_MS);
}

static void forget_answers(struct sim_copy *c, uint64_t n_safe)
{
	c->kept.newest_ms = INT64_MIN;
	for (uint32_t i = 0; i < COPIES_WINDOWS; i++) {
		struct sim_window *window = &c->kept.v[i];

		if (window->answer > n_safe)
			*window = (struct sim_window){ 0 };
		else if (window->t_ms)
			c->kept.newest_ms = window->t_ms;
	}
}

/* Whether its disk remembers is drawn: of the newest answers a power cut costs some. */
void copies_end(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);
	uint64_t n_lost = w->sites[site].dies_stuck ? rng_below(&w->copies_rng, 4) : 0;

	if (!w->has_copies)
		return;
	heap_remove(&w->events, &c->timer);
	asking_fini(&c->asking);
	c->asking = (struct asking){ 0 };
	if (n_lost > c->n_safe)
		n_lost = c->n_safe;
	forget_answers(c, c->n_safe - n_lost);
	c->n_safe = c->n_answers;
	if (c->kept.newest_ms == INT64_MIN)
		c->begin_ms = INT64_MIN; /* it begins anew */
}

void copies_wipe(struct world *w, uint8_t site)
{
	struct sim_copy *c = copy_at(w, site);

	if (!w->has_copies)
		return;
	forget_answers(c, 0);
	c->begin_ms = INT64_MIN;
	/* What its copy is compared with: it may have more. */
	memset(c->own.v, 0, COPIES_WINDOWS * sizeof *c->own.v);
	c->own.newest_ms = INT64_MIN;
}

/* Drawn by a generator of its own, so that the other worlds stay what they were. */
void copies_draw(struct world *w)
{
	rng_seed(&w->copies_rng, w->options.seed ^ UINT64_C(0xc0b1e5));
	w->has_copies = rng_chance(&w->copies_rng, 1, 3);
	w->copy_every_ms = (int64_t)(1 + rng_below(&w->copies_rng, 5)) * MINUTE_MS;
	w->copy_padding = (int)rng_below(&w->copies_rng, PADDING_MAX);
	w->copy_refuses = rng_chance(&w->copies_rng, 1, 2);
	for (uint8_t i = 0; w->has_copies && i < SIM_SITES; i++) {
		struct sim_copy *c = copy_at(w, i);

		c->own.v = must_alloc(COPIES_WINDOWS * sizeof *c->own.v);
		c->kept.v = must_alloc(COPIES_WINDOWS * sizeof *c->kept.v);
		c->own.newest_ms = c->kept.newest_ms = c->begin_ms = c->told_ms = INT64_MIN;
		c->timer.tie = SIM_SITES + i;
	}
	if (w->has_copies)
		world_later(w, SCRAPE_MS, scrape_all, NULL, NULL);
}

void copies_fini(struct world *w)
{
	for (uint8_t i = 0; i < SIM_SITES; i++) {
		asking_fini(&w->copies[i].asking);
		free(w->copies[i].own.v);
		free(w->copies[i].kept.v);
	}
}
