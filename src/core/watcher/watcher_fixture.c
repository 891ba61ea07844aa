/* SPDX-License-Identifier: Apache-2.0 */
#include "core/watcher/watcher_fixture.h"

#define FIRST_ID 100u /* of the messages, as the channel calls them */

struct watcher_config config;
struct watcher *watcher;
struct now now;
enum mood mood;
struct post posts[POSTS_MAX];
unsigned n_posts, n_attempts, n_saves;
struct mono attempted;
uint64_t unanswered;
struct str saved;
struct sender sites[SITES];

static const char *const names[SITES] = { "dublin", "mumbai" };

static void post(const struct watcher_effect *fx)
{
	char id[16];
	struct watcher_outcome o = { .number = fx->number, .retry_after_ms = -1, .message = id };
	unsigned i = fx->is_edit ? (unsigned)atoi(fx->message) - FIRST_ID : n_posts;

	assert_true(fx->is_edit == (*fx->message != '\0'));
	assert_true(str_eq(fx->channel, config.channels[0].name) ||
		    str_eq(fx->channel, config.channels[1].name));
	n_attempts++;
	attempted = now.mono;
	unanswered = fx->number;
	if (mood == MUTE)
		return;
	o.is_lost = fx->is_edit && posts[i].is_deleted;
	o.is_delivered = mood == DELIVERS && !o.is_lost;
	o.is_unanswered = mood == UNHEARD;
	o.retry_after_ms = mood == REFUSES ? 7000 : -1;
	o.reason = "no way out";
	if (o.is_delivered) {
		assert_true(i < POSTS_MAX);
		str_copy(posts[i].text, sizeof posts[i].text, str_c(&fx->payload));
		posts[i].n_edits += fx->is_edit;
		n_posts += !fx->is_edit;
	}
	snprintf(id, sizeof id, "%u", FIRST_ID + i);
	watcher_delivered(watcher, now, &o);
}

void drain(void)
{
	struct watcher_effect fx;

	while (watcher_next(watcher, &fx)) {
		if (fx.kind == WATCHER_DO_SAVE) {
			n_saves++;
			str_clear(&saved);
			watcher_save(watcher, &saved);
		}
		if (fx.kind == WATCHER_DO_DELIVER)
			post(&fx);
		str_fini(&fx.payload);
	}
}

struct beacon beacon_of(int site)
{
	struct beacon b = { .boot = sites[site].boot,
		.seq = ++sites[site].seq,
		.wall = now.wall,
		.wants_drill = sites[site].wants_drill,
		.n_deliver = sites[site].n_deliver };

	str_copy(b.lab, sizeof b.lab, "home");
	str_copy(b.site, sizeof b.site, names[site]);
	if (sites[site].tells)
		b.told[b.n_told++] = sites[site].tells;
	if (sites[site].hears)
		b.hears[b.n_hears++] = sites[site].hears;
	memcpy(b.deliver, sites[site].deliver, sizeof b.deliver);
	return b;
}

enum rc hear(const struct beacon *b, struct beacon_answer *ret)
{
	enum rc rc = watcher_beacon(watcher, now, b, ret, NULL);

	drain();
	return rc;
}

void beacon(int site)
{
	struct beacon b = beacon_of(site);

	assert_int_equal(hear(&b, &sites[site].answer), RC_OK);
}

void advance(int64_t ms)
{
	now.mono.ms += ms;
	now.wall.ms += ms;
}

/* Living sites send their beacons, and the watcher wakes whenever it asked to. */
void pass(int64_t ms)
{
	int64_t end = now.mono.ms + ms;

	for (int steps = 0;; steps++) {
		int64_t next = watcher_wake(watcher).ms;

		for (int i = 0; i < SITES; i++)
			if (sites[i].is_alive && sites[i].next.ms < next)
				next = sites[i].next.ms;
		if (next > end)
			break;
		assert_true(steps < 200000);
		advance(next > now.mono.ms ? next - now.mono.ms : 0);
		watcher_tick(watcher, now);
		drain();
		for (int i = 0; i < SITES; i++)
			if (sites[i].is_alive && sites[i].next.ms <= now.mono.ms) {
				sites[i].next.ms = now.mono.ms + BEACON_MS;
				beacon(i);
			}
	}
	advance(end - now.mono.ms);
}

void come_alive(int site)
{
	sites[site].is_alive = true;
	sites[site].boot = (uint64_t)now.wall.ms;
	sites[site].seq = 0;
	sites[site].next = now.mono;
}

void start_watcher(void)
{
	watcher = watcher_new(&config, now);
	if (saved.len)
		assert_int_equal(watcher_load(watcher, now, str_c(&saved), saved.len, NULL), RC_OK);
	drain();
}

void restart_watcher(int64_t down_ms)
{
	watcher_free(watcher);
	advance(down_ms);
	now.mono.ms = 900000 + now.mono.ms % 1000; /* another clock; boots count from anywhere */
	for (int i = 0; i < SITES; i++)
		sites[i].next = now.mono;
	start_watcher();
}

int set_up(void **state)
{
	(void)state;
	config = (struct watcher_config){ .lab = "home",
		.name = "webhost",
		.sites = { "dublin", "mumbai" },
		.n_sites = SITES,
		.channels = { { .name = "discord", .kind = WATCHER_DISCORD } },
		.n_channels = 1 };
	now = (struct now){ { 50000 }, { WALL_0 } };
	memset(sites, 0, sizeof sites);
	memset(posts, 0, sizeof posts);
	n_posts = n_attempts = n_saves = 0;
	mood = DELIVERS;
	str_clear(&saved);
	start_watcher();
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	watcher_free(watcher);
	str_fini(&saved);
	return 0;
}

void both_alive(void)
{
	come_alive(DUBLIN);
	come_alive(MUMBAI);
	pass(MINUTE_MS);
}

const struct beacon_view *view(int of, int site)
{
	return &sites[of].answer.sites[site];
}
