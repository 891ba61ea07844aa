/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/alert_group.h"

#include <stdio.h>

/* An alert takes no more than this in memory, and of the event. */
#define ITEM_BYTES_MAX  ALERT_BYTES_MAX
#define EVENT_BYTES_MAX (EVENT_BODY_BYTES_MAX - 4096) /* what isn't alerts has room */
#define ANNOTATION_MAX  400                           /* bytes of one in the event */
#define GENERATOR_MAX   1000
#define PATIENCE_MAX_MS DAY_MS
#define ALERTNAME_MAX   400
#define NAME_SHOWN_MAX  64 /* bytes of an alertname in names of checks */
#define TAIL_MAX        (sizeof "~0123456789abcdef}@" + NAME_BYTES_MAX)

/* ---- names */

uint64_t alert_fingerprint(const struct labels *labels)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (uint32_t i = 0; i < labels->n; i++) {
		const struct label *l = &labels->v[i];

		for (uint32_t k = 0; k < l->name_len; k++)
			h = (h ^ (uint8_t)l->name[k]) * UINT64_C(0x100000001b3);
		h = (h ^ 0xff) * UINT64_C(0x100000001b3);
		for (uint32_t k = 0; k < l->value_len; k++)
			h = (h ^ (uint8_t)l->value[k]) * UINT64_C(0x100000001b3);
		h = (h ^ 0xff) * UINT64_C(0x100000001b3);
	}
	return h;
}

/* Without what JSON would escape, and what ends the part of a name. */
static void add_shown(struct str *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		str_addc(out, c < 0x20 || c == 0x7f || c == '"' || c == '\\' ? '_' : text[i]);
	}
}

const char *alert_name(const struct labels *labels)
{
	const char *name = labels_get(labels, "alertname");

	return *name ? name : "unnamed";
}

/* The whole name, or its beginning and a fingerprint of it. */
static void add_alertname(struct str *out, const char *name)
{
	size_t n = strlen(name),
	       shown = n > NAME_SHOWN_MAX ? utf8_cut(name, NAME_SHOWN_MAX - 9) : n;

	add_shown(out, name, shown);
	if (shown < n)
		str_addf(out, "~%08x", (unsigned)str_gist(name));
}

void alert_group_key(const struct labels *labels, const char *site, struct str *out)
{
	add_alertname(out, alert_name(labels));
	str_addf(out, "@%s", site);
}

void alert_group_key_of(const struct labels *apart, const char *site, unsigned nth, struct str *out)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	const char *alertname = labels_get(apart, "alertname"), *before = "{";
	char tail[TAIL_MAX + 16] = "";
	size_t most;

	add_alertname(&name, *alertname ? alertname : "alert");
	for (uint32_t i = 0; i < apart->n; i++) {
		const struct label *l = &apart->v[i];

		if (str_eq(l->name, "alertname"))
			continue;
		str_add(&name, before);
		add_shown(&name, l->name, l->name_len);
		str_addc(&name, '=');
		add_shown(&name, l->value, l->value_len);
		before = ", ";
	}
	if (before[0] == ',')
		str_addc(&name, '}');
	if (nth > 1)
		snprintf(tail, sizeof tail, "~%u", nth);
	most = ALERT_NAME_MAX - sizeof "alert:" - strlen(site) - 1;
	if (name.len + strlen(tail) > most)
		snprintf(tail, sizeof tail, "~%016llx.%u",
			(unsigned long long)alert_fingerprint(apart), nth);
	most -= strlen(tail);
	str_addf(out, "%.*s%s@%s", (int)utf8_cut(str_c(&name), name.len < most ? name.len : most),
		str_c(&name), tail, site);
}

static bool is_named_apart(const struct label *l)
{
	return str_eq(l->name, "alertname") || str_eq(l->name, "severity");
}

