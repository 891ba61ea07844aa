/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What most rules are needs no expression: the default one, "(.*)", matches everything, and
 * matchers of words, prefixes and suffixes don't go to the engine.  Others are first matched, then
 * expanded, so that a rule that doesn't apply costs one match and no memory.
 */
#include "base/relabel.h"

#include "base/limits.h"
#include "base/matcher.h"
#include "base/pattern.h"
#include "base/str.h"
#include "base/unicode.h"

#include <nettle/md5.h>

#define REGEX_DEFAULT       "(.*)"
#define REPLACEMENT_DEFAULT "$1"
#define SEPARATOR_DEFAULT   ";"

enum action {
	ACTION_REPLACE,
	ACTION_KEEP,
	ACTION_DROP,
	ACTION_KEEPEQUAL,
	ACTION_DROPEQUAL,
	ACTION_HASHMOD,
	ACTION_LABELMAP,
	ACTION_LABELDROP,
	ACTION_LABELKEEP,
	ACTION_LOWERCASE,
	ACTION_UPPERCASE,
	ACTIONS,
	ACTION_WRONG = -1 /* until the mistake is told */
};

struct relabel_rule {
	int action; /* enum action */
	struct doc_texts sources;
	const char *separator, *regex, *target, *replacement;
	uint64_t modulus;
	bool copies;             /* (.*) and $1: what is found is what is made of it */
	bool is_template;        /* something else is to be expanded */
	struct matcher *matcher; /* decides without the engine; NULL: it can't */
	struct pattern *pattern; /* decides and expands; NULL: not needed */
};

/* Sets of labels. */

void label_set_init(struct label_set *s, struct arena *arena)
{
	*s = (struct label_set){ .arena = arena };
}

void label_set_fini(struct label_set *s)
{
	free(s->v);
	s->v = NULL;
}

static void reserve(struct label_set *s, uint32_t n)
{
	if (s->cap >= n)
		return;
	s->cap = n < 2 * s->cap ? 2 * s->cap : n;
	s->v = must_realloc(s->v, s->cap * sizeof *s->v);
}

void label_set_load(struct label_set *s, const struct labels *l)
{
	s->is_full = l->n > LABELS_MAX;
	s->n = s->is_full ? LABELS_MAX : l->n;
	reserve(s, s->n);
	if (s->n)
		memcpy(s->v, l->v, s->n * sizeof *s->v);
}

/* Where a label of this name stands, or would. */
static uint32_t place(const struct label_set *s, const char *name, bool *ret_found)
{
	size_t n = strlen(name);
	uint32_t low = 0, high = s->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct label *l = &s->v[middle];
		int order = memcmp(l->name, name, l->name_len < n ? l->name_len : n);

		if (!order)
			order = (l->name_len > n) - (l->name_len < n);
		if (!order) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = false;
	return low;
}

static const struct label *find(const struct label_set *s, const char *name)
{
	bool is_there;
	uint32_t at = place(s, name, &is_there);

	return is_there ? &s->v[at] : NULL;
}

const char *label_set_get(const struct label_set *s, const char *name)
{
	const struct label *found = find(s, name);

	return found ? found->value : "";
}

void label_set_delete(struct label_set *s, const char *name)
{
	bool is_there;
	uint32_t at = place(s, name, &is_there);

	if (!is_there)
		return;
	s->n--;
	memmove(&s->v[at], &s->v[at + 1], (s->n - at) * sizeof *s->v);
}

/* `value` is kept as it is; `name` too, where it is new. */
static void put_kept(struct label_set *s, const char *name, const char *value, size_t n)
{
	bool is_there;
	uint32_t at = place(s, name, &is_there);

	if (!is_there && s->n == LABELS_MAX) {
		s->is_full = true;
		return;
	}
	if (!is_there) {
		reserve(s, s->n + 1);
		memmove(&s->v[at + 1], &s->v[at], (s->n - at) * sizeof *s->v);
		s->v[at] = (struct label){ .name = name, .name_len = (uint32_t)strlen(name) };
		s->n++;
	}
	s->v[at].value = value;
	s->v[at].value_len = (uint32_t)n;
}

