/* SPDX-License-Identifier: Apache-2.0 */
/* rule_metrics: what Prometheus tells of its rules on /metrics, under its names; one family is
 * ours. */
#include "api/prometheus/rule_list.h"

#include "base/number_text.h"
#include "core/scrape/exposition.h"

static double interval_s(const struct rule_group_view *g)
{
	return (double)g->interval_ms / 1000;
}

static double began_s(const struct rule_group_view *g)
{
	return g->began_ms == RULES_NEVER ? 0 : (double)g->began_ms / 1000;
}

static double took_s(const struct rule_group_view *g)
{
	return (double)g->took_ns / 1e9;
}

static double samples(const struct rule_group_view *g)
{
	return (double)g->samples;
}

static double n_rules(const struct rule_group_view *g)
{
	return g->n_rules;
}

static double iterations(const struct rule_group_view *g)
{
	return (double)g->iterations;
}

static double missed(const struct rule_group_view *g)
{
	return (double)g->missed;
}

static double evaluations(const struct rule_group_view *g)
{
	return (double)g->evaluations;
}

static double failures(const struct rule_group_view *g)
{
	return (double)g->failures;
}

static double blind(const struct rule_group_view *g)
{
	return g->n_blind;
}

static const struct {
	const char *name, *type, *help;
	double (*value)(const struct rule_group_view *g);
} families[] = {
	{ "prometheus_rule_evaluations_total", "counter", "rules evaluated", evaluations },
	{ "prometheus_rule_evaluation_failures_total", "counter", "of these, failed", failures },
	{ "prometheus_rule_group_iterations_total", "counter",
		"times at which the group was due, evaluated or missed", iterations },
	{ "prometheus_rule_group_iterations_missed_total", "counter",
		"of these, passed while it was still being evaluated", missed },
	{ "prometheus_rule_group_interval_seconds", "gauge", "time between two evaluations",
		interval_s },
	{ "prometheus_rule_group_last_evaluation_timestamp_seconds", "gauge",
		"when the last evaluation began, since 1970", began_s },
	{ "prometheus_rule_group_last_duration_seconds", "gauge", "how long it took", took_s },
	{ "prometheus_rule_group_last_rule_duration_sum_seconds", "gauge",
		"how long its rules took together", took_s },
	{ "prometheus_rule_group_last_evaluation_samples", "gauge", "samples that it wrote",
		samples },
	{ "prometheus_rule_group_rules", "gauge", "rules in the group", n_rules },
	{ "diarchy_rule_group_blind_rules", "gauge",
		"rules whose selectors matched series once, and match none now", blind },
};

static void write_sample(struct str *out, const char *name, const struct rule_group *g, double v)
{
	char number[NUMBER_TEXT_MAX];

	str_addf(out, "%s{rule_group=\"", name);
	exposition_escape(out, g->file);
	str_addc(out, ';');
	exposition_escape(out, g->name);
	number_text(v, NUMBER_SHORT, number);
	str_addf(out, "\"} %s\n", number);
}

static void write_summary(struct str *out, const char *name, const char *help, uint64_t n,
	int64_t took_ns)
{
	char sum[NUMBER_TEXT_MAX];

	number_text((double)took_ns / 1e9, NUMBER_SHORT, sum);
	str_addf(out, "# HELP %s %s\n# TYPE %s summary\n%s_sum %s\n%s_count %llu\n", name, help,
		name, name, sum, name, (unsigned long long)n);
}

void rules_write_metrics(struct str *out, const struct rules *rules)
{
	struct rules_total total;

	if (!rules)
		return;
	for (size_t i = 0; i < COUNT(families); i++) {
		const char *name = families[i].name;

		str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, families[i].help, name,
			families[i].type);
		for (uint32_t k = 0; k < rules_group_count(rules); k++) {
			struct rule_group_view g = rules_group(rules, k);

			write_sample(out, name, g.group, families[i].value(&g));
		}
	}
	total = rules_total(rules);
	write_summary(out, "prometheus_rule_evaluation_duration_seconds", "how long rules took",
		total.evaluations, total.evaluations_ns);
	write_summary(out, "prometheus_rule_group_duration_seconds", "how long groups took",
		total.iterations, total.iterations_ns);
}
