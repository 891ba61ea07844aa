/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/target_spec.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"
#include "core/scrape/config_private.h"

#include <stdio.h>

#define ADDRESS      "__address__"
#define SCHEME       "__scheme__"
#define METRICS_PATH "__metrics_path__"
#define INTERVAL     "__scrape_interval__"
#define TIMEOUT      "__scrape_timeout__"
#define INSTANCE     "instance"
#define JOB          "job"
#define PARAM_PREFIX "__param_"
#define META_PREFIX  "__meta_"
#define RESERVED     "__"

#define URL_BYTES_MAX 65536

void target_list_init(struct target_list *l)
{
	*l = (struct target_list){ 0 };
	arena_init(&l->arena, TARGETS_BYTES_MAX);
}

void target_list_fini(struct target_list *l)
{
	free(l->active);
	free(l->dropped);
	arena_fini(&l->arena);
	*l = (struct target_list){ 0 };
}

/* As Go's model.Duration prints it, since it is a label: "1m30s", but "90d", not "12w6d". */
static const char *duration_label(int64_t ms, char buf[64])
{
	static const struct {
		const char *unit;
		int64_t ms;
		bool is_exact;
	} units[] = {
		{ "y", 365 * DAY_MS, true },
		{ "w", 7 * DAY_MS, true },
		{ "d", DAY_MS, false },
		{ "h", HOUR_MS, false },
		{ "m", MINUTE_MS, false },
		{ "s", SECOND_MS, false },
		{ "ms", 1, false },
	};
	size_t at = 0;

	strcpy(buf, "0s");
	for (size_t i = 0; i < COUNT(units); i++) {
		int64_t count = ms / units[i].ms;

		if (count <= 0 || (units[i].is_exact && ms % units[i].ms))
			continue;
		at += (size_t)snprintf(buf + at, 64 - at, "%lld%s", (long long)count,
			units[i].unit);
		ms -= count * units[i].ms;
	}
	return buf;
}

/* Labels as discovered. */

static void put_default(struct label_set *s, const char *name, const char *value)
{
	if (!label_set_get(s, name)[0])
		label_set_put(s, name, value);
}

static void put_params(struct label_set *s, const struct scrape_config *c)
{
	for (uint32_t i = 0; i < c->n_params; i++) {
		char *name;

		if (!c->params[i].n_values)
			continue;
		name = arena_printf(s->arena, PARAM_PREFIX "%s", c->params[i].name);
		if (name)
			put_default(s, name, c->params[i].values[0]);
		else
			s->is_full = true;
	}
}

static void discover(struct label_set *s, const struct scrape_config *c,
	const struct target_group *g, const struct labels *target)
{
	char text[64];

	label_set_load(s, target);
	for (uint32_t i = 0; i < g->labels.n; i++)
		put_default(s, g->labels.v[i].name, g->labels.v[i].value);
	put_default(s, JOB, c->job_name);
	put_default(s, INTERVAL, duration_label(c->terms.interval_ms, text));
	put_default(s, TIMEOUT, duration_label(c->terms.timeout_ms, text));
	put_default(s, METRICS_PATH, c->metrics_path);
	put_default(s, SCHEME, c->scheme);
	put_params(s, c);
}

/* The URL, as Go's net/url writes it. */

static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-_.~", c));
}

static void add_escaped(struct str *url, const char *text, const char *also)
{
	for (; *text; text++) {
		if (is_unreserved(*text) || strchr(also, *text))
			str_addc(url, *text);
		else
			str_addf(url, "%%%02X", (unsigned char)*text);
	}
}

static void add_query_text(struct str *url, const char *text)
{
	for (; *text; text++) {
		if (is_unreserved(*text))
			str_addc(url, *text);
		else if (*text == ' ')
			str_addc(url, '+');
		else
			str_addf(url, "%%%02X", (unsigned char)*text);
	}
}

static void add_pair(struct str *url, char *mark, const char *name, const char *value)
{
	str_addc(url, *mark);
	*mark = '&';
	add_query_text(url, name);
	str_addc(url, '=');
	add_query_text(url, value);
}

/* Parameters of the configuration and of the labels, merged: both are in order of names, and a
 * label takes the place of the first value. */
static void add_query(struct str *url, const struct label_set *s, const struct scrape_config *c)
{
	const size_t prefix = strlen(PARAM_PREFIX);
	uint32_t p = 0, l = 0;
	char mark = '?';

	for (;;) {
		const struct scrape_param *param = p < c->n_params ? &c->params[p] : NULL;
		const char *label;
		int order;

		while (l < s->n && !str_starts(s->v[l].name, PARAM_PREFIX))
			l++;
		label = l < s->n ? s->v[l].name + prefix : NULL;
		if (!param && !label)
			return;
		order = !param ? 1 : !label ? -1 : strcmp(param->name, label);
		if (order >= 0)
			add_pair(url, &mark, label, s->v[l++].value);
		for (uint32_t i = order == 0; order <= 0 && i < param->n_values; i++)
			add_pair(url, &mark, param->name, param->values[i]);
		p += order <= 0;
	}
}

