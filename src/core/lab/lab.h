/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab: what lab.yaml declares, checked and resolved.
 *
 * lab_read() turns a parsed document into an immutable struct lab, or into a list of findings with
 * places.  Names are resolved to indices; derived checks (sites, links, watchers, drills, the
 * site's own) are added after the declared ones; dependencies are acyclic.  Sites keep the order of
 * the file, and that order, never a name, breaks ties anywhere in the program: swapping two names
 * gives the mirror image.
 *
 * One table (schema.c) drives the reader, the JSON Schema and the reference page.
 */
#ifndef CORE_LAB_LAB_H
#define CORE_LAB_LAB_H

#include "base/arena.h"
#include "base/cron.h"
#include "base/doc.h"
#include "base/finding.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/pattern.h"
#include "base/str.h"
#include "base/tz.h"
#include "core/lab/probe_spec.h"

#define NO_SITE  UINT8_MAX
#define NO_HOST  UINT16_MAX
#define NO_CHECK UINT16_MAX

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

struct lab_site {
	const char *name;
	const char *address; /* host:port of the peer link */
	const char *listen;  /* where the link listens; NULL: at `address` */
	const char *http;    /* host:port of API and pages; default 127.0.0.1:7080 */
	const char *url;     /* where people reach these, through a proxy or not; NULL: not said */
	const char *cert_file, *key_file; /* their TLS; NULL: plain HTTP */
	struct public_key key;
	const struct tz *zone;
	uint16_t uplink; /* check whose failure explains the site's remote view; NO_CHECK */
	struct lab_login {
		struct secret password_hash; /* from `diarchy login-hash`; SECRET_NONE: no login */
		struct secret token;         /* bearer for scripts */
	} login;
};

struct lab_watcher {
	const char *name;
	const char *url; /* http:// or https://, no path */
	struct public_key key;
	const char *listen;               /* host:port it binds; default 127.0.0.1:7090 */
	const char *cert_file, *key_file; /* its own TLS; NULL: plain HTTP behind the host's */
	const char *drill; /* cron expression of the daily drill; default "0 6 * * *" */
};

struct lab_host {
	const char *name;
	uint8_t site;
	const char *address;
	const char *ssh, *flake; /* kept for later parts */
	const char *metrics;     /* host:port of its exporter; NULL: none */
	uint16_t check; /* check that stands for the host itself: probe named like it, or derived
			   icmp */
};

enum check_kind {
	CHECK_PROBE,
	CHECK_HEARTBEAT,
	CHECK_SITE,    /* site:NAME    home: every other site; subject is `site` */
	CHECK_LINK,    /* link:A-B     home: the first declared of the two */
	CHECK_WATCHER, /* watcher:NAME */
	CHECK_DRILL,   /* drill:NAME */
	CHECK_SELF, /* config@SITE, disk@SITE, clock@SITE, notify@SITE, journal@SITE, outside@SITE */
};
enum self_check {
	SELF_CONFIG,
	SELF_DISK,
	SELF_CLOCK,
	SELF_NOTIFY,
	SELF_JOURNAL,
	SELF_OUTSIDE,
	SELF_CHECKS
};

struct lab_check {
	const char *name; /* unique in the lab */
	enum check_kind kind;
	uint8_t home; /* site index */
	uint8_t from; /* bit n: observed by site n */
	enum severity severity;
	int64_t every_ms; /* probes: interval; heartbeats: period (0 with cron) */
	int64_t grace_ms; /* added to the deadline */
	uint8_t confirm;  /* consecutive failures that make a word failing; default 2; heartbeats 1
			   */
	uint16_t host;    /* NO_HOST */
	uint16_t *needs; /* checks that explain this one: declared, its host's, its site's uplink */
	uint16_t n_needs;
	uint8_t subject_a,
		subject_b; /* CHECK_SITE: a; CHECK_LINK: a, b; CHECK_WATCHER/DRILL: a = watcher */
	enum self_check self;
	const struct probe_spec *probe; /* CHECK_PROBE */
	const struct cron *cron;        /* CHECK_HEARTBEAT with a schedule */
	const struct tz *zone;          /* of the schedule; the home site's otherwise */
	struct secret token; /* CHECK_HEARTBEAT: wanted as bearer or ?token=; SECRET_NONE: open */
	const char *description; /* shown in the interface and in notifications */
	const char *runbook;     /* link shown in notifications */
	uint32_t line, column;   /* where it was declared */
};

enum channel_kind { CHANNEL_DISCORD, CHANNEL_WEBHOOK, CHANNEL_SMTP };
struct http_written;

struct lab_channel { /* notify.discord, notify.webhook, notify.smtp; names are the keys */
	const char *name;
	enum channel_kind kind;
	struct secret url; /* discord, webhook; may also stand plainly for a webhook */
	const char *url_plain;
	const struct http_written *http; /* of an Alertmanager's receiver; NULL: plainly */
	const char *mention; /* discord: "<@123>", "<@&456>" or "@here" on first messages */
	const char *server, *user, *from, *to; /* smtp: host:port */
	struct secret password;
	bool use_starttls;
	enum severity least; /* less severe incidents are not told here */
	bool is_receiver; /* told only of the alerts that routes lead here (lab_notify.alertmanager) */
	bool is_alertmanagers; /* webhook: posted is what Alertmanager posts */
	uint32_t alerts_most;  /* webhook of such: in one post; 0: all */
	bool leaves_out_end;   /* what can't be edited there isn't told once more when it is over */
};

struct lab_window { /* maintenance: matchers silenced on a schedule */
	const char *name;
	const char *matchers; /* Alertmanager's syntax: {site="mumbai", name=~"immich.*"} */
	struct cron begins;
	const struct tz *zone;
	int64_t length_ms;
	const char *why;
};

struct lab_notify {
	struct lab_channel *channels;
	uint16_t n_channels;
	const struct tz *reader_zone; /* notify.timezone; default: the first site's */
	bool has_quiet;
	uint16_t quiet_from_minute, quiet_until_minute; /* of the day, reader's zone; may wrap */
	enum severity quiet_unless;                     /* at least this is told all the same */
	/* The file that notify.alertmanager names; all NULL: none.  Channels of its receivers stand behind
	 * those that are declared. */
	struct alertmanager *alertmanager;
	void (*alertmanager_free)(struct alertmanager *am);
	const struct doc_node *alertmanager_root; /* as it was written */
};

/* What others may send to a site, as bits of lab_metrics.receive. */
enum lab_receive { RECEIVE_IMPORT, RECEIVE_REMOTE_WRITE, RECEIVE_OTLP };

#define LAB_DOWNSAMPLING_MAX 4

/* What metrics: says.  Everything in Prometheus' own syntax stays as it was written, for the
 * readers of the cores that it is about. */
struct lab_metrics {
	bool is_on; /* the section is there */
	int64_t retention_ms;
	uint64_t retention_bytes; /* 0: no bound */
	int64_t exemplars_max;    /* kept of all series together; below 0: not said */
	int64_t out_of_order_ms;  /* how late a sample may come; 0: not at all */
	bool has_host;            /* the machine itself is measured */
	const char *textfile;     /* folder of *.prom files; NULL: none */
	bool has_admin_api;       /* series may be deleted through the API */
	unsigned receive;         /* 1 << enum lab_receive */
	int64_t blind_after_ms;   /* a rule that sees no series where it did is told of; 0: never */
	bool has_durable_answers; /* who sends is answered when a power cut doesn't take it any more */
	/* lab.yaml's own section, then the prometheus.yml that it names. */
	struct lab_metrics_part {
		const char *file, *folder; /* `folder` goes before relative paths */
		/* NULL when absent. */
		const struct doc_node *global, *scrape_configs, *scrape_config_files, *rule_files,
			*alerting, *remote_write, *remote_read, *otlp;
	} parts[2];
	uint8_t n_parts;
	const struct doc_node *outside; /* of lab.yaml; NULL: this site's samples are asked */
	/* What sites keep of each other's series. */
	struct lab_copy {
		const struct doc_node *match; /* a list of selectors; NULL: nothing is copied */
		int64_t every_ms, retention_ms;
	} copy;
	/* Of samples older than the offset some of each interval are kept; both ascend. */
	struct lab_downsampling {
		int64_t offset_ms, interval_ms;
	} downsampling[LAB_DOWNSAMPLING_MAX];
	uint32_t n_downsampling;
};

struct lab {
	struct arena arena; /* owns all below */
	const char *name;
	const char *file;   /* path it came from */
	struct sha256 hash; /* of the file's bytes (and of the files it names): the configuration's
			       identity */
	struct lab_site *sites;
	uint8_t n_sites;
	struct lab_watcher *watchers;
	uint8_t n_watchers;
	struct lab_host *hosts;
	uint16_t n_hosts;
	struct lab_check *checks;
	uint16_t n_checks;
	uint16_t n_declared;    /* the first n_declared stand in the file; the rest are derived */
	struct map check_names; /* name -> index + 1; see lab_check_index() */
	struct lab_notify notify;
	struct lab_window *windows;
	uint16_t n_windows;
	struct pattern **patterns; /* all that the probes hold, once each */
	uint32_t n_patterns;
	struct lab_metrics metrics;
	struct doc documents[3]; /* that the nodes in `metrics` and `notify` stand in */
	uint8_t n_documents;
};

/* What the reader needs of the world: files beside lab.yaml and time zones. */
struct lab_source {
	void *ctx;
	/* Parse YAML at `path`: lab.yaml as it was given to lab_read, or a file that it names, with
	 * lab.yaml's folder before it.  Syntax errors become findings; then RC_INPUT. */
	enum rc (*document)(void *ctx, const char *path, struct doc *ret, struct findings *findings,
		struct err *e);
	/* Bytes of a file that a module names as the body of its requests, bounded. */
	enum rc (*bytes)(void *ctx, const char *path, struct str *ret, struct err *e);
	/* Time zone by IANA name; NULL when unknown.  Outlives every lab. */
	const struct tz *(*zone)(void *ctx, const char *name);
	/* Whether a maintenance window's matchers are well-formed; NULL: taken as they are. */
	enum rc (*matchers)(const char *text, struct err *e);
	/* Reads the Alertmanager configuration that notify names: its receivers become channels in
	 * `lab`, whose arena takes what is made of them.  NULL: it is not looked at. */
	void (*alertmanager)(void *ctx, const struct doc *doc, struct lab *lab,
		struct findings *findings);
	/* What other cores find wrong in the metrics section and in the files that it names; NULL:
	 * taken as it is.  False: it names none; else the hash of what they hold. */
	bool (*metrics)(void *ctx, const struct lab_metrics *m, struct findings *findings,
		struct sha256 *ret_files);
};

/* Read and check `file`.  RC_INPUT when `findings` holds errors (then *ret is untouched). */
enum rc lab_read(struct lab **ret, const char *file, const struct lab_source *source,
	struct findings *findings, struct err *e) MUST_USE;
void lab_free(struct lab *lab);
SCOPED_BY(lab_free, struct lab *)

/* Names of sites, hosts, checks and channels: a-z, 0-9, '.', '_', '-', a letter or digit first.
 * Sites' are shorter than others': they are part of names of checks ("link:A-B"). */
#define SITE_NAME_MAX 28
bool lab_name_is_valid(const char *name);

/* Lookups by name; NO_SITE, NO_CHECK when absent. */
uint8_t lab_site_index(const struct lab *lab, const char *name);
uint16_t lab_check_index(const struct lab *lab, const char *name);

/* From the same table as the reader. */
void lab_json_schema(struct str *out);    /* JSON Schema 2020-12 */
void lab_reference_page(struct str *out); /* doc/configuration.md's tables, Markdown */

const char *severity_name(enum severity s);     /* "critical" */
const char *check_kind_name(enum check_kind k); /* "probe" */

#endif
