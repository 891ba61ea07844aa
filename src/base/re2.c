/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the text; what is kept of it is whether there is something to repeat, and how often
 * repeats within each other multiply.  What is read is copied, but for names of groups, which PCRE2
 * wants to be different, and for what may stand in a class unescaped only in Go's.
 */
#include "base/re2.h"

#include "base/pattern.h"
#include "base/unicode.h"

#define REPEAT_MAX  1000
#define NESTING_MAX 1000 /* groups; Go counts its tree's levels, which are some fewer */

enum problem {
	FINE,
	BAD_RANGE,
	BAD_ESCAPE,
	BAD_CAPTURE,
	BAD_PERL,
	BAD_REPEAT,
	BAD_COUNT,
	BAD_UTF8,
	NO_BRACKET,
	NO_PAREN,
	NO_ARGUMENT,
	BAD_BACKSLASH,
	BAD_PAREN,
	TOO_DEEP,
};

static const char *const problems[] = {
	[BAD_RANGE] = "invalid character class range",
	[BAD_ESCAPE] = "invalid escape sequence",
	[BAD_CAPTURE] = "invalid named capture",
	[BAD_PERL] = "invalid or unsupported Perl syntax",
	[BAD_REPEAT] = "invalid nested repetition operator",
	[BAD_COUNT] = "invalid repeat count",
	[BAD_UTF8] = "invalid UTF-8",
	[NO_BRACKET] = "missing closing ]",
	[NO_PAREN] = "missing closing )",
	[NO_ARGUMENT] = "missing argument to repetition operator",
	[BAD_BACKSLASH] = "trailing backslash at end of expression",
	[BAD_PAREN] = "unexpected )",
	[TOO_DEEP] = "expression nests too deeply",
};

struct group {
	bool has_item;  /* there is something that could be repeated */
	unsigned times; /* how often the last item's innermost part repeats, 0: nothing does */
	unsigned most;  /* the same of any item */
};

struct reader {
	const char *text, *at, *end;
	const char *repeat; /* the repeat that ends at `at`; NULL: another thing does */
	struct group groups[NESTING_MAX + 1];
	unsigned depth;
	struct str *out;
	const char *copied; /* up to here it is in `out` */
	enum problem problem;
	const char *from, *to; /* of what the problem is about */
};

static bool fail(struct reader *r, enum problem problem, const char *from, const char *to)
{
	r->problem = problem;
	r->from = from;
	r->to = to;
	return false;
}

/* What was read since is copied as it is, or replaced by `text`. */
static void copy(struct reader *r)
{
	str_addn(r->out, r->copied, (size_t)(r->at - r->copied));
	r->copied = r->at;
}

static void replace(struct reader *r, const char *text)
{
	str_add(r->out, text);
	r->copied = r->at;
}

static bool is_next(const struct reader *r, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(r->end - r->at) >= n && memcmp(r->at, s, n) == 0;
}