static void put(struct label_set *s, const char *name, const char *value, size_t n)
{
	const char *kept_name, *kept_value;

	if (n == 0) {
		label_set_delete(s, name);
		return;
	}
	kept_name = find(s, name) ? name : arena_strdup(s->arena, name);
	kept_value = arena_strndup(s->arena, value, n);
	if (kept_name && kept_value)
		put_kept(s, kept_name, kept_value, n);
	else
		s->is_full = true;
}

void label_set_put(struct label_set *s, const char *name, const char *value)
{
	put(s, name, value, strlen(value));
}

/* Reading rules. */

static bool has_variable(const char *text)
{
	return strchr(text, '$') != NULL;
}

static void take_action(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	char lower[32];
	struct doc_node as_written = *node;
	size_t n = 0;

	for (; node->kind == DOC_SCALAR && n < node->text_len && n + 1 < sizeof lower; n++)
		lower[n] = node->text[n] >= 'A' && node->text[n] <= 'Z'
				   ? (char)(node->text[n] + 'a' - 'A')
				   : node->text[n];
	lower[n] = '\0';
	*(int *)to = ACTION_WRONG;
	as_written.text = lower;
	as_written.text_len = n;
	doc_choose(r, key, &as_written, to);
}

static void take_names(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const struct doc_texts *names = to;

	doc_text_list(r, key, node, to);
	for (uint32_t i = 0; i < names->n; i++)
		if (!names->v[i][0] || !utf8_valid(names->v[i], strlen(names->v[i])))
			doc_error(r, node, "%s: '%.80s' is not a valid label name", key->name,
				names->v[i]);
}

static const struct doc_choice actions[] = {
	{ "replace", ACTION_REPLACE },
	{ "keep", ACTION_KEEP },
	{ "drop", ACTION_DROP },
	{ "keepequal", ACTION_KEEPEQUAL },
	{ "dropequal", ACTION_DROPEQUAL },
	{ "hashmod", ACTION_HASHMOD },
	{ "labelmap", ACTION_LABELMAP },
	{ "labeldrop", ACTION_LABELDROP },
	{ "labelkeep", ACTION_LABELKEEP },
	{ "lowercase", ACTION_LOWERCASE },
	{ "uppercase", ACTION_UPPERCASE },
	{ 0 },
};

static const struct doc_key rule_keys[] = {
	{ "source_labels", take_names, offsetof(struct relabel_rule, sources) },
	{ "separator", doc_text, offsetof(struct relabel_rule, separator) },
	{ "regex", doc_text, offsetof(struct relabel_rule, regex) },
	{ "modulus", doc_count, offsetof(struct relabel_rule, modulus) },
	{ "target_label", doc_text, offsetof(struct relabel_rule, target) },
	{ "replacement", doc_text, offsetof(struct relabel_rule, replacement) },
	{ "action", take_action, offsetof(struct relabel_rule, action), .choices = actions },
	{ 0 },
};

static void rule_init(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct relabel_rule *)to = (struct relabel_rule){
		.separator = SEPARATOR_DEFAULT,
		.regex = REGEX_DEFAULT,
		.replacement = REPLACEMENT_DEFAULT,
		.target = "",
	};
}

static bool is_one_of(int action, unsigned set)
{
	return (set >> action & 1) != 0;
}
#define ONLY(action) (1u << (action))

