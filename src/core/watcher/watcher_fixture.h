/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watcher_fixture: for the tests of this folder: a watcher, two sites that may send beacons, and a channel that
 * shows messages, while time passes.
 */
#ifndef CORE_WATCHER_WATCHER_FIXTURE_H
#define CORE_WATCHER_WATCHER_FIXTURE_H

#include "base/str.h"
#include "core/watcher/watcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI, SITES };
#define WALL_0    INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define POSTS_MAX 64

/* Refuses: 429, again in 7 s; unheard: sent, but the channel gives no answer. */
enum mood { DELIVERS, FAILS, REFUSES, UNHEARD, MUTE };

struct post {
	char text[4096];
	unsigned n_edits;
	bool is_deleted;
};

struct sender {
	bool is_alive, wants_drill;
	uint64_t boot, seq;
	const char *tells; /* root of an incident; NULL */
	const char *hears; /* a site; NULL */
	struct mono next;
	struct beacon_delivery deliver[BEACON_DELIVER_MAX];
	uint32_t n_deliver;
	struct beacon_answer answer; /* to its last beacon */
};

extern struct watcher_config config;
extern struct watcher *watcher;
extern struct now now;
extern enum mood mood; /* of the channel */
extern struct post posts[POSTS_MAX];
extern unsigned n_posts, n_attempts, n_saves;
extern struct mono attempted; /* when the last delivery was */
extern uint64_t unanswered;   /* number of the last delivery that got no outcome */
extern struct str saved;      /* the state, as it was saved last */
extern struct sender sites[SITES];

/* Around each test: a watcher of both sites with one channel, Discord; nobody sends beacons yet. */
int set_up(void **state);
int tear_down(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* A watcher of `config` as it is now, with what was saved; the same after the one that ran was down. */
void start_watcher(void);
void restart_watcher(int64_t down_ms);

void come_alive(int site); /* a new run of it: from now on it sends beacons */
void both_alive(void);     /* for a minute */

struct beacon beacon_of(int site); /* what it would send next; counts as sent */
enum rc hear(const struct beacon *b, struct beacon_answer *ret);
void beacon(int site); /* one, now, which the watcher must take */

/* Living sites send their beacons, and the watcher wakes whenever it asked to. */
void pass(int64_t ms);
void advance(int64_t ms); /* time alone */
void drain(void);         /* carries out what the watcher wants */

const struct beacon_view *view(int of, int site); /* in the last answer to `of` */

#define assert_shows(i, words) assert_non_null(strstr(posts[i].text, words))
#define assert_hides(i, words) assert_null(strstr(posts[i].text, words))

#endif
