/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view: a site's state as the JSON objects of doc/api.md.
 *
 * Every function writes one value; `key` is NULL inside an array and at the top.
 */
#ifndef API_VIEW_H
#define API_VIEW_H

#include "api/facts.h"
#include "base/json.h"

struct view {
	const struct site *site;
	const struct facts *facts;
	struct now now;
	struct wall started; /* of this run */
	const char *csrf;    /* of the session, or "none" */
	bool has_login;
};

/* view_check.c */
void view_check(const struct view *v, struct json_out *w, const char *key, uint16_t check);
bool view_is_silenced(const struct view *v, uint16_t check);
void view_counts(const struct view *v, struct json_out *w, const char *key);

/* view_incident.c; `timeline` events are added by who has them: open, then json_close() */
void view_incident_open(const struct view *v, struct json_out *w, const char *key,
	const struct incident *in);
void view_incident(const struct view *v, struct json_out *w, const char *key,
	const struct incident *in);
void view_told(const struct view *v, struct json_out *w, const char *key,
	const struct incident *in); /* NULL: [] */
/* The newest version that this channel should show, as far as can be told from outside. */
uint32_t view_wanted(const struct view *v, const struct incident *in, uint16_t channel);

/* view_lab.c */
void view_site(const struct view *v, struct json_out *w, const char *key, uint8_t site);
void view_link(const struct view *v, struct json_out *w, const char *key, uint8_t a, uint8_t b);
void view_watcher(const struct view *v, struct json_out *w, const char *key, uint8_t watcher);
void view_silences(const struct view *v, struct json_out *w, const char *key);
void view_status(const struct view *v, struct json_out *w, const char *key);

/* view_event.c */
void view_event(struct json_out *w, const struct lab *lab, const struct event *ev, uint64_t cursor);

#endif
