/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decl: lab.yaml as it was written: checked word for word, names not yet resolved.
 *
 * Members of the final structs are read straight into them; what refers to something by name is
 * kept as the node that names it, so that a complaint knows its place.  After errors any pointer
 * may be NULL, required or not.  Everything lives in the lab's arena and the documents.
 */
#ifndef CORE_LAB_DECL_H
#define CORE_LAB_DECL_H

#include "core/lab/lab.h"

/* First member of whatever is an entry of a mapping with free keys. */
struct entry {
	const char *name, *file;
	const struct doc_node *key, *node;
};

struct list {
	void *items; /* structs of the shape's size, one after the other */
	uint32_t n;
};
struct texts {
	const char **items;
	uint32_t n;
};
struct text_pairs {
	const char **names, **values;
	uint32_t n;
};
struct refs { /* scalars that name something */
	const struct doc_node **items;
	uint32_t n;
};

struct site_decl {
	struct entry entry;
	struct lab_site site;
	const struct doc_node *uplink;
};
struct watcher_decl {
	struct entry entry;
	struct lab_watcher watcher;
};
struct host_decl {
	struct entry entry;
	struct lab_host host;
	const struct doc_node *site;
};

/* What probes and heartbeats have in common. */
struct check_decl {
	const struct doc_node *home, *host;
	struct refs from, needs;
	enum severity severity;
	const char *description, *runbook;
};

struct tcp_decl {
	struct tcp_spec spec;
	const char *send;
	struct dialogue_step expect; /* only its pattern and text */
	int starttls;                /* enum starttls of types.h */
};
struct tls_decl {
	struct tcp_spec spec;
	int starttls;
};
enum dns_transport { DNS_UDP, DNS_TCP, DNS_TLS };
struct dns_decl {
	struct dns_spec spec;
	enum dns_transport transport;
};

struct probe_decl {
	struct entry entry;
	struct check_decl about;
	int64_t every_ms, timeout_ms; /* timeout 0: not said */
	uint8_t confirm;
	enum ip_protocol ip;
	const char *source_address;
	struct http_spec *http;
	struct tcp_decl *tcp;
	struct tls_decl *tls;
	struct dns_decl *dns;
	struct icmp_spec *icmp;
	const struct doc_node *module, *target;
};

struct probes_decl {
	struct refs modules; /* files */
	struct list probes;  /* struct probe_decl */
};

struct heartbeat_decl {
	struct entry entry;
	struct check_decl about;
	int64_t every_ms;
	const struct cron *cron;
	const struct tz *zone;
	int64_t grace_ms;
	struct secret token;
};

struct quiet_decl {
	struct {
		uint16_t from, until;
	} hours;
	enum severity unless;
};
struct channel_decl { /* one of three */
	struct entry entry;
	struct lab_channel *discord, *webhook, *smtp;
};
struct notify_decl {
	const struct tz *zone;
	struct quiet_decl *quiet;
	const struct doc_node *alertmanager; /* names the file */
	struct lab_channel *discord, *webhook, *smtp; /* called like their kind */
	struct list channels;                         /* struct channel_decl */
};
struct window_decl {
	struct entry entry;
	const struct cron *begins;
	const struct tz *zone;
	int64_t length_ms;
	const struct doc_node *matchers;
	const char *why;
};

/* metrics: and what may stand in a prometheus.yml; nodes are for the readers of other cores. */
struct metrics_decl {
	const struct doc_node *prometheus; /* names the file */
	const struct doc_node *global, *scrape_configs, *scrape_config_files, *rule_files,
		*alerting, *remote_write, *remote_read, *otlp, *outside;
	int64_t retention_ms, out_of_order_ms; /* 0: not said */
	int64_t blind_after_ms;
	uint64_t retention_bytes;
	bool host, admin_api, durable_answers;
	const char *textfile; /* NULL: none */
	struct texts receive;
	struct lab_copy copy;
	struct list downsampling; /* struct lab_downsampling */
};
struct prometheus_decl {
	struct metrics_decl metrics;
	struct storage_decl {
		struct tsdb_decl {
			int64_t out_of_order_ms;
			struct retention_decl {
				int64_t time_ms;
				uint64_t size_bytes;
			} retention;
		} tsdb;
		struct exemplars_decl {
			int64_t max; /* below 0: not said */
		} exemplars;
	} storage;
};

struct lab_decl {
	const char *name;
	struct metrics_decl *metrics;
	struct list sites, watchers, hosts, heartbeats, windows;
	struct probes_decl *probes;
	struct notify_decl *notify;
};

/* A blackbox_exporter module (its CONFIGURATION.md). */
struct module_decl {
	struct entry entry;
	int prober; /* enum probe_kind + 1; 0: one that we don't have */
	int64_t timeout_ms;
	struct http_module {
		struct http_spec spec;
		enum ip_protocol ip;
		bool ip_fallback;
		bool no_follow_redirects, skip_resolve;
		const char *body_file;
		struct list headers; /* struct module_header */
		struct module_auth {
			const char *user;
			struct secret password, password_file;
		} * basic_auth;
		struct module_authorization {
			const char *type;
			struct secret credentials, credentials_file;
		} * authorization;
		struct secret bearer, bearer_file;
	} http;
	struct tcp_module {
		struct tcp_spec spec;
		enum ip_protocol ip;
		bool ip_fallback;
		const char *source_address;
	} tcp;
	struct dns_module {
		struct dns_spec spec;
		enum dns_transport transport;
		enum ip_protocol ip;
		bool ip_fallback;
		const char *source_address;
	} dns;
	struct icmp_module {
		struct icmp_spec spec;
		enum ip_protocol ip;
		bool ip_fallback;
		const char *source_address;
	} icmp;
};
struct module_header {
	struct entry entry;
	struct texts values, secrets;
};
struct modules_decl {
	struct list modules; /* struct module_decl */
};

#endif
