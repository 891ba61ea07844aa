/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCRE2's own match limit starts anew at every position of the subject: \s+$ over 30 KB of blanks
 * runs for seconds under a limit of a million.  So every item of a pattern carries a callout
 * (pcre2callout(3)), which counts over the whole match.  One callout may stand for a long repeat of
 * a single character; the bytes that it moved over are counted too.
 *
 * No JIT: it wants memory that is writable and executable, which systemd units rightly forbid.
 */
#include "base/pattern.h"

#include "base/str.h"
#include "base/unicode.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <string.h>

#define LENGTH_MAX       (64 * 1024) /* of a pattern's text */
#define PATTERN_NAME_MAX 32          /* of a group; PCRE2's own limit */
#define HEAP_LIMIT_KIB   (64 * 1024) /* for backtracking in one match */

struct pattern {
	pcre2_code *code;
};

struct work {
	uint64_t steps;
	size_t last_position;
};

static int count_step(pcre2_callout_block *at, void *data)
{
	struct work *w = data;
	size_t here = at->current_position;

	w->steps += 1 + (here > w->last_position ? here - w->last_position : 0);
	w->last_position = here;
	return w->steps > PATTERN_STEPS_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

/* Sizes and newlines that don't depend on how PCRE2 was built. */
static pcre2_code *compile(const char *text, uint32_t options, int *ret_why, size_t *ret_offset)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;

	must(context != NULL);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
	pcre2_set_max_pattern_length(context, LENGTH_MAX);
	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, ret_why, ret_offset,
		context);
	pcre2_compile_context_free(context);
	return code;
}

/* The end of a class that begins at `c`, just behind its ']'. */
static const char *skip_class(const char *c)
{
	c += c[1] == '^' ? 2 : 1;
	if (*c == ']')
		c++;
	for (; *c && *c != ']'; c++) {
		const char *posix = c[0] == '[' && c[1] == ':' ? strstr(c + 2, ":]") : NULL;

		if (posix)
			c = posix + 1;
		else if (c[0] == '\\' && c[1])
			c++;
	}
	return *c ? c + 1 : c;
}

/* * + ? {2} {2,} {2,3}; any other brace is a brace. */
static bool is_repeat(const char *c)
{
	size_t n;

	if (*c != '{')
		return *c && strchr("*+?", *c);
	n = strspn(c + 1, "0123456789");
	if (n == 0)
		return false;
	c += 1 + n;
	if (*c == ',')
		c += 1 + strspn(c + 1, "0123456789");
	return *c == '}';
}

/* RE2 repeats what has no width, as in blackbox_exporter's own "^+OK"; PCRE2 wants a group
 * there. */
static void group_repeated_anchors(const char *text, struct str *out)
{
	while (*text) {
		size_t n = text[0] == '\\' && text[1] ? 2 : 1;
		bool is_anchor =
			n == 2 ? strchr("AzbB", text[1]) != NULL : strchr("^$", *text) != NULL;

		if (*text == '[')
			n = (size_t)(skip_class(text) - text);
		if (is_anchor && is_repeat(text + n))
			str_addf(out, "(?:%.*s)", (int)n, text);
		else
			str_addn(out, text, n);
		text += n;
	}
}

enum rc pattern_compile(struct pattern **ret, const char *text, enum pattern_flags flags,
	struct err *e)
{
	uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
			   PCRE2_DOLLAR_ENDONLY | PCRE2_AUTO_CALLOUT;
	scoped(str_fini) struct str translated = STR_EMPTY;
	char reason[128];
	size_t offset;
	int why;
	pcre2_code *code;

	group_repeated_anchors(text, &translated);
	if (flags & PATTERN_WHOLE)
		options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
	code = compile(str_c(&translated), options, &why, &offset);
	if (!code) {
		pcre2_get_error_message(why, (PCRE2_UCHAR *)reason, sizeof reason);
		return err_set(e, RC_INPUT, "regular expression '%.200s', offset %zu: %s", text,
			offset, reason);
	}
	*ret = must_alloc(sizeof **ret);
	(*ret)->code = code;
	return RC_OK;
}

/* The first match from byte `from` on; `work` was done already. */
static int match_from(const struct pattern *p, const struct pattern_use *use, size_t from,
	pcre2_match_data *data, struct work *work)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int outcome;

	must(context != NULL && data != NULL);
	work->last_position = from;
	pcre2_set_callout(context, count_step, work);
	pcre2_set_match_limit(context, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
	outcome = pcre2_match(p->code, (PCRE2_SPTR)(use->n > 0 ? use->subject : ""), use->n, from,
		0, data, context);
	pcre2_match_context_free(context);
	return outcome;
}

static int match(const struct pattern *p, const struct pattern_use *use, pcre2_match_data *data)
{
	struct work work = { 0 };

	return match_from(p, use, 0, data, &work);
}

static enum rc judge(int outcome, size_t n, bool *ret_matches, struct err *e)
{
	char reason[128];

