/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubernetes: from the objects of a cluster's API to target groups, as Prometheus 3.5's
 * discovery/kubernetes makes them, label by label.
 *
 * A port lists and watches what kube_watched() names and hands every object over; each object of
 * the configured role becomes one group.  Objects are kept as JSON of what the groups are made of,
 * so that the heartbeats of nodes and pods change nothing.
 *
 *	list ──► kube_list_begin, kube_put ..., kube_list_end ┐
 *	watch ──► kube_put, kube_remove                       ├──► kube_next_group, until none is left
 *	                                                      ┘
 */
#ifndef CORE_SCRAPE_KUBERNETES_H
#define CORE_SCRAPE_KUBERNETES_H

#include "base/json_flat.h"
#include "core/scrape/config.h"

/* The kinds of objects are named by the role that is about them. */
unsigned kube_watched(const struct sd_kubernetes *c); /* bit n: objects of enum kube_role n */

/* "/api/v1/namespaces/x/pods": where objects of a kind are listed; `space` NULL: of all namespaces.
 * Appends to `out`. */
void kube_path(enum kube_role kind, const char *space, struct str *out);
/* "labelSelector=a%3Db&fieldSelector=...", or nothing; appends to `out`. */
void kube_selection(const struct sd_kubernetes *c, enum kube_role kind, struct str *out);
void kube_add_escaped(struct str *out, const char *text); /* as part of a URL */

struct kube_store;
struct kube_store *kube_store_new(const struct sd_kubernetes *c); /* `c` outlives it */
void kube_store_free(struct kube_store *s);
SCOPED_BY(kube_store_free, struct kube_store *)

/* Added or changed.  RC_INPUT when it is no object of that kind, RC_LIMIT when there are too many
 * or they are too large. */
enum rc kube_put(struct kube_store *s, enum kube_role kind, const struct json_node *object,
	struct err *e) MUST_USE;
void kube_remove(struct kube_store *s, enum kube_role kind, const struct json_node *object);

/* Around the objects of a whole list of a namespace (NULL: of all): what is not put meanwhile isn't
 * there any more. */
void kube_list_begin(struct kube_store *s, enum kube_role kind, const char *space);
void kube_list_end(struct kube_store *s, enum kube_role kind, const char *space);

/* The next group that changed since it was last given; a group without targets replaces one that is
 * gone.  Texts live in `a`.  *ret_has false: none is left.  RC_LIMIT: `a` is too small. */
enum rc kube_next_group(struct kube_store *s, struct arena *a, struct target_group *ret,
	bool *ret_has, struct err *e) MUST_USE;

uint32_t kube_count(const struct kube_store *s, enum kube_role kind); /* objects kept */

#endif
