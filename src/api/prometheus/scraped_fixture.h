/* SPDX-License-Identifier: Apache-2.0 */
/* scraped_fixture: a scraper for tests that can't include one beside a site. */
#ifndef API_PROMETHEUS_SCRAPED_FIXTURE_H
#define API_PROMETHEUS_SCRAPED_FIXTURE_H

#include "base/series.h"
#include "base/time.h"

struct scraper;

struct scraper *scraped_fixture_new(const struct series_sink *sink); /* of no jobs */
void scraped_fixture_free(struct scraper *s);
/* {job="node"} is a target from now on, and has said what kind of metric "up" is. */
void scraped_fixture_scrape(struct scraper *s, struct now now);

#endif
