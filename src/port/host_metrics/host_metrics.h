/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_metrics: this machine's own metrics under node_exporter's names, as text in Prometheus'
 * exposition format: what a scrape of node_exporter on this machine would have brought.
 *
 * Read from the kernel's files and systemd's bus, at each call anew; nothing is kept between calls.  What isn't there
 * (no ZFS, no sensors) is left out; what is there and can't be read makes its collector's
 * node_scrape_collector_success 0.  A dead network file system may hold a call for as long as the
 * kernel likes: it belongs on a thread that can wait.
 *
 * Names and meanings: https://github.com/prometheus/node_exporter (1.11), docs/ and collector/.
 */
#ifndef PORT_HOST_METRICS_HOST_METRICS_H
#define PORT_HOST_METRICS_HOST_METRICS_H

#include "base/str.h"

#include <stdint.h>

struct host_metrics_settings {
	const char *root;     /* goes before /proc, /sys and /etc: "" but in tests */
	const char *textfile; /* folder of *.prom files; NULL: none */
};
/* Append all of it. */
void host_metrics_write(const struct host_metrics_settings *s, struct str *out);

/* One collector alone; false when there is none of that name. */
bool host_metrics_write_one(const struct host_metrics_settings *s, const char *collector,
	struct str *out);

#endif
