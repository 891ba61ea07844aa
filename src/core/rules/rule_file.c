/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rules/rule_file.h"

#include "base/doc_reader.h"
#include "base/golang.h"
#include "base/limits.h"
#include "base/map.h"

/* doc_reader hands keys only `to`: what the readers here need besides stands behind the reader. */
struct reader {
	struct doc_reader doc; /* first: the doc_take functions get a pointer to it */
	const struct rules_world *world;
};

/* As it is written. */
struct rule_written {
	const struct doc_node *record, *alert, *expr;
	int64_t for_ms, keep_firing_for_ms;
	const struct doc_node *labels, *annotations;
	const struct doc_node *node;
};
struct group_written {
	const char *name;
	int64_t interval_ms, query_offset_ms;
	const struct doc_node *limit;
	struct doc_list rules;
	const struct doc_node *labels;
	const struct doc_node *node;
};
struct file_written {
	struct doc_list groups;
};

static void take_duration(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR)
		doc_expected(r, key, node, "a duration such as 15s or 1h30m");
	else if (go_parse_duration(node->text, to, &e) != RC_OK)
		doc_error(r, node, "%s: %s", key->name, e.text);
}

static void keep_rule(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct rule_written *)to)->node = node;
}

static void keep_group(struct doc_reader *r, const struct doc_node *node, void *to)
{
	(void)r;
	((struct group_written *)to)->node = node;
}

static void init_group(struct doc_reader *r, void *to)
{
	(void)r;
	*(struct group_written *)to = (struct group_written){ .name = "", .query_offset_ms = -1 };
}

#define RULE(member)  offsetof(struct rule_written, member)
#define GROUP(member) offsetof(struct group_written, member)

static const struct doc_key rule_keys[] = {
	{ "record", doc_raw, RULE(record) },
	{ "alert", doc_raw, RULE(alert) },
	{ "expr", doc_raw, RULE(expr) },
	{ "for", take_duration, RULE(for_ms) },
	{ "keep_firing_for", take_duration, RULE(keep_firing_for_ms) },
	{ "labels", doc_raw, RULE(labels) },
	{ "annotations", doc_raw, RULE(annotations) },
	{ 0 },
};
static const struct doc_shape rule_shape = {
	.name = "rule",
	.size_bytes = sizeof(struct rule_written),
	.keys = rule_keys,
	.check = keep_rule,
};

static const struct doc_key group_keys[] = {
	{ "name", doc_text, GROUP(name) },
	{ "interval", take_duration, GROUP(interval_ms) },
	{ "query_offset", take_duration, GROUP(query_offset_ms) },
	{ "limit", doc_raw, GROUP(limit) },
	{ "rules", doc_list, GROUP(rules), .shape = &rule_shape },
	{ "labels", doc_raw, GROUP(labels) },
	{ 0 },
};
static const struct doc_shape group_shape = {
	.name = "rule group",
	.size_bytes = sizeof(struct group_written),
	.keys = group_keys,
	.init = init_group,
	.check = keep_group,
};

static const struct doc_key file_keys[] = {
	{ "groups", doc_list, offsetof(struct file_written, groups), .shape = &group_shape },
	{ 0 },
};
static const struct doc_shape file_shape = {
	.name = "rule file",
	.size_bytes = sizeof(struct file_written),
	.keys = file_keys,
};

/* Texts */

static const char *text_of(struct reader *r, const char *what, const struct doc_node *node)
{
	const char *text;

	if (!node)
		return "";
	text = doc_copy(&r->doc, &(struct doc_key){ .name = what }, node);
	return text ? text : "";
}

static bool is_name(const char *name)
{
	return *name && utf8_valid(name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rule_text *)a)->name, ((const struct rule_text *)b)->name);
}

struct texts_kind {
	const char *key;  /* "labels" */
	const char *word; /* "label" */
	bool may_be_metric;
};
static const struct texts_kind labels_kind = { "labels", "label", false };
static const struct texts_kind annotations_kind = { "annotations", "annotation", true };

