/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shows: what the API answers (doc/api.md), for people.
 *
 * Renderers are functions of the answer and the page; they ask nobody.  What an answer lacks is
 * left out, so that a newer or older site can be shown.
 */
#ifndef CLI_SHOWS_H
#define CLI_SHOWS_H

#include "base/json.h"
#include "cli/term/page.h"

void show_status(struct page *p, const json_t *status, bool shows_all);
/* The sites, their links and watchers: side by side where two fit on the terminal. */
void show_sites(struct page *p, const json_t *status);

void show_when(struct page *p, const json_t *when);

void show_incidents(struct page *p, const json_t *answer);
void show_incident(struct page *p, const json_t *incident);
/* Where an incident was told and when, counted from its first bad evidence; who looks after it. */
void show_told(struct page *p, const json_t *told, struct wall first_bad);
void show_ack(struct page *p, const json_t *ack);

void show_silences(struct page *p, const json_t *answer);
/* An answer of Prometheus' interface: /api/v1/query or query_range. */
void show_query(struct page *p, const json_t *answer);
/* An answer of /api/v1/rules. */
void show_rules(struct page *p, const json_t *answer);
bool show_rules_are_well(const json_t *answer); /* none fails, or sees nothing any more */
void show_coverage(struct page *p, const json_t *coverage);

/* One event a call.  On a terminal a heading says when a new day begins. */
struct show_day {
	char text[48]; /* the day that was last shown */
	bool is_quiet; /* all is of today: no headings */
};
/* For a list that begins with this event (or is empty: NULL) and ends before now. */
struct show_day show_day_of(const struct page *p, const json_t *first);
void show_event(struct page *p, const json_t *event, struct show_day *day);

#endif
