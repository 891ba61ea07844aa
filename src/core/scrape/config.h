/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: what is scraped and how: scrape_configs and the global section of a prometheus.yml, in
 * Prometheus 3.5's syntax and with its defaults.
 *
 * scrape_config_read() turns nodes of a document into an immutable struct scrape_configs, or into
 * findings with file, line and column.  Every key that Prometheus 3.5 knows is known here; what
 * can't be done is refused by name.  What a job leaves out is filled in from the global section, as
 * Prometheus does it: nobody who reads a struct scrape_config looks there again.
 *
 * Source: https://prometheus.io/docs/prometheus/3.5/configuration/configuration/ and config.go.
 */
#ifndef CORE_SCRAPE_CONFIG_H
#define CORE_SCRAPE_CONFIG_H

#include "base/doc_reader.h"
#include "base/http_config.h"
#include "base/relabel.h"

enum scrape_protocol {
	SCRAPE_OPENMETRICS_1_0_0,
	SCRAPE_OPENMETRICS_0_0_1,
	SCRAPE_TEXT_1_0_0,
	SCRAPE_TEXT_0_0_4,
	SCRAPE_PROTOBUF,
	SCRAPE_PROTOCOLS,
};
#define SCRAPE_PROTOCOL_NONE (-1)
const char *scrape_protocol_name(enum scrape_protocol p); /* "OpenMetricsText1.0.0" */

enum name_validation { NAMES_UNSET, NAMES_UTF8, NAMES_LEGACY };
enum name_escaping {
	ESCAPE_UNSET,
	ESCAPE_ALLOW_UTF8,
	ESCAPE_UNDERSCORES,
	ESCAPE_DOTS,
	ESCAPE_VALUES
};
const char *name_escaping_text(enum name_escaping e); /* "allow-utf-8", for the Accept header */

enum scrape_flag { SCRAPE_UNSAID, SCRAPE_NO, SCRAPE_YES };

struct scrape_protocols {
	uint8_t v[SCRAPE_PROTOCOLS]; /* enum scrape_protocol, most wanted first, each once */
	uint32_t n;                  /* 0: not said */
};

/* What both the global section and a job may say.  0 and "unset" mean no limit or not said. */
struct scrape_terms {
	int64_t interval_ms, timeout_ms;
	struct scrape_protocols protocols;
	uint64_t body_size_limit_bytes; /* of the body unpacked */
	uint64_t sample_limit, target_limit, label_limit;
	uint64_t label_name_length_limit, label_value_length_limit; /* bytes */
	uint64_t keep_dropped_targets;
	int name_validation;          /* enum name_validation */
	int name_escaping;            /* enum name_escaping */
	const char *failure_log_file; /* a line for each scrape that brings no body; NULL: none */
	/* enum scrape_flag: whether native histograms are wanted, by which targets are asked for protobuf
	 * first unless protocols are said; whether their classic buckets are, too; whether classic histograms
	 * become native ones with their bounds. */
	int native_histograms, classic_histograms, convert_classic;
};

struct scrape_global {
	struct scrape_terms terms;      /* interval default 1m, timeout default 10s */
	int64_t evaluation_interval_ms; /* default 1m */
	bool has_protocols;             /* they were said */
	int64_t rule_query_offset_ms;   /* default 0 */
	const char *query_log_file;     /* a line for each query; NULL: none */
	struct labels external_labels;  /* as written: ${VARIABLE} is for who has an environment */
};

struct scrape_param { /* of the query; sorted by name */
	const char *name;
	const char **values;
	uint32_t n_values;
};

/* Where targets come from. */
enum sd_kind { SD_STATIC, SD_FILE, SD_HTTP, SD_DNS, SD_KUBERNETES, SD_KINDS };
const char *sd_kind_name(enum sd_kind k); /* "static": the word before _sd_configs */

/* Targets that were discovered together: each has its own labels and all have the common ones. */
struct target_group {
	const char *source;     /* names the group among those of one discovery */
	struct labels labels;   /* common */
	struct labels *targets; /* each has an __address__, usually */
	uint32_t n;
};

