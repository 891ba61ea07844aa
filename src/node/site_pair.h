/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_pair: for the tests of this folder: dublin and mumbai as whole sites, with the wires between
 * them, a watcher, a channel and the services that they probe.
 *
 * All of it is a model without faults of its own: what a test doesn't break works, at once.  Time is
 * a number; each site has a clock.
 */
#ifndef NODE_SITE_PAIR_H
#define NODE_SITE_PAIR_H

#include "core/journal/memory_store.h"
#include "node/site.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DUBLIN, MUMBAI, PAIR_SITES };
#define PAIR_CHECKS_MAX 64
#define PAIR_SENT_MAX   512

struct pair_site {
	struct site *site; /* NULL: stopped */
	struct memory_store *store;
	struct lab *lab;
	int64_t skew_ms;
	bool is_watcher_reachable, is_channel_reachable;
	uint32_t n_beacons, n_probes, n_tests;
	struct mono heard;          /* by the watcher; {INT64_MIN} never */
	struct str told;            /* roots in its last beacon, one a line */
	struct str log;             /* its lines */
	uint64_t receipt;           /* of a delivery that the watcher made; 0 none */
	bool sees[PAIR_CHECKS_MAX]; /* what its probes would find */
};

struct pair_message { /* what people see in the channel */
	uint8_t by;
	bool is_by_watcher;
	struct mono created, edited;
	char *payload;
	uint32_t n_edits;
};

struct pair_parcel;

struct pair {
	struct now now;
	struct pair_site sites[PAIR_SITES];
	bool is_link_up, is_watcher_up, is_drill_failing;
	int64_t one_way_ms;                  /* over the link */
	const struct journal_signer *signer; /* of the sites started from now on; NULL none */
	const struct lab *watcher_lab;       /* that it runs; NULL: the one of whoever asks */
	const char *watcher_trouble; /* why it doesn't take its newest lab.yaml up; NULL it does */
	bool is_channel_gone;        /* it answers, but refuses everything */
	uint32_t n_unanswered;       /* so many deliveries of the watcher's get no answer */
	uint64_t connection;         /* the newest */
	struct pair_parcel *first, **last;
	struct pair_message messages[PAIR_SENT_MAX];
	uint32_t n_messages;
};

extern const char pair_lab[]; /* what both run */

/* Both started, linked and calm, after a minute. */
struct pair *pair_open(const char *yaml);
void pair_close(struct pair *p);
/* cmocka's fixtures for tests that use one pair each, of pair_lab, and that pair. */
int pair_set_up(void **state);
int pair_tear_down(void **state);
extern struct pair *p;

void pair_run(struct pair *p, int64_t ms);
struct now pair_now(const struct pair *p, uint8_t site);
/* After an input to a site that the test made itself. */
void pair_settle(struct pair *p);

void pair_stop(struct pair *p, uint8_t site); /* as by kill -9 */
void pair_shut_down(struct pair *p, uint8_t site);
void pair_start(struct pair *p, uint8_t site);
void pair_part(struct pair *p);
void pair_heal(struct pair *p);
void pair_reload(struct pair *p, uint8_t site, const char *yaml);
/* The service behind a probe, as both sites see it, or one. */
void pair_break(struct pair *p, const char *check, bool is_broken);
void pair_break_from(struct pair *p, uint8_t site, const char *check, bool is_broken);

uint16_t pair_check(const struct pair *p, const char *name);
enum check_state pair_state(const struct pair *p, uint8_t site, const char *check);
const struct incident *pair_incident(const struct pair *p, uint8_t site, const char *check);
bool pair_was_said(const struct pair *p, const char *text); /* in any message, as it is now */
uint32_t pair_events(const struct pair *p, uint8_t site, const char *kind);

#endif
