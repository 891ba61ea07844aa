/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand, not by a generated lexer: the usual line is name, labels, value, and for it the scan is
 * three loops over its bytes.  Since a portion ends with '\n', only what may hold a line break,
 * quoted strings, has to look where the portion ends.
 */
#include "core/scrape/exposition.h"

#include "base/golang.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/str.h"
#include "core/scrape/exposition_private.h"

#include <ctype.h>
#include <math.h>

#define QUOTE_MAX 60 /* bytes of the line in an error */

static const struct {
	const char *name;
	bool in_text, in_openmetrics;
	enum metric_type type;
} types[] = {
	{ "unknown", false, true, METRIC_UNKNOWN },
	{ "counter", true, true, METRIC_COUNTER },
	{ "gauge", true, true, METRIC_GAUGE },
	{ "histogram", true, true, METRIC_HISTOGRAM },
	{ "gaugehistogram", false, true, METRIC_GAUGEHISTOGRAM },
	{ "summary", true, true, METRIC_SUMMARY },
	{ "info", false, true, METRIC_INFO },
	{ "stateset", false, true, METRIC_STATESET },
	{ "untyped", true, false, METRIC_UNKNOWN },
};

const char *metric_type_name(enum metric_type t)
{
	return types[t].name;
}

/* As Go's %q, of at most QUOTE_MAX bytes: the last ones, or the first. */
static void quote(struct str *out, struct piece p, bool is_end)
{
	bool is_cut = p.n > QUOTE_MAX;
	uint32_t n = is_cut ? QUOTE_MAX : p.n;

	if (is_cut && is_end)
		str_add(out, "...");
	go_quote(out, p.s + (is_end ? p.n - n : 0), n, GO_QUOTE);
	if (is_cut && !is_end)
		str_add(out, "...");
}

static struct piece piece(const char *s, const char *end)
{
	return (struct piece){ s, (uint32_t)(end - s) };
}

/* `line` is where the entry begins, `at` the byte that doesn't fit. */
static enum rc bad(const char *what, const char *line, const char *at, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	if (!e)
		return RC_INPUT;
	str_addf(&text, "%s, got ", what);
	quote(&text, piece(at, at + 1), false);
	str_add(&text, " while parsing: ");
	quote(&text, piece(line, at + 1), true);
	return err_set(e, RC_INPUT, "%s", str_c(&text));
}

static const char *line_end(const struct exposition *x, const char *s)
{
	return memchr(s, '\n', (size_t)(x->end - s));
}

static const char *skip_blanks(const char *s)
{
	while (is_blank(*s))
		s++;
	return s;
}

/* Where the token ends that begins at `s`: at a blank or the line's end. */
static const char *token_end(const struct exposition *x, const char *s)
{
	if (x->format == EXPOSITION_TEXT) {
		while (*s != '{' && !is_blank(*s) && *s != '\n' && *s != '\0')
			s++;
		return s;
	}
	while (*s != ' ' && *s != '\n' && *s != '\0')
		s++;
	return s;
}

static enum rc parse_number(struct piece token, const char *line, double *ret, struct err *e)
{
	enum number_fault fault = number_parse(token.s, token.n, ret);
	scoped(str_fini) struct str text = STR_EMPTY;

	if (fault == NUMBER_OK)
		return RC_OK;
	if (!e)
		return RC_INPUT;
	str_add(&text, "strconv.ParseFloat: parsing ");
	quote(&text, token, false);
	str_add(&text, fault == NUMBER_RANGE ? ": value out of range" : ": invalid syntax");
	str_add(&text, " while parsing: ");
	quote(&text, piece(line, token.s + token.n), true);
	return err_set(e, RC_INPUT, "%s", str_c(&text));
}

/* The value that begins at *s (in OpenMetrics behind one blank), and *s behind it. */
static enum rc take_value(const struct exposition *x, const char *line, const char **s, double *ret,
	struct err *e)
{
	const char *from = *s, *end;

