/* SPDX-License-Identifier: Apache-2.0 */
/* lab_files: lab.yaml from the disk, or from memory, into a lab. */
#ifndef PORT_FILES_LAB_FILES_H
#define PORT_FILES_LAB_FILES_H

#include "core/lab/lab.h"
#include "port/files/zones.h"

/* As lab_read: RC_INPUT when `findings` holds errors.  What couldn't be read at all (RC_NOT_FOUND,
 * RC_IO) is no finding.  `zones` outlives the lab. */
enum rc lab_load(struct lab **ret, const char *path, struct zones *zones, struct findings *findings,
	struct err *e) MUST_USE;

/* The jobs of the metrics section.  lab_load() has found them sound: RC_INPUT only for a lab that
 * was read otherwise. */
struct scrape_configs;
enum rc metrics_jobs(const struct lab_metrics *m, struct scrape_configs **ret,
	struct findings *findings, struct err *e) MUST_USE;

/* The rules of the files that the metrics section names, in order of patterns, then of names, each
 * file once.  RC_INPUT: what is wrong is in the findings. */
struct rule_files;
enum rc metrics_rules(const struct lab_metrics *m, struct rule_files *ret,
	struct findings *findings, struct err *e) MUST_USE;
/* What becomes of their alerts on the way.  RC_INPUT likewise. */
struct handover;
enum rc metrics_handover(const struct lab_metrics *m, struct handover **ret,
	struct findings *findings, struct err *e) MUST_USE;

/* Where the metrics section has samples sent to. */
struct remote_writes;
enum rc metrics_remote_writes(const struct lab_metrics *m, struct remote_writes **ret,
	struct findings *findings, struct err *e) MUST_USE;

/* The server that is asked instead of this site's samples; NULL: none. */
struct outside_config;
enum rc metrics_outside(const struct lab_metrics *m, struct outside_config **ret,
	struct findings *findings, struct err *e) MUST_USE;

/* The selectors of what sites copy from each other, as they stand in the lab; none: nothing is copied.
 * The arena is what they are read into. */
struct copy_selectors {
	const char *v[COPY_SELECTORS_MAX];
	uint32_t n;
};
enum rc metrics_copy(const struct lab_metrics *m, struct arena *a, struct copy_selectors *ret,
	struct findings *findings, struct err *e) MUST_USE;

/* How OpenTelemetry's metrics are taken: as the prometheus.yml says, else as lab.yaml does. */
struct otlp_config;
enum rc metrics_otlp(const struct lab_metrics *m, struct otlp_config **ret,
	struct findings *findings, struct err *e) MUST_USE;

/* The same from texts in memory, the first of which is lab.yaml; a path of NULL ends the list.  For
 * tests, the simulator and fuzzers. */
struct lab_text {
	const char *path;
	const char *text;
	size_t n;
};
enum rc lab_load_texts(struct lab **ret, const struct lab_text *texts, struct zones *zones,
	struct findings *findings, struct err *e) MUST_USE;

#endif
