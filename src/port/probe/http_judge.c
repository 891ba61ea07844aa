/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/http_judge.h"

#include <stdio.h>

#define SHOWN_MAX 80 /* bytes of a value or a pattern in a message */

const char *http_version_text(uint8_t version)
{
	switch (version) {
	case 10:
		return "HTTP/1.0";
	case 20:
		return "HTTP/2.0";
	default:
		return "HTTP/1.1";
	}
}

/* True, so that callers say `return say(...)`: this rule decides. */
static bool PRINTF(2, 3) say(struct http_verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->why, sizeof v->why, fmt, ap);
	va_end(ap);
	return true;
}

static bool is_wanted(const struct http_spec *spec, uint16_t status)
{
	if (spec->n_status == 0)
		return status >= 200 && status <= 299;
	for (uint32_t i = 0; i < spec->n_status; i++)
		if (status >= spec->status[i].low && status <= spec->status[i].high)
			return true;
	return false;
}

static void list_statuses(const struct http_spec *spec, struct str *out)
{
	if (spec->n_status == 0)
		str_add(out, "200-299");
	for (uint32_t i = 0; i < spec->n_status; i++) {
		str_addf(out, "%s%u", i ? ", " : "", spec->status[i].low);
		if (spec->status[i].high != spec->status[i].low)
			str_addf(out, "-%u", spec->status[i].high);
	}
}

static bool fails_by_status(const struct http_spec *spec, const struct http_facts *f,
	struct http_verdict *v)
{
	scoped(str_fini) struct str wanted = { .limit_bytes = SHOWN_MAX };
	uint16_t status = f->answer->status;
	char location[SHOWN_MAX + 1];

	if (is_wanted(spec, status))
		return false;
	list_statuses(spec, &wanted);
	if (status / 100 == 3 &&
		http_answer_header_text(f->answer, "Location", location, sizeof location))
		return say(v, "HTTP %u to %s, wanted %s", status, location, str_c(&wanted));
	return say(v, "HTTP %u, wanted %s", status, str_c(&wanted));
}

struct header_look {
	bool is_present, matches;
	const char *value; /* that matched, or the last */
	size_t n;
};

/* RC_OK, or the pattern's own trouble. */
static enum rc look_at_header(const struct http_answer *a, const struct header_rule *rule,
	struct header_look *ret, struct err *e)
{
	const char *cursor = NULL, *value;
	size_t n;

	*ret = (struct header_look){ 0 };
	while (!ret->matches && (value = http_answer_header(a, rule->header, &cursor, &n))) {
		enum rc rc = pattern_match(rule->pattern, value, n, &ret->matches, e);

		if (rc != RC_OK)
			return err_in(e, rc, "header %s", rule->header);
		ret->is_present = true;
		ret->value = value;
		ret->n = n < SHOWN_MAX ? n : SHOWN_MAX;
	}
	return RC_OK;
}

static bool fails_by_header(const struct header_rule *rule, bool wants_match,
	const struct http_facts *f, struct http_verdict *v)
{
	struct header_look look;
	struct err e;

	if (look_at_header(f->answer, rule, &look, &e) != RC_OK)
		return say(v, "%s", e.text);
	if (!look.is_present)
		return !rule->allow_missing && say(v, "header %s is missing", rule->header);
	if (look.matches == wants_match)
		return false;
	return say(v, "header %s is '%.*s', which %s", rule->header, (int)look.n, look.value,
		wants_match ? "doesn't match" : "must not match");
}

static bool fails_by_headers(const struct http_spec *spec, const struct http_facts *f,
	struct http_verdict *v)
{
	for (uint32_t i = 0; i < spec->header_matches_not.n; i++)
		if (fails_by_header(&spec->header_matches_not.rules[i], false, f, v))
			return true;
	for (uint32_t i = 0; i < spec->header_matches.n; i++)
		if (fails_by_header(&spec->header_matches.rules[i], true, f, v))
			return true;
	return false;
}

static bool fails_by_patterns(const struct pattern_list *list, bool wants_match,
	const struct http_facts *f, struct http_verdict *v)
{
	for (uint32_t i = 0; i < list->n; i++) {
		bool matches;
		struct err e;

		if (pattern_match(list->patterns[i], f->body, f->body_bytes, &matches, &e) != RC_OK)
			return say(v, "body: %s", e.text);
		if (matches != wants_match)
			return say(v, "body %s '%.*s'", matches ? "matches" : "doesn't match",
				SHOWN_MAX, list->texts[i]);
	}
	return false;
}

static bool fails_by_version(const struct http_spec *spec, const struct http_facts *f,
	struct http_verdict *v)
{
	const char *spoken = http_version_text(f->version);

	for (uint32_t i = 0; i < spec->n_versions; i++)
		if (str_eq(spec->versions[i], spoken))
			return false;
	return spec->n_versions && say(v, "%s, wanted %s", spoken, spec->versions[0]);
}

static bool fails(const struct http_spec *spec, const struct http_facts *f, struct http_verdict *v)
{
	if (fails_by_status(spec, f, v))
		return true;
	v->by_pattern = true;
	if (fails_by_headers(spec, f, v))
		return true;
	if (!f->body_trouble && (fails_by_patterns(&spec->body_matches_not, false, f, v) ||
					fails_by_patterns(&spec->body_matches, true, f, v)))
		return true;
	v->by_pattern = false;
	if (f->body_trouble)
		return say(v, "%s", f->body_trouble);
	if (fails_by_version(spec, f, v))
		return true;
	if (spec->fail_if_tls && f->is_tls)
		return say(v, "answered over TLS, wanted without");
	return spec->fail_if_not_tls && !f->is_tls && say(v, "answered without TLS");
}

void http_judge(const struct http_spec *spec, const struct http_facts *facts,
	struct http_verdict *ret)
{
	*ret = (struct http_verdict){ 0 };
	ret->is_ok = !fails(spec, facts, ret);
	ret->by_pattern &= !ret->is_ok;
}
