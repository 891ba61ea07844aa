/* SPDX-License-Identifier: Apache-2.0 */
#include "api/incidents.h"

#include "api/found.h"

#define INCIDENTS_MOST     500
#define INCIDENTS_USUAL    50
#define TIMELINE_MOST      500 /* events about the incident itself */
#define TIMELINE_MEMBERS   16  /* whose own events are added */
#define TIMELINE_OF_MEMBER 50
#define TIMELINE_BEFORE_MS (10 * MINUTE_MS)
#define TIMELINE_AFTER_MS  MINUTE_MS
#define RECEIPTS_MOST      200

/* ---- from the journal */

struct recalling {
	const struct lab *lab;
	const char *id;
	struct incident *incident;
};

static bool take_whole(void *arg, const struct event *ev, uint64_t cursor)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *body;
	struct recalling *r = arg;

	(void)cursor;
	if (json_flat_read(&flat, ev->body, strlen(ev->body), &body, NULL) == RC_OK &&
		incident_read(ev->subject, body, &r->incident, NULL) != RC_OK)
		r->incident = NULL; /* of a newer program: the journal page still shows it */
	return false;
}

static bool take_ack(void *arg, const struct event *ev, uint64_t cursor)
{
	scoped(json_decref) json_t *body = NULL;
	struct incident *in = ((struct recalling *)arg)->incident;

	(void)cursor;
	if (json_read(&body, ev->body, strlen(ev->body), NULL) == RC_OK) {
		incident_set(in, &in->ack_by, json_get_text(body, "by", ""));
		incident_set(in, &in->ack_why, json_get_text(body, "why", ""));
		in->acked = ev->wall;
	}
	return false;
}

/* Newest first: the first of a channel is what it shows, and the last was the first to be shown. */
static bool take_receipt(void *arg, const struct event *ev, uint64_t cursor)
{
	scoped(json_decref) json_t *body = NULL;
	struct recalling *r = arg;
	const struct lab_notify *notify = &r->lab->notify;

	(void)cursor;
	if (json_read(&body, ev->body, strlen(ev->body), NULL) != RC_OK)
		return true;
	for (uint16_t i = 0; i < notify->n_channels && i < CHANNELS_MAX; i++) {
		struct incident_told *told = incident_receipt(r->incident, i);
		struct wall at = json_get_time(body, "at");

		if (!str_eq(notify->channels[i].name, json_get_text(body, "channel", "")))
			continue;
		told->first = at.ms ? at : ev->wall;
		if (told->version)
			continue;
		told->version = (uint32_t)json_get_int(body, "version", 0);
		told->at = told->first;
		str_copy(told->message, sizeof told->message, json_get_text(body, "message", ""));
		str_copy(told->via, sizeof told->via, json_get_text(body, "via", ev->site));
	}
	return true;
}

enum rc incident_recall(const struct call *c, const char *id, struct incident **ret, struct err *e)
{
	const struct {
		enum event_kind kind;
		uint32_t most;
		bool (*take)(void *arg, const struct event *ev, uint64_t cursor);
	} parts[] = {
		{ EVENT_INCIDENT, 1, take_whole },
		{ EVENT_ACK, 1, take_ack },
		{ EVENT_RECEIPT, RECEIPTS_MOST, take_receipt },
	};
	const struct journal_store *store = call_store(c);
	struct recalling r = { .lab = site_lab(c->view.site), .id = id };
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < COUNT(parts) && (i == 0 || r.incident); i++) {
		struct event_query q = { .kind = event_kind_text(parts[i].kind),
			.subject = id,
			.most = parts[i].most };

		rc = store->query(store->ctx, &q, parts[i].take, &r, e);
	}
	if (rc != RC_OK)
		incident_free(r.incident);
	else
		*ret = r.incident;
	return rc;
}

/* ---- lists */

struct listing {
	struct call *call;
	const struct incident **items;
	uint32_t n, cap;
	struct map recalled;             /* id -> struct incident, ours to free */
	const char *ids[INCIDENTS_MOST]; /* in the journal and not in alert's mind */
	uint32_t n_ids;
};

static void listing_fini(struct listing *l)
{
	map_each (&l->recalled, it)
		incident_free(it->value);
	map_fini(&l->recalled);
	free(l->items);
}
SCOPED_FINI(listing_fini, struct listing)

static void add(struct listing *l, const struct incident *in)
{
	must_grow(l->items, l->n, l->cap);
	l->items[l->n++] = in;
}

/* The store is not to be searched from within a search: ids first. */
static bool note_id(void *arg, const struct event *ev, uint64_t cursor)
{
	struct listing *l = arg;
	const struct alert *alert = site_alert(l->call->view.site);

	(void)cursor;
	if (map_has(alert_incidents(alert), ev->subject))
		return true;
	l->ids[l->n_ids] = arena_strdup(&l->call->arena, ev->subject);
	if (l->ids[l->n_ids])
		l->n_ids++;
	return l->n_ids < INCIDENTS_MOST;
}

