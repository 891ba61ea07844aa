/* SPDX-License-Identifier: Apache-2.0 */
/* From the request down to its metrics: resources, scopes, metrics. */
#include "core/remote/otlp_private.h"

#include <stdio.h>

#define POINT_BYTES_MAX (1u << 20)
#define CUMULATIVE      2
#define TYPE_COUNTER    1
#define TYPE_GAUGE      2
#define TYPE_HISTOGRAM  3
#define TYPE_SUMMARY    5

void otlp_fail(struct translation *t, enum rc rc, const char *text)
{
	if (t->rc == RC_OK)
		t->rc = err_set(t->e, rc, "%s", text);
}

void otlp_check(struct translation *t, const struct protobuf *p)
{
	if (p->is_bad)
		otlp_fail(t, RC_INPUT, "proto: the message is malformed");
}

void otlp_reject(struct translation *t, const char *why)
{
	t->result->n_rejected++;
	if (!*t->result->why)
		snprintf(t->result->why, sizeof t->result->why, "%.100s: %s", t->name, why);
}

/* ---- metrics */

static const struct metric_form {
	uint32_t key;  /* of the data in a Metric */
	uint64_t type; /* of a gauge, or of what isn't monotonic */
	bool has_temporality;
	const struct point_form *point;
} forms[] = {
	{ PROTOBUF_BYTES(5), TYPE_GAUGE, false, &otlp_numbers },
	{ PROTOBUF_BYTES(7), TYPE_GAUGE, true, &otlp_numbers },
	{ PROTOBUF_BYTES(9), TYPE_HISTOGRAM, true, &otlp_histograms },
	{ PROTOBUF_BYTES(10), TYPE_HISTOGRAM, true, &otlp_exponentials },
	{ PROTOBUF_BYTES(11), TYPE_SUMMARY, false, &otlp_summaries },
};

struct metric {
	const char *name, *help, *unit;
	const struct metric_form *form;
	struct protobuf data;
};

static void put_metadata(struct translation *t, const struct metric *m, uint64_t type)
{
	size_t opened = protobuf_open(t->out, 3);

	protobuf_add_uint(t->out, 1, type);
	protobuf_add_bytes(t->out, 2, t->name, strlen(t->name));
	protobuf_add_bytes(t->out, 4, m->help, strlen(m->help));
	protobuf_add_bytes(t->out, 5, m->unit, strlen(m->unit));
	protobuf_close(t->out, opened);
}

static void put_points(struct translation *t, const struct metric *m)
{
	struct protobuf data = m->data;
	uint64_t temporality = 0;
	bool is_monotonic = false;
	struct protobuf_field f;
	scoped(str_fini) struct str name = STR_EMPTY;
	enum otlp_kind kind;

	while (protobuf_next(&data, &f)) {
		if (f.key == PROTOBUF_VARINT(2))
			temporality = f.v;
		else if (f.key == PROTOBUF_VARINT(3))
			is_monotonic = f.v;
	}
	otlp_check(t, &data);
	kind = is_monotonic ? OTLP_COUNTER : m->form->key == forms[0].key ? OTLP_GAUGE : OTLP_OTHER;
	otlp_metric_name_by(t->strategy, m->name, m->unit, kind, &name);
	t->name = str_c(&name);
	if (t->rc == RC_OK && *t->name)
		put_metadata(t, m, is_monotonic ? TYPE_COUNTER : m->form->type);
	for (data = m->data; t->rc == RC_OK && protobuf_next(&data, &f);) {
		if (f.key != PROTOBUF_BYTES(1))
			continue;
		if (m->form->has_temporality && temporality != CUMULATIVE)
			otlp_reject(t, "only cumulative temporality is taken");
		else if (!*t->name)
			otlp_reject(t, "a metric without a name");
		else
			otlp_take_point(t, m->form->point, &f);
	}
	t->name = "";
}

static void take_metric(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct metric m = { .name = "", .help = "", .unit = "" };
	scoped(arena_fini) struct arena texts;
	struct protobuf_field f;

	arena_init(&texts, POINT_BYTES_MAX);
	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			m.name = otlp_text_of(t, &texts, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			m.help = otlp_text_of(t, &texts, &f);
		else if (f.key == PROTOBUF_BYTES(3))
			m.unit = otlp_text_of(t, &texts, &f);
		for (size_t i = 0; i < COUNT(forms); i++)
			if (f.key == forms[i].key) {
				m.form = &forms[i];
				m.data = protobuf_inside(&f);
			}
	}
	otlp_check(t, &p);
	if (t->rc == RC_OK && m.form)
		put_points(t, &m);
}

/* ---- resources */

/* service.name and .namespace become the job, service.instance.id the instance. */
struct identity {
	const char *name, *space, *instance;
};

static const char **part_of(struct identity *id, const char *key)
{
	if (str_eq(key, "service.name"))
		return &id->name;
	if (str_eq(key, "service.namespace"))
		return &id->space;
	return str_eq(key, "service.instance.id") ? &id->instance : NULL;
}

static void take_resource_attribute(struct translation *t, struct identity *id,
	const struct attribute *it)
{
	const char **part = part_of(id, it->key);

	if (part)
		*part = it->value;
	t->has_others |= !part;
	if (!part || (t->config && t->config->keeps_identifying))
		otlp_take_attribute(t, &t->resource_arena, &t->resource, it);
	if (otlp_config_promotes(t->config, it->key))
		otlp_take_attribute(t, &t->resource_arena, &t->promoted, it);
}

