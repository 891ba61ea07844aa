/* SPDX-License-Identifier: Apache-2.0 */
/*
 * damage: what the disk has changed, as the journal tells it.  `damaged` is written when it is found, with
 * what stood there then; `repaired` when the event is what it was, `lost` when that can't be any more.  A
 * start goes by these: damage that isn't mended yet is not forgotten over it.
 */
#include "node/site_private.h"

#define DAMAGE_LOOKED_FOR 512  /* of the newest so many finds those are taken up that stand */
#define TAIL_EVENTS       1000 /* of each chain that are verified at a start */
#define TAIL_SLICE        64

void damage_write_down(struct site *s, struct now now)
{
	struct scrubbing *x = &s->scrub;
	char why[REASON_BYTES_MAX];

	for (uint32_t i = 0; i < x->n; i++) {
		struct damage *d = &x->damages[i];

		if (!d->is_written && !journal_is_intact(s->journal, &d->place, why))
			journal_add_damaged(s->journal, now, &d->place, why);
		d->is_written = true;
	}
}

void damage_repaired(struct site *s, struct now now, const struct journal_place *place,
	const char *peer)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;

	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "of", place->site);
	json_int(&w, "epoch", (int64_t)place->epoch);
	json_int(&w, "seq", (int64_t)place->seq);
	if (peer)
		json_text(&w, "peer", peer);
	json_close(&w);
	journal_add(s->journal, now, EVENT_REPAIRED, site_name(s), str_c(&body));
}

/* ---- at a start */

struct finds {
	struct journal_place *places; /* newest first */
	size_t n, cap;
};

static void free_finds(struct finds *f)
{
	free(f->places);
}
SCOPED_FINI(free_finds, struct finds)

static bool collect(void *arg, const struct event *ev, uint64_t cursor)
{
	struct finds *f = arg;
	scoped(json_decref) json_t *body = NULL;
	struct journal_place *p;

	(void)cursor;
	if (!journal_fits_hash(ev) || json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return true;
	must_grow(f->places, f->n, f->cap);
	p = &f->places[f->n];
	*p = (struct journal_place){ .epoch = (uint64_t)json_get_int(body, "epoch", 0),
		.seq = (uint64_t)json_get_int(body, "seq", 0) };
	f->n += str_copy(p->site, sizeof p->site, json_get_text(body, "of", ""));
	return true;
}

bool damage_is_held(const struct site *s, const struct journal_place *place)
{
	size_t n;
	const struct journal_head *heads = journal_heads(s->journal, &n);

	for (size_t i = 0; i < n; i++)
		if (heads[i].epoch == place->epoch && str_eq(heads[i].site, place->site))
			return place->seq > 0 && place->seq <= heads[i].seq;
	return false;
}

/* What is damaged has been left out of the state that was just restored. */
enum rc damage_restore(struct site *s, struct now now, struct err *e)
{
	const struct journal_store *store = s->setup.store;
	struct event_query q = { .site = site_name(s),
		.kind = event_kind_text(EVENT_DAMAGED),
		.most = DAMAGE_LOOKED_FOR };
	scoped(free_finds) struct finds f = { 0 };
	enum rc rc = store->query(store->ctx, &q, collect, &f, e);
	char why[REASON_BYTES_MAX];

	for (size_t i = 0; rc == RC_OK && i < f.n; i++)
		if (damage_is_held(s, &f.places[i]) &&
			!journal_is_intact(s->journal, &f.places[i], why))
			scrub_known(s, now, &f.places[i]);
	return rc;
}

/* What was written last is read again before anything is built on it. */
static void verify_tail(struct site *s, struct now now, const struct journal_head *head)
{
	struct journal_place found[TAIL_SLICE], at = { .epoch = head->epoch };

	str_copy(at.site, sizeof at.site, head->site);
	at.seq = head->seq > TAIL_EVENTS ? head->seq - TAIL_EVENTS : 0;
	while (at.epoch == head->epoch && at.seq < head->seq && str_eq(at.site, head->site)) {
		size_t n;

		journal_scrub(s->journal, &at, TAIL_SLICE, found, &n);
		for (size_t i = 0; i < n; i++)
			scrub_found(s, now, &found[i], true);
	}
}

void damage_take_stock(struct site *s, struct now now)
{
	size_t n, n_cuts;
	const struct journal_cut *cuts = journal_cuts(s->journal, &n_cuts);
	const struct journal_head *heads = journal_heads(s->journal, &n);

	for (size_t i = 0; s->setup.scrub_every_ms && i < n; i++)
		verify_tail(s, now, &heads[i]);
	for (size_t i = 0; i < n_cuts; i++) {
		struct journal_place last = cuts[i].first;

		last.seq = cuts[i].last;
		scrub_cut(s, now, &last);
	}
}