/* What an action wants, and what has no meaning with it; as Config.Validate has it. */
static bool rule_is_sound(struct doc_reader *r, const struct doc_node *node,
	const struct relabel_rule *rule)
{
	static const unsigned wants_target = ONLY(ACTION_REPLACE) | ONLY(ACTION_HASHMOD) |
					     ONLY(ACTION_LOWERCASE) | ONLY(ACTION_UPPERCASE) |
					     ONLY(ACTION_KEEPEQUAL) | ONLY(ACTION_DROPEQUAL);
	static const unsigned no_replacement = ONLY(ACTION_LOWERCASE) | ONLY(ACTION_UPPERCASE) |
					       ONLY(ACTION_KEEPEQUAL) | ONLY(ACTION_DROPEQUAL);
	static const unsigned equals = ONLY(ACTION_KEEPEQUAL) | ONLY(ACTION_DROPEQUAL);
	static const unsigned names = ONLY(ACTION_LABELDROP) | ONLY(ACTION_LABELKEEP);
	const char *action = actions[rule->action].text;
	bool plain = rule->modulus == 0 && str_eq(rule->separator, SEPARATOR_DEFAULT) &&
		     str_eq(rule->replacement, REPLACEMENT_DEFAULT);
	const char *wrong = NULL;

	if (rule->modulus == 0 && rule->action == ACTION_HASHMOD)
		wrong = "needs a modulus that is not zero";
	else if (is_one_of(rule->action, wants_target) && !rule->target[0])
		wrong = "needs a target_label";
	else if (is_one_of(rule->action, wants_target) &&
		 !utf8_valid(rule->target, strlen(rule->target)))
		wrong = "needs a target_label of UTF-8";
	else if (is_one_of(rule->action, no_replacement) &&
		 !str_eq(rule->replacement, REPLACEMENT_DEFAULT))
		wrong = "takes no replacement";
	else if (rule->action == ACTION_LABELMAP &&
		 (!rule->replacement[0] ||
			 !utf8_valid(rule->replacement, strlen(rule->replacement))))
		wrong = "needs a replacement that makes a label name";
	else if (is_one_of(rule->action, equals) && (!plain || !str_eq(rule->regex, REGEX_DEFAULT)))
		wrong = "takes source_labels and target_label, and nothing else";
	else if (is_one_of(rule->action, names) && (!plain || rule->target[0] || rule->sources.n))
		wrong = "takes a regex, and nothing else";
	if (wrong)
		doc_error(r, node, "action %s %s", action, wrong);
	return !wrong;
}

static bool wants_expression(int action)
{
	return !is_one_of(action, ONLY(ACTION_KEEPEQUAL) | ONLY(ACTION_DROPEQUAL) |
					  ONLY(ACTION_HASHMOD) | ONLY(ACTION_LOWERCASE) |
					  ONLY(ACTION_UPPERCASE));
}

/* The expression in the two forms that are needed of it. */
static enum rc compile(struct relabel_rule *rule, struct err *e)
{
	scoped(str_fini) struct str whole = STR_EMPTY;
	enum rc rc;

	rc = matcher_new(&rule->matcher, MATCHER_REGEX, "", rule->regex, e);
	if (rc != RC_OK)
		return rc;
	if (matcher_is_plain(rule->matcher) && !rule->is_template)
		return RC_OK;
	if (!matcher_is_plain(rule->matcher)) {
		matcher_free(rule->matcher);
		rule->matcher = NULL;
	}
	str_addf(&whole, "(?s)%s", rule->regex);
	return pattern_compile(&rule->pattern, str_c(&whole), PATTERN_WHOLE, e);
}

static void rule_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct relabel_rule *rule = to;
	struct err e = { 0 };

	if (rule->action == ACTION_WRONG || !rule_is_sound(r, node, rule) ||
		!wants_expression(rule->action))
		return;
	rule->copies = str_eq(rule->regex, REGEX_DEFAULT) &&
		       str_eq(rule->replacement, REPLACEMENT_DEFAULT);
	rule->is_template =
		(rule->action == ACTION_REPLACE && has_variable(rule->target)) ||
		(is_one_of(rule->action, ONLY(ACTION_REPLACE) | ONLY(ACTION_LABELMAP)) &&
			has_variable(rule->replacement) && !rule->copies);
	if (compile(rule, &e) != RC_OK)
		doc_error(r, doc_at(node, "regex"), "regex: %s", e.text);
}

static const struct doc_shape rule_shape = {
	.name = "relabel config",
	.size_bytes = sizeof(struct relabel_rule),
	.keys = rule_keys,
	.init = rule_init,
	.check = rule_check,
};

void relabel_take(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const struct doc_key list = { .name = key->name, .shape = &rule_shape };

	relabel_rules_fini(to); /* a key that stands twice */
	if (node->kind == DOC_SEQUENCE && node->n > RELABEL_RULES_MAX)
		doc_error(r, node, "%s: more than %d rules", key->name, RELABEL_RULES_MAX);
	else
		doc_list(r, &list, node, to);
}

void relabel_rules_fini(struct relabel_rules *rules)
{
	for (uint32_t i = 0; i < rules->n; i++) {
		matcher_free(rules->v[i].matcher);
		pattern_free(rules->v[i].pattern);
		rules->v[i].matcher = NULL;
		rules->v[i].pattern = NULL;
	}
}

/* Applying them. */

struct use { /* one rule at work on one set */
	const struct relabel_rule *rule;
	struct label_set *set;
	const char *value; /* of the source labels, joined */
	size_t n;
	struct str *joined, *made; /* scratch */
	struct err *e;
};

