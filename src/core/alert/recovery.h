/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recovery: members of our incidents are well again, and how an incident ends.
 *
 *	all are well            RECOVERING for the lingering time, then CLOSED
 *	one falls again         OPEN; after ALERT_FLAP_RELAPSES of that it is flapping, said once,
 *	                        until the cause was well, or was not, for ALERT_FLAP_LINGER_MS
 *	the cause alone is      after ALERT_SPLIT_MS CLOSED: what goes on without its cause is a
 *	                        matter of its own, of which people are told anew; at once if
 *	                        other incidents tell them of all that goes on
 *
 * That a site could send nothing is told by others while it lasts.  If nobody was, it is told
 * afterwards only if it was for long (ALERT_BACKLOG_MS), and by one site where several had it.
 */
#ifndef CORE_ALERT_RECOVERY_H
#define CORE_ALERT_RECOVERY_H

#include "core/alert/alert_private.h"

/* Every incident of ours that lists it hears of it, whichever stands for it. */
void recovery_well(struct alert *a, struct now now, uint16_t check);
/* `m` left the configuration: it counts as recovered. */
void recovery_released(struct alert *a, struct now now, struct tracked *t,
	struct incident_member *m);
/* `m` had recovered, and the check is not well again. */
void recovery_relapse(struct alert *a, struct now now, struct tracked *t, struct incident_member *m,
	uint16_t check);
void recovery_step(struct alert *a, struct now now); /* what is due by time */

#endif
