/* SPDX-License-Identifier: Apache-2.0 */
#include "api/facts.h"

static void config_fini(struct config_fact *c)
{
	free(c->hash);
	free(c->commit);
	free(c->author);
	free(c->summary);
	*c = (struct config_fact){ 0 };
}

void facts_fini(struct facts *f)
{
	for (size_t i = 0; i < COUNT(f->configs); i++)
		config_fini(&f->configs[i]);
}

static char *copy_of(const json_t *body, const char *name)
{
	const char *text = json_get_text(body, name, NULL);

	return text && *text ? must_strdup(text) : NULL;
}

static bool take_config(struct facts *f, const struct lab *lab, const struct event *ev,
	const json_t *body)
{
	uint8_t site = lab_site_index(lab, ev->site);

	if (site == NO_SITE || ev->hlc <= f->configs[site].hlc)
		return false;
	config_fini(&f->configs[site]);
	f->configs[site] = (struct config_fact){ .hash = copy_of(body, "hash"),
		.commit = copy_of(body, "revision"),
		.author = copy_of(body, "author"),
		.summary = copy_of(body, "summary"),
		.since = ev->wall,
		.hlc = ev->hlc };
	return true;
}

static bool take_drill(struct facts *f, const struct lab *lab, const struct event *ev,
	const json_t *body)
{
	for (uint8_t i = 0; i < lab->n_watchers; i++) {
		if (!str_eq(lab->watchers[i].name, ev->subject) || ev->hlc <= f->drills[i].hlc)
			continue;
		f->drills[i] = (struct drill_fact){ .at = ev->wall,
			.hlc = ev->hlc,
			.is_ok = json_get_bool(body, "ok", false) };
		return true;
	}
	return false;
}

static void count_receipt(struct facts *f, const struct site *s, const struct event *ev,
	const json_t *body)
{
	const struct lab *lab = site_lab(s);
	const char *channel = json_get_text(body, "channel", "");

	if (!str_eq(ev->site, lab->sites[site_self_index(s)].name))
		return;
	for (uint16_t i = 0; i < lab->notify.n_channels && i < CHANNELS_MAX; i++) {
		if (str_eq(lab->notify.channels[i].name, channel))
			f->told[i].delivered++;
	}
}

bool facts_event(struct facts *f, const struct site *s, const struct event *ev)
{
	scoped(json_decref) json_t *body = NULL;
	enum event_kind kind = event_kind_of(ev->kind);

	if (kind != EVENT_CONFIG && kind != EVENT_DRILL && kind != EVENT_RECEIPT)
		return false;
	if (json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return false; /* a peer's; the journal keeps it as it is */
	if (kind == EVENT_CONFIG)
		return take_config(f, site_lab(s), ev, body);
	if (kind == EVENT_DRILL)
		return take_drill(f, site_lab(s), ev, body);
	count_receipt(f, s, ev, body);
	return false;
}

struct loading {
	struct facts *facts;
	const struct site *site;
};

static bool take(void *arg, const struct event *ev, uint64_t cursor)
{
	struct loading *l = arg;

	(void)cursor;
	facts_event(l->facts, l->site, ev);
	return true;
}

enum rc facts_load(struct facts *f, const struct site *s, struct err *e)
{
	const struct journal_store *store = journal_store(site_journal(s));
	struct facts fresh = { 0 };
	struct loading l = { &fresh, s };
	const enum event_kind kinds[] = { EVENT_CONFIG, EVENT_DRILL };
	enum rc rc = RC_OK;

	memcpy(fresh.told, f->told, sizeof fresh.told);
	for (size_t i = 0; rc == RC_OK && i < COUNT(kinds); i++) {
		struct event_query q = { .kind = event_kind_text(kinds[i]),
			.is_latest_by_subject = true };

		rc = store->query(store->ctx, &q, take, &l, e);
	}
	if (rc != RC_OK) {
		facts_fini(&fresh);
		return err_in(e, rc, "reading the journal for the API");
	}
	facts_fini(f);
	*f = fresh;
	return RC_OK;
}
