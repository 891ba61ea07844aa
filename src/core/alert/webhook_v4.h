/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook_v4: what Alertmanager posts to a webhook, for receivers of a configuration that somebody
 * brought: whoever listens there reads this.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 *
 *	{"version": "4", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels",
 *	 "notification_reason",
 *	 "commonLabels", "commonAnnotations", "externalURL",
 *	 "alerts": [{"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}]}
 *
 * The alerts are those of the incident's group that aren't silenced or inhibited, in Alertmanager's
 * order, also those that are over since the incident began, unless the channel leaves these out.  An
 * incident that is about no alert is told as one, with its members as the alerts: labels
 * alertname (the check), incident, severity and site.
 */
#ifndef CORE_ALERT_WEBHOOK_V4_H
#define CORE_ALERT_WEBHOOK_V4_H

#include "core/alert/alert_private.h"

void webhook_v4(const struct alert *a, struct now now, const struct incident *in, uint8_t channel,
	struct str *out);

#endif
