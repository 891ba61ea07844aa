/* SPDX-License-Identifier: Apache-2.0 */
/* Where targets come from, in Prometheus 3.5's syntax: discovery/<mechanism>/<mechanism>.go. */
#include "core/scrape/config_private.h"

#include "base/limits.h"
#include "base/str.h"
#include "base/time.h"

#include <strings.h>

static const char *const kind_names[SD_KINDS] = {
	[SD_STATIC] = "static",
	[SD_FILE] = "file",
	[SD_HTTP] = "http",
	[SD_DNS] = "dns",
	[SD_KUBERNETES] = "kubernetes",
};

const char *sd_kind_name(enum sd_kind k)
{
	must(k < SD_KINDS);
	return kind_names[k];
}

/* One more of the job's, of this kind; NULL when there is no room. */
static struct sd_config *append(struct doc_reader *r, struct sd_lists *lists, enum sd_kind kind,
	const struct doc_node *node)
{
	struct sd_config *it;

	if (lists->n == SD_CONFIGS_MAX) {
		doc_error(r, node, "more than %d service discoveries in one job", SD_CONFIGS_MAX);
		return NULL;
	}
	if (!lists->v)
		lists->v = doc_alloc(r, SD_CONFIGS_MAX * sizeof *lists->v);
	if (!lists->v)
		return NULL;
	it = &lists->v[lists->n++];
	it->kind = kind;
	it->line = node->line;
	it->column = node->column;
	return it;
}

static void take_list(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	struct sd_lists *lists, enum sd_kind kind, const struct doc_shape *shape)
{
	if (node->kind != DOC_SEQUENCE) {
		doc_expected(r, key, node, "a list");
		return;
	}
	for (uint32_t i = 0; i < node->n; i++) {
		struct sd_config *it;

		if (node->values[i]->kind != DOC_MAPPING) {
			doc_error(r, node->values[i], "%s: each item must be a mapping", key->name);
			continue;
		}
		it = append(r, lists, kind, node->values[i]);
		if (!it)
			return;
		doc_read(r, shape, node->values[i], &it->fixed); /* or whichever it is */
	}
}

/* static_configs: all of a job's groups are one discovery. */

bool is_target_address(const char *address)
{
	return strchr(address, '/') == NULL;
}

struct static_group {
	struct doc_texts targets;
	struct labels labels;
};
static const struct doc_key static_group_keys[] = {
	{ "targets", doc_text_list, offsetof(struct static_group, targets) },
	{ "labels", doc_labels, offsetof(struct static_group, labels) },
	{ 0 },
};
static const struct doc_shape static_group_shape = {
	.name = "static_configs",
	.size_bytes = sizeof(struct static_group),
	.keys = static_group_keys,
};

static void make_group(struct doc_reader *r, const struct static_group *from, uint32_t index,
	struct target_group *to)
{
	struct label *addresses = doc_alloc(r, from->targets.n * sizeof *addresses);

	to->source = arena_printf(r->arena, "%u", index);
	to->labels = from->labels;
	to->targets = doc_alloc(r, from->targets.n * sizeof *to->targets);
	for (uint32_t i = 0; addresses && to->targets && i < from->targets.n; i++) {
		const char *address = from->targets.v[i];

		addresses[i] =
			(struct label){ "__address__", address, 11, (uint32_t)strlen(address) };
		to->targets[to->n++] = (struct labels){ &addresses[i], address[0] ? 1 : 0 };
	}
}

void sd_take_static(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	const struct doc_key as_list = { .name = key->name, .shape = &static_group_shape };
	struct doc_list read = { 0 };
	const struct static_group *groups;
	struct sd_config *it;

	doc_list(r, &as_list, node, &read);
	it = read.n ? append(r, to, SD_STATIC, node) : NULL;
	if (!it)
		return;
	groups = read.v;
	it->fixed.groups = doc_alloc(r, read.n * sizeof *it->fixed.groups);
	for (uint32_t i = 0; it->fixed.groups && i < read.n; i++)
		make_group(r, &groups[i], i, &it->fixed.groups[it->fixed.n++]);
}

/* file_sd_configs */