static void write_url(struct str *url, const struct label_set *s, const struct scrape_config *c)
{
	const char *scheme = label_set_get(s, SCHEME), *path = label_set_get(s, METRICS_PATH);

	str_addf(url, "%s%s//", scheme, scheme[0] ? ":" : "");
	add_escaped(url, label_set_get(s, ADDRESS), "!$&'()*+,;=:[]<>\"");
	if (path[0] && path[0] != '/')
		str_addc(url, '/');
	if (str_eq(path, "*"))
		str_add(url, path);
	else
		add_escaped(url, path, "$&+,/:;=@");
	add_query(url, s, c);
}

/* What relabelling left. */

static enum rc check_times(const struct label_set *s, struct target_spec *spec, struct err *e)
{
	const char *interval = label_set_get(s, INTERVAL), *timeout = label_set_get(s, TIMEOUT);

	if (duration_parse(interval, &spec->interval_ms, e) != RC_OK)
		return err_in(e, RC_INPUT, "error parsing scrape interval");
	if (spec->interval_ms <= 0)
		return err_set(e, RC_INPUT, "scrape interval cannot be 0");
	if (duration_parse(timeout, &spec->timeout_ms, e) != RC_OK)
		return err_in(e, RC_INPUT, "error parsing scrape timeout");
	if (spec->timeout_ms <= 0)
		return err_set(e, RC_INPUT, "scrape timeout cannot be 0");
	if (spec->timeout_ms > spec->interval_ms)
		return err_set(e, RC_INPUT,
			"scrape timeout cannot be greater than scrape interval (\"%.32s\" > "
			"\"%.32s\")",
			timeout, interval);
	return RC_OK;
}

static enum rc check_values(const struct label_set *s, struct err *e)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!utf8_valid(s->v[i].value, s->v[i].value_len))
			return err_set(e, RC_INPUT, "invalid label value for \"%.80s\"",
				s->v[i].name);
	return RC_OK;
}

static void drop_prefixed(struct label_set *s, const char *prefix)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n; i++)
		if (!str_starts(s->v[i].name, prefix))
			s->v[kept++] = s->v[i];
	s->n = kept;
}

/* Everything of `spec` but the discovered labels.  RC_LIMIT: the list is full; RC_INPUT: this
 * target can't be scraped. */
static enum rc complete(struct target_list *l, const struct scrape_config *c, struct label_set *s,
	struct target_spec *spec, struct err *e)
{
	scoped(str_fini) struct str url = STR_EMPTY;
	const char *address = label_set_get(s, ADDRESS);
	struct labels labels;
	enum rc rc;

	url.limit_bytes = URL_BYTES_MAX;
	if (!address[0])
		return err_set(e, RC_INPUT, "no address");
	if (!is_target_address(address))
		return err_set(e, RC_INPUT, "\"%.200s\" is not a valid hostname", address);
	rc = check_times(s, spec, e);
	if (rc != RC_OK)
		return rc;
	drop_prefixed(s, META_PREFIX);
	put_default(s, INSTANCE, address);
	rc = check_values(s, e);
	if (rc != RC_OK)
		return rc;
	write_url(&url, s, c);
	if (url.is_cut)
		return err_set(e, RC_INPUT, "the URL has more than %d bytes", URL_BYTES_MAX);
	spec->url = arena_strdup(&l->arena, str_c(&url));
	spec->scheme = arena_strdup(&l->arena, label_set_get(s, SCHEME));
	spec->address = arena_strdup(&l->arena, address);
	label_set_put(s, "__url__", str_c(&url)); /* so that the hash is of it, too */
	labels = label_set_labels(s);
	spec->hash = labels_hash(&labels);
	drop_prefixed(s, RESERVED);
	labels = label_set_labels(s);
	if (s->is_full || !spec->url || !spec->scheme || !spec->address ||
		!labels_copy(&labels, &l->arena, &spec->labels))
		return err_set(e, RC_LIMIT, "too many targets: %llu bytes of labels",
			(unsigned long long)TARGETS_BYTES_MAX);
	return RC_OK;
}

/* One target. */

static void count_failure(struct target_list *l, const struct target_group *g, uint32_t index,
	const struct err *e)
{
	if (!l->n_failed++)
		snprintf(l->failure, sizeof l->failure, "instance %u in group %.60s: %.160s", index,
			g->source, e->text);
}

static void keep_dropped(struct target_list *l, const struct scrape_config *c,
	const struct labels *discovered)
{
	uint64_t most = c->terms.keep_dropped_targets;

	if (!most || most > DROPPED_TARGETS_MAX)
		most = DROPPED_TARGETS_MAX;
	l->n_dropped++;
	if (l->n_dropped_kept == most)
		return;
	must_grow(l->dropped, l->n_dropped_kept, l->cap_dropped);
	l->dropped[l->n_dropped_kept++] = *discovered;
}

