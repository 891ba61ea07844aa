/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and targets of each role: discovery/kubernetes/{node,pod,service,...}.go. */
#include "base/limits.h"
#include "base/str.h"
#include "base/unicode.h"
#include "core/scrape/kubernetes_private.h"

#include <stdio.h>

#define META "__meta_kubernetes_"

/* A set of labels while it is filled. */
static void put(struct label_set *s, const char *name, const char *value)
{
	label_set_put(s, name, value);
}

static void put_number(struct label_set *s, const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)number);
	put(s, name, text);
}

static void put_flag(struct label_set *s, const char *name, bool flag)
{
	put(s, name, flag ? "true" : "false");
}

/* The member's text, if it is there. */
static void put_member(struct label_set *s, const char *name, const struct json_node *of,
	const char *member)
{
	put(s, name, json_node_text(of, member, ""));
}

static void add_sanitized(struct str *out, const char *name)
{
	size_t left = strlen(name), n;

	for (; left; left -= n, name += n) {
		utf8_decode(name, left, &n);
		if (n == 1 && ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
				      (*name >= '0' && *name <= '9')))
			str_addc(out, *name);
		else
			str_addc(out, '_');
	}
}

/* A label for the value of each member, and one that says that it is there. */
static void put_all(struct label_set *s, const char *value_prefix, const char *present_prefix,
	const struct json_node *members)
{
	scoped(str_fini) struct str name = STR_EMPTY;

	json_node_each (it, members) {
		if (it->type != JSON_STRING || !it->name)
			continue;
		str_clear(&name);
		str_add(&name, value_prefix);
		add_sanitized(&name, it->name);
		put(s, name.s, it->text);
		str_clear(&name);
		str_add(&name, present_prefix);
		add_sanitized(&name, it->name);
		put(s, name.s, "true");
	}
}

/* "__meta_kubernetes_pod_label_app" and the like. */
static void put_metadata(struct label_set *s, const char *role, const struct json_node *object)
{
	const struct json_node *metadata = json_node_get(object, "metadata");
	char name[64], present[64];

	snprintf(name, sizeof name, META "%s_name", role);
	put_member(s, name, metadata, "name");
	snprintf(name, sizeof name, META "%s_label_", role);
	snprintf(present, sizeof present, META "%s_labelpresent_", role);
	put_all(s, name, present, json_node_get(metadata, "labels"));
	snprintf(name, sizeof name, META "%s_annotation_", role);
	snprintf(present, sizeof present, META "%s_annotationpresent_", role);
	put_all(s, name, present, json_node_get(metadata, "annotations"));
}

static const char *space_of(const struct json_node *object)
{
	return json_node_text(json_node_get(object, "metadata"), "namespace", "");
}

static const char *name_of(const struct json_node *object)
{
	return json_node_text(json_node_get(object, "metadata"), "name", "");
}

static bool is_list(const struct json_node *node)
{
	return node && node->type == JSON_ARRAY;
}

#define items_of(it, object, member) \
	json_node_each (it,          \
		is_list(json_node_get(object, member)) ? json_node_get(object, member) : NULL)

/* Groups. */

static void begin(struct kube_group *g, struct label_set *s)
{
	label_set_init(s, g->arena);
}

static void set_labels(struct kube_group *g, struct label_set *s)
{
	struct labels l = label_set_labels(s);

	if (s->is_full || !labels_copy(&l, g->arena, &g->to->labels))
		g->is_full = true;
}

static void add_target(struct kube_group *g, struct label_set *s)
{
	struct labels l = label_set_labels(s);
	uint32_t n = g->to->n;

	if (n == TARGETS_MAX || s->is_full) {
		g->is_full = true;
		return;
	}
	if ((n & (n - 1)) == 0) { /* full at every power of two */
		struct labels *more = arena_alloc(g->arena, (n ? 2 * n : 1) * sizeof *more);

		if (!more) {
			g->is_full = true;
			return;
		}
		if (n)
			memcpy(more, g->to->targets, n * sizeof *more);
		g->to->targets = more;
	}
	if (labels_copy(&l, g->arena, &g->to->targets[n]))
		g->to->n++;
	else
		g->is_full = true;
}

