/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe_spec: what one probe does, whether it was written in lab.yaml's own words or is a target
 * of a blackbox_exporter module.  Prepared by core/lab, carried out by port/probe.
 *
 * All pointers live in the lab's arena.  Absent text is NULL, absent numbers are 0 unless said.
 * The semantics of every field are blackbox_exporter 0.28's (CONFIGURATION.md) where it has one.
 */
#ifndef CORE_LAB_PROBE_SPEC_H
#define CORE_LAB_PROBE_SPEC_H

#include "base/pattern.h"
#include "base/secret.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

enum probe_kind { PROBE_HTTP, PROBE_TCP, PROBE_TLS, PROBE_DNS, PROBE_ICMP };
enum ip_protocol { IP_ANY, IP_V4, IP_V6 };

struct tls_spec {
	const char *ca_file, *cert_file, *key_file; /* PEM */
	const char *server_name;  /* SNI and name check; NULL: the address's host */
	bool is_insecure;         /* don't verify the chain */
	int64_t expires_after_ms; /* fail when a certificate of the chain ends sooner; 0: no rule */
};

struct header_rule {
	const char *header;
	struct pattern *pattern;
	bool allow_missing;
};
struct pattern_list {
	struct pattern **patterns;
	const char **texts; /* as written, for messages */
	uint32_t n;
};
struct header_rules {
	struct header_rule *rules;
	uint32_t n;
};

struct status_range {
	uint16_t low, high;
};

struct http_spec {
	const char *url;
	const char *method; /* never NULL: "GET" */
	const char **header_names, **header_values;
	uint32_t n_headers;
	const char *body;            /* request's body */
	struct status_range *status; /* accepted; none: 200-299 */
	uint32_t n_status;
	const char **versions; /* "HTTP/1.1", "HTTP/2.0"; none: any */
	uint32_t n_versions;
	struct pattern_list body_matches;     /* fail if one doesn't match */
	struct pattern_list body_matches_not; /* fail if one matches */
	struct header_rules header_matches, header_matches_not;
	bool follow_redirects; /* default true, at most 10 */
	bool fail_if_tls, fail_if_not_tls;
	bool enable_http2;       /* default true */
	const char *compression; /* Accept-Encoding asked for and decoded */
	const char *user;        /* basic auth */
	struct secret password, bearer;
	const char *proxy_url;
	uint64_t body_size_limit_bytes; /* 0: PROBE_BODY_BYTES_MAX */
	struct tls_spec tls;
};

struct dialogue_step {          /* tcp: in order */
	const char *send;       /* with "\n" added, after ${1} substitution from the last expect */
	struct pattern *expect; /* a line must match */
	const char *expect_text;
	bool start_tls;
};
struct tcp_spec {
	const char *address; /* host:port */
	bool use_tls;
	struct dialogue_step *steps;
	uint32_t n_steps;
	struct tls_spec tls;
};

struct rr_rules { /* blackbox's validate_*_rrs, over presentation-format records */
	struct pattern_list fail_if_matches, fail_if_all_match, fail_if_not_matches,
		fail_if_none_matches;
};
struct dns_spec {
	const char *server; /* host or host:port, default port 53, or 853 with tls */
	const char *name;
	uint16_t type;  /* RFC 1035 number */
	uint16_t class; /* default 1, IN */
	bool use_tcp, use_tls, no_recursion;
	const char **rcodes; /* accepted; none: NOERROR */
	uint32_t n_rcodes;
	/* lab.yaml's own `answers`: data that must be the whole set, any order. */
	const char **answers;
	uint32_t n_answers;
	struct rr_rules answer, authority, additional;
	struct tls_spec tls;
};

struct icmp_spec {
	const char *address;
	uint16_t count;         /* default 1; blackbox sends one */
	uint16_t payload_bytes; /* default 56 */
	uint8_t ttl;            /* 0: the system's */
	bool dont_fragment;
	uint8_t loss_percent_max; /* fail above this loss; default 99: one answer is enough */
};

struct probe_spec {
	enum probe_kind kind;
	int64_t timeout_ms;
	enum ip_protocol ip;
	bool ip_fallback; /* try the other protocol when the preferred has no address */
	const char *source_address;
	union {
		struct http_spec http;
		struct tcp_spec tcp; /* PROBE_TCP, and PROBE_TLS with use_tls and no steps */
		struct dns_spec dns;
		struct icmp_spec icmp;
	};
};

#endif
