/* SPDX-License-Identifier: Apache-2.0 */
#include "base/matcher_list.h"

#include "base/golang.h"
#include "base/unicode.h"

#define RESERVED "{}!=~,\\\"'`"

static const struct {
	const char *text;
	enum matcher_op op;
} operators[] = {
	/* the longer ones first: "=" begins "=~" */
	{ "=~", MATCHER_REGEX },
	{ "!~", MATCHER_NOT_REGEX },
	{ "!=", MATCHER_NOT_EQUAL },
	{ "=", MATCHER_EQUAL },
};

/* The white space that Go's unicode.IsSpace has. */
static bool is_space(uint32_t c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

static bool is_reserved(uint32_t c)
{
	return is_space(c) || (c && c < 0x80 && strchr(RESERVED, (int)c));
}

void matcher_list_fini(struct matcher_list *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		matcher_free(l->v[i]);
	free(l->v);
	*l = (struct matcher_list){ 0 };
}

enum rc matcher_list_add(struct matcher_list *l, enum matcher_op op, const char *name,
	const char *value, struct err *e)
{
	struct matcher *m;
	enum rc rc = matcher_new(&m, op, name, value, e);

	if (rc != RC_OK)
		return rc;
	must_grow(l->v, l->n, l->cap);
	l->v[l->n++] = m;
	return RC_OK;
}

/* The syntax that knows UTF-8 */

struct reader {
	const char *text, *at;
	struct err *e;
};

static size_t column(const struct reader *r)
{
	return utf8_count(r->text, (size_t)(r->at - r->text));
}

static enum rc refuse(const struct reader *r, const char *wanted)
{
	if (!*r->at)
		return err_set(r->e, RC_INPUT, "end of input: expected %s", wanted);
	return err_set(r->e, RC_INPUT, "0:%zu: unexpected '%.20s': expected %s", column(r), r->at,
		wanted);
}

static void skip_spaces(struct reader *r)
{
	size_t bytes;

	while (*r->at && is_space(utf8_decode(r->at, strlen(r->at), &bytes)))
		r->at += bytes;
}

static bool take(struct reader *r, const char *word)
{
	skip_spaces(r);
	if (!str_starts(r->at, word))
		return false;
	r->at += strlen(word);
	return true;
}

static enum rc read_quoted(struct reader *r, struct str *out)
{
	const char *end = r->at + 1;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (*end != '"')
		return err_set(r->e, RC_INPUT, "0:%zu: %s: missing end \"", column(r), r->at);
	if (!go_unquote(out, r->at, (size_t)(end + 1 - r->at)) || !utf8_valid(str_c(out), out->len))
		return err_set(r->e, RC_INPUT, "0:%zu: %.*s: invalid input", column(r),
			(int)(end + 1 - r->at), r->at);
	r->at = end + 1;
	return RC_OK;
}

static enum rc read_word(struct reader *r, const char *wanted, struct str *out)
{
	const char *begin;
	size_t bytes;

	skip_spaces(r);
	if (*r->at == '"')
		return read_quoted(r, out);
	begin = r->at;
	while (*r->at && !is_reserved(utf8_decode(r->at, strlen(r->at), &bytes)))
		r->at += bytes;
	if (r->at == begin)
		return refuse(r, wanted);
	str_addn(out, begin, (size_t)(r->at - begin));
	return RC_OK;
}

static enum rc read_operator(struct reader *r, enum matcher_op *ret)
{
	for (size_t i = 0; i < COUNT(operators); i++)
		if (take(r, operators[i].text)) {
			*ret = operators[i].op;
			return RC_OK;
		}
	return refuse(r, "an operator such as '=', '!=', '=~' or '!~'");
}

static enum rc read_matcher(struct reader *r, struct matcher_list *l)
{
	scoped(str_fini) struct str name = STR_EMPTY, value = STR_EMPTY;
	enum matcher_op op = MATCHER_EQUAL;
	enum rc rc = read_word(r, "label name", &name);

	if (rc == RC_OK)
		rc = read_operator(r, &op);
	if (rc == RC_OK)
		rc = read_word(r, "label value", &value);
	return rc == RC_OK ? matcher_list_add(l, op, str_c(&name), str_c(&value), r->e) : rc;
}

static enum rc read_all(struct reader *r, struct matcher_list *l)
{
	bool has_brace = take(r, "{"), is_first = true;
	enum rc rc;

	skip_spaces(r);
	while (*r->at && *r->at != '}') {
		if (!is_first && !take(r, ","))
			return refuse(r, "a comma or close brace");
		skip_spaces(r);
		if (!is_first && (!*r->at || *r->at == '}'))
			break;
		rc = read_matcher(r, l);
		if (rc != RC_OK)
			return rc;
		is_first = false;
		skip_spaces(r);
	}
	if (has_brace != take(r, "}"))
		return refuse(r, has_brace ? "close brace" : "opening brace");
	skip_spaces(r);
	return *r->at ? refuse(r, "end of input") : RC_OK;
}

/* The classic syntax */

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

/* Three escapes; any other backslash is itself. */
static enum rc read_classic_value(const char *s, size_t n, struct str *out, struct err *e)
{
	bool is_quoted = n > 0 && *s == '"';

	for (size_t i = is_quoted; i < n; i++) {
		char next = i + 1 < n ? s[i + 1] : '\0';

		if (s[i] == '\\' && next) {
			if (next != 'n' && next != '"' && next != '\\')
				str_addc(out, '\\');
			str_addc(out, next == 'n' ? '\n' : next);
			i++;
		} else if (s[i] == '"' && is_quoted && i == n - 1) {
			return RC_OK;
		} else if (s[i] == '"') {
			is_quoted = true;
			break;
		} else {
			str_addc(out, s[i]);
		}
	}
	if (is_quoted)
		return err_set(e, RC_INPUT, "matcher value contains unescaped double quote: %.*s",
			(int)n, s);
	return RC_OK;
}

static enum rc read_classic(struct matcher_list *l, const char *s, size_t n, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY, value = STR_EMPTY;
	struct reader r = { .e = e };
	enum matcher_op op = MATCHER_EQUAL;
	const char *name, *end;
	enum rc rc;

	str_addn(&text, s, n);
	r.text = r.at = str_c(&text);
	r.at += strspn(r.at, "\t\n\f\r ");
	name = r.at;
	while (is_name_start(*r.at) || (r.at > name && *r.at >= '0' && *r.at <= '9'))
		r.at++;
	end = r.at;
	r.at += strspn(r.at, "\t\n\f\r ");
	if (end == name || read_operator(&r, &op) != RC_OK)
		return err_set(e, RC_INPUT, "bad matcher format: %.*s", (int)n, s);
	r.at += strspn(r.at, "\t\n\f\r ");
	n = strlen(r.at);
	while (n > 0 && strchr("\t\n\f\r ", r.at[n - 1]))
		n--;
	if (!utf8_valid(r.at, n) && n > 0)
		return err_set(e, RC_INPUT, "matcher value not valid UTF-8: %s", r.at);
	rc = read_classic_value(r.at, n, &value, e);
	text.s[end - text.s] = '\0';
	return rc == RC_OK ? matcher_list_add(l, op, name, str_c(&value), e) : rc;
}

/* Where the matcher ends: at a comma outside of quotes. */
static size_t classic_length(const char *s, size_t n)
{
	bool is_within = false, is_escaped = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == ',' && !is_within)
			return i;
		if (s[i] == '"' && !is_escaped)
			is_within = !is_within;
		is_escaped = s[i] == '\\' && !is_escaped;
	}
	return n;
}

