/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/exposition_private.h"

#include "base/str.h"

enum walk_step quoted_scan(const char *s, const char *end, bool is_strict, const char **ret_end)
{
	for (s++; s < end; s++) {
		if (*s == '"') {
			*ret_end = s + 1;
			return WALK_LABEL;
		}
		if (*s == '\0' || (*s == '\n' && is_strict))
			return WALK_BAD;
		if (*s == '\\' && ++s < end && (*s == '\n' || *s == '\0'))
			return WALK_BAD;
	}
	return WALK_MORE;
}

/* A text allows blanks between all tokens, OpenMetrics nowhere. */
static void skip_blanks(struct label_walk *w)
{
	if (w->format == EXPOSITION_TEXT)
		while (w->at < w->end && is_blank(*w->at))
			w->at++;
}

static enum walk_step bad(struct label_walk *w, const char *why)
{
	w->why = why;
	return WALK_BAD;
}

/* A quoted string into `ret`. */
static enum walk_step take_quoted(struct label_walk *w, bool is_strict, struct piece *ret)
{
	const char *end;
	enum walk_step step = quoted_scan(w->at, w->end, is_strict, &end);

	if (step != WALK_LABEL)
		return step;
	*ret = (struct piece){ w->at + 1, (uint32_t)(end - w->at - 2) };
	w->at = end;
	return WALK_LABEL;
}

static enum walk_step take_name(struct label_walk *w)
{
	const char *s = w->at;

	if (*s == '"')
		return take_quoted(w, w->is_exemplar, &w->name);
	if (!is_name_start((unsigned char)*s))
		return WALK_BAD;
	while (s < w->end && is_name_part((unsigned char)*s))
		s++;
	w->name = (struct piece){ w->at, (uint32_t)(s - w->at) };
	w->at = s;
	return WALK_LABEL;
}

static enum walk_step take_value(struct label_walk *w)
{
	enum walk_step step;

	if (w->at == w->end)
		return WALK_MORE;
	if (*w->at != '"')
		return bad(w, "expected label value");
	step = take_quoted(w, w->format == EXPOSITION_OPENMETRICS, &w->value);
	if (step == WALK_BAD)
		return bad(w, "expected label value");
	if (step == WALK_LABEL && !utf8_valid(w->value.s, w->value.n))
		return bad(w, "invalid UTF-8 label value");
	return step;
}

/* Past the comma behind a label.  A text may leave it out. */
static enum walk_step take_comma(struct label_walk *w)
{
	skip_blanks(w);
	if (w->at == w->end)
		return WALK_MORE;
	if (*w->at == ',')
		w->at++;
	else if (*w->at != '}' && w->format == EXPOSITION_OPENMETRICS)
		return bad(w, "expected comma or brace close");
	return WALK_LABEL;
}

enum walk_step label_walk_next(struct label_walk *w)
{
	enum walk_step step;
	bool is_quoted;

	skip_blanks(w);
	if (w->at == w->end)
		return WALK_MORE;
	if (*w->at == '}') {
		w->at++;
		return WALK_END;
	}
	is_quoted = *w->at == '"';
	step = take_name(w);
	if (step != WALK_LABEL)
		return step == WALK_BAD ? bad(w, "expected label name") : step;
	skip_blanks(w);
	if (w->at == w->end)
		return WALK_MORE;
	if (is_quoted && !w->is_exemplar && (*w->at == ',' || *w->at == '}')) {
		w->at += *w->at == ',';
		w->value = w->name;
		return WALK_NAME;
	}
	if (*w->at != '=')
		return bad(w, "expected equal");
	w->at++;
	skip_blanks(w);
	step = take_value(w);
	return step == WALK_LABEL ? take_comma(w) : step;
}