static void name_item(struct alert_item *item, const char *site, bool is_cut)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	char tail[TAIL_MAX];
	size_t most;
	bool is_first = true;

	add_alertname(&name, alert_name(&item->labels));
	str_addc(&name, '{');
	for (uint32_t i = 0; i < item->labels.n; i++) {
		const struct label *l = &item->labels.v[i];

		if (is_named_apart(l))
			continue;
		str_add(&name, is_first ? "" : ", ");
		add_shown(&name, l->name, l->name_len);
		str_addc(&name, '=');
		add_shown(&name, l->value, l->value_len);
		is_first = false;
	}
	snprintf(tail, sizeof tail, "}@%s", site);
	if (is_cut || name.len + strlen(tail) > ALERT_NAME_MAX)
		snprintf(tail, sizeof tail, "~%016llx}@%s", (unsigned long long)item->fingerprint,
			site);
	most = ALERT_NAME_MAX - strlen(tail);
	snprintf(item->name, sizeof item->name, "%.*s%s",
		(int)utf8_cut(str_c(&name), name.len < most ? name.len : most), str_c(&name), tail);
}

const char *alert_severity(const struct labels *labels)
{
	static const struct {
		const char *said, *means;
	} words[] = {
		{ "critical", "critical" },
		{ "page", "critical" },
		{ "error", "critical" },
		{ "emergency", "critical" },
		{ "disaster", "critical" },
		{ "info", "info" },
		{ "notice", "info" },
		{ "debug", "info" },
		{ "none", "info" },
	};
	const char *said = labels_get(labels, "severity");

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(words[i].said, said))
			return words[i].means;
	return "warning";
}

/* One of the words that live for good. */
static const char *known_severity(const char *text)
{
	return str_eq(text, "critical") ? "critical" : str_eq(text, "info") ? "info" : "warning";
}

uint8_t alert_severity_rank(const char *severity)
{
	return str_eq(severity, "critical") ? 2 : str_eq(severity, "warning");
}

/* ---- items */

static bool is_label_name(const struct label *l)
{
	return l->name_len > 0 && utf8_valid(l->name, l->name_len);
}

static enum rc check_labels(const struct labels *labels, const char *what, struct err *e)
{
	for (uint32_t i = 0; i < labels->n; i++) {
		const struct label *l = &labels->v[i];

		if (!is_label_name(l))
			return err_set(e, RC_INPUT, "invalid name in the %s", what);
		if (!utf8_valid(l->value, l->value_len))
			return err_set(e, RC_INPUT, "the value of %s '%s' is no UTF-8", what,
				l->name);
	}
	return RC_OK;
}

static size_t size_of(const struct labels *labels)
{
	size_t bytes = labels->n * sizeof *labels->v;

	for (uint32_t i = 0; i < labels->n; i++)
		bytes += labels->v[i].name_len + labels->v[i].value_len + 2u;
	return bytes;
}

static const char *put_text(char **room, const char *text, size_t n)
{
	char *at = *room;

	memcpy(at, text, n);
	at[n] = '\0';
	*room += n + 1;
	return at;
}

static struct labels put_labels(struct label **v, char **room, const struct labels *from)
{
	struct labels labels = { *v, from->n };

	for (uint32_t i = 0; i < from->n; i++, ++*v) {
		const struct label *l = &from->v[i];

		(*v)->name = put_text(room, l->name, l->name_len);
		(*v)->value = put_text(room, l->value, l->value_len);
		(*v)->name_len = l->name_len;
		(*v)->value_len = l->value_len;
	}
	return labels;
}

/* What best says it in one line. */
static const char *summary_of(const struct labels *annotations)
{
	static const char *const names[] = { "summary", "message", "description", "title" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *text = labels_get(annotations, names[i]);

		if (*text)
			return text;
	}
	return "";
}

static void put_matched(struct silence_label *matched, uint8_t *n, const struct labels *labels,
	const char *name, const char *value)
{
	if (!*labels_get(labels, name))
		matched[(*n)++] = (struct silence_label){ name, value };
}

#define MATCHED_MORE 3

