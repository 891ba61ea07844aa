/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restating: a member of one of our incidents is judged otherwise than the incident says.
 *
 * Vantages don't see a change in the same instant: what lies between two agreements of theirs (a
 * "path problem" while a link comes back) is said only if it stays for ALERT_SETTLE_MS.
 *
 * Another extent (state, scope) of any member is news, and so is another reason of the cause.  That
 * of a member which the cause explains has time: ALERT_REFRESH_MS, or the next edit.  Which reason
 * is another, and how often, core/check settles: numbers aside, and in one fall each only after it
 * has stood for twice as long as the one before.  An empty one replaces none while a member goes on
 * as it was.
 */
#ifndef CORE_ALERT_RESTATING_H
#define CORE_ALERT_RESTATING_H

#include "core/alert/alert_private.h"

/* `m`, of `in`, says what the check is judged to be now; it is not well. */
void restating_describe(const struct alert *a, struct incident *in, struct incident_member *m,
	uint16_t check);
/* The incident is about to be written: its members fail for what they fail for now.  Another reason
 * of the cause is news, and left to restating_due(). */
void restating_refresh(const struct alert *a, struct incident *in);
/* The check was judged; from here on it counts how long it is otherwise than `m` says. */
void restating_notice(struct alert *a, struct now now, const struct incident_member *m,
	uint16_t check);
/* Of a check with judged.restated: say it, wait for it to settle, or forget it. */
void restating_due(struct alert *a, struct now now, uint16_t check);

#endif