static void put_address(struct label_set *s, const char *host, int64_t port)
{
	scoped(str_fini) struct str address = STR_EMPTY;
	bool is_v6 = strpbrk(host, ":%") != NULL;

	str_addf(&address, "%s%s%s:%lld", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		(long long)port);
	put(s, "__address__", address.s);
}

/* Nodes. */

/* The best kind of address that it has, and its first of that kind. */
static const char *node_address(const struct json_node *addresses)
{
	static const char *const best_first[] = { "InternalIP", "InternalDNS", "ExternalIP",
		"ExternalDNS", "LegacyHostIP", "Hostname" };

	for (size_t i = 0; i < COUNT(best_first); i++)
		json_node_each (it, addresses)
			if (str_eq(json_node_text(it, "type", ""), best_first[i]))
				return json_node_text(it, "address", "");
	return NULL;
}

/* The first of each kind. */
static void put_node_addresses(struct label_set *s, const struct json_node *addresses)
{
	scoped(str_fini) struct str name = STR_EMPTY;

	json_node_each (it, addresses) {
		str_clear(&name);
		str_add(&name, META "node_address_");
		add_sanitized(&name, json_node_text(it, "type", ""));
		if (!label_set_get(s, name.s)[0])
			put_member(s, name.s, it, "address");
	}
}

void kube_make_node(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common, target;
	const struct json_node *status = json_node_get(g->object, "status");
	const struct json_node *addresses = json_node_get(status, "addresses");
	const struct json_node *kubelet =
		json_node_get(json_node_get(status, "daemonEndpoints"), "kubeletEndpoint");
	const char *address;

	begin(g, &common);
	begin(g, &target);
	addresses = is_list(addresses) ? addresses : NULL;
	address = node_address(addresses);
	if (!address)
		return;
	put_member(&common, META "node_provider_id", json_node_get(g->object, "spec"),
		"providerID");
	put_metadata(&common, "node", g->object);
	put_address(&target, address, json_node_int(kubelet, "Port", 0));
	put(&target, "instance", name_of(g->object));
	put_node_addresses(&target, addresses);
	set_labels(g, &common);
	add_target(g, &target);
}

/* What attach_metadata adds of the node of this name. */
static void put_node(struct kube_group *g, struct label_set *s, const char *name)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *node;

	if (!g->store->config->attach_node || !name[0])
		return;
	node = kube_find(g->store, KUBE_NODE, name, &flat);
	if (!node)
		return;
	put_metadata(s, "node", node);
}

/* Pods. */

static const char *readiness(const struct json_node *status)
{
	items_of(it, status, "conditions")
	{
		const char *is_ready = json_node_text(it, "status", "");

		if (str_eq(json_node_text(it, "type", ""), "Ready"))
			return str_eq(is_ready, "True")    ? "true"
			       : str_eq(is_ready, "False") ? "false"
							   : "unknown";
	}
	return "unknown";
}

static void put_controller(struct label_set *s, const struct json_node *metadata)
{
	items_of(it, metadata, "ownerReferences")
	{
		if (!json_node_bool(it, "controller", false))
			continue;
		put_member(s, META "pod_controller_kind", it, "kind");
		put_member(s, META "pod_controller_name", it, "name");
		return;
	}
}

static void put_pod(struct label_set *s, const struct json_node *pod)
{
	const struct json_node *metadata = json_node_get(pod, "metadata");
	const struct json_node *status = json_node_get(pod, "status");

	put_member(s, META "pod_ip", status, "podIP");
	put(s, META "pod_ready", readiness(status));
	put_member(s, META "pod_phase", status, "phase");
	put_member(s, META "pod_node_name", json_node_get(pod, "spec"), "nodeName");
	put_member(s, META "pod_host_ip", status, "hostIP");
	put_member(s, META "pod_uid", metadata, "uid");
	put_metadata(s, "pod", pod);
	put_controller(s, metadata);
}

