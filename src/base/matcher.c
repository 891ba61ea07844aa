/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular expression is first read as a product of alternatives of plain texts, with .* or .+ at
 * one or both of its ends: "(node|blackbox)_.+", "prod|test", ".*error.*".  What is more than that
 * goes to the engine.
 */
#include "base/matcher.h"

#include "base/pattern.h"
#include "base/re2.h"
#include "base/str.h"

#include <ctype.h>
#include <stdlib.h>

#define WORDS_MAX 1024 /* alternatives that a product may have */
#define DEPTH_MAX 16   /* of groups */

struct words {
	char **v;
	uint32_t n, cap;
};

struct matcher {
	enum matcher_op op;
	char *name, *value;
	size_t value_len;
	/* Regular expressions. */
	struct words words; /* what must stand there; in order when nothing may stand around it */
	bool any_before, any_after;   /* more may stand before, after the words */
	bool some_before, some_after; /* and must not be empty */
	struct pattern *pattern;      /* NULL: words say it all */
	char *prefix;
};

static void words_add(struct words *w, const char *a, const char *b)
{
	char *both = must_alloc(strlen(a) + strlen(b) + 1);

	strcpy(both, a);
	strcat(both, b);
	must_grow(w->v, w->n, w->cap);
	w->v[w->n++] = both;
}

static void words_fini(struct words *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	*w = (struct words){ 0 };
}

/* Every word of `w` followed by every word of `more`. */
static bool words_times(struct words *w, const struct words *more)
{
	struct words product = { 0 };

	if ((uint64_t)w->n * more->n > WORDS_MAX)
		return false;
	for (uint32_t i = 0; i < w->n; i++)
		for (uint32_t j = 0; j < more->n; j++)
			words_add(&product, w->v[i], more->v[j]);
	words_fini(w);
	*w = product;
	return true;
}

/* Where the reader of an expression stands, and how deep. */
struct scan {
	const char *at, *end;
	unsigned depth;
};

static bool is_meta(char c)
{
	return strchr("\\.+*?()[]{}|^$", c) != NULL;
}

static bool is_repeat(const struct scan *s)
{
	return s->at < s->end && strchr("*+?{", *s->at);
}

static bool scan_alternatives(struct scan *s, struct words *out);

static bool scan_group(struct scan *s, struct words *out)
{
	s->at++;
	if (s->at < s->end && *s->at == '?') {
		if (s->end - s->at < 2 || s->at[1] != ':')
			return false;
		s->at += 2;
	}
	if (++s->depth > DEPTH_MAX || !scan_alternatives(s, out) || s->at == s->end)
		return false;
	s->depth--;
	s->at++; /* the parenthesis */
	return !is_repeat(s);
}

/* A plain character, escaped or not. */
static bool scan_character(struct scan *s, struct words *out)
{
	char c[2] = { 0 };

	if (*s->at == '\\') {
		s->at++;
		if (s->at == s->end || !ispunct((unsigned char)*s->at))
			return false;
	} else if (is_meta(*s->at)) {
		return false;
	}
	c[0] = *s->at++;
	words_add(out, c, "");
	return !is_repeat(s);
}

static bool scan_sequence(struct scan *s, struct words *out)
{
	words_add(out, "", "");
	while (s->at < s->end && *s->at != '|' && *s->at != ')') {
		struct words piece = { 0 };
		bool ok = (*s->at == '(' ? scan_group : scan_character)(s, &piece) &&
			  words_times(out, &piece);

		words_fini(&piece);
		if (!ok)
			return false;
	}
	return true;
}

