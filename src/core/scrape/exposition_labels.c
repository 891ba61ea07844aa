/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/exposition_private.h"

#include "base/golang.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

#include <math.h>

#define ESCAPES "\\n\"" /* what may stand behind a backslash; others leave it as it is */

static uint32_t unescape(char *s, uint32_t n, const char *escapes)
{
	static const char meant[] = "\\\n\"";
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		const char *found = s[i] == '\\' && i + 1 < n ? strchr(escapes, s[i + 1]) : NULL;
		bool is_escape = found && *found;

		i += is_escape;
		s[used++] = is_escape ? meant[found - escapes] : s[i];
	}
	return used;
}

/* Into `ret`, terminated; false: the arena is full. */
static bool take_text(struct piece p, struct arena *a, const char **ret, uint32_t *ret_n)
{
	char *s = arena_strndup(a, p.s, p.n);

	if (!s)
		return false;
	*ret_n = memchr(s, '\\', p.n) ? unescape(s, p.n, ESCAPES) : p.n;
	s[*ret_n] = '\0';
	*ret = s;
	return true;
}

void exposition_escape(struct str *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			str_add(out, "\\n");
		else if (*text == '"' || *text == '\\')
			str_addf(out, "\\%c", *text);
		else
			str_addc(out, *text);
}

char *exposition_unescape(struct piece p, struct arena *a)
{
	char *s = arena_strndup(a, p.s, p.n);

	if (s)
		s[unescape(s, p.n, ESCAPES)] = '\0';
	return s;
}

char *exposition_saying(const struct exposition *x, struct piece p, struct arena *a)
{
	char *s = arena_strndup(a, p.s, p.n);

	if (s)
		s[unescape(s, p.n, x->format == EXPOSITION_TEXT ? "\\n" : ESCAPES)] = '\0';
	return s;
}

/* "+Inf", "1.0", "0.005", "1e-05": a number as OpenMetrics writes it. */
static void add_number(struct str *out, double v)
{
	go_float(out, v, 'g', GO_SHORTEST);
	if (isfinite(v) && !strpbrk(out->s, ".e"))
		str_add(out, ".0");
}

/* The same bound is the same series, however it was written: 1, 1.0 and 1e0. */
static bool normalize(enum metric_type type, struct arena *a, struct label *l)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	double v;

	if (!(type == METRIC_HISTOGRAM && str_eq(l->name, "le")) &&
		!(type == METRIC_SUMMARY && str_eq(l->name, "quantile")))
		return true;
	if (go_parse_float(l->value, l->value_len, &v, NULL) != RC_OK)
		return true;
	add_number(&text, v);
	l->value = arena_strndup(a, text.s, text.len);
	l->value_len = (uint32_t)text.len;
	return l->value;
}

static bool take_label(const struct exposition *x, const struct label_walk *w, struct arena *a,
	struct label *ret)
{
	return take_text(w->name, a, &ret->name, &ret->name_len) &&
	       take_text(w->value, a, &ret->value, &ret->value_len) && normalize(x->type, a, ret);
}

static bool take_metric(struct piece name, struct arena *a, struct label *ret)
{
	ret->name = METRIC_NAME;
	ret->name_len = sizeof METRIC_NAME - 1;
	return take_text(name, a, &ret->value, &ret->value_len);
}

static enum rc no_room(struct err *e)
{
	return err_set(e, RC_LIMIT, "the labels of one series take more than memory allows");
}

/* All labels between the braces, behind the `*n` that are there. */
static enum rc collect(const struct exposition *x, struct label_walk *w, struct arena *a,
	struct label v[SCRAPE_LABELS_MAX], uint32_t *n)
{
	enum walk_step step;

