/* SPDX-License-Identifier: Apache-2.0 */
#include "api/alertmanager/listing.h"

#include "base/labels_json.h"
#include "node/alert_routes.h"

#include <inttypes.h>
#include <stdio.h>

void listing_fini(struct listing *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->v[i].routes);
	matcher_list_fini(&l->filter);
	matcher_free(l->receiver);
	free(l->v);
}

static const struct silences *silences_of(const struct call *c)
{
	return alert_silences(site_alert(c->api->setup.site));
}

static const struct lab_notify *channels_of(const struct call *c)
{
	return &site_lab(c->api->setup.site)->notify;
}

/* ---- which */

bool listing_wants_receiver(const struct listing *l, const char *name)
{
	return !l->receiver || matcher_matches(l->receiver, name, strlen(name));
}

static bool is_told_to_any(const struct listing *l, const struct listed *it)
{
	const struct lab_notify *notify = channels_of(l->c);
	bool is_told = !l->receiver;

	for (uint32_t i = 0; !is_told && i < it->n_routes; i++)
		is_told = listing_wants_receiver(l, it->routes[i]->receiver);
	for (uint16_t i = 0; !is_told && !l->am && i < notify->n_channels; i++)
		is_told = listing_wants_receiver(l, notify->channels[i].name);
	return is_told;
}

static bool is_silenced(const struct listing *l, const struct alert_view *v)
{
	const struct silences *all = silences_of(l->c);

	for (uint32_t i = 0; i < v->silences->n; i++) {
		const struct silence *s = silences_of_number(all, v->silences->matched[i]);

		if (s && silence_is_on(s, l->c->now.wall))
			return true;
	}
	return silences_window_covers(all, l->c->now.wall, v->matched, v->n_matched, NULL);
}

static bool is_wanted(const struct listing *l, const struct listed *it)
{
	const struct alert_view *v = &it->view;

	if (it->is_silenced && !l->silenced)
		return false;
	if (v->is_inhibited && !l->inhibited)
		return false;
	return l->active || it->is_silenced || v->is_inhibited;
}

static void take(void *arg, const struct alert_view *v)
{
	struct listing *l = arg;
	struct listed it = { .view = *v };

	if (!v->is_firing || !matcher_list_match(&l->filter, &v->labels))
		return;
	it.is_silenced = is_silenced(l, v);
	if (!is_wanted(l, &it))
		return;
	if (l->am)
		it.routes = alert_routes_match(l->am, &v->labels, &it.n_routes);
	if (!is_told_to_any(l, &it)) {
		free(it.routes);
		return;
	}
	must_grow(l->v, l->n, l->cap);
	l->v[l->n++] = it;
}

static int by_fingerprint(const void *a, const void *b)
{
	const struct alert_view *x = &((const struct listed *)a)->view,
				*y = &((const struct listed *)b)->view;

	if (x->fingerprint != y->fingerprint)
		return x->fingerprint < y->fingerprint ? -1 : 1;
	return strcmp(x->site, y->site);
}

enum rc listing_make(struct call *c, struct listing *l, struct err *e)
{
	const char *receiver = uri_pair(&c->uri.query, "receiver");
	enum rc rc = v2_filter(c, &l->filter, e);

	l->c = c;
	l->am = channels_of(c)->alertmanager;
	if (rc == RC_OK && receiver)
		rc = matcher_new(&l->receiver, MATCHER_REGEX, "receiver", receiver, e);
	if (rc != RC_OK || (rc = v2_flag(c, "active", true, &l->active, e)) ||
		(rc = v2_flag(c, "silenced", true, &l->silenced, e)) ||
		(rc = v2_flag(c, "inhibited", true, &l->inhibited, e)) ||
		(rc = v2_flag(c, "muted", true, &l->muted, e)))
		return rc;
	alert_each(site_alert(c->api->setup.site), take, l);
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_fingerprint);
	return RC_OK;
}

/* ---- how it is shown */

static void write_receiver(struct json_out *w, const char *name)
{
	json_object_open(w, NULL);
	json_text(w, "name", name);
	json_close(w);
}

static void write_receivers(struct json_out *w, const struct listing *l, const struct listed *it)
{
	const struct lab_notify *notify = channels_of(l->c);

	json_array_open(w, "receivers");
	for (uint32_t i = 0; i < it->n_routes; i++)
		write_receiver(w, it->routes[i]->receiver);
	for (uint16_t i = 0; !l->am && i < notify->n_channels; i++)
		write_receiver(w, notify->channels[i].name);
	json_close(w);
}

static void write_silenced_by(struct json_out *w, const struct listing *l,
	const struct alert_view *v)
{
	json_array_open(w, "silencedBy");
	for (uint32_t i = 0; i < v->silences->n; i++) {
		const struct silence *s =
			silences_of_number(silences_of(l->c), v->silences->matched[i]);

		if (s && silence_is_on(s, l->c->now.wall))
			json_text(w, NULL, s->id);
	}
	json_close(w);
}

static void write_fingerprint(struct json_out *w, const char *key, uint64_t fingerprint)
{
	char text[17];

	snprintf(text, sizeof text, "%016" PRIx64, fingerprint);
	json_text(w, key, text);
}

static void write_status(struct json_out *w, const struct listing *l, const struct listed *it,
	const char *muted_by)
{
	bool is_suppressed = it->is_silenced || it->view.is_inhibited;

	json_object_open(w, "status");
	json_array_open(w, "inhibitedBy");
	if (it->view.is_inhibited)
		write_fingerprint(w, NULL, it->view.inhibited_by);
	json_close(w);
	json_array_open(w, "mutedBy");
	if (muted_by)
		json_text(w, NULL, muted_by);
	json_close(w);
	write_silenced_by(w, l, &it->view);
	json_text(w, "state", is_suppressed ? "suppressed" : "active");
	json_close(w);
}

/* What only another site knows: it is said there. */
static struct wall or_else(struct wall t, int64_t otherwise_ms)
{
	return t.ms ? t : (struct wall){ otherwise_ms };
}

void listing_write(struct json_out *w, const struct listing *l, const struct listed *it,
	const char *muted_by)
{
	const struct alert_view *v = &it->view;

	json_object_open(w, NULL);
	json_labels(w, "annotations", &v->annotations);
	json_time(w, "endsAt", or_else(v->ends, l->c->now.wall.ms + ALERTS_RESOLVE_MS));
	write_fingerprint(w, "fingerprint", v->fingerprint);
	write_receivers(w, l, it);
	json_time(w, "startsAt", v->starts);
	write_status(w, l, it, muted_by);
	json_time(w, "updatedAt", or_else(v->updated, v->starts.ms));
	if (*v->generator)
		json_text(w, "generatorURL", v->generator);
	json_labels(w, "labels", &v->labels);
	json_close(w);
}
