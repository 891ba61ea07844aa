/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and the global section, in Prometheus 3.5's syntax: config/config.go. */
#include "core/scrape/config.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/str.h"
#include "base/time.h"
#include "core/scrape/config_private.h"

#include <stdio.h>
#include <strings.h>

#define CONFIG_BYTES_MAX ((size_t)64 * 1024 * 1024)

static const char *const protocol_names[SCRAPE_PROTOCOLS] = {
	[SCRAPE_OPENMETRICS_1_0_0] = "OpenMetricsText1.0.0",
	[SCRAPE_OPENMETRICS_0_0_1] = "OpenMetricsText0.0.1",
	[SCRAPE_TEXT_1_0_0] = "PrometheusText1.0.0",
	[SCRAPE_TEXT_0_0_4] = "PrometheusText0.0.4",
	[SCRAPE_PROTOBUF] = "PrometheusProto",
};

const char *scrape_protocol_name(enum scrape_protocol p)
{
	must(p < SCRAPE_PROTOCOLS);
	return protocol_names[p];
}

static const struct doc_choice protocols[] = {
	{ "OpenMetricsText1.0.0", SCRAPE_OPENMETRICS_1_0_0 },
	{ "OpenMetricsText0.0.1", SCRAPE_OPENMETRICS_0_0_1 },
	{ "PrometheusText1.0.0", SCRAPE_TEXT_1_0_0 },
	{ "PrometheusText0.0.4", SCRAPE_TEXT_0_0_4 },
	{ "PrometheusProto", SCRAPE_PROTOBUF },
	{ 0 },
};
static const struct scrape_protocols protobuf_first = {
	{ SCRAPE_PROTOBUF, SCRAPE_OPENMETRICS_1_0_0, SCRAPE_OPENMETRICS_0_0_1, SCRAPE_TEXT_1_0_0,
		SCRAPE_TEXT_0_0_4 },
	5,
};
static const struct scrape_protocols default_protocols = {
	{ SCRAPE_OPENMETRICS_1_0_0, SCRAPE_OPENMETRICS_0_0_1, SCRAPE_TEXT_1_0_0,
		SCRAPE_TEXT_0_0_4 },
	4,
};

static const struct doc_choice validations[] = {
	{ "utf8", NAMES_UTF8 },
	{ "legacy", NAMES_LEGACY },
	{ 0 },
};
static const struct doc_choice escapings[] = {
	{ "allow-utf-8", ESCAPE_ALLOW_UTF8 },
	{ "underscores", ESCAPE_UNDERSCORES },
	{ "dots", ESCAPE_DOTS },
	{ "values", ESCAPE_VALUES },
	{ 0 },
};

const char *name_escaping_text(enum name_escaping e)
{
	must(e > ESCAPE_UNSET && e < ESCAPE_UNSET + (int)COUNT(escapings));
	return escapings[e - 1].text;
}

/* One more protocol of a list; each stands there once. */
static void add_protocol(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, struct scrape_protocols *list, unsigned *seen)
{
	const struct doc_key choice = { .name = key->name, .choices = protocols };
	int found = -1;

	doc_choose(r, &choice, node, &found);
	if (found < 0)
		return;
	if (*seen >> found & 1)
		doc_error(r, node, "%s: %s stands there twice", key->name, protocol_names[found]);
	else
		list->v[list->n++] = (uint8_t)found;
	*seen |= 1u << found;
}

static void take_protocols(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct scrape_protocols list = { 0 };
	unsigned seen = 0;

	if (node->kind != DOC_SEQUENCE) {
		doc_expected(r, key, node, "a list");
		return;
	}
	for (uint32_t i = 0; i < node->n; i++)
		add_protocol(r, key, node->values[i], &list, &seen);
	if (node->n == 0)
		doc_error(r, node, "%s: at least one protocol is needed", key->name);
	*(struct scrape_protocols *)to = list;
}

/* A flag that may be left unsaid. */
static void take_flag(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	bool is_set = false;

	doc_flag(r, key, node, &is_set);
	*(int *)to = is_set ? SCRAPE_YES : SCRAPE_NO;
}