static enum rc parse_classic(struct matcher_list *l, const char *text, struct err *e)
{
	size_t n = strlen(text), length;
	enum rc rc = RC_OK;

	if (n > 0 && *text == '{') {
		text++;
		n--;
	}
	if (n > 0 && text[n - 1] == '}')
		n--;
	for (; n > 0 && rc == RC_OK; text += length, n -= length) {
		length = classic_length(text, n);
		if (length < n || strspn(text, "\t\n\v\f\r ") < length)
			rc = read_classic(l, text, length, e);
		length += length < n;
	}
	return rc;
}

/* Both */

static bool is_same(const struct matcher *a, const struct matcher *b)
{
	return matcher_op(a) == matcher_op(b) && str_eq(matcher_name(a), matcher_name(b)) &&
	       str_eq(matcher_value(a), matcher_value(b));
}

static bool differ(const struct matcher_list *a, const struct matcher_list *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++)
		if (!is_same(a->v[i], b->v[i]))
			return true;
	return a->n != b->n;
}

static void move(struct matcher_list *to, struct matcher_list *from)
{
	for (uint32_t i = 0; i < from->n; i++) {
		must_grow(to->v, to->n, to->cap);
		to->v[to->n++] = from->v[i];
	}
	from->n = 0;
}

enum rc matcher_list_parse(struct matcher_list *l, const char *text, struct err *e)
{
	scoped(matcher_list_fini) struct matcher_list now = { 0 }, classic = { 0 };
	struct reader r = { text, text, NULL };
	bool is_new = read_all(&r, &now) == RC_OK;
	enum rc rc = parse_classic(&classic, text, e);

	if (rc != RC_OK && !is_new)
		return rc;
	move(l, rc == RC_OK && (!is_new || differ(&now, &classic)) ? &classic : &now);
	return RC_OK;
}

static int compare(const void *left, const void *right)
{
	const struct matcher *a = *(const struct matcher *const *)left;
	const struct matcher *b = *(const struct matcher *const *)right;
	int order = strcmp(matcher_name(a), matcher_name(b));

	if (order == 0)
		order = strcmp(matcher_value(a), matcher_value(b));
	return order ? order : (int)matcher_op(a) - (int)matcher_op(b);
}

void matcher_list_sort(struct matcher_list *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof *l->v, compare);
}

bool matcher_list_match(const struct matcher_list *l, const struct labels *labels)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct label *found = labels_find(labels, matcher_name(l->v[i]));

		if (!matcher_matches(l->v[i], found ? found->value : "",
			    found ? found->value_len : 0))
			return false;
	}
	return true;
}

static bool needs_quotes(const char *name)
{
	size_t bytes;

	for (; *name; name += bytes)
		if (is_reserved(utf8_decode(name, strlen(name), &bytes)))
			return true;
	return false;
}

static void add_matcher(const struct matcher *m, struct str *out)
{
	const char *name = matcher_name(m), *value = matcher_value(m);

	if (needs_quotes(name)) {
		go_quote(out, name, strlen(name), GO_QUOTE);
		str_add(out, matcher_op_text(matcher_op(m)));
		go_quote(out, value, strlen(value), GO_QUOTE);
		return;
	}
	str_addf(out, "%s%s\"", name, matcher_op_text(matcher_op(m)));
	for (; *value; value++) {
		if (*value == '\n')
			str_add(out, "\\n");
		else if (*value == '\\' || *value == '"')
			str_addf(out, "\\%c", *value);
		else
			str_addc(out, *value);
	}
	str_addc(out, '"');
}

void matcher_list_text(const struct matcher_list *l, struct str *out)
{
	str_addc(out, '{');
	for (uint32_t i = 0; i < l->n; i++) {
		if (i > 0)
			str_addc(out, ',');
		add_matcher(l->v[i], out);
	}
	str_addc(out, '}');
}
