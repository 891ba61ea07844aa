/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_judge: does an answer satisfy the spec?  Pure.
 *
 * In blackbox_exporter's order: status, headers, body, version, TLS.
 */
#ifndef PORT_PROBE_HTTP_JUDGE_H
#define PORT_PROBE_HTTP_JUDGE_H

#include "core/lab/probe_spec.h"
#include "port/probe/http_answer.h"

#include "base/limits.h"

struct http_facts {
	const struct http_answer *answer; /* its head is complete */
	const char *body;                 /* decoded, as far as it was read */
	size_t body_bytes;
	const char *body_trouble; /* why it couldn't be read to its end; NULL */
	uint8_t version;          /* 10, 11, 20 */
	bool is_tls;
};

struct http_verdict {
	bool is_ok;
	bool by_pattern;
	char why[REASON_BYTES_MAX + 1];
};

void http_judge(const struct http_spec *spec, const struct http_facts *facts,
	struct http_verdict *ret);

/* "HTTP/1.1" of 11. */
const char *http_version_text(uint8_t version);

#endif