static const char *container_id(const struct json_node *pod, bool is_init, const char *name)
{
	items_of(it, json_node_get(pod, "status"),
		is_init ? "initContainerStatuses"
			: "containerStatuses") if (str_eq(json_node_text(it, "name", ""),
							   name)) return json_node_text(it,
		"containerID", "");
	return "";
}

static void put_container(struct label_set *s, const struct json_node *container, bool is_init)
{
	put_member(s, META "pod_container_name", container, "name");
	put_member(s, META "pod_container_image", container, "image");
	put_flag(s, META "pod_container_init", is_init);
}

static void put_container_port(struct label_set *s, const struct json_node *port)
{
	put_member(s, META "pod_container_port_name", port, "name");
	put_number(s, META "pod_container_port_number", json_node_int(port, "containerPort", 0));
	put(s, META "pod_container_port_protocol", json_node_text(port, "protocol", "TCP"));
}

static void add_container(struct kube_group *g, const struct json_node *container, bool is_init,
	const char *ip)
{
	scoped(label_set_fini) struct label_set s;
	bool has_ports = false;

	begin(g, &s);
	put_container(&s, container, is_init);
	put(&s, META "pod_container_id",
		container_id(g->object, is_init, json_node_text(container, "name", "")));
	items_of(it, container, "ports")
	{
		has_ports = true;
		put_address(&s, ip, json_node_int(it, "containerPort", 0));
		put_container_port(&s, it);
		add_target(g, &s);
	}
	if (has_ports)
		return;
	put(&s, "__address__", ip);
	add_target(g, &s);
}

void kube_make_pod(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common;
	const struct json_node *spec = json_node_get(g->object, "spec");
	const char *ip = json_node_text(json_node_get(g->object, "status"), "podIP", "");

	begin(g, &common);
	if (!ip[0]) /* it is starting, or was evicted */
		return;
	put_pod(&common, g->object);
	put(&common, META "namespace", space_of(g->object));
	put_node(g, &common, json_node_text(spec, "nodeName", ""));
	set_labels(g, &common);
	items_of(it, spec, "containers") add_container(g, it, false, ip);
	items_of(it, spec, "initContainers") add_container(g, it, true, ip);
}

/* Services. */

static void put_service(struct label_set *s, const struct json_node *service)
{
	put(s, META "namespace", space_of(service));
	put_metadata(s, "service", service);
}

static void add_service_port(struct kube_group *g, const struct json_node *port)
{
	scoped(label_set_fini) struct label_set s;
	scoped(str_fini) struct str host = STR_EMPTY;
	const struct json_node *spec = json_node_get(g->object, "spec");
	const char *type = json_node_text(spec, "type", "");
	int64_t number = json_node_int(port, "port", 0);

	begin(g, &s);
	str_addf(&host, "%s.%s.svc", name_of(g->object), space_of(g->object));
	put_address(&s, host.s, number);
	put_member(&s, META "service_port_name", port, "name");
	put_number(&s, META "service_port_number", number);
	put_member(&s, META "service_port_protocol", port, "protocol");
	put(&s, META "service_type", type);
	if (str_eq(type, "ExternalName"))
		put_member(&s, META "service_external_name", spec, "externalName");
	else
		put_member(&s, META "service_cluster_ip", spec, "clusterIP");
	if (str_eq(type, "LoadBalancer"))
		put_member(&s, META "service_loadbalancer_ip", spec, "loadBalancerIP");
	add_target(g, &s);
}

void kube_make_service(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common;

	begin(g, &common);
	put_service(&common, g->object);
	set_labels(g, &common);
	items_of(it, json_node_get(g->object, "spec"), "ports") add_service_port(g, it);
}