/* One entry of a mapping of labels or annotations; false after a complaint. */
static bool read_text(struct reader *r, const struct texts_kind *kind,
	const struct doc_node *mapping, uint32_t i, struct rule_text *ret)
{
	const struct doc_node *value = mapping->values[i];

	ret->name = text_of(r, kind->key, mapping->keys[i]);
	ret->text = value->kind == DOC_NULL ? "" : text_of(r, kind->key, value);
	if (!is_name(ret->name) || (!kind->may_be_metric && str_eq(ret->name, METRIC_NAME))) {
		doc_error(&r->doc, mapping->keys[i], "invalid %s name: %s", kind->word, ret->name);
		return false;
	}
	if (*ret->text && !utf8_valid(ret->text, strlen(ret->text))) {
		doc_error(&r->doc, value, "invalid %s value: %s", kind->word, ret->text);
		return false;
	}
	return true;
}

/* `more` are put in where the mapping doesn't have the name. */
static struct rule_texts read_texts(struct reader *r, const struct texts_kind *kind,
	const struct doc_node *mapping, const struct rule_texts *more)
{
	struct rule_texts texts = { 0 };
	uint32_t n = (mapping ? mapping->n : 0) + more->n, own;
	struct rule_text *v;

	if (mapping && mapping->kind != DOC_MAPPING) {
		doc_expected(&r->doc, &(struct doc_key){ .name = kind->key }, mapping,
			"a mapping of texts");
		return texts;
	}
	v = doc_alloc(&r->doc, n * sizeof *v);
	for (uint32_t i = 0; v && mapping && i < mapping->n; i++)
		if (read_text(r, kind, mapping, i, &v[texts.n]))
			texts.n++;
	own = texts.n;
	if (v && own > 1)
		qsort(v, own, sizeof *v, by_name);
	for (uint32_t i = 0; v && i < more->n; i++)
		if (own == 0 || !bsearch(&more->v[i], v, own, sizeof *v, by_name))
			v[texts.n++] = more->v[i];
	if (v && texts.n > 1)
		qsort(v, texts.n, sizeof *v, by_name);
	texts.v = v;
	return v ? texts : (struct rule_texts){ 0 };
}

/* Templates are parsed with what stands before each of them, which shifts columns in messages. */
static void parse_templates(struct reader *r, const struct rule *rule, struct rule_texts *texts,
	const struct texts_kind *kind, const struct doc_node *mapping)
{
	scoped(str_fini) struct str name = STR_EMPTY;
	struct rule_text *v = (struct rule_text *)texts->v;

	str_addf(&name, "__alert_%s", rule->name);
	for (uint32_t i = 0; i < texts->n; i++) {
		scoped(str_fini) struct str why = STR_EMPTY;

		if (!strstr(v[i].text, "{{"))
			continue;
		if (r->world->parse_template(r->world->ctx, str_c(&name), v[i].text, r->doc.arena,
			    &v[i].template, &why) != RC_OK)
			doc_error(&r->doc, doc_at(mapping, v[i].name), "%s \"%s\": %s", kind->word,
				v[i].name, str_c(&why));
	}
}

/* Rules */

static void check_recording(struct reader *r, const struct rule_written *w, const char *name)
{
	const struct doc_node *at = w->record;

	if (w->annotations && w->annotations->n > 0)
		doc_error(&r->doc, at, "invalid field 'annotations' in recording rule");
	if (w->for_ms != 0)
		doc_error(&r->doc, at, "invalid field 'for' in recording rule");
	if (w->keep_firing_for_ms != 0)
		doc_error(&r->doc, at, "invalid field 'keep_firing_for' in recording rule");
	if (!is_name(name))
		doc_error(&r->doc, at, "invalid recording rule name: %s", name);
	if (strpbrk(name, "{}"))
		doc_error(&r->doc, at,
			"braces present in the recording rule name; should it be in expr?: %s",
			name);
}

