/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: where samples are sent to, and how: remote_write of a prometheus.yml, in Prometheus 3.5's
 * syntax and with its defaults.
 *
 * Every key that Prometheus 3.5 knows is known here; what can't be done is refused by name.  One default
 * differs: what a receiver puts off with 429 is sent again, unless retry_on_http_429 says no.
 *
 * Source: https://prometheus.io/docs/prometheus/3.5/configuration/configuration/#remote_write and
 * config.go.
 */
#ifndef CORE_REMOTE_WRITE_CONFIG_H
#define CORE_REMOTE_WRITE_CONFIG_H

#include "base/doc_reader.h"
#include "base/http_config.h"
#include "base/relabel.h"

enum remote_protocol { REMOTE_WRITE_1, REMOTE_WRITE_2 };

struct remote_header {
	const char *name, *value;
};
struct remote_headers {
	struct remote_header *v;
	uint32_t n;
};

struct remote_queue_config {
	uint64_t capacity;              /* samples that wait in each shard; default 10,000 */
	uint64_t max_shards;            /* default 50 */
	uint64_t min_shards;            /* default 1 */
	uint64_t max_samples_per_send;  /* default 2,000 */
	int64_t batch_send_deadline_ms; /* default 5 s */
	int64_t min_backoff_ms, max_backoff_ms; /* 30 ms, 5 s */
	bool retry_on_http_429;                 /* default true */
	int64_t sample_age_limit_ms;            /* older ones aren't sent; 0: all are */
};

struct remote_metadata_config { /* in 2.0 each series says it: only `send` counts */
	bool send;              /* default true */
	int64_t interval_ms;    /* default 1 min */
	uint64_t max_samples_per_send;
};

struct remote_write {
	const char *name; /* unique: as written, or made of what is sent where */
	const char *url;
	int64_t timeout_ms; /* default 30 s */
	struct remote_headers headers;
	struct relabel_rules relabel;
	int protocol; /* enum remote_protocol */
	struct http_config http;
	struct remote_queue_config queue;
	struct remote_metadata_config metadata;
	bool send_exemplars;         /* default false */
	bool send_native_histograms; /* default false; 2.0: always */
	const char *key; /* names its marks: digits and letters, the same as long as `name` is */
	uint32_t line, column;
};

struct remote_writes {
	struct arena arena; /* owns all below; the struct is on the heap */
	struct remote_write *v;
	uint32_t n;
	uint64_t hash; /* of what was written */
};

/* Nodes of one document. */
struct remote_write_section {
	const char *file;   /* for findings */
	const char *folder; /* goes before relative paths; "" or ending in a slash */
	const struct doc_node *remote_write; /* a list; NULL: none */
};
/* RC_INPUT when `findings` has got errors. */
enum rc remote_writes_read(struct remote_writes **ret, const struct remote_write_section *sections,
	uint32_t n_sections, struct findings *findings, struct err *e) MUST_USE;
void remote_writes_free(struct remote_writes *w);
SCOPED_BY(remote_writes_free, struct remote_writes *)

/* What outside.h shares. */
doc_take remote_take_headers; /* struct remote_headers */
void remote_check_tls(struct doc_reader *r, const struct doc_node *node,
	const struct http_config *http);

#endif
