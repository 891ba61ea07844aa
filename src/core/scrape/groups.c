/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/groups.h"

#include "base/limits.h"
#include "base/str.h"

static enum rc too_large(struct err *e)
{
	return err_set(e, RC_LIMIT, "the list of targets takes too much memory");
}

static enum rc make_groups(struct target_groups *ret, const struct groups_origin *from, uint32_t n,
	struct arena *a, struct err *e)
{
	struct target_groups groups = { .n = n };

	groups.v = arena_alloc(a, (n ? n : 1) * sizeof *groups.v);
	if (!groups.v)
		return too_large(e);
	for (uint32_t i = 0; i < n; i++) {
		groups.v[i].source = arena_printf(a, "%s:%u", from->name, i);
		if (!groups.v[i].source)
			return too_large(e);
	}
	*ret = groups;
	return RC_OK;
}

static struct label label_of(const char *name, const char *value)
{
	return (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

/* The origin's own label goes before one of the same name in the list. */
static enum rc finish_labels(struct label *v, uint32_t n, const struct groups_origin *from,
	struct labels *ret, struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!v[i].name_len || !utf8_valid(v[i].name, v[i].name_len))
			return err_set(e, RC_INPUT, "\"%.80s\" is not a valid label name",
				v[i].name);
		if (str_eq(v[i].name, from->label))
			v[i] = v[--n];
	}
	v[n++] = label_of(from->label, from->name);
	return labels_sort(v, n, ret, e);
}

static enum rc reserve(struct target_group *g, uint32_t n_targets, uint32_t n_labels,
	struct label **ret_addresses, struct label **ret_labels, struct arena *a)
{
	g->targets = arena_alloc(a, (n_targets + 1) * sizeof *g->targets);
	*ret_addresses = arena_alloc(a, (n_targets + 1) * sizeof(struct label));
	*ret_labels = arena_alloc(a, (n_labels + 1) * sizeof(struct label));
	return g->targets && *ret_addresses && *ret_labels ? RC_OK : RC_LIMIT;
}

static void add_address(struct target_group *g, struct label *at, const char *address)
{
	*at = label_of("__address__", address);
	g->targets[g->n++] = (struct labels){ at, address[0] ? 1 : 0 };
}

/* JSON. */

static enum rc copy_text(const struct json_node *node, struct arena *a, const char **ret,
	struct err *e)
{
	if (node->type != JSON_STRING || memchr(node->text, '\0', node->n))
		return err_set(e, RC_INPUT, "a text was expected");
	*ret = arena_strndup(a, node->text, node->n);
	return *ret ? RC_OK : too_large(e);
}

static enum rc json_targets(struct target_group *g, struct label *addresses,
	const struct json_node *list, struct arena *a, struct err *e)
{
	json_node_each (it, list) {
		const char *address;
		enum rc rc = copy_text(it, a, &address, e);

		if (rc != RC_OK)
			return err_in(e, rc, "targets");
		add_address(g, &addresses[g->n], address);
	}
	return RC_OK;
}

static enum rc json_labels(struct label *v, const struct json_node *members, struct arena *a,
	struct err *e)
{
	json_node_each (it, members) {
		const char *value, *name = arena_strdup(a, it->name);
		enum rc rc = name ? copy_text(it, a, &value, e) : too_large(e);

		if (rc != RC_OK)
			return err_in(e, rc, "labels");
		*v++ = label_of(name, value);
	}
	return RC_OK;
}

static bool is_null_or(const struct json_node *node, json_type type)
{
	return !node || node->type == JSON_NULL || node->type == type;
}

/* Go's decoder takes keys in any case; nobody relies on that. */
static enum rc json_group(struct target_group *g, const struct groups_origin *from,
	const struct json_node *node, struct arena *a, struct err *e)
{
	const struct json_node *targets = json_node_get(node, "targets");
	const struct json_node *members = json_node_get(node, "labels");
	uint32_t n = members && members->type == JSON_OBJECT ? members->n : 0;
	struct label *addresses, *labels;
	enum rc rc;

	if (node->type != JSON_OBJECT || !is_null_or(targets, JSON_ARRAY) ||
		!is_null_or(members, JSON_OBJECT))
		return err_set(e, RC_INPUT, "expected {\"targets\": [...], \"labels\": {...}}");
	targets = targets && targets->type == JSON_ARRAY ? targets : NULL;
	members = n ? members : NULL;
	json_node_each (it, node)
		if (!str_eq(it->name, "targets") && !str_eq(it->name, "labels"))
			return err_set(e, RC_INPUT, "unknown key \"%.80s\"", it->name);
	if (reserve(g, targets ? targets->n : 0, n, &addresses, &labels, a) != RC_OK)
		return too_large(e);
	rc = json_targets(g, addresses, targets, a, e);
	if (rc == RC_OK)
		rc = json_labels(labels, members, a, e);
	return rc == RC_OK ? finish_labels(labels, n, from, &g->labels, e) : rc;
}

