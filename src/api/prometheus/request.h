/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what Prometheus' HTTP API packs into parameters, and the envelope it answers in.
 * https://prometheus.io/docs/prometheus/latest/querying/api/
 *
 *	{"status": "success", "data": ..., "warnings": [...], "infos": [...]}
 *	{"status": "error", "errorType": "bad_data", "error": "..."}
 */
#ifndef API_PROMETHEUS_REQUEST_H
#define API_PROMETHEUS_REQUEST_H

#include "api/api_private.h"

/* Why a request failed, in Prometheus' own classes. */
enum request_fault {
	REQUEST_BAD_DATA,
	REQUEST_EXECUTION,
	REQUEST_TIMEOUT,
	REQUEST_INTERNAL,
	REQUEST_NOT_FOUND,
	REQUEST_UNAVAILABLE,
	REQUEST_FAULTS
};
int request_status(enum request_fault f);
void request_write_error(struct str *body, enum request_fault f, const char *text);

/* The parameters of the target and, of a POST, of the form in its body. */
enum rc request_pairs(const struct call *c, struct arena *a, struct uri_pairs *ret,
	struct err *e) MUST_USE;

/* RFC 3339, or seconds since 1970 with a fraction; `otherwise` when absent.  The text of an error
 * is Prometheus'. */
enum rc request_time(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ms,
	int64_t *ret_ms, struct err *e) MUST_USE;
/* The same, and RC_INPUT when it is absent. */
enum rc request_needed_time(const struct uri_pairs *pairs, const char *name, int64_t *ret_ms,
	struct err *e) MUST_USE;
/* "1h30m", or seconds with a fraction, of which Go drops what is less than a unit. */
enum rc request_duration_ns(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ns,
	int64_t *ret_ns, struct err *e) MUST_USE;
enum rc request_duration(const struct uri_pairs *pairs, const char *name, int64_t otherwise_ms,
	int64_t *ret_ms, struct err *e) MUST_USE;
/* "limit": 0 for none. */
enum rc request_limit(const struct uri_pairs *pairs, uint64_t *ret, struct err *e) MUST_USE;
/* Put `invalid parameter "NAME": ` before an error. */
enum rc request_blame(enum rc rc, const char *name, struct err *e);

#endif