#define TERMS_KEYS(type, member)                                                                 \
	{ "scrape_interval", doc_duration, offsetof(struct type, member.interval_ms) },          \
		{ "scrape_timeout", doc_duration, offsetof(struct type, member.timeout_ms) },    \
		{ "scrape_protocols", take_protocols, offsetof(struct type, member.protocols) }, \
		{ "body_size_limit", doc_size,                                                   \
			offsetof(struct type, member.body_size_limit_bytes) },                   \
		{ "sample_limit", doc_count, offsetof(struct type, member.sample_limit) },       \
		{ "target_limit", doc_count, offsetof(struct type, member.target_limit) },       \
		{ "label_limit", doc_count, offsetof(struct type, member.label_limit) },         \
		{ "label_name_length_limit", doc_count,                                          \
			offsetof(struct type, member.label_name_length_limit) },                 \
		{ "label_value_length_limit", doc_count,                                         \
			offsetof(struct type, member.label_value_length_limit) },                \
		{ "keep_dropped_targets", doc_count,                                             \
			offsetof(struct type, member.keep_dropped_targets) },                    \
		{ "metric_name_validation_scheme", doc_choose,                                   \
			offsetof(struct type, member.name_validation), .choices = validations }, \
		{ "metric_name_escaping_scheme", doc_choose,                                     \
			offsetof(struct type, member.name_escaping), .choices = escapings },     \
		{ "scrape_failure_log_file", doc_path,                                           \
			offsetof(struct type, member.failure_log_file) },                        \
		{ "always_scrape_classic_histograms", take_flag,                                 \
			offsetof(struct type, member.classic_histograms) },                      \
		{ "convert_classic_histograms_to_nhcb", take_flag,                               \
			offsetof(struct type, member.convert_classic) },                         \
		{ "scrape_native_histograms", take_flag, /* of 3.8 */                            \
			offsetof(struct type, member.native_histograms) },                       \
	{                                                                                        \
		"extra_scrape_metrics", doc_refused_flag /* of 3.9 */                            \
	}

/* The global section. */

static const struct doc_key global_keys[] = {
	TERMS_KEYS(scrape_global, terms),
	{ "evaluation_interval", doc_duration,
		offsetof(struct scrape_global, evaluation_interval_ms) },
	{ "rule_query_offset", doc_duration, offsetof(struct scrape_global, rule_query_offset_ms) },
	{ "external_labels", doc_labels, offsetof(struct scrape_global, external_labels) },
	{ "query_log_file", doc_path, offsetof(struct scrape_global, query_log_file) },
	{ 0 },
};

static void check_timeout(struct doc_reader *r, const struct doc_node *node,
	const struct scrape_terms *t)
{
	if (t->timeout_ms > t->interval_ms)
		doc_error(r, doc_at(node, "scrape_timeout"),
			"scrape_timeout: it may not be longer than scrape_interval");
}

static void global_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct scrape_global *g = to;
	struct scrape_terms *t = &g->terms;

	if (!t->interval_ms)
		t->interval_ms = MINUTE_MS;
	check_timeout(r, node, t);
	if (!t->timeout_ms)
		t->timeout_ms = 10 * SECOND_MS < t->interval_ms ? 10 * SECOND_MS : t->interval_ms;
	if (!g->evaluation_interval_ms)
		g->evaluation_interval_ms = MINUTE_MS;
	g->has_protocols = t->protocols.n > 0;
	if (!t->protocols.n)
		t->protocols = default_protocols;
	if (!t->name_validation)
		t->name_validation = NAMES_UTF8;
	if (!t->name_escaping)
		t->name_escaping =
			t->name_validation == NAMES_LEGACY ? ESCAPE_UNDERSCORES : ESCAPE_ALLOW_UTF8;
}

static const struct doc_shape global_shape = {
	.name = "global",
	.size_bytes = sizeof(struct scrape_global),
	.keys = global_keys,
	.check = global_check,
};

/* A job. */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct scrape_param *)a)->name,
		((const struct scrape_param *)b)->name);
}

