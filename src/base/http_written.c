/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http_written.h"

#include "base/doc_yaml.h"
#include "base/str.h"

#define KEY "http_config"

static void init(struct doc_reader *r, void *to)
{
	struct http_written *w = to;

	(void)r;
	*w = (struct http_written){ 0 };
	http_config_init(&w->config);
}

static void check_headers(struct doc_reader *r, const struct doc_node *node,
	const struct http_config *c)
{
	uint32_t n = 0, n_proxy = 0;

	for (uint32_t i = 0; i < c->n_headers; i++)
		n += c->headers[i].n_values;
	for (uint32_t i = 0; i < c->proxy.n_headers; i++)
		n_proxy += c->proxy.headers[i].n_values;
	if (n > HTTP_WRITTEN_HEADERS_MAX || n_proxy > HTTP_WRITTEN_HEADERS_MAX)
		doc_error(r, node, KEY ": more than %d headers", HTTP_WRITTEN_HEADERS_MAX);
}

static void keep_text(struct doc_reader *r, const struct doc_node *node, struct http_written *w)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char *copy;

	doc_yaml_write(&text, KEY, node, NULL);
	if (text.len > HTTP_WRITTEN_BYTES_MAX)
		doc_error(r, node, KEY ": more than %d bytes", HTTP_WRITTEN_BYTES_MAX);
	copy = doc_alloc(r, text.len + 1);
	if (copy)
		memcpy(copy, str_c(&text), text.len + 1);
	w->text = copy ? copy : "";
	w->folder = r->folder;
	explicit_bzero(text.s, text.cap);
}

static void check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct http_written *w = to;

	http_config_check(r, node, &w->config);
	if (w->config.tls.server_name)
		doc_error(r, doc_get(doc_get(node, "tls_config"), "server_name"),
			"'server_name' is not supported for what is told: say it in the address");
	check_headers(r, node, &w->config);
	keep_text(r, node, w);
}

static const struct doc_key keys[] = {
	HTTP_CONFIG_KEYS(http_written, config),
	{ 0 },
};
const struct doc_shape http_written_shape = { KEY, sizeof(struct http_written), keys, init, check };

enum rc http_written_read(struct http_written *ret, const struct doc_node *root, const char *folder,
	struct arena *arena, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	struct doc_reader r = { .arena = arena,
		.findings = &findings,
		.file = KEY,
		.folder = folder,
		.within = "" };
	const struct doc_node *node = doc_get(root, KEY);
	struct http_written w;

	if (!node || node->kind != DOC_MAPPING)
		return err_set(e, RC_INPUT, "no " KEY);
	doc_read(&r, &http_written_shape, node, &w);
	if (findings.n_errors)
		return err_set(e, RC_INPUT, KEY ": %u errors", findings.n_errors);
	*ret = w;
	return RC_OK;
}

bool http_written_equal(const struct http_written *a, const struct http_written *b)
{
	return a == b || (a && b && str_eq(a->text, b->text) && str_eq(a->folder, b->folder));
}
