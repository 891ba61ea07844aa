/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe: carry out one probe_spec on a uv loop and say what was seen.
 *
 *	probe_start ─► name ─► connection ─► TLS ─► the kind's exchange ─► judged ─► done, once
 *	                 └───────────┴─────────┴──────────┴── deadline, failure ───────┘
 *
 * Each probe makes a new connection and resolves the name again, as blackbox_exporter does: it
 * wants to know what a client would meet now.  The deadline (spec->timeout_ms) is hard, whatever
 * phase the probe is in.  Nothing is kept between two probes of a kind but the shared parts of the
 * prober: the resolver, the index of certificate authorities, one ICMP socket a protocol.
 */
#ifndef PORT_PROBE_PROBE_H
#define PORT_PROBE_PROBE_H

#include "base/hash.h"
#include "base/limits.h"
#include "base/str.h"
#include "core/lab/probe_spec.h"

#include <uv.h>

/* Times by phase.  A kind uses those that its row of the metrics table names. */
enum probe_phase {
	PHASE_RESOLVE,
	PHASE_CONNECT, /* icmp: setup */
	PHASE_TLS,
	PHASE_PROCESSING, /* request sent until the first byte; dns: request; icmp: rtt */
	PHASE_TRANSFER,
	PROBE_PHASES
};

struct probe_tls {                      /* of the last TLS connection */
	char version[16];               /* "TLS 1.3" */
	char cipher[48];                /* "TLS_AES_128_GCM_SHA256" */
	char fingerprint[SHA256_HEX];   /* of the server's own certificate */
	char serial[48];                /* hexadecimal */
	char subject[192], issuer[192]; /* RFC 2253 */
	char names[192];                /* DNS names, comma-separated; cut at a comma */
	int64_t earliest_expiry_s;      /* of any certificate presented; seconds since 1970 */
	int64_t chain_expiry_s; /* of the verified chain, its root included; 0: not verified */
};

struct probe_http {
	uint16_t status; /* 0: no answer */
	uint8_t version; /* 10, 11, 20; 0: no answer */
	uint8_t redirects;
	bool is_tls;
	int64_t content_length; /* as declared; -1: not */
	int64_t body_bytes;     /* read, after decoding */
	bool has_last_modified;
	int64_t last_modified_s;
};
struct probe_dns {
	bool is_answered;
	uint16_t answers, authorities, additionals; /* resource records */
	bool has_serial;                            /* a SOA was asked for */
	uint32_t serial;
};
struct probe_icmp {
	uint16_t sent, received;
	int64_t rtt_min_us, rtt_avg_us, rtt_max_us; /* of those received */
	int16_t hop_limit;                          /* of the last reply; -1 unknown */
};

struct probe_result {
	enum probe_kind kind;
	bool is_ok;
	bool failed_by_pattern;            /* a regular expression of the spec decided */
	char reason[REASON_BYTES_MAX + 1]; /* one sentence for people; "" when ok */
	int64_t duration_us;
	int64_t phase_us[PROBE_PHASES]; /* summed over redirects */
	int64_t lookup_us;              /* of the first name; as PHASE_RESOLVE but for redirects */
	uint8_t ip_version;             /* 4, 6; 0: never resolved */
	uint32_t ip_hash;
	struct probe_tls *tls; /* owned; NULL: no handshake was completed */
	union {
		struct probe_http http;
		struct probe_dns dns;
		struct probe_icmp icmp;
	};
};
void probe_result_copy(struct probe_result *dst, const struct probe_result *src); /* deep */
void probe_result_fini(struct probe_result *r);

struct prober_setup {
	uv_loop_t *loop;
	/* Reads a secret when a probe uses it; the text isn't kept.  NULL: no secrets. */
	enum rc (*read_secret)(void *ctx, const struct secret *secret, struct str *ret,
		struct err *e);
	void *ctx;
};

struct prober; /* one a loop */
struct probe;

/* `r` lives during the call; copy what is to be kept. */
typedef void probe_done(void *ctx, const struct probe_result *r);

struct prober *prober_new(const struct prober_setup *setup);
/* Cancels all probes; frees itself when its handles are closed, then calls `closed` (or NULL). */
void prober_close(struct prober *p, void (*closed)(void *ctx), void *ctx);

/* `done` is called from the loop, never from inside.  `spec` is borrowed until then. */
struct probe *probe_start(struct prober *p, const struct probe_spec *spec, probe_done *done,
	void *ctx);
void probe_cancel(struct probe *probe); /* `done` will not be called; the spec is let go */

/* Prometheus' text format with blackbox_exporter's names, grouped by family: HELP and TYPE once,
 * then a line for each of the `n` probes that has the value. */
struct probe_metrics_row {
	const char *labels; /* `check="immich",site="dublin"`, escaped; "" for none */
	const struct probe_result *result;
};
void probe_metrics_write(const struct probe_metrics_row *rows, size_t n, struct str *out);

#endif
