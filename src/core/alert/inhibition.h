/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inhibition: alerts that fire keep others from being told.
 *
 * As in Alertmanager an alert that is silenced or inhibited itself inhibits all the same, and one
 * that is on both sides of a rule isn't inhibited by its like.  What people have been told of
 * stays told.  Alerts of a site that is away inhibit no longer than one that isn't posted again
 * fires (ALERTS_RESOLVE_MS).
 */
#ifndef CORE_ALERT_INHIBITION_H
#define CORE_ALERT_INHIBITION_H

#include "core/alert/alert_private.h"

/* An alert came, or the rules changed: which of them it can be a source or a target of. */
void inhibition_place(const struct alert *a, struct alert_item *item);
/* Alerts came or went: who is inhibited now.  Groups of which some are otherwise than before are
 * untold. */
void inhibition_step(struct alert *a);

#endif
