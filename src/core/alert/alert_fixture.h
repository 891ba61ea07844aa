/* SPDX-License-Identifier: Apache-2.0 */
/* alert_fixture: for the tests of this folder: real time zones, an incident to begin with, and
 * random ones as hostile as an event can be. */
#ifndef CORE_ALERT_ALERT_FIXTURE_H
#define CORE_ALERT_ALERT_FIXTURE_H

#include "base/rng.h"
#include "base/tz.h"
#include "core/alert/incident.h"
#include "core/alert/notice.h"

/* From /usr/share/zoneinfo; ends the test when it can't be read.  Freed by the caller. */
struct tz *fixture_zone(const char *name);

/* Around a group of tests: both sites' zones. */
int fixture_load_zones(void **state);
int fixture_free_zones(void **state);
extern struct tz *fixture_dublin, *fixture_mumbai;
extern struct notice_site fixture_sites[2];

/* 2026-11-22T22:34:11Z: 22:34:11 GMT in Dublin, 04:04:11 IST the next morning in Mumbai. */
#define FIXTURE_SINCE_MS INT64_C(1795386851000)

/* "immich is down" at mumbai, HTTP 502, 15 s after the last good evidence. */
struct incident *fixture_incident(void);
void fixture_add_member(struct incident *in, const char *check, const char *reason);
void fixture_add_before(struct incident *in, int64_t at_ms, const char *site, const char *text);

/* Up to `most` bytes of what could break a message: markup, mentions, links, controls, malformed
 * UTF-8, letters of all lengths. */
char *fixture_hostile_text(struct rng *r, size_t most);
/* An incident full of it, but one that incident_write() bounds. */
struct incident *fixture_hostile_incident(struct rng *r);

#endif
