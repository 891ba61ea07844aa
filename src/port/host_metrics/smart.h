/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smart: smartctl's reports under smartctl_exporter's names (0.14), as node_exporter has none for
 * them.
 *
 * What a report doesn't hold isn't told: smartctl_exporter says 0 there, so that a disk that sleeps
 * looks like one that fails.  A device's label is its name without "/dev/".
 */
#ifndef PORT_HOST_METRICS_SMART_H
#define PORT_HOST_METRICS_SMART_H

#include "port/smart/smart.h"

/* Append them. */
void host_smart_write(const struct smart_report *reports, uint32_t n, struct str *out);

#endif
