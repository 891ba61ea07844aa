/* SPDX-License-Identifier: Apache-2.0 */
/* operators: what people tell the site becomes an event, and takes effect as any site's would. */
#include "node/site_private.h"

static void write_words(struct json_out *w, const char *why, const char *by)
{
	if (why && *why)
		json_text(w, "why", why);
	json_text(w, "by", by && *by ? by : "somebody");
}

/* What can't be written waits in memory: nobody may go on filling that all night. */
static enum rc begin(struct site *s, struct now now, struct err *e)
{
	if (s->is_stuck)
		return err_set(e, RC_FULL,
			"the journal can't be written, so nothing more is taken down: make room "
			"on the disk and say it again");
	site_begin(s, now);
	return RC_OK;
}

/* It takes effect.  RC_FULL: only a crash before there is room would make it undone. */
static enum rc finish(struct site *s, struct now now, struct err *e)
{
	site_pump(s, now);
	if (s->is_stuck)
		return err_set(e, RC_FULL,
			"it is kept in memory only, because the journal can't be written");
	return RC_OK;
}

#define LABEL_NAMES_MAX 32

static bool is_among(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

static size_t label_names(const struct alert_config *cfg, const char *ret[LABEL_NAMES_MAX])
{
	size_t n = 0;

	for (uint16_t i = 0; i < cfg->n_checks; i++)
		for (uint8_t k = 0; k < cfg->checks[i].n_labels; k++) {
			const char *name = cfg->checks[i].labels[k].name;

			if (n < LABEL_NAMES_MAX && !is_among(ret, n, name))
				ret[n++] = name;
		}
	return n;
}

struct covering {
	const struct matchers *matchers;
	bool is_any;
};

static void look_at_alert(void *arg, const struct alert_view *v)
{
	struct covering *c = arg;

	c->is_any |= matchers_match(c->matchers, v->matched, v->n_matched);
}

/* Rules may fire any alert at any time: of these nothing is declared. */
static bool is_for_alerts(const struct site *s, const struct site_word *word,
	const struct matchers *m)
{
	struct covering c = { .matchers = m };

	/* First what needs no look at thousands of alerts. */
	if (word->may_cover_nothing || strstr(word->about, "alertname"))
		return true;
	alert_each(s->alert, look_at_alert, &c);
	return c.is_any;
}

/* Whoever mistypes a name believes to have peace, and is called at night. */
static enum rc expect_to_cover(const struct site *s, const struct site_word *word,
	const struct matchers *m, struct err *e)
{
	const struct alert_config *cfg = &s->tables->alert;
	const char *names[LABEL_NAMES_MAX], *unknown;

	if (is_for_alerts(s, word, m))
		return RC_OK;
	for (uint16_t i = 0; i < cfg->n_checks; i++)
		if (matchers_match(m, cfg->checks[i].labels, cfg->checks[i].n_labels))
			return RC_OK;
	unknown = matchers_unknown(m, names, label_names(cfg, names));
	if (unknown)
		return err_set(e, RC_INPUT,
			"the silence would cover nothing: no check has a label '%s'", unknown);
	return err_set(e, RC_INPUT, "the silence would cover nothing: no check matches it");
}

enum rc site_silence(struct site *s, struct now now, const struct site_word *word,
	char ret_id[INCIDENT_ID_MAX], struct err *e)
{
	scoped(matchers_free) struct matchers *parsed = NULL;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;
	struct wall from = word->from.ms ? word->from : now.wall;
	enum rc rc = matchers_parse(&parsed, word->about, e);

	if (rc != RC_OK)
		return err_in(e, rc, "matchers");
	rc = expect_to_cover(s, word, parsed, e);
	if (rc != RC_OK)
		return rc;
	if (word->until.ms <= now.wall.ms || word->until.ms <= from.ms)
		return err_set(e, RC_INPUT, "the silence would end before it begins");
	if (!word->id && alert_silences(s->alert)->n >= SILENCES_MAX)
		return err_set(e, RC_LIMIT, "%d silences already: end some first", SILENCES_MAX);
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	if (word->id)
		str_copy(ret_id, INCIDENT_ID_MAX, word->id);
	else
		snprintf(ret_id, INCIDENT_ID_MAX, "%s-s%llx", site_name(s),
			(unsigned long long)hlc_tick(journal_clock(s->journal), now.wall));
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "matchers", word->about);
	json_time(&w, "from", from);
	json_time(&w, "until", word->until);
	if (word->annotations)
		json_raw(&w, "annotations", word->annotations);
	write_words(&w, word->text, word->by);
	json_close(&w);
	events_add(s, now, EVENT_SILENCE, ret_id, &body);
	return finish(s, now, e);
}

