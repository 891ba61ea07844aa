/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups: lists of targets as files and web servers give them to file_sd and http_sd.
 *
 *	[{"targets": ["10.0.0.1:9100"], "labels": {"rack": "r1"}}]
 *
 * Source: targetgroup.Group of Prometheus 3.5.  The list is taken whole or not at all.
 */
#ifndef CORE_SCRAPE_GROUPS_H
#define CORE_SCRAPE_GROUPS_H

#include "base/json_flat.h"
#include "core/scrape/config.h"

struct target_groups {
	struct target_group *v; /* sources are the name that was given, ":" and the index */
	uint32_t n;
};

/* From JSON.  `file` and `url`, one of them NULL, become the label __meta_filepath or __meta_url.
 * Everything lives in `a`; RC_LIMIT when it is too small.  RC_INPUT names the group. */
struct groups_origin {
	const char *label; /* "__meta_filepath", "__meta_url" */
	const char *name;  /* of the file, or the URL */
};
enum rc groups_of_json(struct target_groups *ret, const struct groups_origin *from,
	const struct json_node *list, struct arena *a, struct err *e) MUST_USE;
/* From YAML, with the place of a mistake in `e`. */
enum rc groups_of_doc(struct target_groups *ret, const struct groups_origin *from,
	const struct doc_node *list, struct arena *a, struct err *e) MUST_USE;

#endif
