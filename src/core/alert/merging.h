/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merging: two live incidents that tell the same become one.
 *
 * It happens when parted sites meet again, and when one site speaks for another that was only
 * late.  Which of the two survives both sites reckon alike: of one cause that of which people were
 * told, if they weren't of the other; else as covers_beats() has it.  Only the loser's owner acts:
 * it marks its own MERGED, whose message then points to the survivor, which tells the rest.
 *
 * So the survivor must tell what the loser is about, the loser's cause, as long as that is not
 * well.  An incident whose own cause is well again is on its way out and would take with it what it
 * was given: it survives only one of the same cause, which is over, too.  A site that was cut off
 * comes back with its news: only when it is calm it is known what goes on.
 */
#ifndef CORE_ALERT_MERGING_H
#define CORE_ALERT_MERGING_H

#include "core/alert/alert_private.h"

/* What has come since the last time is looked at, once it is whole: in a history that is still
 * being read incidents are open that ended long ago.  After a reunion, all are. */
void merging_step(struct alert *a, struct now now);
/* `mine` goes on in the incident of the id `into`. */
void merging_mark(struct alert *a, struct now now, struct tracked *mine, const char *into);

#endif
