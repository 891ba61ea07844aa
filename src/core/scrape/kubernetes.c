/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects, and which groups follow from a change.
 *
 * An object is reduced to what groups are made of and kept as JSON; one whose reduced text is the
 * same as before is no change.  Groups are made when they are asked for, from the texts: a cluster
 * of thousands of pods costs some kilobytes a pod and no trees.
 */
#include "core/scrape/kubernetes.h"

#include "base/limits.h"
#include "base/str.h"
#include "core/scrape/kubernetes_private.h"

/* What is kept of an object: members by name, whole or in part; lists keep all their items. */
struct part {
	const char *name;          /* NULL in the last row */
	const struct part *inside; /* NULL: all of it */
};

static const struct part owner_parts[] = { { "kind" }, { "name" }, { "controller" }, { 0 } };
static const struct part meta_parts[] = { { "name" }, { "namespace" }, { "uid" }, { "labels" },
	{ "annotations" }, { "ownerReferences", owner_parts }, { 0 } };

static const struct part kubelet_parts[] = { { "kubeletEndpoint" }, { 0 } };
static const struct part node_status_parts[] = { { "addresses" },
	{ "daemonEndpoints", kubelet_parts }, { 0 } };
static const struct part node_spec_parts[] = { { "providerID" }, { 0 } };
static const struct part node_parts[] = { { "metadata", meta_parts }, { "spec", node_spec_parts },
	{ "status", node_status_parts }, { 0 } };

static const struct part port_parts[] = { { "name" }, { "containerPort" }, { "protocol" }, { 0 } };
static const struct part container_parts[] = { { "name" }, { "image" }, { "ports", port_parts },
	{ 0 } };
static const struct part pod_spec_parts[] = { { "nodeName" }, { "containers", container_parts },
	{ "initContainers", container_parts }, { 0 } };
static const struct part condition_parts[] = { { "type" }, { "status" }, { 0 } };
static const struct part container_status_parts[] = { { "name" }, { "containerID" }, { 0 } };
static const struct part pod_status_parts[] = { { "podIP" }, { "hostIP" }, { "phase" },
	{ "conditions", condition_parts }, { "containerStatuses", container_status_parts },
	{ "initContainerStatuses", container_status_parts }, { 0 } };
static const struct part pod_parts[] = { { "metadata", meta_parts }, { "spec", pod_spec_parts },
	{ "status", pod_status_parts }, { 0 } };

static const struct part service_spec_parts[] = { { "ports" }, { "type" }, { "clusterIP" },
	{ "externalName" }, { "loadBalancerIP" }, { 0 } };
static const struct part service_parts[] = { { "metadata", meta_parts },
	{ "spec", service_spec_parts }, { 0 } };

static const struct part endpoints_parts[] = { { "metadata", meta_parts }, { "subsets" }, { 0 } };
static const struct part slice_parts[] = { { "metadata", meta_parts }, { "addressType" },
	{ "endpoints" }, { "ports" }, { 0 } };

static const struct part path_parts[] = { { "path" }, { 0 } };
static const struct part rule_http_parts[] = { { "paths", path_parts }, { 0 } };
static const struct part rule_parts[] = { { "host" }, { "http", rule_http_parts }, { 0 } };
static const struct part ingress_tls_parts[] = { { "hosts" }, { 0 } };
static const struct part ingress_spec_parts[] = { { "ingressClassName" },
	{ "tls", ingress_tls_parts }, { "rules", rule_parts }, { 0 } };
static const struct part ingress_parts[] = { { "metadata", meta_parts },
	{ "spec", ingress_spec_parts }, { 0 } };

static const struct kind {
	const char *group;  /* of the API */
	const char *plural; /* in its paths */
	bool is_global;     /* has no namespace */
	const char *source; /* begins the name of its group */
	const struct part *parts;
	kube_make *make;
} kinds[KUBE_ROLES] = {
	[KUBE_NODE] = { "/api/v1", "nodes", true, "node", node_parts, kube_make_node },
	[KUBE_POD] = { "/api/v1", "pods", false, "pod", pod_parts, kube_make_pod },
	[KUBE_SERVICE] = { "/api/v1", "services", false, "svc", service_parts, kube_make_service },
	[KUBE_ENDPOINTS] = { "/api/v1", "endpoints", false, "endpoints", endpoints_parts,
		kube_make_endpoints },
	[KUBE_ENDPOINTSLICE] = { "/apis/discovery.k8s.io/v1", "endpointslices", false,
		"endpointslice", slice_parts, kube_make_endpointslice },
	[KUBE_INGRESS] = { "/apis/networking.k8s.io/v1", "ingresses", false, "ingress",
		ingress_parts, kube_make_ingress },
};

unsigned kube_watched(const struct sd_kubernetes *c)
{
	unsigned kinds_needed = 1u << c->role;

	if (c->role == KUBE_ENDPOINTS || c->role == KUBE_ENDPOINTSLICE)
		kinds_needed |= 1u << KUBE_POD | 1u << KUBE_SERVICE;
	if (c->attach_node && c->role != KUBE_SERVICE && c->role != KUBE_INGRESS)
		kinds_needed |= 1u << KUBE_NODE;
	return kinds_needed;
}