/* Endpoints and endpoint slices: addresses with what is known of their pods, and the other ports
 * of these pods. */

struct seen_pod {
	const char *key;
	int64_t *ports; /* that targets were made for */
	uint32_t n, cap;
};
struct seen {
	struct seen_pod *v;
	uint32_t n, cap;
};

static void seen_fini(struct seen *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->v[i].ports);
	free(s->v);
}
SCOPED_FINI(seen_fini, struct seen)

static void see(struct kube_group *g, struct seen *seen, const char *key, int64_t port)
{
	struct seen_pod *pod = NULL;

	for (uint32_t i = 0; i < seen->n && !pod; i++)
		if (str_eq(seen->v[i].key, key))
			pod = &seen->v[i];
	if (!pod) {
		must_grow(seen->v, seen->n, seen->cap);
		pod = &seen->v[seen->n++];
		*pod = (struct seen_pod){ .key = arena_strdup(g->arena, key) };
		if (!pod->key) {
			seen->n--;
			g->is_full = true;
			return;
		}
	}
	must_grow(pod->ports, pod->n, pod->cap);
	pod->ports[pod->n++] = port;
}

/* The container port that an endpoint leads to. */
struct leads_to {
	int64_t port;
	const char *protocol; /* that is said of it; NULL: the container port's own */
};

static void put_matching_ports(struct label_set *s, const struct json_node *pod,
	const struct leads_to *to)
{
	static const char *const lists[] = { "containers", "initContainers" };

	for (size_t i = 0; i < COUNT(lists); i++)
		items_of(container, json_node_get(pod, "spec"), lists[i])
			items_of(port, container, "ports")
		{
			if (json_node_int(port, "containerPort", 0) != to->port)
				continue;
			put_container(s, container, i == 1);
			put_container_port(s, port);
			if (to->protocol)
				put(s, META "pod_container_port_protocol", to->protocol);
			break;
		}
}

/* If the endpoint stands for a pod, what is known of it.  The pod's labels go before those that
 * are there. */
static void put_pod_of(struct kube_group *g, struct label_set *s, struct seen *seen,
	const struct json_node *reference, const struct leads_to *to)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(str_fini) struct str key = STR_EMPTY;
	const struct json_node *pod;

	if (!str_eq(json_node_text(reference, "kind", ""), "Pod"))
		return;
	kube_key(reference, &key);
	pod = kube_find(g->store, KUBE_POD, key.s, &flat);
	if (!pod)
		return;
	see(g, seen, key.s, to->port);
	put_pod(s, pod);
	put_matching_ports(s, pod, to);
}

static bool is_seen_port(const struct seen_pod *pod, int64_t port)
{
	for (uint32_t i = 0; i < pod->n; i++)
		if (pod->ports[i] == port)
			return true;
	return false;
}

static void add_other_port(struct kube_group *g, const struct json_node *pod,
	const struct json_node *container, const struct json_node *port, bool is_init)
{
	scoped(label_set_fini) struct label_set s;

	begin(g, &s);
	put_address(&s, json_node_text(json_node_get(pod, "status"), "podIP", ""),
		json_node_int(port, "containerPort", 0));
	put_container(&s, container, is_init);
	put_container_port(&s, port);
	put_pod(&s, pod);
	add_target(g, &s);
}

static void add_other_ports_of(struct kube_group *g, const struct seen_pod *seen)
{
	static const char *const lists[] = { "containers", "initContainers" };
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *pod = kube_find(g->store, KUBE_POD, seen->key, &flat);

	if (!json_node_text(json_node_get(pod, "status"), "podIP", "")[0])
		return;
	for (size_t i = 0; i < COUNT(lists); i++)
		items_of(container, json_node_get(pod, "spec"), lists[i]) items_of(port, container,
			"ports") if (!is_seen_port(seen, json_node_int(port, "containerPort", 0)))
			add_other_port(g, pod, container, port, i == 1);
}

