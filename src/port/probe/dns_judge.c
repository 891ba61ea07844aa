/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dns_judge.h"

#include "base/str.h"

#include <stdio.h>
#include <strings.h>

#define SHOWN_MAX 80 /* bytes of a record or a pattern in a message */

static const char *const section_names[] = { "answer", "authority", "additional" };

/* True, so that callers say `return say(...)`: this rule decides. */
static bool PRINTF(2, 3) say(struct dns_verdict *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->why, sizeof v->why, fmt, ap);
	va_end(ap);
	return true;
}

static bool fails_by_rcode(const struct dns_spec *spec, const struct dns_message *m,
	struct dns_verdict *v)
{
	const char *rcode = dns_rcode_name(m->rcode);

	for (uint32_t i = 0; i < spec->n_rcodes; i++)
		if (strcasecmp(spec->rcodes[i], rcode) == 0)
			return false;
	if (spec->n_rcodes == 0 && m->rcode == 0)
		return false;
	return say(v, "%s, wanted %s", rcode, spec->n_rcodes ? spec->rcodes[0] : "NOERROR");
}

/* "nas.lan." and "NAS.lan" are the same data, and so are "v=spf1 -all" with and without quotes. */
static bool is_same_data(const char *data, const char *wanted)
{
	size_t n = strlen(data), w = strlen(wanted);

	if (n >= 2 && data[0] == '"' && data[n - 1] == '"' && wanted[0] != '"')
		return n - 2 == w && strncmp(data + 1, wanted, w) == 0;
	if (n > 1 && data[n - 1] == '.')
		n--;
	if (w > 1 && wanted[w - 1] == '.')
		w--;
	return n == w && strncasecmp(data, wanted, n) == 0;
}

static bool is_of_type(const struct dns_spec *spec, const struct dns_record *record)
{
	return spec->type == 255 || record->type == spec->type;
}

static bool has_answer(const struct dns_spec *spec, const struct dns_message *m, const char *wanted)
{
	for (uint16_t i = 0; i < m->n[DNS_ANSWER]; i++)
		if (is_of_type(spec, &m->sections[DNS_ANSWER][i]) &&
			is_same_data(m->sections[DNS_ANSWER][i].data, wanted))
			return true;
	return false;
}

static bool is_wanted(const struct dns_spec *spec, const char *data)
{
	for (uint32_t i = 0; i < spec->n_answers; i++)
		if (is_same_data(data, spec->answers[i]))
			return true;
	return false;
}

static void list_answers(const struct dns_spec *spec, const struct dns_message *m, struct str *out)
{
	for (uint16_t i = 0; i < m->n[DNS_ANSWER]; i++)
		if (is_of_type(spec, &m->sections[DNS_ANSWER][i]))
			str_addf(out, "%s%s", out->len ? ", " : "",
				m->sections[DNS_ANSWER][i].data);
	if (out->len == 0)
		str_add(out, "nothing");
}

/* lab.yaml's own `answers`: the whole set, in any order; a CNAME on the way doesn't count. */
static bool fails_by_answers(const struct dns_spec *spec, const struct dns_message *m,
	struct dns_verdict *v)
{
	scoped(str_fini) struct str found = { .limit_bytes = SHOWN_MAX };
	scoped(str_fini) struct str wanted = { .limit_bytes = SHOWN_MAX };
	bool is_right = true;

	if (spec->n_answers == 0)
		return false;
	for (uint32_t i = 0; i < spec->n_answers; i++) {
		is_right &= has_answer(spec, m, spec->answers[i]);
		str_addf(&wanted, "%s%s", i ? ", " : "", spec->answers[i]);
	}
	for (uint16_t i = 0; i < m->n[DNS_ANSWER]; i++)
		if (is_of_type(spec, &m->sections[DNS_ANSWER][i]))
			is_right &= is_wanted(spec, m->sections[DNS_ANSWER][i].data);
	if (is_right)
		return false;
	list_answers(spec, m, &found);
	return say(v, "answer is %s, wanted %s", str_c(&found), str_c(&wanted));
}

static bool match(struct pattern_list *list, uint32_t i, const struct dns_record *record,
	struct dns_verdict *v, bool *ret)
{
	struct err e;

	if (pattern_match(list->patterns[i], record->text, strlen(record->text), ret, &e) == RC_OK)
		return true;
	say(v, "record: %s", e.text);
	return false;
}

/* Every record must match (or must not match) every pattern of the list. */
static bool fails_by_each(const struct pattern_list *rules, bool wants_match,
	const struct dns_message *m, enum dns_section section, struct dns_verdict *v)
{
	struct pattern_list list = *rules;

	for (uint16_t r = 0; r < m->n[section]; r++) {
		for (uint32_t i = 0; i < list.n; i++) {
			const struct dns_record *record = &m->sections[section][r];
			bool matches;

			if (!match(&list, i, record, v, &matches))
				return true;
			if (matches != wants_match)
				return say(v, "%s record '%.*s' %s '%.*s'", section_names[section],
					SHOWN_MAX, record->text,
					matches ? "matches" : "doesn't match", SHOWN_MAX,
					list.texts[i]);
		}
	}
	return false;
}

/* At least one record must match one of the patterns. */
static bool fails_by_none(const struct pattern_list *rules, const struct dns_message *m,
	enum dns_section section, struct dns_verdict *v)
{
	struct pattern_list list = *rules;

	for (uint16_t r = 0; r < m->n[section] && list.n; r++) {
		for (uint32_t i = 0; i < list.n; i++) {
			bool matches;

			if (!match(&list, i, &m->sections[section][r], v, &matches))
				return true;
			if (matches)
				return false;
		}
	}
	return list.n && say(v, "no %s record matches '%.*s'", section_names[section], SHOWN_MAX,
				 list.texts[0]);
}

static bool fails_by_rules(const struct rr_rules *rules, const struct dns_message *m,
	enum dns_section section, struct dns_verdict *v)
{
	if (m->n[section] == 0 && rules->fail_if_not_matches.n)
		return say(v, "no %s records, wanted some that match '%.*s'",
			section_names[section], SHOWN_MAX, rules->fail_if_not_matches.texts[0]);
	return fails_by_each(&rules->fail_if_matches, false, m, section, v) ||
	       fails_by_each(&rules->fail_if_not_matches, true, m, section, v) ||
	       fails_by_each(&rules->fail_if_all_match, true, m, section, v) ||
	       fails_by_none(&rules->fail_if_none_matches, m, section, v);
}

static bool fails(const struct dns_spec *spec, const struct dns_message *m, struct dns_verdict *v)
{
	if (fails_by_rcode(spec, m, v) || fails_by_answers(spec, m, v))
		return true;
	v->by_pattern = true;
	return fails_by_rules(&spec->answer, m, DNS_ANSWER, v) ||
	       fails_by_rules(&spec->authority, m, DNS_AUTHORITY, v) ||
	       fails_by_rules(&spec->additional, m, DNS_ADDITIONAL, v);
}

void dns_judge(const struct dns_spec *spec, const struct dns_message *m, struct dns_verdict *ret)
{
	*ret = (struct dns_verdict){ 0 };
	ret->is_ok = !fails(spec, m, ret);
	ret->by_pattern &= !ret->is_ok;
}