void kube_add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if ((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
			(*text >= 'A' && *text <= 'Z') || strchr("-_.~", *text))
			str_addc(out, *text);
		else
			str_addf(out, "%%%02X", (unsigned char)*text);
	}
}

void kube_path(enum kube_role kind, const char *space, struct str *out)
{
	const struct kind *k = &kinds[kind];

	str_add(out, k->group);
	if (space && !k->is_global) {
		str_add(out, "/namespaces/");
		kube_add_escaped(out, space);
	}
	str_addf(out, "/%s", k->plural);
}

void kube_selection(const struct sd_kubernetes *c, enum kube_role kind, struct str *out)
{
	const char *mark = "";

	for (uint32_t i = 0; i < c->n_selectors; i++) {
		const struct kube_selector *it = &c->selectors[i];

		if (it->role != (int)kind)
			continue;
		if (it->label && it->label[0]) {
			str_add(out, "labelSelector=");
			kube_add_escaped(out, it->label);
			mark = "&";
		}
		if (it->field && it->field[0]) {
			str_addf(out, "%sfieldSelector=", mark);
			kube_add_escaped(out, it->field);
		}
	}
}

struct kube_store *kube_store_new(const struct sd_kubernetes *c)
{
	struct kube_store *s = must_alloc(sizeof *s);

	s->config = c;
	return s;
}

static void free_object(struct kube_object *o)
{
	free(o->text);
	free(o);
}

void kube_store_free(struct kube_store *s)
{
	if (!s)
		return;
	for (int kind = 0; kind < KUBE_ROLES; kind++) {
		map_each (&s->objects[kind], it)
			free_object(it->value);
		map_fini(&s->objects[kind]);
	}
	free(s);
}

uint32_t kube_count(const struct kube_store *s, enum kube_role kind)
{
	uint32_t n = 0;

	map_each (&s->objects[kind], it)
		n += ((const struct kube_object *)it->value)->text != NULL;
	return n;
}

/* Reducing an object. */

static void write_scalar(struct json_out *w, const char *key, const struct json_node *node)
{
	switch (node->type) {
	case JSON_STRING:
		json_textn(w, key, node->text, node->n);
		break;
	case JSON_INTEGER:
		json_int(w, key, node->integer);
		break;
	case JSON_REAL:
		json_double(w, key, node->real);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		json_bool(w, key, node->type == JSON_TRUE);
		break;
	default:
		json_raw(w, key, "null");
	}
}

static const struct part *part_called(const struct part *parts, const char *name)
{
	for (; parts->name; parts++)
		if (str_eq(parts->name, name))
			return parts;
	return NULL;
}

/* json_read() has bounded the depth. */
static void write_part(struct json_out *w, const char *key, const struct json_node *node,
	const struct part *parts)
{
	if (node->type != JSON_OBJECT && node->type != JSON_ARRAY) {
		write_scalar(w, key, node);
		return;
	}
	if (node->type == JSON_OBJECT)
		json_object_open(w, key);
	else
		json_array_open(w, key);
	json_node_each (it, node) {
		const struct part *part = NULL;

		if (node->type == JSON_ARRAY) {
			write_part(w, NULL, it, parts);
			continue;
		}
		if (parts)
			part = part_called(parts, it->name);
		if (!parts || part)
			write_part(w, it->name, it, part ? part->inside : NULL);
	}
	json_close(w);
}

void kube_key(const struct json_node *metadata, struct str *out)
{
	const char *space = json_node_text(metadata, "namespace", "");

	str_addf(out, "%s%s%s", space, space[0] ? "/" : "", json_node_text(metadata, "name", ""));
}

/* What follows from a change. */

static void mark(struct kube_store *s, struct kube_object *o)
{
	s->n_dirty += !o->is_dirty;
	o->is_dirty = true;
}

/* Objects of the role that name another one; a name that stands in the text for another reason
 * makes a group once more, and the same. */
static void mark_mentioning(struct kube_store *s, const char *name)
{
	scoped(str_fini) struct str quoted = STR_EMPTY;

	str_addf(&quoted, "\"%s\"", name);
	map_each (&s->objects[s->config->role], it) {
		struct kube_object *o = it->value;

		if (o->text && !o->is_dirty && strstr(o->text, quoted.s))
			mark(s, o);
	}
}

static void changed(struct kube_store *s, enum kube_role kind, const char *key,
	struct kube_object *o)
{
	const char *slash = strchr(key, '/');

	if ((int)kind == s->config->role)
		mark(s, o);
	else
		mark_mentioning(s, slash ? slash + 1 : key);
}

/* Gone for good: at once, unless its group is still to be told as empty. */
static void forget(struct kube_store *s, enum kube_role kind, const char *key,
	struct kube_object *o)
{
	if (!o->text)
		return;
	s->bytes -= o->n;
	free(o->text);
	o->text = NULL;
	o->n = 0;
	changed(s, kind, key, o);
	if ((int)kind == s->config->role)
		return;
	map_remove(&s->objects[kind], key);
	free(o);
}

