/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_metrics: this machine's own metrics under node_exporter's names, as text in Prometheus'
 * exposition format: what a scrape of node_exporter on this machine would have brought.
 *
 * Read from the kernel's files, at each call anew; nothing is kept between calls.  What isn't there
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

/* Append all of it.  `root` goes before /proc, /sys and /etc: "" but in tests. */
void host_metrics_write(const char *root, struct str *out);

/* One collector alone; false when there is none of that name. */
bool host_metrics_write_one(const char *root, const char *collector, struct str *out);

#endif