/* The alert's own labels, and what silences of checks name them by. */
static void match_by(struct alert_item *item, const char *site)
{
	for (uint32_t i = 0; i < item->labels.n; i++)
		item->matched[item->n_matched++] =
			(struct silence_label){ item->labels.v[i].name, item->labels.v[i].value };
	put_matched(item->matched, &item->n_matched, &item->labels, "name",
		alert_name(&item->labels));
	put_matched(item->matched, &item->n_matched, &item->labels, "kind", "alert");
	put_matched(item->matched, &item->n_matched, &item->labels, "site", site);
}

static enum rc check(const struct posted_alert *p, struct err *e)
{
	enum rc rc = check_labels(&p->labels, "label", e);

	if (rc == RC_OK)
		rc = check_labels(&p->annotations, "annotation", e);
	if (rc != RC_OK)
		return rc;
	if (p->labels.n == 0)
		return err_set(e, RC_INPUT, "at least one label pair required");
	if (p->labels.n > ALERT_LABELS_MAX || p->annotations.n > ALERT_LABELS_MAX)
		return err_set(e, RC_LIMIT, "more than %d labels, or annotations",
			ALERT_LABELS_MAX);
	if (p->generator && !utf8_valid(p->generator, strlen(p->generator)))
		return err_set(e, RC_INPUT, "generatorURL is no UTF-8");
	return RC_OK;
}

enum rc alert_item_new(struct alert_item **ret, const struct posted_alert *posted, const char *site,
	struct err *e)
{
	const char *generator = posted->generator ? posted->generator : "";
	size_t n_matched = posted->labels.n + MATCHED_MORE, site_bytes = strlen(site);
	size_t more = size_of(&posted->labels) + size_of(&posted->annotations) + strlen(generator) +
		      site_bytes + 2 + n_matched * sizeof(struct silence_label);
	struct alert_item *item;
	struct label *v;
	char *room;
	enum rc rc = check(posted, e);

	if (rc != RC_OK)
		return rc;
	if (more > ITEM_BYTES_MAX)
		return err_set(e, RC_LIMIT, "an alert of %zu bytes, %d are allowed", more,
			ITEM_BYTES_MAX);
	item = must_alloc(sizeof *item);
	item->index = UINT16_MAX;
	item->block = must_alloc(more);
	item->block_bytes = more;
	item->matched = item->block;
	v = (struct label *)(item->matched + n_matched);
	room = (char *)(v + posted->labels.n + posted->annotations.n);
	item->labels = put_labels(&v, &room, &posted->labels);
	item->annotations = put_labels(&v, &room, &posted->annotations);
	item->generator = put_text(&room, generator, strlen(generator));
	item->summary = summary_of(&item->annotations);
	item->fingerprint = alert_fingerprint(&item->labels);
	item->starts = posted->starts;
	item->ends = posted->ends;
	match_by(item, put_text(&room, site, site_bytes));
	name_item(item, site, false);
	*ret = item;
	return RC_OK;
}

void alert_item_renew(struct alert_item *item, struct alert_item *newer)
{
	free(item->block);
	item->block = TAKE(newer->block);
	item->block_bytes = newer->block_bytes;
	item->labels = newer->labels;
	item->annotations = newer->annotations;
	item->generator = newer->generator;
	item->summary = newer->summary;
	item->matched = newer->matched;
	item->ends = newer->ends;
	alert_item_free(newer);
}

void alert_item_free(struct alert_item *item)
{
	if (!item)
		return;
	silence_verdict_fini(&item->silences);
	free(item->block);
	free(item);
}

/* ---- groups */

struct alert_group *alert_group_new(const char *key, const char *alertname)
{
	struct alert_group *g = must_alloc(sizeof *g);

	g->key = must_strdup(key);
	g->alertname = must_strdup(alertname);
	g->index = UINT16_MAX;
	g->severity = "info";
	snprintf(g->check, sizeof g->check, "alert:%s", key);
	g->matched[g->n_matched++] = (struct silence_label){ "kind", "alert" };
	g->matched[g->n_matched++] = (struct silence_label){ "site", strrchr(g->key, '@') + 1 };
	if (*alertname) { /* else its alerts have several */
		g->matched[g->n_matched++] = (struct silence_label){ "alertname", g->alertname };
		g->matched[g->n_matched++] = (struct silence_label){ "name", g->alertname };
	}
	return g;
}

