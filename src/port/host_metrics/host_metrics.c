/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/host_metrics.h"

#include "port/host_metrics/host.h"

#include <time.h>

static const struct {
	const char *name;
	void (*collect)(struct host *h);
} collectors[] = {
#define COLLECTOR(name, what) { #name, collect_##name },
#include "port/host_metrics/collectors.def"
#undef COLLECTOR
};

struct outcome {
	double seconds;
	bool is_ok;
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct outcome run(const struct host_metrics_settings *s, size_t which, struct str *out)
{
	struct host h = { .root = s->root, .textfile = s->textfile, .out = out };
	double began = seconds_now();

	arena_init(&h.arena, 0);
	collectors[which].collect(&h);
	arena_fini(&h.arena);
	return (struct outcome){ seconds_now() - began, !h.failed };
}

static void write_outcomes(struct str *out, const struct outcome *outcomes)
{
	struct host h = { .out = out };

	arena_init(&h.arena, 0);
	host_metric(&h, "node_scrape_collector_duration_seconds", GAUGE,
		"node_exporter: Duration of a collector scrape.");
	for (size_t i = 0; i < COUNT(collectors); i++)
		host_value(&h, host_labels(&h, "collector", collectors[i].name, NULL),
			outcomes[i].seconds);
	host_metric(&h, "node_scrape_collector_success", GAUGE,
		"node_exporter: Whether a collector succeeded.");
	for (size_t i = 0; i < COUNT(collectors); i++)
		host_value(&h, host_labels(&h, "collector", collectors[i].name, NULL),
			outcomes[i].is_ok);
	arena_fini(&h.arena);
}

void host_metrics_write(const struct host_metrics_settings *s, struct str *out)
{
	struct outcome outcomes[COUNT(collectors)];

	for (size_t i = 0; i < COUNT(collectors); i++)
		outcomes[i] = run(s, i, out);
	write_outcomes(out, outcomes);
}

bool host_metrics_write_one(const struct host_metrics_settings *s, const char *collector,
	struct str *out)
{
	for (size_t i = 0; i < COUNT(collectors); i++) {
		if (!str_eq(collectors[i].name, collector))
			continue;
		run(s, i, out);
		return true;
	}
	return false;
}