static enum rc check_room(const struct kube_store *s, enum kube_role kind, size_t n, struct err *e)
{
	if (n > KUBE_OBJECT_BYTES_MAX)
		return err_set(e, RC_LIMIT, "an object of more than %d bytes",
			KUBE_OBJECT_BYTES_MAX);
	if (s->bytes + n > KUBE_BYTES_MAX)
		return err_set(e, RC_LIMIT, "objects of more than %d bytes in all", KUBE_BYTES_MAX);
	if (map_count(&s->objects[kind]) >= KUBE_OBJECTS_MAX)
		return err_set(e, RC_LIMIT, "more than %d %s", KUBE_OBJECTS_MAX,
			kinds[kind].plural);
	return RC_OK;
}

enum rc kube_put(struct kube_store *s, enum kube_role kind, const struct json_node *object,
	struct err *e)
{
	scoped(str_fini) struct str key = STR_EMPTY, text = STR_EMPTY;
	const struct json_node *metadata = json_node_get(object, "metadata");
	struct kube_object *o;
	struct json_out w;
	enum rc rc;

	if (!json_node_text(metadata, "name", "")[0])
		return err_set(e, RC_INPUT, "an object without a name among %s",
			kinds[kind].plural);
	kube_key(metadata, &key);
	json_begin(&w, &text);
	write_part(&w, NULL, object, kinds[kind].parts);
	rc = check_room(s, kind, text.len, e);
	if (rc != RC_OK)
		return rc;
	o = map_get(&s->objects[kind], key.s);
	if (!o) {
		o = must_alloc(sizeof *o);
		map_put(&s->objects[kind], key.s, o);
	}
	o->seen = s->list[kind];
	if (o->text && o->n == text.len && memcmp(o->text, text.s, text.len) == 0)
		return RC_OK;
	s->bytes += text.len - o->n;
	free(o->text);
	o->n = text.len;
	o->text = str_take(&text);
	changed(s, kind, key.s, o);
	return RC_OK;
}

void kube_remove(struct kube_store *s, enum kube_role kind, const struct json_node *object)
{
	scoped(str_fini) struct str key = STR_EMPTY;
	struct kube_object *o;

	kube_key(json_node_get(object, "metadata"), &key);
	o = map_get(&s->objects[kind], str_c(&key));
	if (o)
		forget(s, kind, key.s, o);
}

void kube_list_begin(struct kube_store *s, enum kube_role kind, const char *space)
{
	(void)space;
	s->list[kind]++;
}

static bool is_in(const char *key, const char *space)
{
	size_t n = space ? strlen(space) : 0;

	return !space || (strncmp(key, space, n) == 0 && key[n] == '/');
}

void kube_list_end(struct kube_store *s, enum kube_role kind, const char *space)
{
	map_each (&s->objects[kind], it) {
		struct kube_object *o = it->value;

		if (o->seen != s->list[kind] &&
			is_in(it->key, kinds[kind].is_global ? NULL : space))
			forget(s, kind, it->key, o);
	}
}

const struct json_node *kube_find(const struct kube_store *s, enum kube_role kind, const char *key,
	struct json_flat *f)
{
	const struct kube_object *o = map_get(&s->objects[kind], key);
	const struct json_node *node;

	if (!o || !o->text || json_flat_read(f, o->text, o->n, &node, NULL) != RC_OK)
		return NULL;
	return node;
}

/* Giving groups. */

static enum rc make(struct kube_store *s, const char *key, struct arena *a,
	struct target_group *ret, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct kind *kind = &kinds[s->config->role];
	struct target_group group = { 0 };
	struct kube_group g = { s, a, &group, NULL, false };

	group.source = arena_printf(a, "%s/%s", kind->source, key);
	g.object = kube_find(s, (enum kube_role)s->config->role, key, &flat);
	if (g.object)
		kind->make(&g);
	if (!group.source || g.is_full)
		return err_set(e, RC_LIMIT, "the targets of %s take too much memory", key);
	*ret = group;
	return RC_OK;
}

/* The next that is dirty, from where the last one was found. */
static struct map_entry *next_dirty(struct kube_store *s, struct map *objects)
{
	for (uint32_t i = 0; s->n_dirty && i < objects->n_entries; i++) {
		struct map_entry *it = &objects->entries[(s->cursor + i) % objects->n_entries];
		struct kube_object *o = it->value;

		if (!it->key || !o->is_dirty)
			continue;
		s->cursor = (uint32_t)(it - objects->entries) + 1;
		o->is_dirty = false;
		s->n_dirty--;
		return it;
	}
	return NULL;
}

enum rc kube_next_group(struct kube_store *s, struct arena *a, struct target_group *ret,
	bool *ret_has, struct err *e)
{
	struct map *objects = &s->objects[s->config->role];
	struct map_entry *found = next_dirty(s, objects);
	struct kube_object *o = found ? found->value : NULL;
	enum rc rc;

	*ret_has = found != NULL;
	if (!found)
		return RC_OK;
	rc = make(s, found->key, a, ret, e);
	if (!o->text) {
		map_remove(objects, found->key);
		free(o);
	}
	return rc;
}