static void take_resource(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct identity id = { "", "", t->instance };
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		struct attribute it;

		if (f.key != PROTOBUF_BYTES(1))
			continue;
		it = otlp_read_attribute(t, &t->resource_arena, &f);
		take_resource_attribute(t, &id, &it);
	}
	otlp_check(t, &p);
	t->instance = id.instance;
	t->job = *id.space ? arena_printf(&t->resource_arena, "%s/%s", id.space, id.name) : id.name;
	if (!t->job)
		otlp_fail(t, RC_LIMIT, "more attributes than are taken");
}

/* What else is known of the resource, as a series of its own. */
static void put_target_info(struct translation *t)
{
	static const struct extra none = { "", NULL, NULL };

	if (t->rc != RC_OK || !t->has_others || !t->resource.n || !t->latest_ms ||
		(!*t->job && !*t->instance))
		return;
	t->name = "target_info";
	put_metadata(t, &(struct metric){ .help = "Target metadata", .unit = "" }, TYPE_GAUGE);
	otlp_put_series(t, &t->resource, &none, &(struct sample){ .t_ms = t->latest_ms, .v = 1 });
	t->name = "";
}

/* A scope's own attributes are named like what is said of it, which they don't replace. */
static void take_scope_attribute(struct translation *t, const struct protobuf_field *message)
{
	struct attribute it = otlp_read_attribute(t, &t->resource_arena, message);
	const char *key = arena_printf(&t->resource_arena, "otel_scope_%s", it.key);

	if (!key)
		otlp_fail(t, RC_LIMIT, "more attributes than are taken");
	else
		otlp_take_attribute(t, &t->resource_arena, &t->scope,
			&(struct attribute){ key, it.value });
}

static void set_label(struct translation *t, struct attributes *to, const char *name,
	const char *value)
{
	for (uint32_t i = 0; i < to->n; i++)
		if (str_eq(to->v[i].name, name))
			to->v[i--] = to->v[--to->n];
	if (*value)
		otlp_add_label(t, &t->resource_arena, to, name, value);
}

/* Of a scope that has a name: who measured, as labels of each series. */
static void read_scope(struct translation *t, const struct protobuf_field *scope,
	const char *schema_url)
{
	const char *name = "", *version = "";
	struct protobuf p = protobuf_inside(scope);
	struct protobuf_field f;

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			name = otlp_text_of(t, &t->resource_arena, &f);
		else if (f.key == PROTOBUF_BYTES(2))
			version = otlp_text_of(t, &t->resource_arena, &f);
		else if (f.key == PROTOBUF_BYTES(3))
			take_scope_attribute(t, &f);
	}
	otlp_check(t, &p);
	if (!*name)
		t->scope.n = 0;
	if (t->rc != RC_OK || !*name)
		return;
	set_label(t, &t->scope, "otel_scope_name", name);
	set_label(t, &t->scope, "otel_scope_version", version);
	set_label(t, &t->scope, "otel_scope_schema_url", schema_url);
}

static void find_scope(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f, scope = { 0 };
	const char *schema_url = "";

	while (t->rc == RC_OK && protobuf_next(&p, &f)) {
		if (f.key == PROTOBUF_BYTES(1))
			scope = f;
		else if (f.key == PROTOBUF_BYTES(3))
			schema_url = otlp_text_of(t, &t->resource_arena, &f);
	}
	read_scope(t, &scope, schema_url);
}

static void take_scope(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	if (t->config && t->config->promotes_scope)
		find_scope(t, message);
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(2))
			take_metric(t, &f);
	otlp_check(t, &p);
	t->scope.n = 0;
}

static void take_resource_metrics(struct translation *t, const struct protobuf_field *message)
{
	struct protobuf p = protobuf_inside(message);
	struct protobuf_field f;

	arena_reset(&t->resource_arena);
	t->resource.n = t->promoted.n = 0;
	t->has_others = false;
	t->job = t->instance = t->name = "";
	t->latest_ms = 0;
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1))
			take_resource(t, &f);
	otlp_check(t, &p);
	for (p = protobuf_inside(message); t->rc == RC_OK && protobuf_next(&p, &f);)
		if (f.key == PROTOBUF_BYTES(2))
			take_scope(t, &f);
	put_target_info(t);
}

enum rc otlp_translate(const struct otlp_message *m, struct str *out, struct otlp_result *ret,
	struct err *e)
{
	struct translation *t = must_alloc(sizeof *t);
	struct protobuf p = protobuf_over(m->bytes, m->n);
	struct protobuf_field f;
	enum rc rc;

	t->config = m->config;
	t->strategy =
		m->config ? (enum otlp_strategy)m->config->strategy : OTLP_UNDERSCORES_AND_SUFFIXES;
	t->out = out;
	t->result = ret;
	t->e = e;
	arena_init(&t->resource_arena, POINT_BYTES_MAX);
	arena_init(&t->arena, POINT_BYTES_MAX);
	while (t->rc == RC_OK && protobuf_next(&p, &f))
		if (f.key == PROTOBUF_BYTES(1))
			take_resource_metrics(t, &f);
	otlp_check(t, &p);
	rc = t->rc;
	arena_fini(&t->resource_arena);
	arena_fini(&t->arena);
	free(t);
	return rc;
}
