/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle_losses: of the worlds in which a disk changes an event that nobody else has.  Nobody can bring that
 * one back; but it is said to be lost, once, and nothing else disappears: every event that a site said it
 * had written is there after healing, wherever it had to be moved to.
 *
 * An event keeps its stamp, kind and subject when it moves, so it is known by these.  The stamp alone may be
 * given again: nobody knows that of an event that is lost.
 */
#include "sim/world.h"

static void name_event(char key[EVENT_KEY_MAX], const struct event *ev)
{
	snprintf(key, EVENT_KEY_MAX, "%s %llu %s %s", ev->site, (unsigned long long)ev->hlc,
		ev->kind, ev->subject);
}

void oracle_alone_changed(struct world *w, const struct event *ev)
{
	struct sim_loss *loss = &w->losses[w->n_losses++];

	loss->place = w->flip.place;
	name_event(loss->key, ev);
	str_copy(loss->subject, sizeof loss->subject, ev->subject);
	oracle_unsure(w, ev->subject);
}

bool oracle_is_word_lost(const struct world *w, const char *incident)
{
	for (uint32_t i = 0; i < w->n_losses; i++)
		if (str_eq(w->losses[i].subject, incident))
			return true;
	return false;
}

void oracle_written(struct world *w, uint8_t site, const struct event *ev)
{
	char key[EVENT_KEY_MAX];

	if (!w->has_losses || !str_eq(ev->site, w->lab->sites[site].name))
		return;
	name_event(key, ev);
	map_put(&w->written, key, w);
}

static bool is_lost(const struct world *w, const char *key)
{
	for (uint32_t i = 0; i < w->n_losses; i++)
		if (str_eq(w->losses[i].key, key))
			return w->losses[i].n_said > 0;
	return false;
}

static bool is_about(const struct event *ev, const struct journal_place *place)
{
	char text[NAME_BYTES_MAX + 80];

	snprintf(text, sizeof text, "\"of\":\"%s\",\"epoch\":%llu,\"seq\":%llu,", place->site,
		(unsigned long long)place->epoch, (unsigned long long)place->seq);
	return strstr(ev->body, text) != NULL;
}

static void count_said(struct world *w, const struct event *ev)
{
	bool is_known = false;

	for (uint32_t i = 0; i < w->n_losses; i++)
		if (is_about(ev, &w->losses[i].place)) {
			w->losses[i].n_said++;
			is_known = true;
		}
	if (!is_known)
		world_breach(w, "oracle 3: %s says that something is lost which is not: %s",
			ev->site, ev->body);
}

static bool look_at(void *arg, const struct event *ev, uint64_t cursor)
{
	struct world *w = arg;
	char key[EVENT_KEY_MAX];

	(void)cursor;
	name_event(key, ev);
	map_put(&w->found, key, w);
	if (str_eq(ev->kind, "lost"))
		count_said(w, ev);
	return true;
}

void oracle_losses(struct world *w)
{
	const struct journal_store *store = memory_store_port(w->sites[0].store);
	struct event_query all = { .after_cursor = EVENT_CURSOR_OLDEST };

	if (!w->has_losses)
		return;
	for (uint32_t i = 0; i < w->n_losses; i++)
		w->losses[i].n_said = 0;
	if (store->query(store->ctx, &all, look_at, w, NULL) != RC_OK)
		world_breach(w, "oracle 3: the journal can't be read");
	for (uint32_t i = 0; i < w->n_losses; i++) {
		const struct sim_loss *loss = &w->losses[i];
		uint32_t n_wanted = map_has(&w->found, loss->key) ? 0 : 1;

		w->n_checked++;
		if (loss->n_said != n_wanted)
			world_breach(w,
				"oracle 3: event %llu of %s's journal is %s, and that is said %u "
				"times",
				(unsigned long long)loss->place.seq, loss->place.site,
				n_wanted ? "lost" : "there", loss->n_said);
	}
	map_each (&w->written, it)
		if (!map_has(&w->found, it->key) && !is_lost(w, it->key))
			world_breach(w, "oracle 3: the event %s is gone, and nobody said so",
				it->key);
	map_fini(&w->found);
}