void alert_group_free(struct alert_group *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; i < g->n; i++)
		alert_item_free(g->items[i]);
	map_fini(&g->known);
	free(g->items);
	free(g->alertname);
	free(g->key);
	free(g);
}

static const char *site_of(const struct alert_group *g)
{
	return strrchr(g->key, '@') + 1;
}

#define FINGERPRINT_TEXT 17

static const char *fingerprint_text(uint64_t fingerprint, char ret[FINGERPRINT_TEXT])
{
	snprintf(ret, FINGERPRINT_TEXT, "%016llx", (unsigned long long)fingerprint);
	return ret;
}

void alert_group_add(struct alert_group *g, struct alert_item *item)
{
	char text[FINGERPRINT_TEXT];
	struct alert_item *alike;

	must_grow(g->items, g->n, g->cap);
	g->items[g->n++] = item;
	item->alike = NULL;
	alike = map_get(&g->known, fingerprint_text(item->fingerprint, text));
	if (!alike) {
		map_put(&g->known, text, item);
		return;
	}
	item->alike = alike->alike;
	alike->alike = item;
}

void alert_group_forget(struct alert_group *g, const struct alert_item *item)
{
	char text[FINGERPRINT_TEXT];
	struct alert_item *at = map_get(&g->known, fingerprint_text(item->fingerprint, text));

	if (at == item && !item->alike)
		map_remove(&g->known, text);
	else if (at == item)
		map_put(&g->known, text, item->alike);
	while (at && at->alike != item)
		at = at->alike;
	if (at)
		at->alike = item->alike;
}

/* 64 bits in common are taken for the same alert only if they are: whoever wants to finds two. */
struct alert_item *alert_group_find(const struct alert_group *g, const struct labels *labels)
{
	char text[FINGERPRINT_TEXT];
	struct alert_item *item =
		map_get(&g->known, fingerprint_text(alert_fingerprint(labels), text));

	while (item && !labels_equal(&item->labels, labels))
		item = item->alike;
	return item;
}

uint32_t alert_group_firing(const struct alert_group *g)
{
	uint32_t n = g->more;

	for (uint32_t i = 0; i < g->n; i++)
		n += !g->items[i]->ended.ms;
	return n;
}

uint32_t alert_group_unlisted(const struct alert_group *g)
{
	uint32_t n = g->more;

	for (uint32_t i = 0; i < g->n; i++)
		n += !g->items[i]->ended.ms && !g->items[i]->is_listed;
	return n;
}

bool alert_group_is_inhibited(const struct alert_group *g)
{
	bool is_any = false;

	for (uint32_t i = 0; i < g->n; i++) {
		if (!g->items[i]->ended.ms && !g->items[i]->is_inhibited)
			return false;
		is_any |= !g->items[i]->ended.ms;
	}
	return is_any && !g->more;
}

uint32_t alert_group_listed(const struct alert_group *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n; i++)
		n += g->items[i]->is_listed;
	return n;
}

const struct alert_item *alert_group_first(const struct alert_group *g)
{
	const struct alert_item *found = NULL;

	for (uint32_t i = 0; i < g->n; i++) {
		if (g->items[i]->ended.ms)
			continue;
		if (!g->items[i]->is_inhibited)
			return g->items[i];
		found = found ? found : g->items[i];
	}
	return found || !g->n ? found : g->items[0];
}

struct wall alert_group_since(const struct alert_group *g)
{
	struct wall since = { 0 };

	for (uint32_t i = 0; i < g->n; i++) {
		const struct alert_item *item = g->items[i];

		if (!item->ended.ms && (!since.ms || item->starts.ms < since.ms))
			since = item->starts;
	}
	return since;
}