static bool is_word(uint32_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static int hex_value(uint32_t c)
{
	if (c >= '0' && c <= '9')
		return (int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (int)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (int)(c - 'A') + 10 : -1;
}

/* At the end of the text the character is U+FFFD, and nothing is read. */
static bool read_character(struct reader *r, uint32_t *ret)
{
	size_t bytes = 0;

	*ret = UNICODE_REPLACEMENT;
	if (r->at < r->end)
		*ret = utf8_decode(r->at, (size_t)(r->end - r->at), &bytes);
	if (bytes == 1 && *ret == UNICODE_REPLACEMENT)
		return fail(r, BAD_UTF8, r->at, r->end);
	r->at += bytes;
	return true;
}

static void add_item(struct reader *r)
{
	struct group *g = &r->groups[r->depth];

	g->has_item = true;
	g->times = 0;
}

static bool open_group(struct reader *r)
{
	if (r->depth == NESTING_MAX)
		return fail(r, TOO_DEEP, r->text, r->end);
	r->groups[++r->depth] = (struct group){ 0 };
	return true;
}

static bool close_group(struct reader *r)
{
	unsigned most = r->groups[r->depth].most;

	if (r->depth == 0)
		return fail(r, BAD_PAREN, r->text, r->end);
	r->at++;
	r->depth--;
	add_item(r);
	r->groups[r->depth].times = most;
	if (r->groups[r->depth].most < most)
		r->groups[r->depth].most = most;
	return true;
}

/* (?P<name> or (?<name>: `name` is how far in it begins. */
static bool read_capture(struct reader *r, size_t name)
{
	const char *close = memchr(r->at, '>', (size_t)(r->end - r->at));

	if (!close)
		return fail(r, BAD_CAPTURE, r->at, r->end);
	for (const char *c = r->at + name; c < close; c++)
		if (!is_word((unsigned char)*c))
			return fail(r, BAD_CAPTURE, r->at, close + 1);
	if (close == r->at + name)
		return fail(r, BAD_CAPTURE, r->at, close + 1);
	r->at = close + 1;
	replace(r, "(");
	return open_group(r);
}

/* (?i), (?i-s:. */
static bool read_flags(struct reader *r)
{
	const char *start = r->at;
	bool is_negated = false, saw_flag = false;
	uint32_t c;

	r->at += 2;
	while (r->at < r->end) {
		if (!read_character(r, &c))
			return false;
		if (c == ')' && (!is_negated || saw_flag))
			return true;
		if (c == ':' && (!is_negated || saw_flag))
			return open_group(r);
		if (c == '-' && !is_negated) {
			is_negated = true;
			saw_flag = false;
		} else if (c && c < 0x80 && strchr("imsU", (int)c)) {
			saw_flag = true;
		} else {
			break;
		}
	}
	return fail(r, BAD_PERL, start, r->at);
}

static bool read_open(struct reader *r)
{
	size_t left = (size_t)(r->end - r->at);

	if (left > 4 && is_next(r, "(?P<"))
		return read_capture(r, 4);
	if (left > 3 && is_next(r, "(?<"))
		return read_capture(r, 3);
	if (is_next(r, "(?"))
		return read_flags(r);
	r->at++;
	return open_group(r);
}

static bool fail_escape(struct reader *r, const char *start)
{
	return fail(r, BAD_ESCAPE, start, r->at);
}

/* \x41, \x{1f600}; the x was read. */
static bool read_hex(struct reader *r, const char *start, uint32_t *ret)
{
	uint32_t c, second, value = 0;
	int digits = 0;

	if (r->at == r->end)
		return fail_escape(r, start);
	if (!read_character(r, &c))
		return false;
	if (c != '{') {
		if (!read_character(r, &second))
			return false;
		if (hex_value(c) < 0 || hex_value(second) < 0)
			return fail_escape(r, start);
		*ret = (uint32_t)(hex_value(c) * 16 + hex_value(second));
		return true;
	}
	for (;; digits++) {
		if (r->at == r->end)
			return fail_escape(r, start);
		if (!read_character(r, &c))
			return false;
		if (c == '}')
			break;
		if (hex_value(c) < 0)
			return fail_escape(r, start);
		value = value * 16 + (uint32_t)hex_value(c);
		if (value > UNICODE_MAX)
			return fail_escape(r, start);
	}
	*ret = value;
	return digits > 0 || fail_escape(r, start);
}

/* A backslash that stands for one character. */
static bool read_escape(struct reader *r, uint32_t *ret)
{
	const char *start = r->at++;
	uint32_t c;

	if (r->at == r->end)
		return fail(r, BAD_BACKSLASH, r->end, r->end);
	if (!read_character(r, &c))
		return false;
	*ret = c;
	if (c == 'x')
		return read_hex(r, start, ret);
	if (c >= '0' && c <= '7') {
		if (c != '0' && (r->at == r->end || *r->at < '0' || *r->at > '7'))
			return fail_escape(r, start); /* a backreference */
		*ret = c - '0';
		for (int i = 1; i < 3 && r->at < r->end && *r->at >= '0' && *r->at <= '7'; i++)
			*ret = *ret * 8 + (uint32_t)(*r->at++ - '0');
		return true;
	}
	if (c < 0x80 && c && (strchr("afnrtv", (int)c) || c == '_' || !is_word(c)))
		return true;
	return c == 0 || fail_escape(r, start);
}

/* Of \p{Greek}: a category or a script, as the engine knows them, but in Go's spelling. */
static bool is_property(const char *name, size_t n)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str text = STR_EMPTY;

	if (n > 0 && name[0] == '^') {
		name++;
		n--;
	}
	if (n == 0 || name[0] < 'A' || name[0] > 'Z')
		return false;
	for (size_t i = 1; i < n; i++)
		if (!is_word((unsigned char)name[i]) ||
			(name[i] >= 'A' && name[i] <= 'Z' && name[i - 1] != '_' && n > 2))
			return false;
	str_addf(&text, "\\p{%.*s}", (int)n, name);
	return pattern_compile(&p, str_c(&text), PATTERN_WHOLE, NULL) == RC_OK;
}

/* \pL, \P{Greek}. */
static bool read_property(struct reader *r)
{
	const char *start = r->at, *name, *close;
	uint32_t c;

	r->at += 2;
	name = r->at;
	if (!read_character(r, &c))
		return false;
	close = r->at;
	if (c == '{') {
		name++;
		close = memchr(start, '}', (size_t)(r->end - start));
		if (!close)
			return fail(r, BAD_RANGE, start, r->end);
		r->at = close + 1;
	}
	return is_property(name, (size_t)(close - name)) || fail(r, BAD_RANGE, start, r->at);
}

/* A backslash and what belongs to it that stands for more than one character.  *ret false: it
 * doesn't, and nothing is read. */
static bool read_class_escape(struct reader *r, bool *ret)
{
	*ret = r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] && strchr("pPdDsSwW", r->at[1]);
	if (!*ret)
		return true;
	if (r->at[1] == 'p' || r->at[1] == 'P')
		return read_property(r);
	r->at += 2;
	return true;
}

