/* SPDX-License-Identifier: Apache-2.0 */
#include "script.h"

#include "base/time.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 4096

static const struct {
	const char *word;
	enum script_expectation_kind kind;
} words[] = {
	{ "ordered", EXPECT_ORDERED },
	{ "fail", EXPECT_FAIL },
	{ "warn", EXPECT_WARN },
	{ "no_warn", EXPECT_NO_WARN },
	{ "info", EXPECT_INFO },
	{ "no_info", EXPECT_NO_INFO },
};

/* The next line without blanks around it; "" for a comment.  NULL: the end. */
static char *next_line(struct script *s)
{
	size_t n = strcspn(s->at, "\n");
	const char *from = s->at;

	if (!*s->at)
		return NULL;
	s->at += n + (s->at[n] == '\n');
	s->line++;
	while (n && isspace((unsigned char)*from))
		from++, n--;
	while (n && isspace((unsigned char)from[n - 1]))
		n--;
	return arena_strndup(s->arena, from, *from == '#' ? 0 : n);
}

/* "word " at the start of *at is taken off. */
static bool take_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncasecmp(*at, word, n) != 0 ||
		!((*at)[n] == '\0' || isspace((unsigned char)(*at)[n])))
		return false;
	*at += n;
	while (isspace((unsigned char)**at))
		(*at)++;
	return true;
}

static enum rc take_duration(const struct script *s, const char **at, int64_t *ret, struct err *e)
{
	bool is_negative = **at == '-';
	size_t n = strcspn(*at + is_negative, " \t");
	char *text = arena_strndup(s->arena, *at + is_negative, n);
	enum rc rc = duration_parse(text, ret, e);

	if (rc != RC_OK)
		return err_in(e, rc, "line %u", s->line);
	if (is_negative)
		*ret = -*ret;
	*at += is_negative + n;
	while (isspace((unsigned char)**at))
		(*at)++;
	return RC_OK;
}

static enum rc wrong(const struct script *s, const char *what, struct err *e)
{
	return err_set(e, RC_INPUT, "line %u: %s", s->line, what);
}

static enum rc add_expectation(const struct script *s, struct script_command *c, const char *at,
	struct err *e)
{
	struct script_expectation *x = &c->expectations[c->n_expectations];

	if (c->n_expectations == SCRIPT_EXPECTATIONS_MAX)
		return wrong(s, "too many expectations", e);
	for (size_t i = 0; i < COUNT(words); i++) {
		if (!take_word(&at, words[i].word))
			continue;
		*x = (struct script_expectation){ .kind = words[i].kind };
		c->n_expectations++;
		x->is_pattern = strncmp(at, "regex:", 6) == 0;
		if (x->is_pattern || strncmp(at, "msg:", 4) == 0) {
			at += x->is_pattern ? 6 : 4;
			x->text = at + strspn(at, " ");
		}
		return RC_OK;
	}
	return wrong(s, "not an expectation", e);
}

/* `eval_fail`, and what stood behind it in older scripts. */
static bool add_old_expectation(struct script_command *c, const char *line)
{
	static const char *const prefixes[] = { "expected_fail_message", "expected_fail_regexp" };

	for (unsigned i = 0; i < 2; i++) {
		const char *at = line;

		if (!take_word(&at, prefixes[i]))
			continue;
		c->expectations[0].text = at;
		c->expectations[0].is_pattern = i == 1;
		return true;
	}
	return false;
}

static enum rc add_row(struct script *s, struct script_command *c, const char *line, struct err *e)
{
	const char *at = line;
	char *end;
	double v = strtod(line, &end);

	if (take_word(&at, "expect"))
		return add_expectation(s, c, at, e);
	if (c->kind == SCRIPT_EVAL && add_old_expectation(c, line))
		return RC_OK;
	if (c->kind == SCRIPT_EVAL && *end == '\0') {
		c->is_scalar = true;
		c->scalar = v;
		return RC_OK;
	}
	if (c->n_rows == ROWS_MAX)
		return wrong(s, "too many series", e);
	c->rows[c->n_rows++] = line;
	return RC_OK;
}

static enum rc read_eval(struct script *s, const char *at, struct script_command *c, struct err *e)
{
	enum rc rc = RC_OK;

	c->kind = SCRIPT_EVAL;
	c->is_range = take_word(&at, "range");
	if (c->is_range) {
		if (!take_word(&at, "from"))
			return wrong(s, "expected from", e);
		rc = take_duration(s, &at, &c->start_ms, e);
		if (rc == RC_OK && !take_word(&at, "to"))
			return wrong(s, "expected to", e);
		if (rc == RC_OK)
			rc = take_duration(s, &at, &c->end_ms, e);
		if (rc == RC_OK && !take_word(&at, "step"))
			return wrong(s, "expected step", e);
		if (rc == RC_OK)
			rc = take_duration(s, &at, &c->step_ms, e);
	} else if (take_word(&at, "instant")) {
		if (take_word(&at, "at"))
			rc = take_duration(s, &at, &c->start_ms, e);
		c->end_ms = c->start_ms;
	} else {
		return wrong(s, "expected instant or range", e);
	}
	c->expression = at;
	return rc;
}

static enum rc read_head(struct script *s, const char *line, struct script_command *c,
	struct err *e)
{
	const char *at = line;

	if (take_word(&at, "clear")) {
		c->kind = SCRIPT_CLEAR;
		return RC_OK;
	}
	if (take_word(&at, "load")) {
		c->kind = SCRIPT_LOAD;
		return take_duration(s, &at, &c->step_ms, e);
	}
	if (take_word(&at, "eval"))
		return read_eval(s, at, c, e);
	for (size_t i = 0; strncmp(at, "eval_", 5) == 0 && i < COUNT(words); i++) {
		const char *rest = at + 5;

		if (!take_word(&rest, words[i].word))
			continue;
		c->expectations[c->n_expectations++].kind = words[i].kind;
		return read_eval(s, rest, c, e);
	}
	return wrong(s, "not a command", e);
}

enum rc script_next(struct script *s, struct script_command *ret, bool *ret_has, struct err *e)
{
	char *line = next_line(s);
	enum rc rc;

	while (line && !*line)
		line = next_line(s);
	*ret_has = line != NULL;
	if (!line)
		return RC_OK;
	*ret = (struct script_command){ .line = s->line,
		.rows = arena_alloc(s->arena, ROWS_MAX * sizeof *ret->rows) };
	rc = read_head(s, line, ret, e);
	while (rc == RC_OK && ret->kind != SCRIPT_CLEAR) {
		line = next_line(s);
		if (!line || !*line)
			break;
		rc = add_row(s, ret, line, e);
	}
	return rc;
}
