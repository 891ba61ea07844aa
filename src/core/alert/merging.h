/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merging: two live incidents that tell the same become one.
 *
 * It happens when parted sites meet again, and when one site speaks for another that was only
 * late.  Which of the two survives both sites reckon alike (covers_beats); only the loser's owner
 * acts: it marks its own MERGED, whose message then points to the survivor, which tells the rest.
 */
#ifndef CORE_ALERT_MERGING_H
#define CORE_ALERT_MERGING_H

#include "core/alert/alert_private.h"

/* If both tell the same, and the loser is ours. */
void merging_try(struct alert *a, struct now now, struct tracked *x, struct tracked *y);
/* Each of ours with any. */
void merging_all(struct alert *a, struct now now);
/* While a peer was away its incident that nobody had been told of didn't count, and maybe we opened
 * one of our own; its events need not come again.  Once it is calm all are looked at. */
void merging_after_reunion(struct alert *a, struct now now);
/* `mine` goes on in the incident of the id `into`. */
void merging_mark(struct alert *a, struct now now, struct tracked *mine, const char *into);

#endif
