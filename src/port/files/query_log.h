/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_log: a line of JSON for each query, as Prometheus 3.5 writes them to its query_log_file, so that
 * what reads those reads ours.
 *
 * Its "source" names a line of Prometheus' code; here it is "query".  Times that aren't measured are 0, as in
 * the API's answers, and a rule's line has no "samples".
 */
#ifndef PORT_FILES_QUERY_LOG_H
#define PORT_FILES_QUERY_LOG_H

#include "base/str.h"
#include "base/time.h"

struct logged_query {
	struct wall now;
	const char *text;
	int64_t start_ms, end_ms, step_ms; /* step 0: at one time */
	uint64_t waited_ns, evaluated_ns;
	uint64_t samples_read, samples_peak;
	const char *error; /* NULL: it has an answer */
	/* Who asked: a request, or a rule. */
	const char *client, *method, *path; /* of a request; method NULL: it is a rule */
	const char *rule_file, *rule_group;
};

void query_log_line(const struct logged_query *q, struct str *out);
/* Any thread.  What can't be written is said in the log, at most once a minute. */
void query_log_write(const char *file, const struct logged_query *q);

#endif