static void read_expression(struct reader *r, const struct rule_written *w, struct rule *rule)
{
	struct err e = { 0 };

	rule->expression = text_of(r, "expr", w->expr);
	if (!*rule->expression)
		doc_error(&r->doc, w->expr ? w->expr : w->node, "field 'expr' must be set in rule");
	else if (r->world->parse(r->world->ctx, rule->expression, r->doc.arena, &rule->parsed,
			 &e) != RC_OK)
		doc_error(&r->doc, w->expr, "could not parse expression: %s", e.text);
	else if (r->world->reads(r->world->ctx, rule->parsed, r->doc.arena, &rule->reads) != RC_OK)
		doc_error(&r->doc, w->expr, "no room for the expression");
}

static void read_rule(struct reader *r, const struct rule_written *w,
	const struct rule_texts *group_labels, struct rule *rule)
{
	const char *record = text_of(r, "record", w->record);
	const char *alert = text_of(r, "alert", w->alert);

	rule->is_alert = *alert != '\0';
	rule->name = *alert ? alert : record;
	rule->line = w->node->line;
	rule->column = w->node->column;
	rule->for_ms = w->for_ms;
	rule->keep_firing_for_ms = w->keep_firing_for_ms;
	if (*record && *alert)
		doc_error(&r->doc, w->alert, "only one of 'record' and 'alert' must be set");
	if (!*record && !*alert)
		doc_error(&r->doc, w->node, "one of 'record' or 'alert' must be set");
	read_expression(r, w, rule);
	if (*record)
		check_recording(r, w, record);
	rule->labels = read_texts(r, &labels_kind, w->labels, group_labels);
	rule->annotations =
		read_texts(r, &annotations_kind, w->annotations, &(struct rule_texts){ 0 });
	if (!rule->is_alert)
		return;
	parse_templates(r, rule, &rule->labels, &labels_kind, w->labels ? w->labels : w->node);
	parse_templates(r, rule, &rule->annotations, &annotations_kind, w->annotations);
}

static const char *name_of(struct reader *r, const struct rule_written *w)
{
	const struct doc_node *node = w->alert && w->alert->text_len ? w->alert : w->record;

	return node && node->kind == DOC_SCALAR ? text_of(r, "name", node) : "";
}

static void read_rules(struct reader *r, const struct group_written *w, struct rule_group *g,
	const struct rule_texts *labels)
{
	const struct rule_written *rules = w->rules.v;

	g->rules = doc_alloc(&r->doc, w->rules.n * sizeof *g->rules);
	for (uint32_t i = 0; g->rules && i < w->rules.n; i++) {
		scoped(str_fini) struct str within = STR_EMPTY;

		if (!rules[i].node) /* not even a mapping, which has been said */
			continue;
		str_addf(&within, " (group '%s', rule %u, '%s')", g->name, i + 1,
			name_of(r, &rules[i]));
		r->doc.within = str_c(&within);
		read_rule(r, &rules[i], labels, &g->rules[g->n_rules++]);
		r->doc.within = "";
	}
}

/* Groups */

static void read_limit(struct reader *r, const struct group_written *w, struct rule_group *g)
{
	const struct doc_node *node = w->limit;
	char *end;

	if (!node)
		return;
	g->limit = node->kind == DOC_SCALAR ? strtoll(node->text, &end, 10) : 0;
	if (node->kind != DOC_SCALAR || node->is_quoted || node->text_len == 0 || *end)
		doc_expected(&r->doc, &(struct doc_key){ .name = "limit" }, node, "a number");
}

static void read_group(struct reader *r, const struct group_written *w, struct rule_group *g)
{
	struct rule_texts labels;

	g->file = r->doc.file;
	g->name = w->name;
	g->interval_ms = w->interval_ms;
	g->has_offset = w->query_offset_ms >= 0;
	g->query_offset_ms = g->has_offset ? w->query_offset_ms : 0;
	read_limit(r, w, g);
	labels = read_texts(r, &labels_kind, w->labels, &(struct rule_texts){ 0 });
	read_rules(r, w, g, &labels);
}