/* [:alpha:].  *ret false: it is none, and nothing is read. */
static bool read_posix_class(struct reader *r, bool *ret)
{
	static const char *const names[] = { "alnum", "alpha", "ascii", "blank", "cntrl", "digit",
		"graph", "lower", "print", "punct", "space", "upper", "word", "xdigit" };
	const char *name = r->at + 2, *close;
	size_t n;

	*ret = false;
	if (r->end - r->at <= 2 || !is_next(r, "[:"))
		return true;
	close = memmem(name, (size_t)(r->end - name), ":]", 2);
	if (!close)
		return true;
	*ret = true;
	name += *name == '^';
	n = (size_t)(close - name);
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) {
			r->at = close + 2;
			return true;
		}
	}
	return fail(r, BAD_RANGE, r->at, close + 2);
}

static bool read_class_character(struct reader *r, const char *class, uint32_t *ret)
{
	if (r->at == r->end)
		return fail(r, NO_BRACKET, class, r->end);
	return *r->at == '\\' ? read_escape(r, ret) : read_character(r, ret);
}

static bool read_class_item(struct reader *r, const char *class)
{
	const char *start = r->at;
	uint32_t low, high;
	bool is_read;

	if (!read_posix_class(r, &is_read) || is_read)
		return is_read && r->problem == FINE;
	if (!read_class_escape(r, &is_read) || is_read)
		return r->problem == FINE;
	if (!read_class_character(r, class, &low))
		return false;
	if (r->end - r->at < 2 || r->at[0] != '-' || r->at[1] == ']')
		return true;
	r->at++;
	if (!read_class_character(r, class, &high))
		return false;
	return low <= high || fail(r, BAD_RANGE, start, r->at);
}

static bool read_class(struct reader *r)
{
	const char *class = r->at++;

	if (is_next(r, "^"))
		r->at++;
	do {
		copy(r);
		if (is_next(r, "-") || (is_next(r, "[") && !is_next(r, "[:")))
			str_addc(r->out, '\\');
		if (!read_class_item(r, class))
			return false;
	} while (!is_next(r, "]"));
	r->at++;
	add_item(r);
	return true;
}

/* -1: no number; beyond REPEAT_MAX it is just too much. */
static int read_count(const char **at, const char *end)
{
	const char *c = *at;
	int n = 0;

	if (c == end || *c < '0' || *c > '9' ||
		(end - c > 1 && *c == '0' && c[1] >= '0' && c[1] <= '9'))
		return -1;
	for (; c < end && *c >= '0' && *c <= '9'; c++)
		n = n > REPEAT_MAX ? n : n * 10 + (*c - '0');
	*at = c;
	return n;
}