	if (x->format == EXPOSITION_TEXT)
		from = skip_blanks(from);
	else if (*from++ != ' ')
		return bad("expected value after metric", line, from - 1, e);
	end = number_scan(from, x->end, ret);
	if (end && (*end == '\n' || *end == ' ')) {
		*s = end;
		return RC_OK;
	}
	end = token_end(x, from);
	if (end == from)
		return bad("expected value after metric", line, from, e);
	*s = end;
	return parse_number(piece(from, end), line, ret, e);
}

/* Milliseconds in digits.  False: more than 64 bits hold. */
static bool take_milliseconds(const char **s, int64_t *ret)
{
	int64_t t = 0;

	for (; isdigit((unsigned char)**s); ++*s)
		if (__builtin_mul_overflow(t, 10, &t) || __builtin_add_overflow(t, **s - '0', &t))
			return false;
	*ret = t;
	return true;
}

/* Behind the value in a text: maybe a time, the line's end. */
static enum rc take_text_end(const char *line, const char **s, struct exposition_entry *ret,
	struct err *e)
{
	const char *at = skip_blanks(*s);

	ret->has_time = isdigit((unsigned char)*at);
	if (ret->has_time) {
		if (!take_milliseconds(&at, &ret->t_ms))
			return bad("value out of range for a timestamp", line, at, e);
		at = skip_blanks(at);
		if (*at != '\n')
			return bad("expected next entry after timestamp", line, at, e);
	}
	if (*at != '\n')
		return bad("expected timestamp or new record", line, at, e);
	*s = at + 1;
	return RC_OK;
}

/* Seconds with a fraction, behind a blank at *s. */
static enum rc take_seconds(const struct exposition *x, const char *line, const char **s,
	int64_t *ret_ms, struct err *e)
{
	const char *from = *s + 1, *end = token_end(x, from);
	double seconds;
	enum rc rc;

	if (end == from)
		return bad("expected timestamp or comment", line, from, e);
	rc = parse_number(piece(from, end), line, &seconds, e);
	if (rc != RC_OK)
		return rc;
	if (!isfinite(seconds))
		return bad("invalid timestamp", line, from, e);
	/* What doesn't fit is as far away as can be, and refused as such by who keeps samples. */
	if (fabs(seconds) < 9e15)
		*ret_ms = (int64_t)(seconds * 1000);
	else
		*ret_ms = seconds < 0 ? INT64_MIN : INT64_MAX;
	*s = end;
	return RC_OK;
}

/* Past the labels.  *ret_end NULL: they go on in the next portion. */
static enum rc scan_labels(struct label_walk *w, const char *line, bool has_name,
	const char **ret_end, struct err *e)
{
	enum walk_step step;

	while ((step = label_walk_next(w)) == WALK_LABEL || step == WALK_NAME) {
		if (step == WALK_NAME && has_name)
			return bad("metric name already set", line, w->at - 1, e);
		has_name |= step == WALK_NAME;
	}
	if (step == WALK_BAD)
		return bad(w->why, line, w->at, e);
	if (step == WALK_END && !has_name)
		return bad("metric name not set", line, w->at - 1, e);
	*ret_end = step == WALK_END ? w->at : NULL;
	return RC_OK;
}

/* The entry isn't whole: more has to come, or it's an error. */
static enum rc more(struct exposition *x, const char *line, struct exposition_entry *ret,
	struct err *e)
{
	if (x->is_last)
		return bad("expected label value", line, x->end - 1, e);
	x->at = line;
	ret->kind = EXPOSITION_MORE;
	return RC_OK;
}

/* " # {labels} value [time]" at *s; *s NULL: goes on in the next portion. */
static enum rc take_exemplar(const struct exposition *x, const char *line, const char **s,
	struct exposition_entry *ret, struct err *e)
{
	struct label_walk w = { .at = *s + 4,
		.end = x->end,
		.format = x->format,
		.is_exemplar = true };
	const char *open = *s + 3, *at;
	enum rc rc = scan_labels(&w, line, true, &at, e);