static enum rc add_one(struct target_list *l, const struct scrape_config *c,
	const struct target_group *g, uint32_t index, struct label_set *s, struct err *e)
{
	struct target_spec spec = { 0 };
	struct labels now;
	struct err why = { 0 };
	enum relabel_fate fate;
	enum rc rc;

	discover(s, c, g, &g->targets[index]);
	now = label_set_labels(s);
	if (!labels_copy(&now, &l->arena, &spec.discovered))
		return err_set(e, RC_LIMIT, "too many targets: %llu bytes of labels",
			(unsigned long long)TARGETS_BYTES_MAX);
	fate = relabel_apply(&c->relabel, s, &why);
	if (fate == RELABEL_DROPPED) {
		keep_dropped(l, c, &spec.discovered);
		return RC_OK;
	}
	rc = fate == RELABEL_FAILED ? RC_INPUT : complete(l, c, s, &spec, &why);
	if (rc == RC_LIMIT)
		return err_set(e, rc, "%s", why.text);
	if (rc != RC_OK) {
		count_failure(l, g, index, &why);
		return RC_OK;
	}
	must_grow(l->active, l->n_active, l->cap_active);
	l->active[l->n_active++] = spec;
	return RC_OK;
}

enum rc target_list_add(struct target_list *l, const struct scrape_config *c,
	const struct target_group *g, struct err *e)
{
	scoped(arena_fini) struct arena scratch;
	scoped(label_set_fini) struct label_set set;
	enum rc rc = RC_OK;

	arena_init(&scratch, TARGET_SCRATCH_BYTES_MAX);
	label_set_init(&set, &scratch);
	for (uint32_t i = 0; i < g->n && rc == RC_OK; i++) {
		if (l->n_active == TARGETS_MAX)
			return err_set(e, RC_LIMIT, "more than %d targets in job %s", TARGETS_MAX,
				c->job_name);
		rc = add_one(l, c, g, i, &set, e);
		arena_reset(&scratch);
	}
	return rc;
}

/* The whole list. */

struct numbered {
	uint64_t hash;
	uint32_t index;
};

static int by_hash(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Of targets with the same labels and URL the last stays: as in Prometheus, it is what it was
 * discovered as that shows. */
static void drop_duplicates(struct target_list *l)
{
	struct numbered *order = must_alloc((l->n_active + 1) * sizeof *order);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->n_active; i++)
		order[i] = (struct numbered){ l->active[i].hash, i };
	qsort(order, l->n_active, sizeof *order, by_hash);
	for (uint32_t i = 1; i < l->n_active; i++)
		if (order[i].hash == order[i - 1].hash)
			l->active[order[i - 1].index].url = NULL;
	for (uint32_t i = 0; i < l->n_active; i++)
		if (l->active[i].url)
			l->active[kept++] = l->active[i];
	l->n_active = kept;
	free(order);
}

void target_list_finish(struct target_list *l, const struct scrape_config *c)
{
	drop_duplicates(l);
	l->over_limit = c->terms.target_limit && l->n_active > c->terms.target_limit;
}

static bool copy_spec(const struct target_spec *from, struct arena *a, struct target_spec *to)
{
	*to = *from;
	to->url = arena_strdup(a, from->url);
	to->scheme = arena_strdup(a, from->scheme);
	to->address = arena_strdup(a, from->address);
	return to->url && to->scheme && to->address && labels_copy(&from->labels, a, &to->labels) &&
	       labels_copy(&from->discovered, a, &to->discovered);
}

enum rc target_list_copy(const struct target_list *from, struct target_list *to, struct err *e)
{
	bool is_whole = true;

	to->active = must_alloc((from->n_active + 1) * sizeof *to->active);
	to->dropped = must_alloc((from->n_dropped_kept + 1) * sizeof *to->dropped);
	to->cap_active = from->n_active + 1;
	to->cap_dropped = from->n_dropped_kept + 1;
	for (; is_whole && to->n_active < from->n_active; to->n_active++)
		is_whole = copy_spec(&from->active[to->n_active], &to->arena,
			&to->active[to->n_active]);
	for (; is_whole && to->n_dropped_kept < from->n_dropped_kept; to->n_dropped_kept++)
		is_whole = labels_copy(&from->dropped[to->n_dropped_kept], &to->arena,
			&to->dropped[to->n_dropped_kept]);
	if (!is_whole)
		return err_set(e, RC_LIMIT, "targets take more than %d bytes", TARGETS_BYTES_MAX);
	to->n_dropped = from->n_dropped;
	to->n_failed = from->n_failed;
	to->over_limit = from->over_limit;
	memcpy(to->failure, from->failure, sizeof to->failure);
	return RC_OK;
}
