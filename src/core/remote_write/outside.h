/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside: a server with Prometheus' API that is asked instead of the samples of this site: `outside`
 * in the metrics section.
 */
#ifndef CORE_REMOTE_WRITE_OUTSIDE_H
#define CORE_REMOTE_WRITE_OUTSIDE_H

#include "core/remote_write/config.h"

struct outside_config {
	struct arena arena; /* owns all below; the struct is on the heap */
	const char *url;    /* "/api/v1/query" is put behind it; doesn't end in a slash */
	int64_t timeout_ms; /* default 2 min */
	struct remote_headers headers;
	struct http_config http;
};

/* Where it stands. */
struct outside_section {
	const char *file, *folder;
	const struct doc_node *outside; /* NULL: there is none, and *ret becomes NULL */
};
/* RC_INPUT when `findings` has got errors. */
enum rc outside_config_read(struct outside_config **ret, const struct outside_section *section,
	struct findings *findings, struct err *e) MUST_USE;
void outside_config_free(struct outside_config *c);
SCOPED_BY(outside_config_free, struct outside_config *)

#endif
