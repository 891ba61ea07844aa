/* SPDX-License-Identifier: Apache-2.0 */
/* Probes that are targets of a blackbox_exporter module. */
#include "core/lab/build.h"

#include "core/lab/address.h"

#include <stdio.h>

static void add_modules(struct build *b, const struct modules_decl *decl)
{
	struct module_decl *modules = decl->modules.items;

	for (uint32_t i = 0; i < decl->modules.n; i++) {
		struct entry *entry = &modules[i].entry;

		if (!entry->name)
			continue;
		if (map_has(&b->modules, entry->name))
			reader_error(b->r, entry->key, "there is a module called '%s' already",
				entry->name);
		else
			map_put(&b->modules, entry->name, &modules[i]);
	}
}

static size_t folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* One module's file, whose own paths are relative to its folder. */
static void read_file(struct build *b, const struct doc_node *node)
{
	struct reader outer = *b->r;
	const char *path = reader_path(b->r, node);
	struct doc *doc = &b->documents[b->n_documents];
	struct modules_decl decl = { 0 };
	struct err e = { 0 };
	enum rc rc;

	if (!path)
		return;
	rc = b->r->source->document(b->r->source->ctx, path, doc, b->r->findings, &e);
	if (rc != RC_OK) {
		if (rc != RC_INPUT) /* what is wrong inside has been said */
			reader_error(b->r, node, "modules: %s", e.text);
		return;
	}
	b->n_documents++;
	build_add_file(b, &doc->hash);
	b->r->is_foreign = true;
	b->r->folder = arena_strndup(&b->lab->arena, path, folder_length(path));
	reader_read(b->r, &blackbox_shape, doc, &decl);
	add_modules(b, &decl);
	b->r->is_foreign = false;
	b->r->folder = outer.folder;
	b->r->file = outer.file;
}

void build_modules(struct build *b)
{
	const struct refs *files = b->decl->probes ? &b->decl->probes->modules : NULL;

	if (!files || !files->n)
		return;
	b->documents = must_alloc(files->n * sizeof *b->documents);
	for (uint32_t i = 0; i < files->n; i++)
		read_file(b, files->items[i]);
}

void build_refusals(struct build *b)
{
	const struct entry *warned = NULL;

	for (uint32_t i = 0; i < b->r->n_refusals; i++) {
		const struct refusal *it = &b->r->refusals[i];
		const char *name = it->entry->name ? it->entry->name : "";

		if (map_has(&b->used, name))
			finding_error(b->r->findings, it->at, "module '%s': %s", name, it->text);
		else if (it->entry != warned)
			finding_warning(b->r->findings, it->at, "module '%s' can't be used: %s",
				name, it->text);
		warned = it->entry;
	}
}

static void PRINTF(3, 4)
	complain(struct build *b, const struct module_decl *module, const char *fmt, ...)
{
	const struct entry *entry = &module->entry;
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding_error(b->r->findings,
		(struct place){ entry->file, entry->key->line, entry->key->column },
		"module '%s': %s", entry->name, text);
}

/* A secret that a module may give as text or as a file. */
static struct secret either(struct build *b, const struct module_decl *module,
	const struct secret *text, const struct secret *file)
{
	if (text->kind != SECRET_NONE && file->kind != SECRET_NONE)
		complain(b, module, "a secret is given twice");
	return text->kind != SECRET_NONE ? *text : *file;
}

static void add_header(struct build *b, struct http_spec *http, const char *name, const char *value)
{
	uint32_t n = http->n_headers;
	const char **names = reader_alloc(b->r, (n + 1) * sizeof *names);
	const char **values = reader_alloc(b->r, (n + 1) * sizeof *values);

	if (!names || !values || !name || !value)
		return;
	for (uint32_t i = 0; i < n; i++) {
		names[i] = http->header_names[i];
		values[i] = http->header_values[i];
	}
	names[n] = name;
	values[n] = value;
	http->header_names = names;
	http->header_values = values;
	http->n_headers++;
}

/* Of several values the last one is sent, and secrets come after values. */
static void finish_headers(struct build *b, struct http_module *module)
{
	const struct module_header *headers = module->headers.items;

	for (uint32_t i = 0; i < module->headers.n; i++) {
		const struct texts *from =
			headers[i].secrets.n ? &headers[i].secrets : &headers[i].values;

		if (from->n)
			add_header(b, &module->spec, headers[i].entry.name,
				from->items[from->n - 1]);
	}
}

static void finish_authorization(struct build *b, struct module_decl *module)
{
	const struct module_authorization *auth = module->http.authorization;
	struct secret secret = either(b, module, &auth->credentials, &auth->credentials_file);

	if (!auth->type || strcasecmp(auth->type, "Bearer") == 0)
		module->http.spec.bearer = secret;
	else if (secret.kind == SECRET_INLINE)
		add_header(b, &module->http.spec, "Authorization",
			arena_printf(&b->lab->arena, "%s %s", auth->type, secret.value));
	else
		complain(b, module, "'credentials_file' with 'type: %.32s' is not supported yet",
			auth->type);
}

static void finish_login(struct build *b, struct module_decl *module)
{
	const struct http_module *m = &module->http;
	bool has_token = m->bearer.kind != SECRET_NONE || m->bearer_file.kind != SECRET_NONE;

	if ((m->basic_auth != NULL) + (m->authorization != NULL) + has_token > 1)
		complain(b, module,
			"wants only one of 'basic_auth', 'authorization' and 'bearer_token'");
	if (m->basic_auth) {
		module->http.spec.user = m->basic_auth->user ? m->basic_auth->user : "";
		module->http.spec.password =
			either(b, module, &m->basic_auth->password, &m->basic_auth->password_file);
	}
	if (has_token)
		module->http.spec.bearer = either(b, module, &m->bearer, &m->bearer_file);
	if (m->authorization)
		finish_authorization(b, module);
}

