/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/webhook_v4.h"

#include "base/labels_json.h"
#include "core/alert/ways.h"

#include <inttypes.h>
#include <stdio.h>

#define NO_TIME "0001-01-01T00:00:00Z" /* Go's time before all others */

struct told { /* one alert as it is told */
	struct labels labels, annotations;
	struct wall starts, ended; /* ended {0}: it fires */
	const char *generator;
	uint64_t fingerprint;
};

struct telling {
	const struct alert *a;
	struct now now;
	const struct alert_channel *channel;
	struct arena arena; /* of what is made for it */
	struct told *alerts;
	uint32_t n, n_left_out;
	struct alert_address address;
};

/* ---- order */

static int compare_by(const struct told *a, const struct told *b, const char *label)
{
	const struct label *x = labels_find(&a->labels, label), *y = labels_find(&b->labels, label);

	if (!x || !y)
		return (x == NULL) - (y == NULL);
	return strcmp(x->value, y->value);
}

/* The smaller set first; of the first name that only one has, whoever lacks it. */
static int compare_sets(const struct labels *a, const struct labels *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (uint32_t i = 0; i < a->n; i++) {
		int order = strcmp(a->v[i].name, b->v[i].name);

		if (order)
			return -order;
		order = strcmp(a->v[i].value, b->v[i].value);
		if (order)
			return order;
	}
	return 0;
}

/* As Alertmanager puts them (alert.AlertSlice). */
static int compare_told(const void *left, const void *right)
{
	const struct told *a = left, *b = right;
	int order = compare_by(a, b, "job");

	if (!order)
		order = compare_by(a, b, "instance");
	return order ? order : compare_sets(&a->labels, &b->labels);
}

/* ---- which */

static bool is_kept_back(const struct telling *t, const struct alert_item *item)
{
	return item->is_inhibited ||
	       silences_cover(&t->a->silences, t->now.wall, item->matched, item->n_matched, NULL);
}

static void take_group(struct telling *t, const struct alert_group *g)
{
	t->alerts = must_alloc((g->n + 1) * sizeof *t->alerts);
	for (uint32_t i = 0; i < g->n; i++) {
		const struct alert_item *item = g->items[i];
		bool is_over = item->ended.ms != 0;

		if (is_over ? t->channel->leaves_out_end : is_kept_back(t, item))
			continue;
		t->alerts[t->n++] = (struct told){ item->labels, item->annotations, item->starts,
			item->ended, item->generator, item->fingerprint };
	}
}

