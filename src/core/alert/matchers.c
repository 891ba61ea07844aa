/* SPDX-License-Identifier: Apache-2.0 */
#include "core/alert/silence.h"

#include <ctype.h>

enum operator{ EQUAL, NOT_EQUAL, REGEX, NOT_REGEX };
/* The longer ones first: "=" begins "=~". */
static const struct {
	const char *text;
	enum operator op;
} operators[] = {
	{ "=~", REGEX },
	{ "!~", NOT_REGEX },
	{ "!=", NOT_EQUAL },
	{ "=", EQUAL },
};

struct matcher {
	char *name;
	char *value;
	enum operator op;
	struct pattern *pattern; /* REGEX, NOT_REGEX */
	bool is_broken;          /* a match took too much work once */
};

struct matchers {
	struct matcher *items;
	uint32_t n, cap;
};

/* Where the reader stands. */
struct reader {
	const char *text, *at;
	struct err *e;
};

static enum rc refuse(const struct reader *r, const char *wanted)
{
	if (!*r->at)
		return err_set(r->e, RC_INPUT, "matchers: ends where %s should stand", wanted);
	return err_set(r->e, RC_INPUT, "matchers: column %zu: %s expected",
		(size_t)(r->at - r->text) + 1, wanted);
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\r\n\v\f");
}

static bool take(struct reader *r, const char *word)
{
	skip_blanks(r);
	if (!str_starts(r->at, word))
		return false;
	r->at += strlen(word);
	return true;
}

static void add_code_point(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		str_addc(out, (char)(0xf0 | c >> 18));
		str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Exactly `digits` digits of `base` at *p; false when there are others. */
static bool take_number(const char **p, int digits, unsigned base, uint32_t *ret)
{
	uint32_t value = 0;

	for (int i = 0; i < digits; i++) {
		int c = tolower((unsigned char)(*p)[i]);
		unsigned digit = isdigit(c)             ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
							: 99;

		if (digit >= base)
			return false;
		value = value * base + digit;
	}
	*p += digits;
	*ret = value;
	return true;
}

/* One escape of Go's interpreted string literals, `*p` just after the backslash. */
static bool take_escape(const char **p, struct str *out)
{
	static const char simple[] = "a\ab\bf\fn\nr\rt\tv\v\\\\\"\"";
	static const struct {
		char letter;
		int digits;
	} numbers[] = { { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };
	uint32_t c;

	for (const char *s = simple; *s; s += 2) {
		if (**p == s[0]) {
			str_addc(out, s[1]);
			(*p)++;
			return true;
		}
	}
	if (**p >= '0' && **p <= '7') {
		if (!take_number(p, 3, 8, &c) || c == 0 || c > 0xff)
			return false;
		str_addc(out, (char)c);
		return true;
	}
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (**p != numbers[i].letter)
			continue;
		(*p)++;
		if (!take_number(p, numbers[i].digits, 16, &c) || c == 0 || c > 0x10ffff)
			return false;
		if (numbers[i].letter == 'x')
			str_addc(out, (char)c);
		else
			add_code_point(out, c);
		return true;
	}
	return false;
}

/* `n` bytes between quotes as Go reads them; false when Go refuses them. */
static bool unquote(const char *s, size_t n, struct str *out)
{
	const char *end = s + n;

	while (s < end) {
		if (*s == '\n')
			return false;
		if (*s != '\\') {
			str_addc(out, *s++);
			continue;
		}
		s++;
		if (!take_escape(&s, out) || s > end)
			return false;
	}
	return utf8_valid(str_c(out), out->len);
}

/* As Alertmanager read them before it knew UTF-8: three escapes, any other backslash is one. */
static void unquote_classic(const char *s, size_t n, struct str *out)
{
	for (size_t i = 0; i < n; i++) {
		char next = i + 1 < n ? s[i + 1] : '\0';

		if (s[i] == '\\' && (next == 'n' || next == '\\' || next == '"')) {
			str_addc(out, next == 'n' ? '\n' : next);
			i++;
		} else {
			str_addc(out, s[i]);
		}
	}
}

static enum rc read_quoted(struct reader *r, struct str *out)
{
	const char *start = r->at + 1, *end = start;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (*end != '"')
		return err_set(r->e, RC_INPUT, "matchers: column %zu: the quote is never closed",
			(size_t)(r->at - r->text) + 1);
	if (!unquote(start, (size_t)(end - start), out)) {
		str_clear(out);
		unquote_classic(start, (size_t)(end - start), out);
	}
	r->at = end + 1;
	return RC_OK;
}

static enum rc read_text(struct reader *r, const char *what, char **ret)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	enum rc rc;

	skip_blanks(r);
	if (*r->at == '"') {
		rc = read_quoted(r, &text);
		if (rc != RC_OK)
			return rc;
	} else {
		size_t n = strcspn(r->at, " \t\r\n\v\f{}!=~,\\\"'`");

		if (n == 0)
			return refuse(r, what);
		str_addn(&text, r->at, n);
		r->at += n;
	}
	*ret = str_take(&text);
	return RC_OK;
}