static void keep_body(struct build *b, struct module_decl *module, const struct str *body)
{
	struct sha256 hash = sha256_of(str_c(body), body->len);

	build_add_file(b, &hash);
	module->http.spec.body = arena_strndup(&b->lab->arena, str_c(body), body->len);
}

static void finish_body(struct build *b, struct module_decl *module)
{
	const struct lab_source *source = b->r->source;
	scoped(str_fini) struct str body = STR_EMPTY;
	struct err e = { 0 };

	if (!module->http.body_file)
		return;
	if (module->http.spec.body)
		complain(b, module, "wants only one of 'body' and 'body_file'");
	else if (source->bytes(source->ctx, module->http.body_file, &body, &e) != RC_OK)
		complain(b, module, "body_file: %s", e.text);
	else if (strlen(str_c(&body)) != body.len)
		complain(b, module, "a body with NUL bytes is not supported yet");
	else
		keep_body(b, module, &body);
}

/* What takes more than one key to know, once a module is used for the first time. */
static void finish(struct build *b, struct module_decl *module)
{
	if (module->http.no_follow_redirects)
		module->http.spec.follow_redirects = false;
	finish_headers(b, &module->http);
	finish_login(b, module);
	finish_body(b, module);
	module->dns.spec.use_tcp = module->dns.transport == DNS_TCP;
	module->icmp.spec.count = 1;
	module->icmp.spec.loss_percent_max = 99;
	if (module->prober == PROBE_DNS + 1 && !module->dns.spec.name)
		complain(b, module, "lacks 'query_name'");
}

static bool use_http(struct build *b, const struct module_decl *module,
	const struct doc_node *target, struct probe_spec *ret)
{
	const struct http_module *m = &module->http;
	const char *url = strstr(target->text, "://")
				  ? target->text
				  : arena_printf(&b->lab->arena, "http://%s", target->text);

	if (!url || !address_is_url(url)) {
		reader_error(b->r, target, "target: expected a URL, not '%.80s'", target->text);
		return false;
	}
	ret->http = m->spec;
	ret->http.url = arena_strdup(&b->lab->arena, url);
	ret->ip = m->ip;
	ret->ip_fallback = m->ip_fallback;
	return true;
}

static bool use_tcp(struct build *b, const struct module_decl *module,
	const struct doc_node *target, struct probe_spec *ret)
{
	if (!address_is_endpoint(target->text)) {
		reader_error(b->r, target, "target: expected a host and a port, not '%.80s'",
			target->text);
		return false;
	}
	ret->tcp = module->tcp.spec;
	ret->tcp.address = reader_text(b->r, target);
	ret->source_address = module->tcp.source_address;
	ret->ip = module->tcp.ip;
	ret->ip_fallback = module->tcp.ip_fallback;
	return true;
}

static bool use_dns(struct build *b, const struct module_decl *module,
	const struct doc_node *target, struct probe_spec *ret)
{
	if (!address_is_host(target->text) && !address_is_endpoint(target->text)) {
		reader_error(b->r, target,
			"target: expected a host, with or without a port, not '%.80s'",
			target->text);
		return false;
	}
	ret->dns = module->dns.spec;
	ret->dns.server = reader_text(b->r, target);
	ret->source_address = module->dns.source_address;
	ret->ip = module->dns.ip;
	ret->ip_fallback = module->dns.ip_fallback;
	return true;
}

static bool use_icmp(struct build *b, const struct module_decl *module,
	const struct doc_node *target, struct probe_spec *ret)
{
	if (!address_is_host(target->text)) {
		reader_error(b->r, target, "target: expected an address or a name, not '%.80s'",
			target->text);
		return false;
	}
	ret->icmp = module->icmp.spec;
	ret->icmp.address = reader_text(b->r, target);
	ret->source_address = module->icmp.source_address;
	ret->ip = module->icmp.ip;
	ret->ip_fallback = module->icmp.ip_fallback;
	return true;
}

static const struct module_decl *find_module(struct build *b, const struct doc_node *node)
{
	struct module_decl *module = map_get(&b->modules, node->text);
	struct nearest best = { 0 };
	char hint[NAME_BYTES_MAX + 32];

	if (module) {
		if (!map_put(&b->used, node->text, module))
			finish(b, module);
		return module;
	}
	map_each (&b->modules, it)
		nearest_offer(&best, node->text, it->key);
	reader_error(b->r, node, "module: no file in 'modules' has one called '%.64s'%s",
		node->text, nearest_text(&best, hint));
	return NULL;
}

bool build_module(struct build *b, const struct probe_decl *decl, struct probe_spec *ret)
{
	static bool (*const uses[])(struct build *, const struct module_decl *,
		const struct doc_node *, struct probe_spec *) = {
		[PROBE_HTTP] = use_http,
		[PROBE_TCP] = use_tcp,
		[PROBE_DNS] = use_dns,
		[PROBE_ICMP] = use_icmp,
	};
	const struct module_decl *module = find_module(b, decl->module);
	struct probe_spec spec = { 0 };

	if (!decl->target)
		reader_error(b->r, decl->entry.node,
			"probe '%s' lacks 'target', which goes with 'module'", decl->entry.name);
	if (!module || !module->prober || !decl->target)
		return false; /* what is wrong has been said, a missing prober by build_refusals */
	spec.kind = (enum probe_kind)(module->prober - 1);
	if (!uses[spec.kind](b, module, decl->target, &spec))
		return false;
	build_probe_common(decl, module->timeout_ms, &spec);
	*ret = spec;
	return true;
}
