/* SPDX-License-Identifier: Apache-2.0 */
/* kubernetes_private: what the store and the makers of groups share. */
#ifndef CORE_SCRAPE_KUBERNETES_PRIVATE_H
#define CORE_SCRAPE_KUBERNETES_PRIVATE_H

#include "base/map.h"
#include "core/scrape/kubernetes.h"

struct kube_object {
	char *text; /* JSON of what matters; NULL: it is gone, and that isn't told yet */
	size_t n;
	uint32_t seen; /* the list that it was last seen in */
	bool is_dirty; /* its group is to be given; only objects of the role itself */
};

struct kube_store {
	const struct sd_kubernetes *config;
	struct map objects[KUBE_ROLES]; /* "namespace/name", or "name" -> struct kube_object */
	uint32_t list[KUBE_ROLES];      /* counts lists */
	uint32_t n_dirty;
	uint32_t cursor; /* where the search for the next of them begins */
	size_t bytes;    /* of all texts */
};

/* The object as JSON, and what reads it; NULL when there is none.  The nodes live until the same
 * `f` is used again. */
const struct json_node *kube_find(const struct kube_store *s, enum kube_role kind, const char *key,
	struct json_flat *f);

struct kube_group { /* while it is made */
	const struct kube_store *store;
	struct arena *arena;
	struct target_group *to;
	const struct json_node *object;
	bool is_full;
};
/* Fills labels and targets of a group. */
typedef void kube_make(struct kube_group *g);
kube_make kube_make_node, kube_make_pod, kube_make_service, kube_make_endpoints,
	kube_make_endpointslice, kube_make_ingress;

/* "namespace/name", or "name" where there is no namespace. */
void kube_key(const struct json_node *metadata, struct str *out);

#endif
