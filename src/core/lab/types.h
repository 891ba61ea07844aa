/* SPDX-License-Identifier: Apache-2.0 */
/* types: what a value may be, and how it is checked and stored. */
#ifndef CORE_LAB_TYPES_H
#define CORE_LAB_TYPES_H

#include "core/lab/schema.h"

/* Stored as written: const char *.  Each says what it accepts. */
extern const struct type text_type, label_type, method_type, url_type, base_url_type, host_type,
	endpoint_type, exporter_type, server_type, dns_name_type, ip_type, path_type,
	cron_text_type, mention_type;

/* bool; `inverted` stores the opposite. */
extern const struct type flag_type, inverted_flag_type;

/* Numbers of the size that their struct member has. */
extern const struct type confirm_type, percent_type, ttl_type, packets_type, payload_type,
	exemplars_max_type;
extern const struct type size_type; /* uint64_t bytes: "64KB", "1MiB" */

/* int64_t milliseconds. */
extern const struct type duration_type, timeout_type, interval_type, long_duration_type,
	retention_type, thinned_type, downsampled_type, go_duration_type;

/* A struct list of lab_downsampling, in order. */
void read_downsampling(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to);

/* Choices: an int or an enum. */
extern const struct type severity_type, family_type, dns_transport_type, starttls_type;

extern const struct type zone_type;  /* const struct tz * */
extern const struct type cron_type;  /* const struct cron * */
extern const struct type key_type;   /* struct public_key */
extern const struct type hours_type; /* two uint16_t: minutes of the day */

/* Names of other things: const struct doc_node *, struct refs. */
extern const struct type ref_type, target_type, refs_type, files_type;
extern const struct type file_type; /* the same, a file */
/* Read by another core, from Prometheus' own syntax: const struct doc_node *. */
extern const struct type receive_type; /* struct texts, of known words */
extern const struct type foreign_mapping_type, foreign_list_type;
extern const struct type matchers_type; /* const struct doc_node *, syntax checked */

extern const struct type secret_type;        /* struct secret */
extern const struct type webhook_url_type;   /* struct lab_channel: url or url_plain */
extern const struct type inline_secret_type; /* struct secret, as text in a module's file */
extern const struct type secret_path_type;   /* struct secret, as the path of a file */

extern const struct type texts_type;               /* struct texts: one or a list */
extern const struct type pairs_type;               /* struct text_pairs: a mapping of texts */
extern const struct type pattern_type;             /* struct pattern * */
extern const struct type expect_type;              /* struct dialogue_step: pattern and text */
extern const struct type patterns_type;            /* struct pattern_list: one or a list */
extern const struct type header_rules_type;        /* struct header_rules: a mapping of patterns */
extern const struct type absent_header_rules_type; /* the same; an absent header is no match */
extern const struct type status_type;              /* struct list of struct status_range */
extern const struct type http_versions_type, rcodes_type; /* struct texts, of known words */
extern const struct type compression_type;                /* const char *, of known words */
extern const struct type dns_type_type, dns_class_type;   /* uint16_t */
extern const struct type prober_type;                     /* int: enum probe_kind + 1 */
extern const struct type go_family_type;                  /* enum ip_protocol: "ip4", "ip6" */

/* Known, and refused by name; the flag only when it is on. */
extern const struct type unsupported_type, unsupported_flag_type;

/* `true`, or the shape inside the tls_spec of the struct tcp_spec at `to`. */
void read_tls_switch(struct reader *r, const struct key *key, const struct doc_node *node,
	void *to);

/* "true", "no", "on", ...: false when `text` is no such word. */
bool parse_flag(const char *text, bool *ret);

/* Any scalar may be a text. */
#define TEXT_SCHEMA "\"type\": [\"string\", \"number\", \"boolean\"]"
#define TEXTS_SCHEMA \
	"\"anyOf\": [{" TEXT_SCHEMA "}, {\"type\": \"array\", \"items\": {" TEXT_SCHEMA "}}]"

/* What starttls_type chooses from; the dialogues are in native.c. */
enum starttls {
	STARTTLS_NONE,
	STARTTLS_SMTP,
	STARTTLS_IMAP,
	STARTTLS_POP3,
	STARTTLS_FTP,
	STARTTLS_SIEVE,
	STARTTLS_NNTP,
	STARTTLS_KINDS
};

#endif