	while ((step = label_walk_next(w)) == WALK_LABEL || step == WALK_NAME) {
		if (*n == SCRAPE_LABELS_MAX)
			return RC_LIMIT;
		if (!(step == WALK_NAME ? take_metric(w->value, a, &v[*n])
					: take_label(x, w, a, &v[*n])))
			return RC_LIMIT;
		++*n;
	}
	must(step == WALK_END); /* who asks has had it scanned */
	return RC_OK;
}

static enum rc check_names(const struct labels *l, struct err *e)
{
	scoped(str_fini) struct str shown = STR_EMPTY;

	for (uint32_t i = 0; i < l->n; i++) {
		if (l->v[i].name_len && utf8_valid(l->v[i].name, l->v[i].name_len) &&
			utf8_valid(l->v[i].value, l->v[i].value_len))
			continue;
		go_quote(&shown, l->v[i].name, l->v[i].name_len, GO_QUOTE);
		return err_set(e, RC_INPUT, "invalid metric name or label names: %s",
			str_c(&shown));
	}
	return RC_OK;
}

/* Sorted and checked, in the arena. */
static enum rc finish(struct label *v, uint32_t n, struct arena *a, struct labels *ret,
	struct err *e)
{
	struct labels sorted;
	struct label *copy;
	enum rc rc = labels_sort(v, n, &sorted, e);

	if (rc == RC_OK)
		rc = check_names(&sorted, e);
	if (rc != RC_OK)
		return rc;
	copy = arena_alloc(a, sorted.n * sizeof *copy);
	if (!copy)
		return no_room(e);
	memcpy(copy, sorted.v, sorted.n * sizeof *copy);
	*ret = (struct labels){ copy, sorted.n };
	return RC_OK;
}

/* The metric's name at the start of `text`, blanks before it included, as Prometheus has it; empty
 * when the name stands between the braces.  *ret_brace is where these open, or the end. */
static struct piece bare_name(struct piece text, const char **ret_brace)
{
	const char *s = text.s, *end = text.s + text.n;
	struct piece name = { text.s, 0 };

	while (s < end && is_blank(*s))
		s++;
	if (s < end && *s != '{') {
		while (s < end && !is_blank(*s) && *s != '{')
			s++;
		name.n = (uint32_t)(s - text.s);
	}
	while (s < end && is_blank(*s))
		s++;
	*ret_brace = s;
	return name;
}

enum rc exposition_labels(const struct exposition *x, struct piece text, struct arena *a,
	struct labels *ret, struct err *e)
{
	struct label v[SCRAPE_LABELS_MAX];
	const char *brace;
	struct piece name = bare_name(text, &brace);
	struct label_walk w = { .end = text.s + text.n, .format = x->format };
	uint32_t n = 0;

	if (name.n && !take_metric(name, a, &v[n++]))
		return no_room(e);
	w.at = brace + 1;
	if (brace < w.end && collect(x, &w, a, v, &n) != RC_OK)
		return no_room(e);
	return finish(v, n, a, ret, e);
}

bool exposition_has_label(const struct exposition *x, struct piece text, const char *name)
{
	const char *brace;
	struct label_walk w = { .end = text.s + text.n, .format = x->format };
	enum walk_step step;

	bare_name(text, &brace);
	w.at = brace + 1;
	if (brace == w.end)
		return false;
	while ((step = label_walk_next(&w)) == WALK_LABEL || step == WALK_NAME)
		if (step == WALK_LABEL && w.name.n == strlen(name) &&
			memcmp(w.name.s, name, w.name.n) == 0)
			return true;
	return false;
}

enum rc exposition_exemplar_labels(const struct exposition *x, struct piece text, struct arena *a,
	struct labels *ret, struct err *e)
{
	struct label v[SCRAPE_LABELS_MAX];
	struct label_walk w = { .at = text.s + 1,
		.end = text.s + text.n,
		.format = x->format,
		.is_exemplar = true };
	uint32_t n = 0;

	if (collect(x, &w, a, v, &n) != RC_OK)
		return no_room(e);
	return finish(v, n, a, ret, e);
}