static enum rc read_operator(struct reader *r, enum operator* ret)
{
	for (size_t i = 0; i < COUNT(operators); i++) {
		if (take(r, operators[i].text)) {
			*ret = operators[i].op;
			return RC_OK;
		}
	}
	return refuse(r, "one of = != =~ !~");
}

static enum rc read_matcher(struct reader *r, struct matcher *m)
{
	enum rc rc = read_text(r, "the name of a label", &m->name);

	if (rc != RC_OK)
		return rc;
	if (!*m->name)
		return err_set(r->e, RC_INPUT, "matchers: the name of a label is empty");
	if ((rc = read_operator(r, &m->op)) || (rc = read_text(r, "a value", &m->value)))
		return rc;
	if (m->op != REGEX && m->op != NOT_REGEX)
		return RC_OK;
	rc = pattern_compile(&m->pattern, m->value, PATTERN_WHOLE, r->e);
	return rc == RC_OK ? rc : err_in(r->e, RC_INPUT, "matchers: %s", m->name);
}

static enum rc read_list(struct reader *r, struct matchers *m, bool in_braces)
{
	for (;;) {
		enum rc rc;

		skip_blanks(r);
		if (*r->at == (in_braces ? '}' : '\0'))
			return RC_OK;
		if (m->n == MATCHERS_MAX)
			return err_set(r->e, RC_LIMIT, "matchers: more than %d", MATCHERS_MAX);
		must_grow(m->items, m->n, m->cap);
		m->items[m->n++] = (struct matcher){ 0 };
		rc = read_matcher(r, &m->items[m->n - 1]);
		if (rc != RC_OK)
			return rc;
		if (!take(r, ","))
			return RC_OK;
	}
}

static bool value_matches(struct matcher *m, const char *value)
{
	bool wants = m->op == EQUAL || m->op == REGEX, matches = false;

	if (m->op == EQUAL || m->op == NOT_EQUAL)
		return str_eq(m->value, value) == wants;
	if (!m->is_broken &&
		pattern_match(m->pattern, value, strlen(value), &matches, NULL) != RC_OK)
		m->is_broken = true;
	return !m->is_broken && matches == wants;
}

static bool silences_everything(const struct matchers *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (!value_matches(&m->items[i], ""))
			return false;
	return true;
}

enum rc matchers_parse(struct matchers **ret, const char *text, struct err *e)
{
	scoped(matchers_free) struct matchers *m = must_alloc(sizeof *m);
	struct reader r = { text, text, e };
	bool in_braces;
	enum rc rc;

	if (strlen(text) > MATCHERS_TEXT_MAX)
		return err_set(e, RC_LIMIT, "matchers: longer than %d bytes", MATCHERS_TEXT_MAX);
	if (!utf8_valid(text, strlen(text)))
		return err_set(e, RC_INPUT, "matchers: not UTF-8");
	in_braces = take(&r, "{");
	rc = read_list(&r, m, in_braces);
	if (rc != RC_OK)
		return rc;
	if (in_braces && !take(&r, "}"))
		return refuse(&r, "a comma or }");
	skip_blanks(&r);
	if (*r.at)
		return refuse(&r, in_braces ? "nothing more" : "a comma or the end");
	if (silences_everything(m))
		return err_set(e, RC_INPUT,
			"matchers: would match everything, even what lacks these labels; "
			"say name=~\".+\" if that is meant");
	*ret = TAKE(m);
	return RC_OK;
}

static const char *value_of(const char *name, const struct silence_label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(labels[i].name, name))
			return labels[i].value ? labels[i].value : "";
	return "";
}

bool matchers_match(const struct matchers *m, const struct silence_label *labels, size_t n)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (!value_matches(&m->items[i], value_of(m->items[i].name, labels, n)))
			return false;
	return true;
}

void label_mark(struct label_marks *marks, const char *name, const char *value)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	h = (h ^ 0xff) * 16777619u;
	for (; *value; value++)
		h = (h ^ (uint8_t)*value) * 16777619u;
	h ^= h >> 15;
	marks->bits[h >> 6 & 3] |= UINT64_C(1) << (h & 63);
}

struct label_marks matchers_marks(const struct matchers *m)
{
	struct label_marks marks = { 0 };

	for (uint32_t i = 0; i < m->n; i++)
		if (m->items[i].op == EQUAL && *m->items[i].value)
			label_mark(&marks, m->items[i].name, m->items[i].value);
	return marks;
}

const char *matchers_unknown(const struct matchers *m, const char *const *known, size_t n)
{
	for (uint32_t i = 0; i < m->n; i++) {
		bool is_known = false;

		for (size_t k = 0; k < n; k++)
			is_known |= str_eq(m->items[i].name, known[k]);
		if (!is_known)
			return m->items[i].name;
	}
	return NULL;
}

void matchers_free(struct matchers *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++) {
		free(m->items[i].name);
		free(m->items[i].value);
		pattern_free(m->items[i].pattern);
	}
	free(m->items);
	free(m);
}