static void read_groups(struct reader *r, const struct file_written *w, struct rule_file *f)
{
	const struct group_written *groups = w->groups.v;
	scoped(map_fini) struct map names = MAP_EMPTY;

	f->groups = doc_alloc(&r->doc, w->groups.n * sizeof *f->groups);
	for (uint32_t i = 0; f->groups && i < w->groups.n; i++) {
		const struct group_written *it = &groups[i];

		if (!it->node)
			continue;
		if (!*it->name)
			doc_error(&r->doc, it->node, "Groupname must not be empty");
		if (map_put(&names, it->name, f))
			doc_error(&r->doc, doc_at(it->node, "name"),
				"groupname: \"%s\" is repeated in the same file", it->name);
		read_group(r, it, &f->groups[f->n_groups++]);
	}
}

enum rc rule_file_read(struct rule_file **ret, const struct doc *doc,
	const struct rules_world *world, struct findings *findings, struct err *e)
{
	scoped(rule_file_free) struct rule_file *f = must_alloc(sizeof *f);
	struct reader r = { .world = world };
	struct file_written written = { 0 };
	uint32_t before = findings->n_errors;

	arena_init(&f->arena, RULE_FILE_BYTES_MAX);
	r.doc = (struct doc_reader){ .arena = &f->arena, .findings = findings, .within = "" };
	r.doc.file = arena_strdup(&f->arena, doc->file);
	if (!r.doc.file)
		return err_set(e, RC_LIMIT, "%s: no room for its name", doc->file);
	if (doc->root && doc->root->kind != DOC_NULL)
		doc_read(&r.doc, &file_shape, doc->root, &written);
	read_groups(&r, &written, f);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "%s: %u errors", doc->file,
			findings->n_errors - before);
	*ret = TAKE(f);
	return RC_OK;
}

void rule_file_free(struct rule_file *f)
{
	if (!f)
		return;
	arena_fini(&f->arena);
	free(f);
}

/* Rules that are said twice */

static int compare_texts(const struct rule_texts *a, const struct rule_texts *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		int order = strcmp(a->v[i].name, b->v[i].name);

		if (order == 0)
			order = strcmp(a->v[i].text, b->v[i].text);
		if (order != 0)
			return order;
	}
	return (a->n > b->n) - (a->n < b->n);
}

struct placed {
	const struct rule *rule;
	const char *file;
};

static int compare_placed(const void *left, const void *right)
{
	const struct rule *a = ((const struct placed *)left)->rule;
	const struct rule *b = ((const struct placed *)right)->rule;
	int order = strcmp(a->name, b->name);

	if (order == 0)
		order = compare_texts(&a->labels, &b->labels);
	return order;
}

static int compare_lines(const void *left, const void *right)
{
	const struct rule *a = ((const struct placed *)left)->rule;
	const struct rule *b = ((const struct placed *)right)->rule;
	int order = compare_placed(left, right);

	return order ? order : (a->line > b->line) - (a->line < b->line);
}

void rule_file_warn_repeated(const struct rule_file *f, struct findings *findings)
{
	scoped(mem_free) char *memory = NULL;
	struct placed *v;
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_groups; i++)
		n += f->groups[i].n_rules;
	memory = must_alloc((n + 1) * sizeof *v);
	v = (struct placed *)memory;
	n = 0;
	for (uint32_t i = 0; i < f->n_groups; i++)
		for (uint32_t k = 0; k < f->groups[i].n_rules; k++)
			v[n++] = (struct placed){ &f->groups[i].rules[k], f->groups[i].file };
	qsort(v, n, sizeof *v, compare_lines);
	for (uint32_t i = 1; i < n; i++)
		if (compare_placed(&v[i - 1], &v[i]) == 0)
			finding_warning(findings,
				(struct place){ v[i].file, v[i].rule->line, v[i].rule->column },
				"rule '%s' has the name and labels of the one in line %u: they "
				"would write the same series",
				v[i].rule->name, v[i - 1].rule->line);
}