static void take_params(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	struct scrape_param *params;
	uint32_t n = 0;

	if (node->kind != DOC_MAPPING) {
		doc_expected(r, key, node, "a mapping of lists");
		return;
	}
	params = doc_alloc(r, node->n * sizeof *params);
	for (uint32_t i = 0; params && i < node->n; i++) {
		const char *name = doc_copy(r, key, node->keys[i]);
		struct doc_texts values = { 0 };

		if (node->values[i]->kind != DOC_NULL)
			doc_text_list(r, key, node->values[i], &values);
		if (name)
			params[n++] = (struct scrape_param){ name, values.v, values.n };
	}
	if (n)
		qsort(params, n, sizeof *params, by_name);
	doc_list_put(to, params, n);
}

static const struct doc_choice schemes[] = {
	{ "http", 0 },
	{ "https", 1 },
	{ 0 },
};

struct job { /* while it is read */
	struct scrape_config config;
	struct sd_lists sds;
	int is_https;
};

static const struct doc_key job_keys[] = {
	{ "job_name", doc_text, offsetof(struct job, config.job_name) },
	TERMS_KEYS(job, config.terms),
	{ "honor_labels", doc_flag, offsetof(struct job, config.honor_labels) },
	{ "honor_timestamps", doc_flag, offsetof(struct job, config.honor_timestamps) },
	{ "track_timestamps_staleness", doc_flag,
		offsetof(struct job, config.track_timestamps_staleness) },
	{ "enable_compression", doc_flag, offsetof(struct job, config.enable_compression) },
	{ "params", take_params, offsetof(struct job, config.params) },
	{ "fallback_scrape_protocol", doc_choose, offsetof(struct job, config.fallback_protocol),
		.choices = protocols },
	{ "metrics_path", doc_text, offsetof(struct job, config.metrics_path) },
	{ "scheme", doc_choose, offsetof(struct job, is_https), .choices = schemes },
	{ "native_histogram_bucket_limit", doc_count,
		offsetof(struct job, config.native_histogram_bucket_limit) },
	{ "native_histogram_min_bucket_factor", doc_number,
		offsetof(struct job, config.native_histogram_min_bucket_factor) },
	HTTP_CONFIG_KEYS(job, config.http),
	{ "relabel_configs", relabel_take, offsetof(struct job, config.relabel) },
	{ "metric_relabel_configs", relabel_take, offsetof(struct job, config.metric_relabel) },
	{ "static_configs", sd_take_static, offsetof(struct job, sds) },
	{ "file_sd_configs", sd_take_file, offsetof(struct job, sds) },
	{ "http_sd_configs", sd_take_http, offsetof(struct job, sds) },
	{ "dns_sd_configs", sd_take_dns, offsetof(struct job, sds) },
	{ "kubernetes_sd_configs", sd_take_kubernetes, offsetof(struct job, sds) },
	SD_REFUSED_KEYS,
	{ 0 },
};

static void job_init(struct doc_reader *r, void *to)
{
	struct scrape_config *c = &((struct job *)to)->config;

	(void)r;
	c->honor_timestamps = true;
	c->enable_compression = true;
	c->fallback_protocol = SCRAPE_PROTOCOL_NONE;
	c->metrics_path = "/metrics";
	http_config_init(&c->http);
}

/* A URL where an address is meant; relabelling might still make something of it. */
static void check_static_targets(struct doc_reader *r, const struct scrape_config *c,
	const struct doc_node *node)
{
	for (uint32_t i = 0; i < c->n_sds; i++) {
		const struct sd_static *fixed = &c->sds[i].fixed;

		if (c->sds[i].kind != SD_STATIC)
			continue;
		for (uint32_t g = 0; g < fixed->n; g++)
			for (uint32_t t = 0; t < fixed->groups[g].n; t++) {
				const char *address =
					labels_get(&fixed->groups[g].targets[t], "__address__");

				if (!is_target_address(address))
					doc_error(r, doc_at(node, "static_configs"),
						"'%.120s' is not an address: host:port alone, "
						"without scheme and path",
						address);
			}
	}
}

