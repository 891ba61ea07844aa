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

struct find {
	struct journal_place place;
	uint64_t cut_to; /* `damaged`: it was cut off, with all up to this; 0: it wasn't */
};
struct finds {
	struct find *items; /* newest first */
	size_t n, cap;
};

static void free_finds(struct finds *f)
{
	free(f->items);
}
SCOPED_FINI(free_finds, struct finds)

static bool collect(void *arg, const struct event *ev, uint64_t cursor)
{
	struct finds *f = arg;
	scoped(json_decref) json_t *body = NULL;
	struct find *x;

	(void)cursor;
	if (!journal_fits_hash(ev) || json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return true;
	must_grow(f->items, f->n, f->cap);
	x = &f->items[f->n];
	*x = (struct find){ .place = { .epoch = (uint64_t)json_get_int(body, "epoch", 0),
				    .seq = (uint64_t)json_get_int(body, "seq", 0) },
		.cut_to = (uint64_t)json_get_int(body, "cut_to", 0) };
	f->n += str_copy(x->place.site, sizeof x->place.site, json_get_text(body, "of", ""));
	return true;
}

static enum rc find_all(const struct site *s, enum event_kind kind, struct finds *ret,
	struct err *e)
{
	const struct journal_store *store = s->setup.store;
	struct event_query q = { .site = site_name(s),
		.kind = event_kind_text(kind),
		.most = DAMAGE_LOOKED_FOR };

	return store->query(store->ctx, &q, collect, ret, e);
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

static bool is_said(const struct finds *f, const struct journal_place *place)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].place.seq == place->seq &&
			f->items[i].place.epoch == place->epoch &&
			str_eq(f->items[i].place.site, place->site))
			return true;
	return false;
}

/* What was cut off by an earlier start is still on its way, unless it was given up. */
static void take_up_cut(struct site *s, struct now now, const struct find *damaged,
	const struct finds *lost)
{
	struct journal_place last = damaged->place;

	last.seq = damaged->cut_to;
	if (damaged->cut_to && !damage_is_held(s, &last) && !is_said(lost, &last))
		scrub_known_cut(s, now, &last);
}

/* What is damaged has been left out of the state that was just restored. */
enum rc damage_restore(struct site *s, struct now now, struct err *e)
{
	scoped(free_finds) struct finds damaged = { 0 }, lost = { 0 };
	enum rc rc = find_all(s, EVENT_DAMAGED, &damaged, e);
	char why[REASON_BYTES_MAX];

	if (rc == RC_OK)
		rc = find_all(s, EVENT_LOST, &lost, e);
	for (size_t i = 0; rc == RC_OK && i < damaged.n; i++) {
		const struct journal_place *place = &damaged.items[i].place;

		if (!damage_is_held(s, place))
			take_up_cut(s, now, &damaged.items[i], &lost);
		else if (!journal_is_intact(s->journal, place, why))
			scrub_known(s, now, place);
	}
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