static void put_service_called(struct kube_group *g, struct label_set *s, const char *name)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(str_fini) struct str key = STR_EMPTY;
	const struct json_node *service;

	str_addf(&key, "%s/%s", space_of(g->object), name);
	service = kube_find(g->store, KUBE_SERVICE, key.s, &flat);
	if (service)
		put_service(s, service);
}

static void put_reference(struct label_set *s, const char *kind, const char *name,
	const struct json_node *reference)
{
	put_member(s, kind, reference, "kind");
	put_member(s, name, reference, "name");
}

static void add_endpoint(struct kube_group *g, struct seen *seen, const struct json_node *address,
	const struct json_node *port, bool is_ready)
{
	scoped(label_set_fini) struct label_set s;
	const struct json_node *reference = json_node_get(address, "targetRef");
	const struct leads_to to = { json_node_int(port, "port", 0),
		json_node_text(port, "protocol", "") };
	const char *node = json_node_text(address, "nodeName", "");

	begin(g, &s);
	put_address(&s, json_node_text(address, "ip", ""), to.port);
	put_member(&s, META "endpoint_port_name", port, "name");
	put(&s, META "endpoint_port_protocol", to.protocol);
	put_flag(&s, META "endpoint_ready", is_ready);
	put_reference(&s, META "endpoint_address_target_kind", META "endpoint_address_target_name",
		reference);
	put(&s, META "endpoint_node_name", node);
	put_member(&s, META "endpoint_hostname", address, "hostname");
	if (!node[0] && str_eq(json_node_text(reference, "kind", ""), "Node"))
		node = json_node_text(reference, "name", "");
	put_node(g, &s, node);
	put_pod_of(g, &s, seen, reference, &to);
	add_target(g, &s);
}

void kube_make_endpoints(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common;
	scoped(seen_fini) struct seen seen = { 0 };

	begin(g, &common);
	put(&common, META "namespace", space_of(g->object));
	put_service_called(g, &common, name_of(g->object));
	put_metadata(&common, "endpoints", g->object);
	set_labels(g, &common);
	items_of(subset, g->object, "subsets") items_of(port, subset, "ports")
	{
		items_of(address, subset, "addresses") add_endpoint(g, &seen, address, port, true);
		items_of(address, subset, "notReadyAddresses")
			add_endpoint(g, &seen, address, port, false);
	}
	for (uint32_t i = 0; i < seen.n; i++)
		add_other_ports_of(g, &seen.v[i]);
}

static void put_condition(struct label_set *s, const char *name, const struct json_node *conditions,
	const char *member)
{
	const struct json_node *it = json_node_get(conditions, member);

	if (it && (it->type == JSON_TRUE || it->type == JSON_FALSE))
		put_flag(s, name, it->type == JSON_TRUE);
}

static void put_slice_port(struct label_set *s, const char *address, const struct json_node *port)
{
	int64_t number = json_node_int(port, "port", -1);

	if (number < 0) {
		put(s, "__address__", address);
	} else {
		put_address(s, address, number);
		put_number(s, META "endpointslice_port", number);
	}
	put_member(s, META "endpointslice_port_name", port, "name");
	put_member(s, META "endpointslice_port_protocol", port, "protocol");
	put_member(s, META "endpointslice_port_app_protocol", port, "appProtocol");
}

static void put_slice_endpoint(struct label_set *s, const struct json_node *endpoint)
{
	const struct json_node *conditions = json_node_get(endpoint, "conditions");

	put_condition(s, META "endpointslice_endpoint_conditions_ready", conditions, "ready");
	put_condition(s, META "endpointslice_endpoint_conditions_serving", conditions, "serving");
	put_condition(s, META "endpointslice_endpoint_conditions_terminating", conditions,
		"terminating");
	put_member(s, META "endpointslice_endpoint_hostname", endpoint, "hostname");
	put_reference(s, META "endpointslice_address_target_kind",
		META "endpointslice_address_target_name", json_node_get(endpoint, "targetRef"));
	put_all(s, META "endpointslice_endpoint_topology_",
		META "endpointslice_endpoint_topology_present_",
		json_node_get(endpoint, "deprecatedTopology"));
	put_member(s, META "endpointslice_endpoint_node_name", endpoint, "nodeName");
	put_member(s, META "endpointslice_endpoint_zone", endpoint, "zone");
}

