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
