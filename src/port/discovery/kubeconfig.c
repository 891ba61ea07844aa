/* SPDX-License-Identifier: Apache-2.0 */
#include "port/discovery/kubeconfig.h"

#include "base/hash.h"
#include "port/files/files.h"
#include "port/yaml/yaml.h"

#include <stdlib.h>

#define ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"

/* Base64 of PEM, as kubeconfigs carry it. */
static void take_pem_data(struct doc_reader *r, const struct doc_key *key,
	const struct doc_node *node, void *to)
{
	const char *text = doc_copy(r, key, node);
	char *pem = text ? doc_alloc(r, strlen(text) + 1) : NULL;

	if (!pem)
		return;
	if (base64_decode(text, pem, strlen(text)) <= 0 || memchr(pem, '\0', 1)) {
		doc_error(r, node, "%s: not base64", key->name); /* it may be a key: not repeated */
		return;
	}
	*(struct secret *)to = (struct secret){
		.kind = SECRET_INLINE,
		.name = arena_printf(r->arena, "%s:%u", r->file, node->line),
		.value = pem,
	};
}

struct cluster {
	const char *server;
	struct tls_config tls;
	const char *proxy_url;
};
static const struct doc_key cluster_keys[] = {
	{ "server", http_take_url, offsetof(struct cluster, server) },
	{ "certificate-authority", doc_secret_file, offsetof(struct cluster, tls.ca) },
	{ "certificate-authority-data", take_pem_data, offsetof(struct cluster, tls.ca) },
	{ "insecure-skip-tls-verify", doc_flag, offsetof(struct cluster, tls.is_insecure) },
	{ "tls-server-name", doc_text, offsetof(struct cluster, tls.server_name) },
	{ "proxy-url", http_take_url, offsetof(struct cluster, proxy_url) },
	{ "disable-compression", doc_ignored },
	{ "extensions", doc_ignored },
	{ 0 },
};
static const struct doc_shape cluster_shape = {
	.name = "cluster",
	.size_bytes = sizeof(struct cluster),
	.keys = cluster_keys,
};

struct user {
	struct tls_config tls;
	struct secret token, name, password;
};
static const struct doc_key user_keys[] = {
	{ "client-certificate", doc_secret_file, offsetof(struct user, tls.cert) },
	{ "client-certificate-data", take_pem_data, offsetof(struct user, tls.cert) },
	{ "client-key", doc_secret_file, offsetof(struct user, tls.key) },
	{ "client-key-data", take_pem_data, offsetof(struct user, tls.key) },
	{ "token", doc_inline, offsetof(struct user, token) },
	{ "tokenFile", doc_secret_file, offsetof(struct user, token) },
	{ "username", doc_inline, offsetof(struct user, name) },
	{ "password", doc_inline, offsetof(struct user, password) },
	{ "exec", doc_refused, .hint = "use a token or a client certificate" },
	{ "auth-provider", doc_refused, .hint = "use a token or a client certificate" },
	{ "as", doc_refused, .hint = "use credentials of its own" },
	{ "extensions", doc_ignored },
	{ 0 },
};
static const struct doc_shape user_shape = {
	.name = "user",
	.size_bytes = sizeof(struct user),
	.keys = user_keys,
};

static const char *text_of(const struct doc_node *mapping, const char *key)
{
	const struct doc_node *node = doc_get(mapping, key);

	return node && node->kind == DOC_SCALAR ? node->text : "";
}

/* The mapping `what` of the item of a list that has this name. */
static const struct doc_node *named(const struct doc_node *root, const char *list, const char *what,
	const char *name)
{
	const struct doc_node *items = doc_get(root, list);

	for (uint32_t i = 0; items && items->kind == DOC_SEQUENCE && i < items->n; i++)
		if (name[0] && str_eq(text_of(items->values[i], "name"), name))
			return doc_get(items->values[i], what);
	return NULL;
}

static void set_login(const struct user *user, struct arena *a, struct http_config *http)
{
	if (user->token.kind != SECRET_NONE) {
		http->authorization = arena_alloc(a, sizeof *http->authorization);
		if (http->authorization)
			*http->authorization = (struct http_authorization){ "Bearer", user->token };
	} else if (user->name.kind != SECRET_NONE) {
		http->basic_auth = arena_alloc(a, sizeof *http->basic_auth);
		if (http->basic_auth)
			*http->basic_auth = (struct http_basic_auth){ user->name, user->password };
	}
}

static const char *without_slash(struct arena *a, const char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	return arena_strndup(a, url, n);
}

static void read_context(struct doc_reader *r, const struct doc_node *root, struct kube_access *to)
{
	const struct doc_node *context =
		named(root, "contexts", "context", text_of(root, "current-context"));
	const struct doc_node *cluster_node =
		named(root, "clusters", "cluster", text_of(context, "cluster"));
	const struct doc_node *user_node = named(root, "users", "user", text_of(context, "user"));
	struct cluster cluster = { 0 };
	struct user user = { 0 };

	if (!context || !cluster_node) {
		doc_error(r, root, "current-context names no context with a cluster");
		return;
	}
	doc_read(r, &cluster_shape, cluster_node, &cluster);
	if (user_node)
		doc_read(r, &user_shape, user_node, &user);
	if (!cluster.server) {
		doc_error(r, cluster_node, "the cluster lacks its server");
		return;
	}
	http_config_init(&to->http);
	to->server = without_slash(r->arena, cluster.server);
	to->http.tls = cluster.tls;
	to->http.tls.cert = user.tls.cert;
	to->http.tls.key = user.tls.key;
	to->http.proxy.url = cluster.proxy_url;
	set_login(&user, r->arena, &to->http);
}

static const char *folder_of(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? arena_strndup(a, file, (size_t)(slash - file) + 1) : "";
}

enum rc kubeconfig_parse(const char *file, const struct str *text, struct arena *a,
	struct kube_access *ret, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	struct kube_access access = { 0 };
	struct doc_reader r = { .arena = a, .findings = &findings };

	if (yaml_parse(&doc, file, text, &findings, e) == RC_OK) {
		r.file = file;
		r.folder = folder_of(a, file);
		read_context(&r, doc.root, &access);
	}
	for (uint32_t i = 0; i < findings.n; i++)
		if (!findings.items[i].is_warning)
			return err_set(e, RC_INPUT, "%s: line %u: %s", file, findings.items[i].line,
				findings.items[i].text);
	*ret = access;
	return RC_OK;
}

enum rc kube_access_in_cluster(struct arena *a, struct kube_access *ret, struct err *e)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	scoped(str_fini) struct str space = STR_EMPTY;
	struct kube_access access = { 0 };
	struct user user = { .token = { SECRET_FILE, ACCOUNT "token", NULL } };
	bool is_v6;

	if (!host || !port)
		return err_set(e, RC_NOT_FOUND,
			"this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): write "
			"api_server or kubeconfig_file");
	is_v6 = strchr(host, ':') != NULL;
	http_config_init(&access.http);
	access.server = arena_printf(a, "https://%s%s%s:%s", is_v6 ? "[" : "", host,
		is_v6 ? "]" : "", port);
	access.http.tls.ca = (struct secret){ SECRET_FILE, ACCOUNT "ca.crt", NULL };
	set_login(&user, a, &access.http);
	if (file_read(ACCOUNT "namespace", 256, &space, NULL) == RC_OK)
		access.space = arena_strdup(a, str_c(&space));
	*ret = access;
	return RC_OK;
}
