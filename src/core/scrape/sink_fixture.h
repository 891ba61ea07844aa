/* SPDX-License-Identifier: Apache-2.0 */
/* sink_fixture: a series_sink that writes down what it is given, for tests. */
#ifndef CORE_SCRAPE_SINK_FIXTURE_H
#define CORE_SCRAPE_SINK_FIXTURE_H

#include "base/series.h"
#include "base/str.h"

#define SINK_SERIES_MAX 4096

struct sink_fixture {
	struct series_sink sink;
	struct {
		char *name;        /* "a{b=\"c\"}" */
		int64_t newest_ms; /* INT64_MIN: no sample */
		double newest;
		bool is_gone;          /* the next append says SERIES_GONE */
	} series[SINK_SERIES_MAX + 1]; /* [0] unused */
	uint32_t n_series, max_series;
	uint32_t n_commits;
	struct str pending; /* lines "name value@time", "name stale@time", since the last commit */
	struct str log;     /* of the last commit */
	bool hides_reports; /* up, scrape_*: not written down */
};

void sink_fixture_init(struct sink_fixture *f);
void sink_fixture_fini(struct sink_fixture *f);
SCOPED_FINI(sink_fixture_fini, struct sink_fixture)

/* The newest value of a series by name; NAN when there is none. */
double sink_fixture_value(const struct sink_fixture *f, const char *name);

#endif
