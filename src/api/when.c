/* SPDX-License-Identifier: Apache-2.0 */
/* when: when a check died, as each vantage saw it, who was told, and what happened just before. */
#include "api/found.h"
#include "api/incidents.h"

#define HISTORY_MOST 100
#define BEFORE_MOST  50
#define BEFORE_MS    (10 * MINUTE_MS)

static bool is_unwell(enum check_state s)
{
	return s == CHECK_FAILING || s == CHECK_SILENT;
}

/* The earliest of what the failing vantages say; a silent check died when it fell silent. */
static struct wall first_bad(const struct call *c, uint16_t check)
{
	const struct lab *lab = site_lab(c->view.site);
	struct check_view view = checks_view(site_checks(c->view.site), check);
	struct wall first = { 0 };

	if (!is_unwell(view.state))
		return first;
	for (uint8_t site = 0; site < lab->n_sites; site++) {
		const struct vantage *v = checks_vantage(site_checks(c->view.site), check, site);

		if (v && v->word == WORD_FAILING && (!first.ms || v->since.ms < first.ms))
			first = v->since;
	}
	return first.ms ? first : view.since;
}

static void write_vantages(const struct call *c, struct json_out *w, uint16_t check)
{
	const struct lab *lab = site_lab(c->view.site);

	json_array_open(w, "vantages");
	for (uint8_t site = 0; site < lab->n_sites; site++) {
		const struct vantage *v = checks_vantage(site_checks(c->view.site), check, site);
		struct wall none = { 0 };

		if (!v || !(lab->checks[check].from & 1u << site))
			continue;
		json_object_open(w, NULL);
		json_text(w, "site", lab->sites[site].name);
		json_time(w, "last_good", v->last_ok);
		json_time(w, "first_bad", v->word == WORD_FAILING ? v->since : none);
		json_text(w, "reason", v->reason ? v->reason : "");
		json_close(w);
	}
	json_close(w);
}

static bool has_member(const struct incident *in, const char *check)
{
	for (uint32_t i = 0; i < in->n_members; i++) {
		if (str_eq(in->members[i].check, check))
			return true;
	}
	return false;
}

/* The one that covers it now; else the newest that had it among its members. */
static const struct incident *incident_of(const struct call *c, const char *check)
{
	const struct alert *alert = site_alert(c->view.site);
	const struct incident *found = alert_covering(alert, check);

	if (found)
		return found;
	map_each (alert_incidents(alert), it) {
		const struct incident *in = it->value;

		if (has_member(in, check) && (!found || in->opened.ms > found->opened.ms))
			found = in;
	}
	return found;
}

static void write_told(const struct call *c, struct json_out *w, const struct incident *in)
{
	const struct lab_notify *notify = &site_lab(c->view.site)->notify;

	json_array_open(w, "told");
	for (uint16_t i = 0; in && i < notify->n_channels && i < CHANNELS_MAX; i++) {
		const struct incident_told *told = &in->told[i];

		if (!told->version)
			continue;
		json_object_open(w, NULL);
		json_text(w, "channel", notify->channels[i].name);
		json_time(w, "at", told->at);
		json_text(w, "via", told->via);
		json_time(w, "first", told->first);
		json_close(w);
	}
	json_close(w);
}

/* ---- the journal */

/* A heartbeat's report in the words of a vantage; NULL for a start, which says neither. */
static const char *word_of_ping(const json_t *body)
{
	const char *what = json_get_text(body, "what", "");

	if (str_eq(what, "start"))
		return NULL;
	if (str_eq(what, "success") || (str_eq(what, "exit") && !json_get_int(body, "code", 0)))
		return check_word_name(WORD_OK);
	return check_word_name(WORD_FAILING);
}

static bool write_history_of(void *arg, const struct event *ev, uint64_t cursor)
{
	scoped(json_decref) json_t *body = NULL;
	struct json_out *w = arg;
	struct wall at;
	const char *word;

	(void)cursor;
	if (json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return true;
	at = json_get_time(body, "since");
	word = event_kind_of(ev->kind) == EVENT_PING ? word_of_ping(body)
						     : json_get_text(body, "word", NULL);
	if (!word)
		return true;
	json_object_open(w, NULL);
	json_time(w, "at", at.ms ? at : ev->wall);
	json_text(w, "vantage", ev->site);
	json_text(w, "word", word);
	json_text(w, "reason", json_get_text(body, "reason", ""));
	json_close(w);
	return true;
}

static enum rc write_history(const struct call *c, struct json_out *w, uint16_t check,
	struct err *e)
{
	const struct lab_check *declared = &site_lab(c->view.site)->checks[check];
	enum event_kind kind = declared->kind == CHECK_HEARTBEAT ? EVENT_PING : EVENT_EVIDENCE;
	const struct journal_store *store = call_store(c);
	struct event_query q = { .kind = event_kind_text(kind),
		.subject = declared->name,
		.most = HISTORY_MOST };
	enum rc rc;

	json_array_open(w, "history");
	rc = store->query(store->ctx, &q, write_history_of, w, e);
	json_close(w);
	return rc;
}

/* What went well and who was told of what didn't is no cause of anything. */
static bool may_be_a_cause(const struct event *ev)
{
	scoped(json_decref) json_t *body = NULL;

	if (event_kind_of(ev->kind) == EVENT_RECEIPT)
		return false;
	if (event_kind_of(ev->kind) != EVENT_EVIDENCE)
		return found_is_news(ev);
	return json_read(&body, ev->body, strlen(ev->body), NULL) == RC_OK &&
	       str_eq(json_get_text(body, "word", ""), check_word_name(WORD_FAILING));
}

static enum rc write_before(struct call *c, struct json_out *w, struct wall bad, struct err *e)
{
	scoped(found_fini) struct found found = { .arena = &c->arena,
		.is_wanted = may_be_a_cause,
		.most = BEFORE_MOST };
	struct event_query q = { .since = { bad.ms - BEFORE_MS }, .until = { bad.ms - 1 } };
	enum rc rc = bad.ms ? found_search(&found, c, &q, e) : RC_OK;

	if (rc == RC_OK)
		found_write(&found, w, "before", BEFORE_MOST);
	return rc;
}

enum rc when_show(struct call *c, struct answer *out, struct err *e)
{
	uint16_t check = lab_check_index(site_lab(c->view.site), c->found.args[0]);
	struct json_out *w = &out->json;
	const struct incident *in;
	struct wall bad;
	enum rc rc;

	if (check == NO_CHECK)
		return err_set(e, RC_NOT_FOUND, "no check '%s' is declared", c->found.args[0]);
	in = incident_of(c, c->found.args[0]);
	bad = first_bad(c, check);
	json_object_open(w, NULL);
	view_check(&c->view, w, "check", check);
	json_time(w, "last_good", checks_view(site_checks(c->view.site), check).last_ok);
	json_time(w, "first_bad", bad);
	write_vantages(c, w, check);
	if (in)
		view_incident(&c->view, w, "incident", in);
	else
		json_text(w, "incident", NULL);
	write_told(c, w, in);
	rc = write_before(c, w, bad, e);
	if (rc == RC_OK)
		rc = write_history(c, w, check, e);
	json_close(w);
	return rc;
}