/* Only the last part of a path may hold a star, and it is JSON or YAML. */
static bool is_file_pattern(const char *path)
{
	static const char *const endings[] = { ".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML" };
	const char *star = strchr(path, '*');
	size_t n = strlen(path);

	if (star && (strchr(star + 1, '/') || strchr(path, '\n')))
		return false;
	for (size_t i = 0; i < COUNT(endings); i++)
		if (n >= strlen(endings[i]) && str_eq(path + n - strlen(endings[i]), endings[i]))
			return true;
	return false;
}

static void take_files(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	struct doc_texts files = { 0 };

	if (node->kind != DOC_SEQUENCE) {
		doc_expected(r, key, node, "a list");
		return;
	}
	files.v = doc_alloc(r, node->n * sizeof *files.v);
	for (uint32_t i = 0; files.v && i < node->n; i++) {
		const char *path = NULL;

		doc_path(r, key, node->values[i], &path);
		if (path && is_file_pattern(path))
			files.v[files.n++] = path;
		else if (path)
			doc_error(r, node->values[i],
				"%s: '%.120s' must end in .json, .yml or .yaml, and only its last "
				"part may hold a *",
				key->name, path);
	}
	*(struct doc_texts *)to = files;
}

static const struct doc_key file_keys[] = {
	{ "files", take_files, offsetof(struct sd_file, files) },
	{ "refresh_interval", doc_duration, offsetof(struct sd_file, refresh_ms) },
	{ 0 },
};
static void file_init(struct doc_reader *r, void *to)
{
	(void)r;
	((struct sd_file *)to)->refresh_ms = 5 * MINUTE_MS;
}
static void check_refresh(struct doc_reader *r, const struct doc_node *node, int64_t *ms)
{
	if (*ms < SECOND_MS)
		doc_error(r, doc_at(node, "refresh_interval"),
			"refresh_interval: a second is the least");
}
static void file_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct sd_file *file = to;
	const struct doc_node *files = doc_get(node, "files");

	if (!files || files->kind == DOC_NULL || files->n == 0)
		doc_error(r, node, "file_sd_configs: lacks files");
	check_refresh(r, node, &file->refresh_ms);
}
static const struct doc_shape file_shape = {
	.name = "file_sd_configs",
	.keys = file_keys,
	.init = file_init,
	.check = file_check,
};

void sd_take_file(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	take_list(r, key, node, to, SD_FILE, &file_shape);
}

/* http_sd_configs */

static const struct doc_key http_keys[] = {
	{ "url", http_take_url, offsetof(struct sd_http, url) },
	{ "refresh_interval", doc_duration, offsetof(struct sd_http, refresh_ms) },
	HTTP_CONFIG_KEYS(sd_http, http),
	{ 0 },
};
static void http_init(struct doc_reader *r, void *to)
{
	struct sd_http *http = to;

	(void)r;
	http->refresh_ms = MINUTE_MS;
	http_config_init(&http->http);
}
static void http_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct sd_http *http = to;

	if (!http->url && doc_at(node, "url") == node)
		doc_error(r, node, "http_sd_configs: lacks url");
	check_refresh(r, node, &http->refresh_ms);
	http_config_check(r, node, &http->http);
}
static const struct doc_shape http_shape = {
	.name = "http_sd_configs",
	.keys = http_keys,
	.init = http_init,
	.check = http_check,
};

void sd_take_http(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	take_list(r, key, node, to, SD_HTTP, &http_shape);
}

/* dns_sd_configs */

static const struct doc_choice dns_types[] = {
	{ "SRV", DNS_SD_SRV },
	{ "A", DNS_SD_A },
	{ "AAAA", DNS_SD_AAAA },
	{ "MX", DNS_SD_MX },
	{ "NS", DNS_SD_NS },
	{ 0 },
};

static void take_dns_type(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	for (const struct doc_choice *it = key->choices; node->kind == DOC_SCALAR && it->text; it++)
		if (strcasecmp(it->text, node->text) == 0) {
			*(int *)to = it->value;
			return;
		}
	doc_choose(r, key, node, to);
}