enum rc groups_of_json(struct target_groups *ret, const struct groups_origin *from,
	const struct json_node *list, struct arena *a, struct err *e)
{
	struct target_groups groups;
	uint32_t i = 0;
	enum rc rc;

	if (list->type != JSON_ARRAY)
		return err_set(e, RC_INPUT, "expected a list of groups");
	rc = make_groups(&groups, from, list->n, a, e);
	if (rc != RC_OK)
		return rc;
	json_node_each (it, list) {
		rc = json_group(&groups.v[i], from, it, a, e);
		if (rc != RC_OK)
			return err_in(e, rc, "group %u", i);
		i++;
	}
	*ret = groups;
	return RC_OK;
}

/* YAML. */

static enum rc copy_scalar(const struct doc_node *node, struct arena *a, const char **ret,
	struct err *e)
{
	if (node->kind != DOC_SCALAR || memchr(node->text, '\0', node->text_len))
		return err_set(e, RC_INPUT, "line %u: a text was expected", node->line);
	*ret = arena_strndup(a, node->text, node->text_len);
	return *ret ? RC_OK : too_large(e);
}

static enum rc doc_targets(struct target_group *g, struct label *addresses,
	const struct doc_node *list, struct arena *a, struct err *e)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const char *address;
		enum rc rc = copy_scalar(list->values[i], a, &address, e);

		if (rc != RC_OK)
			return rc;
		add_address(g, &addresses[i], address);
	}
	return RC_OK;
}

static enum rc doc_pairs(struct label *v, const struct doc_node *members, struct arena *a,
	struct err *e)
{
	for (uint32_t i = 0; i < members->n; i++) {
		const struct doc_node *node = members->values[i];
		const char *name, *value = "";
		enum rc rc = copy_scalar(members->keys[i], a, &name, e);

		if (rc == RC_OK && node->kind != DOC_NULL)
			rc = copy_scalar(node, a, &value, e);
		if (rc != RC_OK)
			return rc;
		v[i] = label_of(name, value);
	}
	return RC_OK;
}

static const struct doc_node nothing = { .kind = DOC_NULL };

/* What stands behind a key, if it is of this kind; an empty node when it isn't there. */
static enum rc member(const struct doc_node *group, const char *key, enum doc_kind kind,
	const struct doc_node **ret, struct err *e)
{
	const struct doc_node *node = doc_get(group, key);

	*ret = &nothing;
	if (!node || node->kind == DOC_NULL)
		return RC_OK;
	if (node->kind != kind)
		return err_set(e, RC_INPUT, "line %u: %s: expected a %s", node->line, key,
			kind == DOC_SEQUENCE ? "list" : "mapping");
	*ret = node;
	return RC_OK;
}

static enum rc check_keys(const struct doc_node *group, struct err *e)
{
	if (group->kind != DOC_MAPPING)
		return err_set(e, RC_INPUT, "line %u: expected a mapping with targets and labels",
			group->line);
	for (uint32_t i = 0; i < group->n; i++)
		if (!str_eq(group->keys[i]->text, "targets") &&
			!str_eq(group->keys[i]->text, "labels"))
			return err_set(e, RC_INPUT, "line %u: unknown key '%.80s'",
				group->keys[i]->line, group->keys[i]->text);
	return RC_OK;
}

static enum rc doc_group(struct target_group *g, const struct groups_origin *from,
	const struct doc_node *node, struct arena *a, struct err *e)
{
	const struct doc_node *targets, *members;
	struct label *addresses, *labels;
	enum rc rc = check_keys(node, e);

	if (rc == RC_OK)
		rc = member(node, "targets", DOC_SEQUENCE, &targets, e);
	if (rc == RC_OK)
		rc = member(node, "labels", DOC_MAPPING, &members, e);
	if (rc != RC_OK)
		return rc;
	if (reserve(g, targets->n, members->n, &addresses, &labels, a) != RC_OK)
		return too_large(e);
	rc = doc_targets(g, addresses, targets, a, e);
	if (rc == RC_OK)
		rc = doc_pairs(labels, members, a, e);
	return rc == RC_OK ? finish_labels(labels, members->n, from, &g->labels, e) : rc;
}

enum rc groups_of_doc(struct target_groups *ret, const struct groups_origin *from,
	const struct doc_node *list, struct arena *a, struct err *e)
{
	struct target_groups groups;
	enum rc rc;

	if (list->kind != DOC_SEQUENCE && list->kind != DOC_NULL)
		return err_set(e, RC_INPUT, "line %u: expected a list of groups", list->line);
	rc = make_groups(&groups, from, list->n, a, e);
	for (uint32_t i = 0; rc == RC_OK && i < list->n; i++)
		rc = doc_group(&groups.v[i], from, list->values[i], a, e);
	if (rc == RC_OK)
		*ret = groups;
	return rc;
}