static void add_slice_target(struct kube_group *g, struct seen *seen, const char *address,
	const struct json_node *endpoint, const struct json_node *port)
{
	scoped(label_set_fini) struct label_set s;
	const struct json_node *reference = json_node_get(endpoint, "targetRef");
	const struct leads_to to = { json_node_int(port, "port", -1), NULL };
	const char *node = json_node_text(endpoint, "nodeName", "");

	begin(g, &s);
	put_slice_port(&s, address, port);
	put_slice_endpoint(&s, endpoint);
	if (str_eq(json_node_text(reference, "kind", ""), "Node"))
		node = json_node_text(reference, "name", "");
	put_node(g, &s, node);
	put_pod_of(g, &s, seen, reference, &to);
	add_target(g, &s);
}

void kube_make_endpointslice(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common;
	scoped(seen_fini) struct seen seen = { 0 };
	const struct json_node *labels =
		json_node_get(json_node_get(g->object, "metadata"), "labels");
	const char *service = json_node_text(labels, "kubernetes.io/service-name", "");

	begin(g, &common);
	put(&common, META "namespace", space_of(g->object));
	put_member(&common, META "endpointslice_address_type", g->object, "addressType");
	put_metadata(&common, "endpointslice", g->object);
	put_service_called(g, &common, service);
	set_labels(g, &common);
	items_of(endpoint, g->object, "endpoints") items_of(port, g->object, "ports")
		items_of(address, endpoint, "addresses") if (address->type == JSON_STRING)
			add_slice_target(g, &seen, address->text, endpoint, port);
	for (uint32_t i = 0; i < seen.n; i++)
		add_other_ports_of(g, &seen.v[i]);
}

/* Ingresses. */

/* "*.example.org" covers one label in place of the star. */
static bool is_host_of(const char *pattern, const char *host)
{
	const char *dot = strchr(host, '.');

	if (str_eq(pattern, host))
		return true;
	return str_starts(pattern, "*.") && dot && str_eq(pattern + 1, dot);
}

static bool has_tls(const struct json_node *spec, const char *host)
{
	items_of(tls, spec, "tls")
		items_of(pattern, tls, "hosts") if (pattern->type == JSON_STRING &&
						    is_host_of(pattern->text, host)) return true;
	return false;
}

static void add_path(struct kube_group *g, const char *host, const char *scheme, const char *path)
{
	scoped(label_set_fini) struct label_set s;

	begin(g, &s);
	put(&s, "__address__", host);
	put(&s, META "ingress_scheme", scheme);
	put(&s, META "ingress_host", host);
	put(&s, META "ingress_path", path[0] ? path : "/");
	add_target(g, &s);
}

void kube_make_ingress(struct kube_group *g)
{
	scoped(label_set_fini) struct label_set common;
	const struct json_node *spec = json_node_get(g->object, "spec");

	begin(g, &common);
	put(&common, META "namespace", space_of(g->object));
	put_member(&common, META "ingress_class_name", spec, "ingressClassName");
	put_metadata(&common, "ingress", g->object);
	set_labels(g, &common);
	items_of(rule, spec, "rules")
	{
		const char *host = json_node_text(rule, "host", "");
		const char *scheme = has_tls(spec, host) ? "https" : "http";
		const struct json_node *http = json_node_get(rule, "http");

		if (!http)
			add_path(g, host, scheme, "/");
		items_of(path, http, "paths")
			add_path(g, host, scheme, json_node_text(path, "path", ""));
	}
}