enum rc site_unsilence(struct site *s, struct now now, const char *id, const char *by,
	struct err *e)
{
	const struct silences *all = alert_silences(s->alert);
	const struct silence *found = NULL;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;
	enum rc rc;

	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(all->items[i].id, id))
			found = &all->items[i];
	if (!found)
		return err_set(e, RC_NOT_FOUND, "no silence '%s'", id);
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "matchers", found->matchers_text);
	json_time(&w, "from", found->from);
	json_time(&w, "until", now.wall);
	if (found->annotations)
		json_raw(&w, "annotations", found->annotations);
	write_words(&w, found->why, by);
	json_close(&w);
	events_add(s, now, EVENT_SILENCE, id, &body);
	return finish(s, now, e);
}

enum rc site_ack(struct site *s, struct now now, const struct site_word *word, struct err *e)
{
	const struct incident *in = map_get(alert_incidents(s->alert), word->about);
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;
	enum rc rc;

	if (!in)
		return err_set(e, RC_NOT_FOUND, "no incident '%s' in the last day", word->about);
	if (in->state == INCIDENT_CLOSED || in->state == INCIDENT_MERGED)
		return err_set(e, RC_CONFLICT, "incident '%s' is over", word->about);
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	write_words(&w, word->text, word->by);
	json_close(&w);
	events_add(s, now, EVENT_ACK, word->about, &body);
	return finish(s, now, e);
}

enum rc site_pause(struct site *s, struct now now, const struct site_word *word, struct err *e)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;
	enum rc rc;

	if (lab_check_index(s->lab, word->about) == NO_CHECK)
		return err_set(e, RC_NOT_FOUND, "no check '%s'", word->about);
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_time(&w, "until", word->until.ms == NEVER_MS ? (struct wall){ 0 } : word->until);
	write_words(&w, word->text, word->by);
	json_close(&w);
	events_add(s, now, EVENT_PAUSE, word->about, &body);
	return finish(s, now, e);
}

enum rc site_note(struct site *s, struct now now, const struct site_word *word, struct err *e)
{
	scoped(str_fini) struct str body = STR_EMPTY;
	struct json_out w;
	enum rc rc;

	if (!word->text || !*word->text)
		return err_set(e, RC_INPUT, "a note needs a text");
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_textn(&w, "text", word->text, utf8_most(word->text, EVENT_BODY_BYTES_MAX / 8));
	write_words(&w, NULL, word->by);
	json_close(&w);
	events_add(s, now, EVENT_NOTE, word->about && *word->about ? word->about : site_name(s),
		&body);
	return finish(s, now, e);
}

/* A site's word on a heartbeat is its home's alone: told elsewhere it would count for nothing. */
static enum rc misdirected(const struct site *s, const struct lab_check *check, struct err *e)
{
	const struct lab_site *home = &s->lab->sites[check->home];

	return err_set(e, RC_CONFLICT, "heartbeat '%s' is at home at %s: report it there%s%s",
		check->name, home->name, home->url ? ", at " : "", home->url ? home->url : "");
}

enum rc site_ping(struct site *s, struct now now, const struct heartbeat_ping *ping, struct err *e)
{
	uint16_t check = lab_check_index(s->lab, ping->name);
	scoped(str_fini) struct str body = STR_EMPTY;
	struct check_view view;
	struct json_out w;
	enum rc rc;

	if (check == NO_CHECK || s->lab->checks[check].kind != CHECK_HEARTBEAT)
		return err_set(e, RC_NOT_FOUND, "no heartbeat '%s' is declared", ping->name);
	if (s->lab->checks[check].home != s->setup.self)
		return misdirected(s, &s->lab->checks[check], e);
	rc = begin(s, now, e);
	if (rc != RC_OK)
		return rc;
	view = checks_view(s->checks, check);
	json_begin(&w, &body);
	json_object_open(&w, NULL);
	json_text(&w, "what", ping->what);
	if (str_eq(ping->what, "exit"))
		json_int(&w, "code", ping->code);
	if (view.run_started.ms && !str_eq(ping->what, "start"))
		json_int(&w, "took_ms", now.wall.ms - view.run_started.ms);
	if (ping->log && *ping->log)
		json_textn(&w, "log", ping->log, utf8_most(ping->log, HEARTBEAT_LOG_BYTES_MAX));
	json_close(&w);
	events_add(s, now, EVENT_PING, ping->name, &body);
	return finish(s, now, e);
}