static void join_sources(struct use *u)
{
	const struct doc_texts *names = &u->rule->sources;
	const struct label *only = names->n == 1 ? find(u->set, names->v[0]) : NULL;

	u->value = only ? only->value : "";
	u->n = only ? only->value_len : 0;
	if (names->n < 2)
		return;
	str_clear(u->joined);
	for (uint32_t i = 0; i < names->n; i++) {
		const struct label *l = find(u->set, names->v[i]);

		if (i)
			str_add(u->joined, u->rule->separator);
		if (l)
			str_addn(u->joined, l->value, l->value_len);
	}
	u->value = str_c(u->joined);
	u->n = u->joined->len;
}

static enum relabel_fate matches(struct use *u, const char *subject, size_t n, bool *ret)
{
	const struct relabel_rule *rule = u->rule;

	if (rule->matcher) {
		*ret = matcher_matches(rule->matcher, subject, n);
		return RELABEL_KEPT;
	}
	return pattern_match(rule->pattern, subject, n, ret, u->e) == RC_OK ? RELABEL_KEPT
									    : RELABEL_FAILED;
}

static enum relabel_fate keep(struct use *u)
{
	bool is_match = false;
	enum relabel_fate fate = matches(u, u->value, u->n, &is_match);

	return fate == RELABEL_KEPT && !is_match ? RELABEL_DROPPED : fate;
}

static enum relabel_fate drop(struct use *u)
{
	bool is_match = false;
	enum relabel_fate fate = matches(u, u->value, u->n, &is_match);

	return fate == RELABEL_KEPT && is_match ? RELABEL_DROPPED : fate;
}

static bool is_equal(const struct use *u)
{
	const struct label *target = find(u->set, u->rule->target);
	size_t n = target ? target->value_len : 0;

	return n == u->n && (n == 0 || memcmp(target->value, u->value, n) == 0);
}

static enum relabel_fate keepequal(struct use *u)
{
	return is_equal(u) ? RELABEL_KEPT : RELABEL_DROPPED;
}

static enum relabel_fate dropequal(struct use *u)
{
	return is_equal(u) ? RELABEL_DROPPED : RELABEL_KEPT;
}

/* `text` with its variables replaced by what the expression found in the subject. */
static enum relabel_fate expand(struct use *u, const char *subject, size_t n, const char *text)
{
	const struct pattern_use use = { subject, n, text };
	bool is_match;

	str_clear(u->made);
	if (!has_variable(text)) {
		str_add(u->made, text);
		return RELABEL_KEPT;
	}
	if (u->rule->copies && text == u->rule->replacement) {
		str_addn(u->made, subject, n);
		return RELABEL_KEPT;
	}
	return pattern_expand(u->rule->pattern, &use, u->made, &is_match, u->e) == RC_OK
		       ? RELABEL_KEPT
		       : RELABEL_FAILED;
}

static enum relabel_fate replace(struct use *u)
{
	bool is_match = false;
	enum relabel_fate fate = matches(u, u->value, u->n, &is_match);
	const char *target = u->rule->target;

	if (fate != RELABEL_KEPT || !is_match)
		return fate;
	if (has_variable(target)) {
		fate = expand(u, u->value, u->n, target);
		if (fate != RELABEL_KEPT)
			return fate;
		if (!u->made->len || !utf8_valid(u->made->s, u->made->len))
			return RELABEL_KEPT;
		target = arena_strndup(u->set->arena, u->made->s, u->made->len);
		if (!target) {
			u->set->is_full = true;
			return RELABEL_KEPT;
		}
	}
	fate = expand(u, u->value, u->n, u->rule->replacement);
	if (fate == RELABEL_KEPT)
		put(u->set, target, str_c(u->made), u->made->len);
	return fate;
}

static enum relabel_fate recase(struct use *u, uint32_t (*other)(uint32_t))
{
	size_t at = 0, n;
	char bytes[UTF8_BYTES_MAX];

	str_clear(u->made);
	while (at < u->n) {
		uint32_t c = utf8_decode(u->value + at, u->n - at, &n);

		str_addn(u->made, bytes, utf8_encode(other(c), bytes));
		at += n;
	}
	put(u->set, u->rule->target, str_c(u->made), u->made->len);
	return RELABEL_KEPT;
}

static enum relabel_fate lowercase(struct use *u)
{
	return recase(u, unicode_lower);
}

