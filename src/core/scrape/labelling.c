/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/labelling.h"

#include "base/golang.h"
#include "base/limits.h"
#include "base/str.h"

#include <ctype.h>

#define EXPORTED "exported_"
#define SHOWN    50 /* characters of a name or value in an error */

void labelling_init(struct labelling *l)
{
	*l = (struct labelling){ 0 };
	arena_init(&l->arena, SCRAPE_LABELLING_BYTES_MAX);
	label_set_init(&l->set, &l->arena);
}

void labelling_fini(struct labelling *l)
{
	label_set_fini(&l->set);
	arena_fini(&l->arena);
}

/* The target's labels where the line says nothing; one that it says to be empty stays away. */
static void honor(struct labelling *l, const struct exposition *x, struct piece text)
{
	for (uint32_t i = 0; i < l->target->n; i++) {
		const struct label *t = &l->target->v[i];

		if (!*label_set_get(&l->set, t->name) && !exposition_has_label(x, text, t->name))
			label_set_put(&l->set, t->name, t->value);
	}
}

/* What the line called as a label of the target gets a new name; the shortest first, so that
 * exported_x of a line and x of the same don't meet. */
static void move(struct labelling *l, const struct label *exposed)
{
	scoped(str_fini) struct str name = STR_EMPTY;

	str_add(&name, exposed->name);
	do {
		scoped(str_fini) struct str longer = STR_EMPTY;

		str_addf(&longer, EXPORTED "%s", str_c(&name));
		str_clear(&name);
		str_add(&name, str_c(&longer));
	} while (*label_set_get(&l->set, str_c(&name)));
	label_set_put(&l->set, str_c(&name), exposed->value);
}

/* The target's labels above all. */
static enum rc override(struct labelling *l, struct err *e)
{
	uint32_t n = 0, longest = 0;
	struct label *moved = arena_alloc(&l->arena, (l->target->n + 1) * sizeof *moved);

	if (!moved)
		return err_set(e, RC_LIMIT, "the labels of one series take too much memory");
	for (uint32_t i = 0; i < l->target->n; i++) {
		const struct label *t = &l->target->v[i];
		const char *value = label_set_get(&l->set, t->name);

		if (*value)
			moved[n++] = (struct label){ t->name, value, t->name_len, 0 };
		if (*value && t->name_len > longest)
			longest = t->name_len;
		label_set_put(&l->set, t->name, t->value);
	}
	for (uint32_t length = 0; n && length <= longest; length++)
		for (uint32_t i = 0; i < n; i++)
			if (moved[i].name_len == length)
				move(l, &moved[i]);
	return RC_OK;
}

static enum rc too_long(const char *limit, const struct label *l, const char *metric,
	uint64_t allowed, struct err *e)
{
	scoped(str_fini) struct str value = STR_EMPTY;
	bool is_value = str_starts(limit, "label_value");
	uint32_t n = l->value_len < SHOWN ? l->value_len : SHOWN;

	if (is_value) {
		str_add(&value, ", value: ");
		go_quote(&value, l->value, utf8_cut(l->value, n), GO_QUOTE);
	}
	return err_set(e, RC_LIMIT,
		"%s exceeded (metric: %.*s, label name: %.*s%s, length: %u, limit: %llu)", limit,
		SHOWN, metric, SHOWN, l->name, str_c(&value), is_value ? l->value_len : l->name_len,
		(unsigned long long)allowed);
}

static enum rc check_limits(const struct labels *l, const struct scrape_terms *t, struct err *e)
{
	const char *metric = labels_get(l, METRIC_NAME);

	if (t->label_limit && l->n > t->label_limit)
		return err_set(e, RC_LIMIT,
			"label_limit exceeded (metric: %.*s, number of labels: %u, limit: %llu)",
			SHOWN, metric, l->n, (unsigned long long)t->label_limit);
	for (uint32_t i = 0; i < l->n; i++) {
		if (t->label_name_length_limit && l->v[i].name_len > t->label_name_length_limit)
			return too_long("label_name_length_limit", &l->v[i], metric,
				t->label_name_length_limit, e);
		if (t->label_value_length_limit && l->v[i].value_len > t->label_value_length_limit)
			return too_long("label_value_length_limit", &l->v[i], metric,
				t->label_value_length_limit, e);
	}
	return RC_OK;
}

/* [a-zA-Z_][a-zA-Z0-9_]*, in metrics' names colons too. */
static bool is_legacy_name(const char *s, bool is_metric)
{
	if (isdigit((unsigned char)*s) || !*s)
		return false;
	for (; *s; s++)
		if (!(isalnum((unsigned char)*s) && (unsigned char)*s < 128) && *s != '_' &&
			!(is_metric && *s == ':'))
			return false;
	return true;
}

static enum rc check_names(const struct labels *l, bool is_legacy, struct err *e)
{
	const char *metric = labels_get(l, METRIC_NAME);

	if (!*metric)
		return err_set(e, RC_INPUT, "missing metric name (__name__ label)");
	if (!is_legacy)
		return RC_OK;
	if (!is_legacy_name(metric, true))
		return err_set(e, RC_INPUT, "invalid metric name or label names: %s", metric);
	for (uint32_t i = 0; i < l->n; i++)
		if (!is_legacy_name(l->v[i].name, false))
			return err_set(e, RC_INPUT, "invalid metric name or label names: %s{%s}",
				metric, l->v[i].name);
	return RC_OK;
}

static enum rc rewrite(struct labelling *l, const struct exposition *x, struct piece text,
	enum relabel_fate *ret, struct err *e)
{
	if (l->config->honor_labels)
		honor(l, x, text);
	else if (override(l, e) != RC_OK)
		return RC_LIMIT;
	*ret = relabel_apply(&l->config->metric_relabel, &l->set, e);
	if (*ret == RELABEL_FAILED)
		return RC_LIMIT;
	if (l->set.is_full)
		return err_set(e, RC_LIMIT, "the labels of one series take too much memory");
	return RC_OK;
}

enum rc labelling_apply(struct labelling *l, const struct exposition *x, struct piece text,
	struct labels *ret, struct err *e)
{
	enum relabel_fate fate;
	struct labels labels;
	enum rc rc;

	arena_reset(&l->arena);
	rc = exposition_labels(x, text, &l->arena, &labels, e);
	if (rc != RC_OK)
		return rc;
	label_set_load(&l->set, &labels);
	rc = rewrite(l, x, text, &fate, e);
	if (rc != RC_OK)
		return rc;
	labels = label_set_labels(&l->set);
	if (fate == RELABEL_DROPPED || labels.n == 0) {
		ret->n = 0;
		return RC_OK;
	}
	rc = check_names(&labels, l->config->terms.name_validation == NAMES_LEGACY, e);
	if (rc == RC_OK)
		rc = check_limits(&labels, &l->config->terms, e);
	if (rc == RC_OK)
		*ret = labels;
	return rc;
}

enum rc labelling_report(struct labelling *l, const char *name, struct labels *ret, struct err *e)
{
	arena_reset(&l->arena);
	label_set_load(&l->set, l->target);
	label_set_put(&l->set, METRIC_NAME, name);
	if (l->set.is_full)
		return err_set(e, RC_LIMIT, "the labels of one series take too much memory");
	*ret = label_set_labels(&l->set);
	return RC_OK;
}