static const char *worst(const struct alert_group *g)
{
	const char *found = "info";

	for (uint32_t i = 0; i < g->n; i++) {
		const char *severity = alert_severity(&g->items[i]->labels);

		if (!g->items[i]->ended.ms && !g->items[i]->is_inhibited &&
			alert_severity_rank(severity) > alert_severity_rank(found))
			found = severity;
	}
	return found;
}

void alert_group_reckon(struct alert_group *g)
{
	const struct alert_item *first = alert_group_first(g);
	const char *summary = first ? first->summary : "";
	uint32_t firing = alert_group_firing(g);

	if (!firing)
		return;
	g->severity = worst(g);
	if (alert_group_unlisted(g))
		snprintf(g->reason, sizeof g->reason, "%u alerts fire, of which one says: %.*s",
			firing, (int)utf8_most(summary, 160), summary);
	else
		str_copy(g->reason, sizeof g->reason, summary);
}

/* ---- the event */

/* Each value cut to `most` bytes; 0: whole. */
static void write_labels(struct json_out *w, const char *key, const struct labels *labels,
	size_t most)
{
	json_object_open(w, key);
	for (uint32_t i = 0; i < labels->n; i++) {
		const struct label *l = &labels->v[i];

		json_textn(w, l->name, l->value, most ? utf8_most(l->value, most) : l->value_len);
	}
	json_close(w);
}

/* What was listed once stays so, whatever its annotations grow to. */
static void write_item(const struct alert_item *item, bool is_whole, struct str *out)
{
	const struct labels none = { 0 };
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_text(&w, "name", item->name);
	write_labels(&w, "labels", &item->labels, 0);
	write_labels(&w, "annotations", is_whole ? &item->annotations : &none, ANNOTATION_MAX);
	json_time(&w, "starts", item->starts);
	json_time(&w, "ended", item->ended);
	if (item->patience_ms > ALERTS_RESOLVE_MS)
		json_int(&w, "patience_ms", item->patience_ms);
	json_textn(&w, "generator", item->generator,
		is_whole ? utf8_most(item->generator, GENERATOR_MAX) : 0);
	json_close(&w);
}

struct writing {
	struct json_out *w;
	size_t left;
	uint32_t n, most;
};

static bool list_item(struct writing *to, const struct alert_item *item, bool is_whole)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	write_item(item, is_whole, &text);
	if (text.len + 1 > to->left || to->n == to->most)
		return false;
	to->left -= text.len + 1;
	to->n++;
	json_raw(to->w, NULL, str_c(&text));
	return true;
}

/* What is shown of two alerts may be the same. */
static bool is_name_taken(const struct alert_group *g, const struct alert_item *item)
{
	for (uint32_t i = 0; i < g->n; i++)
		if (g->items[i] != item && g->items[i]->is_listed &&
			str_eq(g->items[i]->name, item->name))
			return true;
	return false;
}

static void list_items(struct alert_group *g, struct writing *to)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];

		if (item->is_listed)
			item->is_listed = list_item(to, item, true) || list_item(to, item, false);
	}
	for (uint32_t i = 0; i < g->n; i++) {
		struct alert_item *item = g->items[i];

		if (item->is_listed || item->ended.ms)
			continue;
		if (is_name_taken(g, item))
			name_item(item, site_of(g), true);
		item->is_listed = list_item(to, item, true);
		if (!item->is_listed)
			break;
	}
}

void alert_group_write(struct alert_group *g, uint32_t most, struct str *out)
{
	scoped(str_fini) struct str list = STR_EMPTY;
	struct json_out w;
	struct writing to = { .w = &w, .left = EVENT_BYTES_MAX, .most = most };

	if (to.most > ALERTS_LISTED_MAX)
		to.most = ALERTS_LISTED_MAX;
	json_begin(&w, &list);
	json_array_open(&w, NULL);
	list_items(g, &to);
	json_close(&w);
	alert_group_reckon(g);
	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_textn(&w, "alertname", g->alertname, utf8_most(g->alertname, ALERTNAME_MAX));
	json_text(&w, "reason", g->reason);
	json_text(&w, "severity", g->severity);
	json_raw(&w, "alerts", str_c(&list));
	json_int(&w, "more", alert_group_unlisted(g));
	json_close(&w);
}

