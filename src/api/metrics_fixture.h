/* SPDX-License-Identifier: Apache-2.0 */
/* metrics_fixture: the site of api_fixture, with a real store of samples in memory. */
#ifndef API_METRICS_FIXTURE_H
#define API_METRICS_FIXTURE_H

#include "api/api_fixture.h"
#include "core/metrics/memory_files.h"
#include "core/metrics/store.h"

#define METRICS_BEGIN_MS INT64_C(1700000000000) /* of the samples that are kept */
#define METRICS_STEP_MS  15000

struct metrics_fixture {
	struct fixture f; /* first: it is the context of what the API calls */
	struct memory_files *files;
	struct store *store;
};

/* Without the API.  The store was opened an hour after METRICS_BEGIN_MS. */
void metrics_fixture_init(struct metrics_fixture *m);
/* The same, but opened at the fixture's time.  `seed`: of what a crash leaves of the files. */
void metrics_fixture_init_now(struct metrics_fixture *m, uint64_t seed,
	const struct store_settings *settings);
/* fixture_setup(), with the store. */
struct api_setup metrics_fixture_setup(struct metrics_fixture *m);
void metrics_fixture_start(struct metrics_fixture *m, const struct api_setup *api);
void metrics_fixture_fini(struct metrics_fixture *m);
SCOPED_FINI(metrics_fixture_fini, struct metrics_fixture)

/* One more store of that time.  Closed by the caller. */
struct store *metrics_fixture_open(struct metrics_fixture *m, struct memory_files *files);
/* `line`: a series in the notation of promtool's tests. */
void metrics_fixture_keep(struct store *s, const char *line);
/* The store's own work, as the daemon does it, but at once.  `m`: a struct metrics_fixture. */
void metrics_fixture_work(void *m);

#endif