struct count {
	int least, most; /* most -1: without bound */
};

/* {2}, {2,}, {2,3}; else the brace is itself, and nothing is read. */
static bool read_braces(struct reader *r, struct count *ret)
{
	const char *at = r->at + 1;
	int least = read_count(&at, r->end), most = least;

	if (least < 0 || at == r->end)
		return false;
	if (*at == ',') {
		at++;
		most = -1;
		if (at == r->end || (*at != '}' && (most = read_count(&at, r->end)) < 0))
			return false;
	}
	if (at == r->end || *at != '}')
		return false;
	r->at = at + 1;
	*ret = (struct count){ least, most };
	return true;
}

/* The last item is repeated; `start` is where that is said. */
static bool repeat(struct reader *r, const char *start, struct count count)
{
	struct group *g = &r->groups[r->depth];
	unsigned times = count.most < 0 ? (unsigned)count.least : (unsigned)count.most;

	if (is_next(r, "?"))
		r->at++;
	if (r->repeat)
		return fail(r, BAD_REPEAT, r->repeat, r->at);
	if (!g->has_item)
		return fail(r, NO_ARGUMENT, start, r->at);
	r->repeat = start;
	if (count.most == 0)
		g->times = 0;
	else if (times > 1)
		g->times = times * (g->times ? g->times : 1);
	if (g->times > REPEAT_MAX)
		return fail(r, BAD_COUNT, start, r->at);
	if (g->most < g->times)
		g->most = g->times;
	return true;
}

static bool read_repeat(struct reader *r)
{
	const char *start = r->at;
	struct count count = { 0, -1 };

	if (*start != '{') {
		r->at++;
	} else if (!read_braces(r, &count)) {
		r->at++;
		r->repeat = NULL;
		add_item(r);
		return true;
	} else if (count.least > REPEAT_MAX || count.most > REPEAT_MAX ||
		   (count.most >= 0 && count.least > count.most)) {
		return fail(r, BAD_COUNT, start, r->at);
	}
	return repeat(r, start, count);
}

/* \Q...\E: everything between is itself. */
static bool read_quoted(struct reader *r)
{
	const char *close = memmem(r->at, (size_t)(r->end - r->at), "\\E", 2);
	const char *end = r->end;
	uint32_t c;

	r->at += 2;
	for (r->end = close ? close : end; r->at < r->end;) {
		if (!read_character(r, &c))
			return false;
		add_item(r);
	}
	r->end = end;
	r->at += close ? 2 : 0;
	return true;
}

static bool read_backslash(struct reader *r)
{
	bool is_class;
	uint32_t c;

	if (is_next(r, "\\Q"))
		return read_quoted(r);
	if (r->end - r->at >= 2 && r->at[1] && strchr("AbBz", r->at[1])) {
		r->at += 2;
	} else if (is_next(r, "\\C")) {
		return fail(r, BAD_ESCAPE, r->at, r->at + 2);
	} else {
		if (!read_class_escape(r, &is_class) || (!is_class && !read_escape(r, &c)))
			return false;
	}
	add_item(r);
	return true;
}

static bool read_one(struct reader *r)
{
	uint32_t c;

	if (*r->at && strchr("*+?{", *r->at))
		return read_repeat(r);
	r->repeat = NULL;
	if (*r->at == '(')
		return read_open(r);
	if (*r->at == ')')
		return close_group(r);
	if (*r->at == '[')
		return read_class(r);
	if (*r->at == '\\')
		return read_backslash(r);
	if (*r->at == '|') {
		r->at++;
		r->groups[r->depth].has_item = false;
		return true;
	}
	add_item(r);
	return read_character(r, &c);
}

enum rc re2_translate(const char *text, size_t n, struct str *out, struct err *e)
{
	struct reader r = { .text = text, .at = text, .end = text + n, .out = out, .copied = text };

	while (r.at < r.end && read_one(&r))
		copy(&r);
	if (r.problem == FINE && r.depth > 0)
		fail(&r, NO_PAREN, r.text, r.end);
	if (r.problem == FINE)
		return RC_OK;
	return err_set(e, RC_INPUT, "error parsing regexp: %s: `%.*s`", problems[r.problem],
		(int)(r.to - r.from), r.from);
}