static enum rc read_labels(const struct json_node *object, struct label *v, struct labels *ret,
	struct err *e)
{
	uint32_t n = 0;

	json_node_each (it, object) {
		if (it->type != JSON_STRING)
			return err_set(e, RC_INPUT, "a label that is no text");
		if (n == ALERT_LABELS_MAX)
			return err_set(e, RC_INPUT, "more than %d labels", ALERT_LABELS_MAX);
		v[n++] = (struct label){ it->name, it->text, it->n_name, it->n };
	}
	return labels_sort(v, n, ret, e);
}

/* "...{...}@SITE": no other check is called so. */
static bool is_name_of(const struct alert_group *g, const char *name)
{
	const char *end = strrchr(name, '}');

	return strlen(name) <= ALERT_NAME_MAX && strchr(name, '{') && end && end[1] == '@' &&
	       str_eq(end + 2, site_of(g)) && !str_starts(name, "alert:");
}

static enum rc read_item(struct alert_group *g, const struct json_node *node, struct err *e)
{
	scoped(alert_item_free) struct alert_item *item = NULL;
	struct label labels[ALERT_LABELS_MAX], annotations[ALERT_LABELS_MAX];
	const char *name = json_node_text(node, "name", "");
	struct posted_alert posted = { .starts = json_node_time(node, "starts"),
		.generator = json_node_text(node, "generator", "") };
	enum rc rc;

	if ((rc = read_labels(json_node_get(node, "labels"), labels, &posted.labels, e)) ||
		(rc = read_labels(json_node_get(node, "annotations"), annotations,
			 &posted.annotations, e)) ||
		(rc = alert_item_new(&item, &posted, site_of(g), e)))
		return rc;
	if (!is_name_of(g, name))
		return err_set(e, RC_INPUT, "an alert's name is none");
	for (uint32_t i = 0; i < g->n; i++)
		if (str_eq(g->items[i]->name, name))
			return err_set(e, RC_INPUT, "the same alert twice");
	str_copy(item->name, sizeof item->name, name);
	item->ended = json_node_time(node, "ended");
	item->patience_ms = json_node_int(node, "patience_ms", 0);
	if (item->patience_ms < 0 || item->patience_ms > PATIENCE_MAX_MS)
		item->patience_ms = PATIENCE_MAX_MS;
	item->is_listed = true;
	alert_group_add(g, TAKE(item));
	return RC_OK;
}

enum rc alert_group_read(const char *key, const struct json_node *body, struct alert_group **ret,
	struct err *e)
{
	scoped(alert_group_free) struct alert_group *g = NULL;
	const struct json_node *alerts = json_node_get(body, "alerts");
	int64_t more = json_node_int(body, "more", 0);

	if (!strrchr(key, '@') || strlen(key) > ALERT_NAME_MAX - sizeof "alert:")
		return err_set(e, RC_INPUT, "alerts: no group's name");
	if (!alerts || alerts->type != JSON_ARRAY || alerts->n > ALERTS_LISTED_MAX)
		return err_set(e, RC_INPUT, "alerts %s: no list, or too long", key);
	if (more < 0 || more > ALERTS_MAX)
		return err_set(e, RC_INPUT, "alerts %s: more is no number", key);
	g = alert_group_new(key, json_node_text(body, "alertname", "unnamed"));
	g->more = (uint32_t)more;
	g->severity = known_severity(json_node_text(body, "severity", ""));
	str_copy(g->reason, sizeof g->reason, json_node_text(body, "reason", ""));
	json_node_each (node, alerts) {
		enum rc rc = read_item(g, node, e);

		if (rc != RC_OK)
			return err_in(e, rc, "alerts %s", key);
	}
	*ret = TAKE(g);
	return RC_OK;
}