static void job_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct job *job = to;
	struct scrape_config *c = &job->config;

	c->scheme = schemes[job->is_https].text;
	c->sds = job->sds.v;
	c->n_sds = job->sds.n;
	if (!c->job_name || !c->job_name[0])
		doc_error(r, doc_at(node, "job_name"), "a scrape config lacks its job_name");
	else if (!utf8_valid(c->job_name, strlen(c->job_name)))
		doc_error(r, doc_at(node, "job_name"), "job_name: not UTF-8");
	http_config_check(r, node, &c->http);
	if (!c->relabel.n)
		check_static_targets(r, c, node);
}

static const struct doc_shape job_shape = {
	.name = "scrape_configs",
	.size_bytes = sizeof(struct job),
	.keys = job_keys,
	.init = job_init,
	.check = job_check,
};

/* What the job leaves out is the global section's. */
static void inherit(struct scrape_terms *t, const struct scrape_terms *global)
{
	const struct {
		uint64_t *own;
		uint64_t otherwise;
	} limits[] = {
		{ &t->body_size_limit_bytes, global->body_size_limit_bytes },
		{ &t->sample_limit, global->sample_limit },
		{ &t->target_limit, global->target_limit },
		{ &t->label_limit, global->label_limit },
		{ &t->label_name_length_limit, global->label_name_length_limit },
		{ &t->label_value_length_limit, global->label_value_length_limit },
		{ &t->keep_dropped_targets, global->keep_dropped_targets },
	};

	for (size_t i = 0; i < COUNT(limits); i++)
		if (!*limits[i].own)
			*limits[i].own = limits[i].otherwise;
	if (!t->interval_ms)
		t->interval_ms = global->interval_ms;
	if (!t->native_histograms)
		t->native_histograms = global->native_histograms;
	if (!t->classic_histograms)
		t->classic_histograms = global->classic_histograms;
	if (!t->failure_log_file)
		t->failure_log_file = global->failure_log_file;
	if (!t->convert_classic)
		t->convert_classic = global->convert_classic;
}

static void complete_protocols(struct scrape_terms *t, const struct scrape_global *global)
{
	if (t->protocols.n)
		return;
	if (t->native_histograms == SCRAPE_YES && !global->has_protocols)
		t->protocols = protobuf_first;
	else
		t->protocols = global->terms.protocols;
}

static void complete_names(struct doc_reader *r, const struct doc_node *node,
	struct scrape_terms *t, const struct scrape_terms *global)
{
	bool own_validation = t->name_validation != NAMES_UNSET;

	if (!own_validation)
		t->name_validation = global->name_validation;
	if (!t->name_escaping && !own_validation)
		t->name_escaping = global->name_escaping;
	else if (!t->name_escaping)
		t->name_escaping =
			t->name_validation == NAMES_LEGACY ? ESCAPE_UNDERSCORES : ESCAPE_ALLOW_UTF8;
	if (t->name_escaping == ESCAPE_ALLOW_UTF8 && t->name_validation != NAMES_UTF8)
		doc_error(r, doc_at(node, "metric_name_escaping_scheme"),
			"metric_name_escaping_scheme: allow-utf-8 needs "
			"metric_name_validation_scheme: utf8");
}

static void complete(struct doc_reader *r, const struct doc_node *node, struct scrape_terms *t,
	const struct scrape_terms *global)
{
	inherit(t, global);
	check_timeout(r, node, t);
	if (!t->timeout_ms)
		t->timeout_ms =
			global->timeout_ms < t->interval_ms ? global->timeout_ms : t->interval_ms;
	complete_names(r, node, t, global);
}

/* "job 'node'", so that a complaint says where; nothing while the name isn't known. */
static void name_job(struct doc_reader *r, const struct doc_node *node, char buf[160])
{
	const struct doc_node *name = doc_get(node, "job_name");

	buf[0] = '\0';
	if (name && name->kind == DOC_SCALAR)
		snprintf(buf, 160, " (job '%.*s')", (int)utf8_most(name->text, 100), name->text);
	r->within = buf;
}