	if (rc != RC_OK)
		return rc;
	*s = at;
	if (!at)
		return RC_OK;
	ret->exemplar = piece(open, at);
	rc = take_value(x, line, s, &ret->exemplar_v, e);
	if (rc != RC_OK)
		return rc;
	ret->exemplar_has_time = **s == ' ';
	return ret->exemplar_has_time ? take_seconds(x, line, s, &ret->exemplar_t_ms, e) : RC_OK;
}

static bool is_exemplar(const char *s, const char *end)
{
	return end - s >= 4 && memcmp(s, " # {", 4) == 0;
}

/* A blank behind the value, and then nothing that may stand there.  Prometheus takes the sample and
 * stumbles over the rest as if it were the next line.  Returns where, or NULL. */
static const char *stumble(const char *s)
{
	if (*s != ' ')
		return NULL;
	if (s[1] == ' ' || s[1] == '\n')
		return s + 1;
	return s[1] == '#' && s[2] == ' ' ? s + 2 : NULL;
}

/* Behind the value in OpenMetrics: maybe a time, maybe an exemplar, the line's end. */
static enum rc take_openmetrics_end(const struct exposition *x, const char *line, const char **s,
	struct exposition_entry *ret, struct err *e)
{
	const char *beyond = is_exemplar(*s, x->end) ? NULL : stumble(*s);
	enum rc rc = RC_OK;

	if (beyond) {
		*s = beyond;
		return RC_OK;
	}
	ret->has_time = **s == ' ' && !is_exemplar(*s, x->end);
	if (ret->has_time)
		rc = take_seconds(x, line, s, &ret->t_ms, e);
	if (rc == RC_OK && is_exemplar(*s, x->end))
		rc = take_exemplar(x, line, s, ret, e);
	if (rc != RC_OK || !*s)
		return rc;
	if (**s != '\n')
		return bad("expected next entry after timestamp", line, *s, e);
	if (x->is_cut && *s + 1 == x->end)
		return err_set(e, RC_INPUT, "data does not end with # EOF");
	++*s;
	return RC_OK;
}

/* Behind the labels.  *s NULL: the entry isn't whole. */
static enum rc take_rest(const struct exposition *x, const char *line, const char **s,
	struct exposition_entry *ret, struct err *e)
{
	enum rc rc = take_value(x, line, s, &ret->v, e);

	if (rc != RC_OK)
		return rc;
	if (x->format == EXPOSITION_TEXT)
		return take_text_end(line, s, ret, e);
	return take_openmetrics_end(x, line, s, ret, e);
}

static enum rc take_series(struct exposition *x, const char *line, const char *s,
	struct exposition_entry *ret, struct err *e)
{
	bool has_name = *s != '{';
	enum rc rc;

	for (; *s != '{' && (is_name_part((unsigned char)*s) || *s == ':'); s++)
		continue;
	ret->text = piece(line, s);
	if (x->format == EXPOSITION_TEXT && has_name)
		s = skip_blanks(s);
	if (*s == '{') {
		struct label_walk w = { .at = s + 1, .end = x->end, .format = x->format };

		rc = scan_labels(&w, line, has_name, &s, e);
		if (rc != RC_OK)
			return rc;
		if (!s)
			return more(x, line, ret, e);
		ret->text.n = (uint32_t)(s - line);
	}
	rc = take_rest(x, line, &s, ret, e);
	if (rc != RC_OK)
		return rc;
	if (!s)
		return more(x, line, ret, e);
	ret->kind = EXPOSITION_SERIES;
	x->at = s;
	return RC_OK;
}

bool exposition_value(struct exposition *x, const char *from, double *ret)
{
	const char *end;

	if (*from != ' ')
		return false;
	end = number_scan(from + 1, x->end, ret);
	if (!end || *end != '\n')
		return false;
	x->at = end + 1;
	return true;
}

