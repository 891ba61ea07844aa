/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/scraped_fixture.h"

#include "core/scrape/scraper.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct scraper *scraped_fixture_new(const struct series_sink *sink)
{
	return scraper_new(&(struct scraper_wish){ .sink = sink });
}

void scraped_fixture_free(struct scraper *s)
{
	scraper_free(s);
}

void scraped_fixture_scrape(struct scraper *s, struct now now)
{
	static const char body[] = "# HELP up whether\n# TYPE up gauge\nup 1\n";
	static const struct label labels[] = { { "job", "node", 3, 4 } };
	static const struct scrape_config job = { .job_name = "node" };
	const struct scrape_configs jobs = { .v = (struct scrape_config *)&job, .n = 1 };
	struct scrape_effect effect;
	struct target_list list;

	scraper_set_jobs(s, &jobs, now);
	target_list_init(&list);
	must_grow(list.active, list.n_active, list.cap_active);
	list.active[list.n_active++] = (struct target_spec){ .labels = { labels, 1 },
		.url = "http://a/metrics",
		.scheme = "http",
		.address = "a",
		.interval_ms = 15000,
		.timeout_ms = 10000,
		.hash = 7 };
	assert_int_equal(scraper_set_targets(s, "node", &list, now, NULL), RC_OK);
	now.mono.ms += 15000;
	now.wall.ms += 15000;
	scraper_step(s, now);
	assert_true(scraper_effect(s, &effect));
	scraper_answer(effect.target, "text/plain");
	assert_true(scraper_feed(effect.target, body, sizeof body - 1));
	scraper_done(s, effect.target, 0.25);
}