static struct label label_of(const char *name, const char *value)
{
	return (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

static struct told member_as_alert(struct telling *t, const struct incident *in,
	const struct incident_member *m)
{
	struct label *v = arena_alloc(&t->arena, 5 * sizeof *v);
	struct told told = { .starts = m->since, .ended = m->recovered, .generator = "" };

	must(v);
	v[0] = label_of("alertname", m->check);
	v[1] = label_of("incident", in->id);
	v[2] = label_of("severity", in->severity ? in->severity : "warning");
	v[3] = label_of("site", in->owner ? in->owner : "");
	v[4] = label_of("summary", m->reason && *m->reason ? m->reason : in->title);
	told.labels = (struct labels){ v, 4 };
	told.annotations = (struct labels){ &v[4], 1 };
	told.fingerprint = alert_fingerprint(&told.labels);
	return told;
}

static void take_members(struct telling *t, const struct incident *in)
{
	struct label *v = arena_alloc(&t->arena, sizeof *v);

	t->alerts = must_alloc((in->n_members + 1) * sizeof *t->alerts);
	for (uint32_t i = 0; i < in->n_members; i++) {
		if (in->members[i].recovered.ms && t->channel->leaves_out_end)
			continue;
		t->alerts[t->n++] = member_as_alert(t, in, &in->members[i]);
	}
	must(v);
	v[0] = label_of("incident", in->id);
	t->address.receiver = t->channel->name;
	t->address.group = (struct labels){ v, 1 };
	str_addf(&t->address.key, "{}:{incident=\"%s\"}", in->id);
}

static void sort_and_cut(struct telling *t)
{
	uint32_t most = t->channel->alerts_most;

	if (t->n > 1)
		qsort(t->alerts, t->n, sizeof *t->alerts, compare_told);
	if (most && t->n > most) {
		t->n_left_out = t->n - most;
		t->n = most;
	}
}

/* ---- writing */

static void write_alert(struct json_out *w, const struct told *told)
{
	char fingerprint[17];

	snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, told->fingerprint);
	json_object_open(w, NULL);
	json_text(w, "status", told->ended.ms ? "resolved" : "firing");
	json_labels(w, "labels", &told->labels);
	json_labels(w, "annotations", &told->annotations);
	json_time(w, "startsAt", told->starts);
	if (told->ended.ms)
		json_time(w, "endsAt", told->ended);
	else
		json_text(w, "endsAt", NO_TIME);
	json_text(w, "generatorURL", told->generator);
	json_text(w, "fingerprint", fingerprint);
	json_close(w);
}

static bool is_common(const struct telling *t, size_t member, const struct label *l)
{
	for (uint32_t i = 1; i < t->n; i++) {
		const struct labels *other = (const void *)((const char *)&t->alerts[i] + member);
		const struct label *same = labels_find(other, l->name);

		if (!same || !str_eq(same->value, l->value))
			return false;
	}
	return true;
}

static void write_common(const struct telling *t, struct json_out *w, const char *key,
	size_t member)
{
	const struct labels *first = (const void *)((const char *)t->alerts + member);

	json_object_open(w, key);
	for (uint32_t i = 0; t->n && i < first->n; i++)
		if (is_common(t, member, &first->v[i]))
			json_text(w, first->v[i].name, first->v[i].value);
	json_close(w);
}

static bool is_any_firing(const struct telling *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!t->alerts[i].ended.ms)
			return true;
	return false;
}

/* In its words. */
static const char *reason_of(const struct telling *t, const struct incident *in, uint8_t channel)
{
	const struct incident_told *before = &in->told[channel];
	bool is_new = false, is_less = false;

	if (!before->version)
		return "first notification";
	if (!is_any_firing(t))
		return "all alerts resolved";
	if (before->version == in->version)
		return "repeat interval elapsed";
	for (uint32_t i = 0; i < t->n; i++) {
		is_new |= !t->alerts[i].ended.ms && t->alerts[i].starts.ms > before->at.ms;
		is_less |= t->alerts[i].ended.ms > before->at.ms;
	}
	return is_less && !is_new ? "some alerts resolved" : "new alerts added";
}

static void write(const struct telling *t, const char *reason, struct str *out)
{
	const char *url = t->a->cfg.page_url;
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "receiver", t->address.receiver);
	json_text(&w, "status", is_any_firing(t) ? "firing" : "resolved");
	json_array_open(&w, "alerts");
	for (uint32_t i = 0; i < t->n; i++)
		write_alert(&w, &t->alerts[i]);
	json_close(&w);
	json_labels(&w, "groupLabels", &t->address.group);
	write_common(t, &w, "commonLabels", offsetof(struct told, labels));
	write_common(t, &w, "commonAnnotations", offsetof(struct told, annotations));
	json_text(&w, "notification_reason", reason);
	json_text(&w, "externalURL", url ? url : "");
	json_text(&w, "version", "4");
	json_text(&w, "groupKey", str_c(&t->address.key));
	json_int(&w, "truncatedAlerts", t->n_left_out);
	json_close(&w);
}

void webhook_v4(const struct alert *a, struct now now, const struct incident *in, uint8_t channel,
	struct str *out)
{
	const struct alert_routing *r = a->cfg.routing;
	const struct alert_group *g = ways_group_of(a, in);
	struct telling t = { .a = a, .now = now, .channel = &a->cfg.channels[channel] };

	arena_init(&t.arena, 0);
	if (g && g->n && r->address(r->ctx, &g->items[0]->labels, channel, &t.arena, &t.address))
		take_group(&t, g);
	else
		take_members(&t, in);
	sort_and_cut(&t);
	write(&t, reason_of(&t, in, channel), out);
	free(t.alerts);
	str_fini(&t.address.key);
	arena_fini(&t.arena);
}