bool exposition_rest(struct exposition *x, const char *from, struct exposition_entry *ret)
{
	const char *s = from;

	*ret = (struct exposition_entry){ .kind = EXPOSITION_SERIES };
	if (take_rest(x, from, &s, ret, NULL) != RC_OK || !s)
		return false;
	x->at = s;
	return true;
}

static enum rc take_type(struct exposition *x, const struct exposition_entry *ret, struct err *e)
{
	scoped(str_fini) struct str shown = STR_EMPTY;

	for (size_t i = 0; i < COUNT(types); i++) {
		bool is_known =
			x->format == EXPOSITION_TEXT ? types[i].in_text : types[i].in_openmetrics;

		if (!is_known || strlen(types[i].name) != ret->value.n ||
			memcmp(types[i].name, ret->value.s, ret->value.n) != 0)
			continue;
		x->type = types[i].type;
		return RC_OK;
	}
	if (!e)
		return RC_INPUT;
	quote(&shown, ret->value, false);
	return err_set(e, RC_INPUT, "invalid metric type %s", str_c(&shown));
}

static bool is_suffix(struct piece unit, struct piece name)
{
	return unit.n == 0 || (unit.n < name.n && name.s[name.n - unit.n - 1] == '_' &&
				      memcmp(name.s + name.n - unit.n, unit.s, unit.n) == 0);
}

static enum rc check_metadata(struct exposition *x, const char *line, struct exposition_entry *ret,
	struct err *e)
{
	scoped(str_fini) struct str unit = STR_EMPTY, name = STR_EMPTY;

	if (ret->kind == EXPOSITION_TYPE)
		return take_type(x, ret, e);
	if (ret->kind == EXPOSITION_HELP && !utf8_valid(ret->value.s, ret->value.n))
		return bad("help text is not a valid utf8 string", line, ret->value.s, e);
	if (ret->kind != EXPOSITION_UNIT || is_suffix(ret->value, ret->name))
		return RC_OK;
	quote(&unit, ret->value, false);
	quote(&name, ret->name, false);
	return err_set(e, RC_INPUT, "unit %s not a suffix of metric %s", str_c(&unit),
		str_c(&name));
}

static const struct {
	const char word[6];
	enum exposition_kind kind;
} comments[] = {
	{ "HELP", EXPOSITION_HELP },
	{ "TYPE", EXPOSITION_TYPE },
	{ "UNIT", EXPOSITION_UNIT },
};

/* The metric's name behind HELP, TYPE or UNIT at *s; *s NULL: it goes on. */
static enum rc take_family(const struct exposition *x, const char *line, const char **s,
	struct exposition_entry *ret, struct err *e)
{
	const char *from = *s, *end = from;
	enum walk_step step;

	if (*from == '"') {
		step = quoted_scan(from, x->end, false, &end);
		if (step == WALK_BAD)
			return bad("expected metric name after HELP, TYPE or UNIT", line, from, e);
		*s = step == WALK_MORE ? NULL : end;
		ret->name = piece(from + 1, end - 1);
		return RC_OK;
	}
	while (is_name_part((unsigned char)*end) || *end == ':')
		end++;
	if (end == from || isdigit((unsigned char)*from))
		return bad("expected metric name after HELP, TYPE or UNIT", line, from, e);
	ret->name = piece(from, end);
	*s = end;
	return RC_OK;
}

/* What a line of metadata says, behind the name at `s`: all after one character, as Prometheus
 * has it. */
static enum rc take_saying(const struct exposition *x, const char *line, const char *s,
	struct exposition_entry *ret, struct err *e)
{
	const char *end = line_end(x, s);