	switch (outcome) {
	case PCRE2_ERROR_NOMATCH:
		*ret_matches = false;
		return RC_OK;
	case PCRE2_ERROR_CALLOUT:
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return err_set(e, RC_LIMIT,
			"the regular expression is too costly for %zu bytes: over %d steps or %d "
			"MiB",
			n, PATTERN_STEPS_MAX, HEAP_LIMIT_KIB / 1024);
	default:
		if (outcome >= 0) { /* 0: matched, with more groups than we asked for */
			*ret_matches = true;
			return RC_OK;
		}
		pcre2_get_error_message(outcome, (PCRE2_UCHAR *)reason, sizeof reason);
		return err_set(e, RC_INTERNAL, "matching a regular expression: %s", reason);
	}
}

enum rc pattern_match(const struct pattern *p, const char *subject, size_t n, bool *ret_matches,
	struct err *e)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int outcome = match(p, &(struct pattern_use){ .subject = subject, .n = n }, data);

	pcre2_match_data_free(data);
	return judge(outcome, n, ret_matches, e);
}

static bool is_name_character(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The name of the group at `text`, which stands behind a dollar sign; NULL when there is none. */
static const char *group_name(const char *text, size_t *ret_n, const char **ret_rest)
{
	bool is_braced = *text == '{';
	const char *name = text + is_braced;
	size_t n = 0;

	while (is_name_character(name[n]))
		n++;
	if (n == 0 || (is_braced && name[n] != '}'))
		return NULL;
	*ret_n = n;
	*ret_rest = name + n + is_braced;
	return name;
}

/* Number of the group called `name`; -1 when there is none. */
static int group_number(const pcre2_code *code, const char *name, size_t n)
{
	char copy[PATTERN_NAME_MAX + 1], *end;
	unsigned long number;
	int found;

	if (n > PATTERN_NAME_MAX)
		return -1;
	memcpy(copy, name, n);
	copy[n] = '\0';
	number = strtoul(copy, &end, 10);
	if (*end == '\0')
		return number <= UINT16_MAX ? (int)number : -1;
	found = pcre2_substring_number_from_name(code, (PCRE2_SPTR)copy);
	return found >= 0 ? found : -1;
}

static void add_group(pcre2_match_data *data, const char *subject, int number, struct str *out)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);

	if (number < 0 || (uint32_t)number >= pcre2_get_ovector_count(data))
		return;
	if (ends[2 * number] == PCRE2_UNSET || ends[2 * number] > ends[2 * number + 1])
		return;
	str_addn(out, subject + ends[2 * number], ends[2 * number + 1] - ends[2 * number]);
}

static void expand(const struct pattern *p, pcre2_match_data *data, const char *subject,
	const char *text, struct str *out)
{
	while (*text) {
		size_t plain = strcspn(text, "$"), n;
		const char *name;

		str_addn(out, text, plain);
		text += plain;
		if (!*text)
			return;
		text++;
		name = group_name(text, &n, &text);
		if (name)
			add_group(data, subject, group_number(p->code, name, n), out);
		else
			str_addc(out, '$');
		if (!name && *text == '$')
			text++;
	}
}

enum rc pattern_expand(const struct pattern *p, const struct pattern_use *use, struct str *out,
	bool *ret_matches, struct err *e)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
	int outcome = match(p, use, data);
	bool matches = false;
	enum rc rc = judge(outcome, use->n, &matches, e);

	if (rc == RC_OK && matches)
		expand(p, data, use->subject, use->text, out);
	pcre2_match_data_free(data);
	if (rc == RC_OK)
		*ret_matches = matches;
	return rc;
}

/* Where the next search begins: at the end of this match, but always a character further. */
static size_t advance(const struct pattern_use *use, size_t from, size_t end)
{
	size_t bytes = 1;

	if (from < use->n)
		utf8_decode(use->subject + from, use->n - from, &bytes);
	return from + bytes > end ? from + bytes : end;
}

static enum rc replace(const struct pattern *p, const struct pattern_use *use,
	pcre2_match_data *data, struct str *out, struct err *e)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
	struct work work = { 0 };
	size_t done = 0;

	for (size_t from = 0; from <= use->n; from = advance(use, from, done)) {
		bool matches = false;
		enum rc rc = judge(match_from(p, use, from, data, &work), use->n, &matches, e);

		if (rc != RC_OK)
			return rc;
		/* \K, which Go doesn't know, may turn the ends around. */
		if (!matches || ends[0] > ends[1] || ends[0] < done)
			break;
		str_addn(out, use->subject + done, ends[0] - done);
		/* Not for nothing right behind a match. */
		if (ends[1] > done || ends[0] == 0)
			expand(p, data, use->subject, use->text, out);
		done = ends[1];
	}
	str_addn(out, use->subject + done, use->n - done);
	return RC_OK;
}

enum rc pattern_replace(const struct pattern *p, const struct pattern_use *use, struct str *out,
	struct err *e)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
	enum rc rc = replace(p, use, data, out, e);

	pcre2_match_data_free(data);
	return rc;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p);
}