static enum relabel_fate uppercase(struct use *u)
{
	return recase(u, unicode_upper);
}

/* The last eight bytes of MD5, big end first: what other shards of the same targets reckon, too. */
static enum relabel_fate hashmod(struct use *u)
{
	struct md5_ctx md5;
	uint8_t digest[MD5_DIGEST_SIZE];
	uint64_t hash = 0;

	md5_init(&md5);
	md5_update(&md5, u->n, (const uint8_t *)u->value);
	md5_digest(&md5, sizeof digest, digest);
	for (int i = 8; i < MD5_DIGEST_SIZE; i++)
		hash = hash << 8 | digest[i];
	str_clear(u->made);
	str_addf(u->made, "%llu", (unsigned long long)(hash % u->rule->modulus));
	put(u->set, u->rule->target, str_c(u->made), u->made->len);
	return RELABEL_KEPT;
}

/* The labels as they are now, while the set changes.  NULL: no memory. */
static const struct label *as_now(struct label_set *s)
{
	struct label *copy = arena_alloc(s->arena, (s->n + 1) * sizeof *copy);

	if (!copy)
		s->is_full = true;
	else if (s->n)
		memcpy(copy, s->v, s->n * sizeof *copy);
	return copy;
}

static enum relabel_fate labelmap(struct use *u)
{
	uint32_t n = u->set->n;
	const struct label *before = as_now(u->set);

	for (uint32_t i = 0; before && i < n; i++) {
		bool is_match = false;
		enum relabel_fate fate = matches(u, before[i].name, before[i].name_len, &is_match);

		if (fate == RELABEL_KEPT && is_match)
			fate = expand(u, before[i].name, before[i].name_len, u->rule->replacement);
		if (fate != RELABEL_KEPT)
			return fate;
		if (is_match && u->made->len)
			put(u->set, u->made->s, before[i].value, before[i].value_len);
	}
	return RELABEL_KEPT;
}

/* Keep the labels whose names match, or those that don't. */
static enum relabel_fate sift(struct use *u, bool keeps_matching)
{
	struct label_set *s = u->set;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		bool is_match = false;
		enum relabel_fate fate = matches(u, s->v[i].name, s->v[i].name_len, &is_match);

		if (fate != RELABEL_KEPT)
			return fate;
		if (is_match == keeps_matching)
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
	return RELABEL_KEPT;
}

static enum relabel_fate labeldrop(struct use *u)
{
	return sift(u, false);
}

static enum relabel_fate labelkeep(struct use *u)
{
	return sift(u, true);
}

static enum relabel_fate (*const verbs[ACTIONS])(struct use *) = {
	[ACTION_REPLACE] = replace,
	[ACTION_KEEP] = keep,
	[ACTION_DROP] = drop,
	[ACTION_KEEPEQUAL] = keepequal,
	[ACTION_DROPEQUAL] = dropequal,
	[ACTION_HASHMOD] = hashmod,
	[ACTION_LABELMAP] = labelmap,
	[ACTION_LABELDROP] = labeldrop,
	[ACTION_LABELKEEP] = labelkeep,
	[ACTION_LOWERCASE] = lowercase,
	[ACTION_UPPERCASE] = uppercase,
};

enum relabel_fate relabel_apply(const struct relabel_rules *rules, struct label_set *s,
	struct err *e)
{
	scoped(str_fini) struct str joined = STR_EMPTY, made = STR_EMPTY;
	enum relabel_fate fate = RELABEL_KEPT;

	joined.limit_bytes = made.limit_bytes = LABEL_VALUE_BYTES_MAX;
	for (uint32_t i = 0; i < rules->n && fate == RELABEL_KEPT && !s->is_full; i++) {
		struct use u = { .rule = &rules->v[i],
			.set = s,
			.joined = &joined,
			.made = &made,
			.e = e };

		join_sources(&u);
		fate = verbs[u.rule->action](&u);
		if (joined.is_cut || made.is_cut)
			s->is_full = true;
	}
	if (fate != RELABEL_FAILED && s->is_full) {
		err_set(e, RC_LIMIT,
			"relabelling makes more than %d labels, a value of more than %d bytes, or "
			"too much in all",
			LABELS_MAX, LABEL_VALUE_BYTES_MAX);
		return RELABEL_FAILED;
	}
	return fate;
}
