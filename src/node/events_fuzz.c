/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as another party wrote them, one a line: KIND SUBJECT BODY.  They are made into a proper
 * chain of mumbai's, which a compromised site can do, and given to dublin twice: as they arrive,
 * and replayed from the journal at its next start.  Whatever they say, the site lives, speaks
 * within bounds, and believes its own eyes.
 */
#include "core/journal/memory_store.h"
#include "node/site_private.h"

#include "test/support/hostile_chain.h"
#include "test/support/lab_text.h"

#define WALL_0_MS INT64_C(1795386851000)
#define LINES_MAX 64
#define SOON_MS   (2 * MINUTE_MS) /* a peer that is away is waited for, then it is told */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
	"lab: home\n"
	"sites:\n"
	"  dublin: {address: \"10.0.0.1:7443\", key: KEY1, timezone: Europe/Dublin}\n"
	"  mumbai: {address: \"10.0.1.1:7443\", key: KEY2, timezone: Asia/Kolkata}\n"
	"watchers:\n"
	"  webhost: {url: \"https://watch.example.net\", key: KEY3}\n"
	"notify:\n"
	"  discord: {webhook: {env: WEBHOOK}}\n"
	"probes:\n"
	"  git: {home: dublin, every: 15s, http: {url: \"http://10.0.0.10/\"}}\n"
	"  photos: {home: mumbai, from: [dublin, mumbai], every: 15s, http: {url: "
	"\"http://10.0.1.10/\"}}\n"
	"heartbeats:\n"
	"  export: {home: mumbai, every: 1h, grace: 5m}\n";

enum { DUBLIN };

struct run {
	struct lab *lab;
	struct memory_store *store;
	struct site *site;
	struct now now;
	struct hostile_chain chain;
};

/* ---- the world around the site: its own service is down, its channel works */

static void answer_probe(struct run *r, uint16_t check)
{
	struct observation o = { .is_ok = false, .reason = "refused", .took_us = 1 };

	site_probed(r->site, r->now, check, &o);
}

static void answer_delivery(struct run *r, const struct delivery *d)
{
	struct delivery_outcome o = { .number = d->number,
		.message = "m1",
		.answer = { .verdict = PACE_DELIVERED,
			.retry_after_ms = -1,
			.remaining = -1,
			.reset_after_ms = -1 } };

	must(strlen(d->payload) <= 64 * 1024);
	site_delivered(r->site, r->now, &o);
}

static void drain(struct run *r)
{
	struct site_effect fx;

	while (site_next(r->site, &fx)) {
		if (fx.kind == SITE_DO_PROBE)
			answer_probe(r, fx.check);
		else if (fx.kind == SITE_DO_DELIVER)
			answer_delivery(r, fx.delivery);
		else if (fx.kind == SITE_DO_DIAL)
			site_closed(r->site, r->now, fx.peer, 0, "refused");
		else if (fx.kind == SITE_DO_BEACON)
			site_watcher(r->site, r->now, fx.watcher, NULL, "refused");
		site_effect_fini(&fx);
	}
}

static void pass(struct run *r, int64_t ms)
{
	int64_t end = r->now.mono.ms + ms;

	drain(r);
	while (r->now.mono.ms < end) {
		int64_t next = site_wake(r->site).ms;

		next = next > r->now.mono.ms ? next : r->now.mono.ms + 1;
		next = next < end ? next : end;
		r->now.wall.ms += next - r->now.mono.ms;
		r->now.mono.ms = next;
		site_tick(r->site, r->now);
		drain(r);
	}
}

static void start(struct run *r)
{
	struct site_setup setup = { .self = DUBLIN,
		.lab = r->lab,
		.seed = 1,
		.store = memory_store_port(r->store),
		.version = "fuzz" };

	must(site_open(&r->site, &setup, r->now, NULL) == RC_OK);
}

/* ---- the events */

static void speak_of(const struct run *r, const struct event *ev)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	site_event_text(r->lab, ev, &text);
	must(text.len <= 4 * EVENT_BODY_BYTES_MAX + 1024);
}

static void arrive(struct run *r, char *line)
{
	struct event ev;
	size_t n_new;

	r->chain.wall = r->now.wall;
	if (!hostile_chain_next(&r->chain, line, &ev))
		return;
	must(journal_accept(r->site->journal, r->now, &(struct event_batch){ &ev, 1 }, &n_new,
		     NULL) == RC_OK);
	speak_of(r, &ev);
	site_begin(r->site, r->now);
	events_apply(r->site, r->now, &ev);
	site_pump(r->site, r->now);
	pass(r, SECOND_MS);
}

/* That it is down; unless somebody paused it, as any site may. */
static bool is_seen(const struct site *s, const char *check)
{
	enum check_state state =
		checks_view(site_checks(s), lab_check_index(site_lab(s), check)).state;

	return state == CHECK_FAILING || state == CHECK_PAUSED;
}

static struct lab *read_lab(void)
{
	static struct lab *lab; /* once: the parsing is not what is fuzzed here */

	if (!lab)
		lab = lab_text_read(yaml, NULL);
	must(lab != NULL);
	return lab;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = { .lab = read_lab(),
		.now = { { HOUR_MS }, { WALL_0_MS } },
		.store = memory_store_new() };
	scoped(mem_free) char *text = must_alloc(size + 1);
	char *rest = text;

	memcpy(text, data, size);
	hostile_chain_init(&r.chain, r.now.wall);
	start(&r);
	pass(&r, 20 * SECOND_MS);
	for (int i = 0; rest && i < LINES_MAX; i++)
		arrive(&r, strsep(&rest, "\n"));
	pass(&r, SOON_MS);
	must(is_seen(r.site, "git"));
	site_free(r.site);
	start(&r);
	pass(&r, SOON_MS);
	must(is_seen(r.site, "git"));
	site_free(r.site);
	memory_store_free(r.store);
	hostile_chain_fini(&r.chain);
	return 0;
}