static void read_job(struct doc_reader *r, const struct doc_node *node,
	const struct scrape_global *global, struct scrape_config *to)
{
	struct job job = { 0 };
	char within[160];

	name_job(r, node, within);
	if (node->kind == DOC_MAPPING)
		doc_read(r, &job_shape, node, &job);
	else
		doc_error(r, node, "scrape_configs: each item must be a mapping");
	complete(r, node, &job.config.terms, &global->terms);
	complete_protocols(&job.config.terms, global);
	*to = job.config;
	to->file = r->file;
	to->line = node->line;
	to->column = node->column;
	r->within = "";
}

/* Job names are labels, and what the pages list. */
static void add_job(struct doc_reader *r, struct scrape_configs *configs, struct map *names,
	const struct doc_node *node)
{
	struct scrape_config *c = &configs->v[configs->n];
	const struct scrape_config *first;

	read_job(r, node, &configs->global, c);
	configs->n++;
	if (!c->job_name)
		return;
	first = map_get(names, c->job_name);
	if (first)
		doc_error(r, doc_at(node, "job_name"),
			"a second job is called '%.100s'; the first stands in %s, line %u",
			c->job_name, first->file, first->line);
	else
		map_put(names, c->job_name, c);
}

static void read_section(struct doc_reader *r, const struct scrape_section *s,
	struct scrape_configs *configs, struct map *names)
{
	const struct doc_node *list = s->scrape_configs;

	if (!list || list->kind == DOC_NULL)
		return;
	r->file = arena_strdup(r->arena, s->file);
	r->folder = s->folder;
	if (list->kind != DOC_SEQUENCE) {
		doc_error(r, list, "scrape_configs: expected a list");
		return;
	}
	for (uint32_t i = 0; r->file && i < list->n; i++) {
		if (configs->n == SCRAPE_CONFIGS_MAX) {
			doc_error(r, list->values[i], "more than %d scrape configs",
				SCRAPE_CONFIGS_MAX);
			return;
		}
		add_job(r, configs, names, list->values[i]);
	}
}

static void read_all(struct doc_reader *r, const struct scrape_section *sections, uint32_t n,
	struct scrape_configs *configs)
{
	static const struct doc_node nothing = { .kind = DOC_NULL, .line = 1, .column = 1 };
	scoped(map_fini) struct map names = MAP_EMPTY;
	uint32_t n_jobs = 0;

	r->file = n ? sections[0].file : "";
	r->folder = n ? sections[0].folder : "";
	doc_read(r, &global_shape, n && sections[0].global ? sections[0].global : &nothing,
		&configs->global);
	for (uint32_t i = 0; i < n; i++)
		n_jobs += sections[i].scrape_configs ? sections[i].scrape_configs->n : 0;
	n_jobs = n_jobs < SCRAPE_CONFIGS_MAX ? n_jobs : SCRAPE_CONFIGS_MAX;
	configs->v = doc_alloc(r, n_jobs * sizeof *configs->v);
	for (uint32_t i = 0; configs->v && i < n; i++)
		read_section(r, &sections[i], configs, &names);
}

enum rc scrape_config_read(struct scrape_configs **ret, const struct scrape_section *sections,
	uint32_t n_sections, struct findings *findings, struct err *e)
{
	scoped(scrape_configs_free) struct scrape_configs *configs = must_alloc(sizeof *configs);
	struct doc_reader r = { .arena = &configs->arena, .findings = findings, .within = "" };
	uint32_t before = findings->n_errors;

	arena_init(&configs->arena, CONFIG_BYTES_MAX);
	read_all(&r, sections, n_sections, configs);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "the scrape configs have %u error%s",
			findings->n_errors - before, findings->n_errors - before == 1 ? "" : "s");
	*ret = TAKE(configs);
	return RC_OK;
}

void scrape_configs_free(struct scrape_configs *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		relabel_rules_fini(&c->v[i].relabel);
		relabel_rules_fini(&c->v[i].metric_relabel);
	}
	arena_fini(&c->arena);
	free(c);
}