struct sd_static {
	struct target_group *groups;
	uint32_t n;
};
struct sd_file {
	struct doc_texts files; /* globs; only the last part of a path may hold a * */
	int64_t refresh_ms;     /* default 5m */
};
struct sd_http {
	const char *url;
	struct http_config http;
	int64_t refresh_ms; /* default 60s */
};
enum dns_sd_type { DNS_SD_SRV, DNS_SD_A, DNS_SD_AAAA, DNS_SD_MX, DNS_SD_NS };
struct sd_dns {
	struct doc_texts names;
	int type;           /* enum dns_sd_type; default SRV */
	uint64_t port;      /* wanted unless the type is SRV */
	int64_t refresh_ms; /* default 30s */
};

enum kube_role {
	KUBE_NODE,
	KUBE_POD,
	KUBE_SERVICE,
	KUBE_ENDPOINTS,
	KUBE_ENDPOINTSLICE,
	KUBE_INGRESS,
	KUBE_ROLES
};
const char *kube_role_name(enum kube_role r); /* "endpointslice" */
struct kube_selector {
	int role;                  /* enum kube_role */
	const char *label, *field; /* as the API wants them; NULL: none */
};
struct sd_kubernetes {
	const char *api_server;      /* NULL: kubeconfig, or the cluster that we run in */
	const char *kubeconfig_file; /* NULL: none */
	int role;                    /* enum kube_role; -1: not said, never after reading */
	struct http_config http;
	bool has_http; /* something of `http` was written */
	bool own_namespace;
	struct doc_texts namespaces; /* none: all */
	struct kube_selector *selectors;
	uint32_t n_selectors;
	bool attach_node;
};

struct sd_config {
	enum sd_kind kind;
	uint32_t line, column; /* where it stands */
	union {
		struct sd_static fixed;
		struct sd_file file;
		struct sd_http http;
		struct sd_dns dns;
		struct sd_kubernetes kubernetes;
	};
};

struct scrape_config {
	const char *job_name;      /* unique */
	struct scrape_terms terms; /* complete: interval, timeout, protocols, names are set */
	bool honor_labels;
	bool honor_timestamps; /* default true */
	bool track_timestamps_staleness;
	bool enable_compression;  /* default true */
	int fallback_protocol;    /* enum scrape_protocol, or SCRAPE_PROTOCOL_NONE */
	const char *metrics_path; /* "/metrics" */
	const char *scheme;       /* "http" */
	struct scrape_param *params;
	uint32_t n_params;
	uint64_t native_histogram_bucket_limit;
	double native_histogram_min_bucket_factor;
	struct http_config http;
	struct sd_config *sds;
	uint32_t n_sds;
	struct relabel_rules relabel, metric_relabel;
	bool is_inside;   /* pages of this program itself: no connection is made */
	const char *file; /* that it stands in; "": none, a job of our own */
	uint32_t line, column;
};

struct scrape_configs {
	struct arena arena; /* owns all below, and the struct itself is on the heap */
	struct scrape_global global;
	struct scrape_config *v;
	uint32_t n;
};

/* Nodes of one document. */
struct scrape_section {
	const char *file;              /* for findings */
	const char *folder;            /* goes before relative paths; "" or ending in a slash */
	const struct doc_node *global; /* NULL: Prometheus' defaults */
	const struct doc_node *scrape_configs; /* NULL: none */
};
/* The first section holds `global`, and maybe jobs; others (scrape_config_files) hold jobs only.
 * RC_INPUT when `findings` has got errors. */
enum rc scrape_config_read(struct scrape_configs **ret, const struct scrape_section *sections,
	uint32_t n_sections, struct findings *findings, struct err *e) MUST_USE;
void scrape_configs_free(struct scrape_configs *c);
SCOPED_BY(scrape_configs_free, struct scrape_configs *)

#endif