	if (x->format == EXPOSITION_OPENMETRICS && *s != ' ')
		return bad("expected text in HELP, TYPE or UNIT", line, s, e);
	if (x->format == EXPOSITION_TEXT && skip_blanks(s) == end)
		s = end;
	ret->value = s == end ? piece(s, s) : piece(s + 1, end);
	return RC_OK;
}

static enum rc take_metadata(struct exposition *x, const char *line, const char *s,
	struct exposition_entry *ret, struct err *e)
{
	enum rc rc = take_family(x, line, &s, ret, e);

	if (rc != RC_OK)
		return rc;
	if (!s)
		return more(x, line, ret, e);
	rc = take_saying(x, line, s, ret, e);
	if (rc == RC_OK)
		rc = check_metadata(x, line, ret, e);
	if (rc != RC_OK)
		return rc;
	s = line_end(x, s);
	ret->text = piece(line, s);
	x->at = s + 1;
	return RC_OK;
}

static enum rc take_portion_end(struct exposition *x, struct exposition_entry *ret, struct err *e)
{
	ret->kind = x->is_last ? EXPOSITION_END : EXPOSITION_MORE;
	if (!x->is_last)
		return RC_OK;
	if (x->format == EXPOSITION_OPENMETRICS && !x->is_ended)
		return err_set(e, RC_INPUT, "data does not end with # EOF");
	x->is_ended = true;
	return RC_OK;
}

static enum rc take_eof(struct exposition *x, const char *line, struct exposition_entry *ret,
	struct err *e)
{
	const char *s = line + strlen("# EOF");

	if (*s != '\n')
		return bad("unexpected data after # EOF", line, s, e);
	x->at = s + 1;
	x->is_ended = true;
	if (x->at < x->end)
		return bad("unexpected data after # EOF", x->at, x->at, e);
	return take_portion_end(x, ret, e);
}

static bool is_word(const char *s, const char *word)
{
	return strncmp(s, word, strlen(word)) == 0;
}

/* The line begins with '#' at `s`, in a text maybe after blanks. */
static enum rc take_comment(struct exposition *x, const char *line, const char *s,
	struct exposition_entry *ret, struct err *e)
{
	bool is_text = x->format == EXPOSITION_TEXT;
	const char *word = is_text ? skip_blanks(s + 1) : s + 2;

	if (!is_text && is_word(s, "# EOF"))
		return take_eof(x, line, ret, e);
	for (size_t i = 0; i < COUNT(comments); i++) {
		if (is_text && comments[i].kind == EXPOSITION_UNIT)
			continue;
		if (!is_blank(s[1]) || !is_word(word, comments[i].word) || !is_blank(word[4]))
			continue;
		if (!is_text && (s[1] != ' ' || word[4] != ' '))
			continue;
		ret->kind = comments[i].kind;
		return take_metadata(x, line, is_text ? skip_blanks(word + 4) : word + 5, ret, e);
	}
	if (!is_text)
		return bad("expected a valid start token", line, s, e);
	ret->kind = EXPOSITION_COMMENT;
	s = line_end(x, s);
	ret->text = piece(line, s);
	x->at = s + 1;
	return RC_OK;
}

enum rc exposition_next(struct exposition *x, struct exposition_entry *ret, struct err *e)
{
	bool is_text = x->format == EXPOSITION_TEXT;
	const char *line, *s;

	*ret = (struct exposition_entry){ .kind = EXPOSITION_MORE };
	while (is_text && x->at < x->end && *skip_blanks(x->at) == '\n')
		x->at = skip_blanks(x->at) + 1;
	if (x->at == x->end)
		return take_portion_end(x, ret, e);
	line = x->at;
	if (x->is_ended)
		return bad("unexpected data after # EOF", line, line, e);
	s = is_text ? skip_blanks(line) : line;
	if (*s == '#')
		return take_comment(x, line, s, ret, e);
	if (*s == '{' || *s == ':' || is_name_start((unsigned char)*s))
		return take_series(x, line, s, ret, e);
	return bad("expected a valid start token", line, s, e);
}
