/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubeconfig: how to reach a cluster's API: from a kubeconfig file's current context, or as a pod
 * of the cluster itself.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.  Programs that make
 * credentials (exec, auth-provider) are refused.
 */
#ifndef PORT_DISCOVERY_KUBECONFIG_H
#define PORT_DISCOVERY_KUBECONFIG_H

#include "base/http_config.h"
#include "base/str.h"

struct kube_access {
	const char *server; /* "https://10.0.0.1:6443", without a slash at the end */
	struct http_config http;
	const char *space; /* the pod's own namespace; NULL: not known */
};

/* Texts live in `a`.  RC_NOT_FOUND, RC_INPUT with the place. */
enum rc kubeconfig_parse(const char *file, const struct str *text, struct arena *a,
	struct kube_access *ret, struct err *e) MUST_USE;
/* The service account that a pod is given.  RC_NOT_FOUND when we aren't one. */
enum rc kube_access_in_cluster(struct arena *a, struct kube_access *ret, struct err *e) MUST_USE;

#endif