static enum rc add_past(struct listing *l, uint32_t most, struct err *e)
{
	const struct journal_store *store = call_store(l->call);
	uint32_t known = map_count(alert_incidents(site_alert(l->call->view.site)));
	struct event_query q = { .kind = event_kind_text(EVENT_INCIDENT),
		.is_latest_by_subject = true,
		.most = most + known };
	enum rc rc = store->query(store->ctx, &q, note_id, l, e);

	for (uint32_t i = 0; rc == RC_OK && i < l->n_ids && i < most; i++) {
		struct incident *in = NULL;

		rc = incident_recall(l->call, l->ids[i], &in, e);
		if (!in)
			continue;
		map_put(&l->recalled, in->id, in);
		add(l, in);
	}
	return rc;
}

static int newest_first(const void *a, const void *b)
{
	const struct incident *one = *(const struct incident *const *)a;
	const struct incident *other = *(const struct incident *const *)b;
	int order = (other->opened.ms > one->opened.ms) - (other->opened.ms < one->opened.ms);

	return order ? order : strcmp(other->id, one->id);
}

static enum rc read_state(const struct call *c, bool *ret_open, bool *ret_over, struct err *e)
{
	const char *state = uri_pair(&c->uri.query, "state");

	if (!state || str_eq(state, "all"))
		*ret_open = *ret_over = true;
	else if (str_eq(state, "open"))
		*ret_over = !(*ret_open = true);
	else if (str_eq(state, "closed"))
		*ret_over = !(*ret_open = false);
	else
		return err_set(e, RC_INPUT, "state is open, closed or all");
	return RC_OK;
}

enum rc incidents_list(struct call *c, struct answer *out, struct err *e)
{
	scoped(listing_fini) struct listing l = { .call = c };
	bool wants_open = true, wants_over = true;
	int64_t limit = 0;
	enum rc rc = read_state(c, &wants_open, &wants_over, e);

	if (rc == RC_OK)
		rc = call_number(c, "limit",
			(struct call_range){ 1, INCIDENTS_MOST, INCIDENTS_USUAL }, &limit, e);
	map_each (alert_incidents(site_alert(c->view.site)), it) {
		if (incident_is_over(it->value) ? wants_over : wants_open)
			add(&l, it->value);
	}
	if (rc == RC_OK && wants_over)
		rc = add_past(&l, (uint32_t)limit, e);
	if (rc != RC_OK)
		return rc;
	if (l.n)
		qsort(l.items, l.n, sizeof *l.items, newest_first);
	json_object_open(&out->json, NULL);
	json_array_open(&out->json, "incidents");
	for (uint32_t i = 0; i < l.n && i < limit; i++)
		view_incident(&c->view, &out->json, NULL, l.items[i]);
	json_close(&out->json);
	json_close(&out->json);
	return RC_OK;
}

/* ---- one */

static enum rc find_timeline(struct call *c, const struct incident *in, struct found *found,
	struct err *e)
{
	struct wall end = in->closed.ms ? in->closed : c->now.wall;
	struct event_query about = { .subject = in->id, .most = TIMELINE_MOST };
	enum rc rc = found_search(found, c, &about, e);

	for (uint32_t i = 0; rc == RC_OK && i < in->n_members && i < TIMELINE_MEMBERS; i++) {
		struct event_query of_member = { .subject = in->members[i].check,
			.since = { in->since.ms - TIMELINE_BEFORE_MS },
			.until = { end.ms + TIMELINE_AFTER_MS },
			.most = TIMELINE_OF_MEMBER };

		rc = found_search(found, c, &of_member, e);
	}
	return rc;
}

static enum rc write_with_timeline(struct call *c, const struct incident *in, struct answer *out,
	struct err *e)
{
	scoped(found_fini) struct found found = { .arena = &c->arena, .is_wanted = found_is_news };
	enum rc rc = find_timeline(c, in, &found, e);

	if (rc != RC_OK)
		return rc;
	found_sort(&found, FOUND_OLDEST);
	view_incident_open(&c->view, &out->json, NULL, in);
	found_write(&found, &out->json, "timeline", UINT32_MAX);
	json_close(&out->json);
	return RC_OK;
}

enum rc incident_show(struct call *c, struct answer *out, struct err *e)
{
	const char *id = c->found.args[0];
	const struct incident *in = map_get(alert_incidents(site_alert(c->view.site)), id);
	scoped(incident_free) struct incident *past = NULL;
	enum rc rc;

	if (in)
		return write_with_timeline(c, in, out, e);
	rc = incident_recall(c, id, &past, e);
	if (rc != RC_OK)
		return rc;
	if (!past)
		return err_set(e, RC_NOT_FOUND, "no incident '%s' in the journals", id);
	return write_with_timeline(c, past, out, e);
}