static const struct doc_key dns_keys[] = {
	{ "names", doc_text_list, offsetof(struct sd_dns, names) },
	{ "type", take_dns_type, offsetof(struct sd_dns, type), .choices = dns_types },
	{ "port", doc_count, offsetof(struct sd_dns, port) },
	{ "refresh_interval", doc_duration, offsetof(struct sd_dns, refresh_ms) },
	{ 0 },
};
static void dns_init(struct doc_reader *r, void *to)
{
	(void)r;
	((struct sd_dns *)to)->refresh_ms = 30 * SECOND_MS;
}
static void dns_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct sd_dns *dns = to;

	if (!dns->names.n)
		doc_error(r, doc_at(node, "names"), "dns_sd_configs: lacks names");
	if (dns->type != DNS_SD_SRV && !dns->port)
		doc_error(r, doc_at(node, "type"),
			"dns_sd_configs: a port is needed for all types but SRV");
	if (dns->port > UINT16_MAX)
		doc_error(r, doc_at(node, "port"), "port: expected 1 to 65535");
	check_refresh(r, node, &dns->refresh_ms);
}
static const struct doc_shape dns_shape = {
	.name = "dns_sd_configs",
	.keys = dns_keys,
	.init = dns_init,
	.check = dns_check,
};

void sd_take_dns(struct doc_reader *r, const struct doc_key *key, const struct doc_node *node,
	void *to)
{
	take_list(r, key, node, to, SD_DNS, &dns_shape);
}

/* kubernetes_sd_configs */

static const char *const role_names[KUBE_ROLES] = {
	[KUBE_NODE] = "node",
	[KUBE_POD] = "pod",
	[KUBE_SERVICE] = "service",
	[KUBE_ENDPOINTS] = "endpoints",
	[KUBE_ENDPOINTSLICE] = "endpointslice",
	[KUBE_INGRESS] = "ingress",
};

const char *kube_role_name(enum kube_role r)
{
	must(r < KUBE_ROLES);
	return role_names[r];
}

static const struct doc_choice roles[] = {
	{ "node", KUBE_NODE },
	{ "pod", KUBE_POD },
	{ "service", KUBE_SERVICE },
	{ "endpoints", KUBE_ENDPOINTS },
	{ "endpointslice", KUBE_ENDPOINTSLICE },
	{ "ingress", KUBE_INGRESS },
	{ 0 },
};

static const struct doc_key namespaces_keys[] = {
	{ "names", doc_text_list, offsetof(struct sd_kubernetes, namespaces) },
	{ "own_namespace", doc_flag, offsetof(struct sd_kubernetes, own_namespace) },
	{ 0 },
};
static const struct doc_shape namespaces_shape = {
	.name = "namespaces",
	.keys = namespaces_keys,
};
static const struct doc_key attach_keys[] = {
	{ "node", doc_flag, offsetof(struct sd_kubernetes, attach_node) },
	{ 0 },
};
static const struct doc_shape attach_shape = {
	.name = "attach_metadata",
	.keys = attach_keys,
};

static const struct doc_key selector_keys[] = {
	{ "role", doc_choose, offsetof(struct kube_selector, role), .choices = roles },
	{ "label", doc_text, offsetof(struct kube_selector, label) },
	{ "field", doc_text, offsetof(struct kube_selector, field) },
	{ 0 },
};
static void selector_init(struct doc_reader *r, void *to)
{
	(void)r;
	((struct kube_selector *)to)->role = -1;
}
static void selector_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	if (((struct kube_selector *)to)->role < 0 && doc_at(node, "role") == node)
		doc_error(r, node, "selectors: lacks role");
}
static const struct doc_shape selector_shape = {
	.name = "selectors",
	.size_bytes = sizeof(struct kube_selector),
	.keys = selector_keys,
	.init = selector_init,
	.check = selector_check,
};