static bool scan_alternatives(struct scan *s, struct words *out)
{
	for (;;) {
		struct words sequence = { 0 };
		bool ok = scan_sequence(s, &sequence) && out->n + sequence.n <= WORDS_MAX;

		for (uint32_t i = 0; ok && i < sequence.n; i++)
			words_add(out, sequence.v[i], "");
		words_fini(&sequence);
		if (!ok)
			return false;
		if (s->at == s->end || *s->at == ')')
			return true;
		s->at++;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An alternative at the top level binds weaker than what stands around it. */
static bool has_top_bar(const struct scan *s)
{
	int depth = 0;
	bool in_class = false;

	for (const char *c = s->at; c < s->end; c++) {
		if (*c == '\\' && c + 1 < s->end)
			c++;
		else if (in_class)
			in_class = *c != ']';
		else if (*c == '[')
			in_class = true;
		else if (*c == '(')
			depth++;
		else if (*c == ')')
			depth--;
		else if (*c == '|' && depth == 0)
			return true;
	}
	return false;
}

/* ".+.+" wants two characters, however many bytes they have. */
static bool counts_characters(const struct matcher *m)
{
	for (uint32_t i = 0; i < m->words.n; i++)
		if (m->words.v[i][0] == '\0')
			return m->some_before && m->some_after;
	return false;
}

/* Whether words with what may stand around them say all that the expression says. */
static bool read_words(struct matcher *m)
{
	struct scan s = { m->value, m->value + m->value_len, 0 };

	if (memchr(m->value, '\0', m->value_len))
		return false;
	if (!has_top_bar(&s)) {
		size_t n = m->value_len;

		if (n >= 2 && s.at[0] == '.' && (s.at[1] == '*' || s.at[1] == '+') &&
			(n == 2 || !strchr("?+*{", s.at[2]))) {
			m->any_before = true;
			m->some_before = s.at[1] == '+';
			s.at += 2;
		}
		n = (size_t)(s.end - s.at);
		if (n >= 2 && (s.end[-1] == '*' || s.end[-1] == '+') && s.end[-2] == '.' &&
			(n == 2 || s.end[-3] != '\\')) {
			m->any_after = true;
			m->some_after = s.end[-1] == '+';
			s.end -= 2;
		}
	}
	if (!scan_alternatives(&s, &m->words) || s.at != s.end || counts_characters(m)) {
		words_fini(&m->words);
		m->any_before = m->any_after = m->some_before = m->some_after = false;
		return false;
	}
	if (!m->any_before && !m->any_after && m->words.n)
		qsort(m->words.v, m->words.n, sizeof *m->words.v, by_text);
	return true;
}

static bool is_item(const struct scan *s)
{
	return *s->at == '.' || *s->at == '[' ||
	       (*s->at == '(' && s->at + 1 < s->end && s->at[1] != '?');
}

/* The plain characters that an expression for the engine begins with. */
static char *leading_text(const struct matcher *m)
{
	struct scan s = { m->value, m->value + m->value_len, 0 };
	struct str out = STR_EMPTY;

	if (has_top_bar(&s))
		return must_strdup("");
	while (s.at < s.end) {
		const char *c = s.at;

		if (*c == '\\' && c + 1 < s.end && ispunct((unsigned char)c[1]))
			c++;
		else if (is_meta(*c))
			break;
		str_addn(&out, c, 1);
		s.at = c + 1;
	}
	/* What is repeated may be absent, and is a whole character; what isn't surely an item of its
	 * own (\E, a comment) may stand between it and its repeat. */
	if (s.at < s.end && !is_item(&s) && out.len)
		out.len = utf8_cut(out.s, out.len - 1);
	if (out.s)
		out.s[out.len] = '\0';
	return out.s ? str_take(&out) : must_strdup("");
}

static enum rc compile(struct matcher *m, struct err *e)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	enum rc rc;

	if (read_words(m)) {
		m->prefix = must_strdup(m->words.n == 1 && !m->any_before ? m->words.v[0] : "");
		return RC_OK;
	}
	str_add(&whole, "(?s)");
	rc = re2_translate(m->value, m->value_len, &whole, e);
	if (rc != RC_OK)
		return rc;
	m->prefix = leading_text(m);
	return pattern_compile(&m->pattern, str_c(&whole), PATTERN_WHOLE, e);
}

static bool is_regex(const struct matcher *m)
{
	return m->op == MATCHER_REGEX || m->op == MATCHER_NOT_REGEX;
}

enum rc matcher_new(struct matcher **ret, enum matcher_op op, const char *name, const char *value,
	struct err *e)
{
	scoped(matcher_free) struct matcher *m = must_alloc(sizeof *m);
	enum rc rc;

	m->op = op;
	m->name = must_strdup(name);
	m->value = must_strdup(value);
	m->value_len = strlen(value);
	if (is_regex(m)) {
		rc = compile(m, e);
		if (rc != RC_OK)
			return rc;
	} else {
		m->prefix = must_strdup(value);
		words_add(&m->words, value, "");
	}
	*ret = TAKE(m);
	return RC_OK;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	words_fini(&m->words);
	pattern_free(m->pattern);
	free(m->prefix);
	free(m->name);
	free(m->value);
	free(m);
}

enum matcher_op matcher_op(const struct matcher *m)
{
	return m->op;
}

const char *matcher_op_text(enum matcher_op op)
{
	static const char *const texts[] = { "=", "!=", "=~", "!~" };

	return texts[op];
}

const char *matcher_name(const struct matcher *m)
{
	return m->name;
}

const char *matcher_value(const struct matcher *m)
{
	return m->value;
}

static bool is_one_of(const struct words *w, const char *value, size_t n)
{
	uint32_t low = 0, high = w->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const char *word = w->v[middle];
		int order = strncmp(word, value, n);

		if (order == 0 && word[n] == '\0')
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* A word with room around it where room must be. */
static bool stands_in(const struct matcher *m, const char *word, const char *value, size_t n)
{
	size_t len = strlen(word), before = m->some_before, after = m->some_after;

	if (n < len + before + after)
		return false;
	if (!m->any_before)
		return memcmp(value, word, len) == 0;
	if (!m->any_after)
		return memcmp(value + n - len, word, len) == 0;
	return len == 0 || memmem(value + before, n - before - after, word, len);
}

static bool matches_regex(const struct matcher *m, const char *value, size_t n)
{
	bool matches = false;

	if (m->pattern)
		return pattern_match(m->pattern, value, n, &matches, NULL) == RC_OK && matches;
	if (!m->any_before && !m->any_after)
		return is_one_of(&m->words, value, n);
	for (uint32_t i = 0; i < m->words.n; i++)
		if (stands_in(m, m->words.v[i], value, n))
			return true;
	return false;
}

bool matcher_matches(const struct matcher *m, const char *value, size_t n)
{
	switch (m->op) {
	case MATCHER_EQUAL:
		return n == m->value_len && memcmp(value, m->value, n) == 0;
	case MATCHER_NOT_EQUAL:
		return n != m->value_len || memcmp(value, m->value, n) != 0;
	case MATCHER_REGEX:
		return matches_regex(m, value, n);
	case MATCHER_NOT_REGEX:
		return !matches_regex(m, value, n);
	}
	return false;
}

bool matcher_is_plain(const struct matcher *m)
{
	return !m->pattern;
}

const char *const *matcher_values(const struct matcher *m, uint32_t *ret_n)
{
	bool is_positive = m->op == MATCHER_EQUAL || m->op == MATCHER_REGEX;

	if (!is_positive || m->pattern || m->any_before || m->any_after)
		return NULL;
	*ret_n = m->words.n;
	return (const char *const *)m->words.v;
}

const char *matcher_prefix(const struct matcher *m)
{
	return m->op == MATCHER_EQUAL || m->op == MATCHER_REGEX ? m->prefix : "";
}
