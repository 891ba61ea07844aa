/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert_pair: for the tests of this folder: two sites' alerts, the journals between them, and the
 * channels that they write to.
 *
 *	dublin                       mumbai
 *	router ◄── git               nas ◄── photos ◄── media
 *
 * and of dublin's view site:mumbai ◄── clock@mumbai, of both link:dublin-mumbai.  Time is a number;
 * what a site appends reaches the other at once while they are linked.
 */
#ifndef CORE_ALERT_ALERT_PAIR_H
#define CORE_ALERT_ALERT_PAIR_H

#include "core/alert/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI, PAIR_SITES };
enum { ROUTER, NAS, PHOTOS, MEDIA, GIT, SITE_MUMBAI, LINK, CLOCK_MUMBAI, PAIR_CHECKS };
#define PAIR_CHECKS_MAX 320 /* tests may add their own behind PAIR_CHECKS */
#define PAIR_SENT_MAX   2048

struct pair_event { /* one of the journals' */
	uint8_t site;
	char kind[16], subject[EVENT_SUBJECT_BYTES_MAX + 1];
	char *body;
	uint64_t hlc;
	struct wall wall;
	bool is_known[PAIR_SITES];
};

struct pair_request { /* one that left a site */
	uint8_t by;
	bool is_by_watcher;
	struct delivery delivery;
	struct wall at;
};

struct pair_channel { /* how it answers one site */
	struct pace_answer answer;
	bool is_mute;        /* not at all */
	bool is_mute_to_new; /* only what edits a message */
};

struct pair_site {
	struct alert *alert; /* NULL: stopped */
	struct alert_config config;
	struct alert_check checks[PAIR_CHECKS_MAX];
	struct alert_channel channels[CHANNELS_MAX];
	struct alert_state told[PAIR_CHECKS_MAX]; /* again after a restart */
	bool is_settling[PAIR_CHECKS_MAX];
	struct pair_channel answers[CHANNELS_MAX];
	bool reads_slowly;    /* one event of the other's a second */
	struct mono read;     /* the last one */
	uint32_t n_tests;     /* of channels, that it asked for */
	bool is_watcher_mute; /* it delivers, and what it answers is lost */
};

struct pair {
	struct now now;
	struct pair_site sites[PAIR_SITES];
	bool is_linked;
	int64_t one_way_ms; /* over the link */
	struct pair_event *log;
	uint32_t n_log, cap_log;
	uint64_t hlc;
	struct pair_request sent[PAIR_SENT_MAX];
	uint32_t n_sent;
};

/* Both started, linked and calm; everything is well; one channel, "discord". */
struct pair *pair_open(void);
void pair_close(struct pair *p);
/* cmocka's fixtures for tests that use one pair each, and that pair. */
int pair_set_up(void **state);
int pair_tear_down(void **state);
extern struct pair *p;

/* Time passes; every site does what is due. */
void pair_run(struct pair *p, int64_t ms);
void pair_part(struct pair *p);
void pair_heal(struct pair *p);
void pair_stop(struct pair *p, uint8_t site);
void pair_start(struct pair *p, uint8_t site); /* from what the journals hold */
void pair_reload(struct pair *p, uint8_t site);

/* Both sites judge so, or one does. */
void pair_fails(struct pair *p, uint16_t check);
void pair_recovers(struct pair *p, uint16_t check);
void pair_judge(struct pair *p, uint8_t site, uint16_t check, const struct alert_state *st);
/* `n` more from PAIR_CHECKS on, each like that one under a name of its own. */
void pair_add_checks(struct pair *p, uint16_t n, uint16_t like);
void pair_add_channel(struct pair *p, const char *name, int kind);
void pair_answer(struct pair *p, uint8_t site, uint8_t channel, struct pace_answer answer);
/* An operator's words, or what another party wrote, as an event of that site. */
void pair_write(struct pair *p, uint8_t site, const char *kind, const char *subject,
	const char *body);

/* A fall, seen everywhere or from some only. */
extern const struct alert_state pair_down, pair_path, pair_silent, pair_well;
#define PAIR_ANSWER(v)                         \
	((struct pace_answer){ .verdict = (v), \
		.retry_after_ms = -1,          \
		.remaining = -1,               \
		.reset_after_ms = -1 })

const struct incident *pair_incident(const struct pair *p, uint8_t site, uint16_t check);
bool pair_lists(const struct pair *p, const struct incident *in, uint16_t check);
uint32_t pair_live(const struct pair *p, uint8_t site);      /* incidents that aren't over */
uint32_t pair_count(const struct pair *p, const char *kind); /* events of that kind */
void pair_forget_sent(struct pair *p);                       /* as if nothing had left a site */
uint32_t pair_created(const struct pair *p);                 /* requests that create a message */
const struct pair_request *pair_last(const struct pair *p);
bool pair_says(const struct pair *p, const char *text); /* the last request does */

#endif
