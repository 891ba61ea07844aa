/* SPDX-License-Identifier: Apache-2.0 */
/*
 * covers: which incident stands for a check that is not well.
 *
 * Several live incidents may list the same check: parted sites open one each, a cause found later
 * lists what had an incident of its own.  The one that would survive a merger stands for it, at
 * every site the same: the home's, else the earlier, else the first declared site's.  alert.covers
 * holds it under the check's id, also where the incident only counts the check for want of room.
 */
#ifndef CORE_ALERT_COVERS_H
#define CORE_ALERT_COVERS_H

#include "core/alert/alert_private.h"

/* Before another configuration is taken up, or when names are to be forgotten that nobody uses: ids
 * are given anew. */
void covers_load(struct alert *a, const struct alert_config *config);
/* `t` came, changed, or is over: its members are covered anew. */
void covers_put(struct alert *a, struct tracked *t);
/* It counts the check, which it has no room to list; or `t` is NULL, and nobody covers it. */
void covers_set(struct alert *a, uint32_t id, struct tracked *t);
/* Of a live incident; NULL: it doesn't list the check. */
struct incident_member *covers_member(const struct tracked *t, uint32_t id);
/* It covers nothing any more, not even what it only counts. */
void covers_drop(struct alert *a, struct tracked *t);
/* NULL: nobody tells of the check, or only a site that is away and has told nobody. */
struct tracked *covers_find(const struct alert *a, uint16_t check);
/* A live incident beside `from` tells that the check is not well, and its own cause isn't
 * either. */
bool covers_is_told_apart(const struct alert *a, const struct tracked *from, uint32_t id);
/* Of two incidents that tell the same `x` survives. */
bool covers_beats(const struct alert *a, const struct tracked *x, const struct tracked *y);

#endif