/* namespaces and attach_metadata are mappings whose values stand in the struct itself: at 0. */
static const struct doc_key kubernetes_keys[] = {
	{ "api_server", http_take_url, offsetof(struct sd_kubernetes, api_server) },
	{ "kubeconfig_file", doc_path, offsetof(struct sd_kubernetes, kubeconfig_file) },
	{ "role", doc_choose, offsetof(struct sd_kubernetes, role), .choices = roles },
	{ "namespaces", doc_mapping, 0, .shape = &namespaces_shape },
	{ "selectors", doc_list, offsetof(struct sd_kubernetes, selectors),
		.shape = &selector_shape },
	{ "attach_metadata", doc_mapping, 0, .shape = &attach_shape },
	HTTP_CONFIG_KEYS(sd_kubernetes, http),
	{ 0 },
};

static void kubernetes_init(struct doc_reader *r, void *to)
{
	struct sd_kubernetes *k = to;

	(void)r;
	k->role = -1;
	http_config_init(&k->http);
}

static bool has_http(const struct http_config *c)
{
	const struct tls_config *tls = &c->tls;

	return c->basic_auth || c->authorization || c->proxy.url || c->proxy.from_environment ||
	       c->oauth2 || c->n_headers || !c->follow_redirects || !c->enable_http2 ||
	       tls->ca.kind || tls->cert.kind || tls->key.kind || tls->server_name ||
	       tls->is_insecure || tls->min_version || tls->max_version;
}

/* The objects that a role looks at besides its own. */
static const uint8_t selectable[KUBE_ROLES] = {
	[KUBE_NODE] = 1 << KUBE_NODE,
	[KUBE_POD] = 1 << KUBE_POD,
	[KUBE_SERVICE] = 1 << KUBE_SERVICE,
	[KUBE_ENDPOINTS] = 1 << KUBE_POD | 1 << KUBE_SERVICE | 1 << KUBE_ENDPOINTS,
	[KUBE_ENDPOINTSLICE] = 1 << KUBE_POD | 1 << KUBE_SERVICE | 1 << KUBE_ENDPOINTSLICE,
	[KUBE_INGRESS] = 1 << KUBE_INGRESS,
};

static void check_selectors(struct doc_reader *r, const struct doc_node *node,
	const struct sd_kubernetes *k)
{
	const struct doc_node *list = doc_at(node, "selectors");
	unsigned seen = 0;

	for (uint32_t i = 0; k->role >= 0 && i < k->n_selectors; i++) {
		int role = k->selectors[i].role;

		if (role < 0)
			continue;
		if (seen >> role & 1)
			doc_error(r, list->values[i], "selectors: %s stands there twice",
				role_names[role]);
		seen |= 1u << role;
		if (!(selectable[k->role] >> role & 1))
			doc_error(r, list->values[i], "selectors: role %s knows nothing of %s",
				role_names[k->role], role_names[role]);
	}
}

static void kubernetes_check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct sd_kubernetes *k = to;
	const struct doc_node *server = doc_at(node, "api_server");
	const struct doc_node *kubeconfig = doc_at(node, "kubeconfig_file");
	const struct doc_node *spaces = doc_at(node, "namespaces");

	if (k->role < 0 && doc_at(node, "role") == node)
		doc_error(r, node, "kubernetes_sd_configs: lacks role");
	http_config_check(r, node, &k->http);
	k->has_http = has_http(&k->http);
	if (k->kubeconfig_file && k->api_server)
		doc_error(r, server, "only one of api_server and kubeconfig_file may be there");
	if (k->kubeconfig_file && k->has_http)
		doc_error(r, kubeconfig,
			"kubeconfig_file says how the server is spoken to: no HTTP settings "
			"beside it");
	else if (!k->api_server && k->has_http && server == node)
		doc_error(r, node, "HTTP settings need the api_server that they are for");
	if (k->own_namespace && (k->api_server || k->kubeconfig_file))
		doc_error(r, spaces,
			"own_namespace is that of the pod that we run in: not with api_server or "
			"kubeconfig_file");
	check_selectors(r, node, k);
}

static const struct doc_shape kubernetes_shape = {
	.name = "kubernetes_sd_configs",
	.keys = kubernetes_keys,
	.init = kubernetes_init,
	.check = kubernetes_check,
};

void sd_take_kubernetes(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	take_list(r, key, node, to, SD_KUBERNETES, &kubernetes_shape);
}
