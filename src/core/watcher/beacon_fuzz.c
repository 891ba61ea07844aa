/* SPDX-License-Identifier: Apache-2.0 */
/* What a site sends to the watcher, what the watcher answers, and what it saved: each input is
 * taken for all three.  What is read can be written and read again, and no watcher stumbles over
 * it. */
#include "core/watcher/watcher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct now begin = { { 100000 }, { 1767225600000 } };

static void drain(struct watcher *w)
{
	struct watcher_effect fx;

	for (int i = 0; watcher_next(w, &fx); i++) {
		struct watcher_outcome o = { .number = fx.number,
			.is_delivered = i % 2,
			.retry_after_ms = -1,
			.message = "1",
			.reason = "no" };

		must(i < 10000);
		must(fx.kind != WATCHER_DO_DELIVER || fx.payload.len > 0);
		if (fx.kind == WATCHER_DO_DELIVER)
			watcher_delivered(w, begin, &o);
		str_fini(&fx.payload);
	}
}

static void live(struct watcher *w, struct now now)
{
	for (int i = 0; i < 20; i++) {
		now.mono.ms += 10000;
		now.wall.ms += 10000;
		watcher_tick(w, now);
		drain(w);
	}
}

static void receive(const struct beacon *b)
{
	struct watcher_config config = { .lab = b->lab,
		.name = "webhost",
		.sites = { b->site, "mumbai" },
		.n_sites = 2,
		.channels = { { .name = "discord", .kind = WATCHER_DISCORD } },
		.n_channels = 1 };
	scoped(watcher_free) struct watcher *w = watcher_new(&config, begin);
	struct beacon_answer answer;
	scoped(str_fini) struct str text = STR_EMPTY;

	if (watcher_beacon(w, (struct now){ begin.mono, b->wall }, b, &answer, NULL) != RC_OK)
		return;
	drain(w);
	must(watcher_beacon(w, begin, b, &answer, NULL) == RC_CONFLICT);
	beacon_answer_write(&answer, &text);
	live(w, begin);
}

static void try_beacon(const char *text, size_t n)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = 4 * WATCH_BODY_BYTES_MAX };
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	struct beacon b, copy;

	if (beacon_read(text, n, &a, &b, NULL) != RC_OK)
		return;
	beacon_write(&b, &once);
	must(beacon_read(str_c(&once), once.len, &a, &copy, NULL) == RC_OK);
	beacon_write(&copy, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
	receive(&b);
}

static void try_answer(const char *text, size_t n)
{
	scoped(arena_fini) struct arena a = { .budget_bytes = 4 * WATCH_BODY_BYTES_MAX };
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	struct beacon_answer b, copy;

	if (beacon_answer_read(text, n, &a, &b, NULL) != RC_OK)
		return;
	beacon_answer_write(&b, &once);
	must(beacon_answer_read(str_c(&once), once.len, &a, &copy, NULL) == RC_OK);
	beacon_answer_write(&copy, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
}

static void try_state(const char *text, size_t n)
{
	struct watcher_config config = { .lab = "home",
		.name = "webhost",
		.sites = { "dublin", "mumbai" },
		.n_sites = 2,
		.channels = { { .name = "discord", .kind = WATCHER_DISCORD },
			{ .name = "mail", .kind = WATCHER_SMTP } },
		.n_channels = 2 };
	scoped(watcher_free) struct watcher *w = watcher_new(&config, begin);
	scoped(watcher_free) struct watcher *copy = watcher_new(&config, begin);
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;

	if (watcher_load(w, begin, text, n, NULL) != RC_OK)
		return;
	watcher_save(w, &once);
	must(watcher_load(copy, begin, str_c(&once), once.len, NULL) == RC_OK);
	watcher_save(copy, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
	live(w, begin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > WATCH_BODY_BYTES_MAX)
		return 0;
	try_beacon((const char *)data, size);
	try_answer((const char *)data, size);
	try_state((const char *)data, size);
	return 0;
}
