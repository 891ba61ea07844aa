/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote_write/outside.h"

#include "base/str.h"
#include "base/time.h"

#define CONFIG_BYTES_MAX (1u << 20)

static const struct doc_key outside_keys[] = {
	{ "url", http_take_url, offsetof(struct outside_config, url) },
	{ "timeout", doc_duration, offsetof(struct outside_config, timeout_ms) },
	{ "headers", remote_take_headers, offsetof(struct outside_config, headers) },
	HTTP_CONFIG_KEYS(outside_config, http),
	{ 0 },
};

static void init(struct doc_reader *r, void *to)
{
	struct outside_config *c = to;

	(void)r;
	c->timeout_ms = 2 * MINUTE_MS;
	http_config_init(&c->http);
}

/* Paths are put behind it. */
static const char *trimmed(struct doc_reader *r, const char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	return arena_strndup(r->arena, url, n);
}

static void check(struct doc_reader *r, const struct doc_node *node, void *to)
{
	struct outside_config *c = to;

	http_config_check(r, node, &c->http);
	remote_check_tls(r, node, &c->http);
	if (!c->url)
		doc_error(r, node, "url: the outside server needs one");
	else if (c->url[strcspn(c->url, "?#")])
		doc_error(r, doc_at(node, "url"), "url: expected one without '?' and '#'");
	else
		c->url = trimmed(r, c->url);
	if (c->timeout_ms < 1)
		doc_error(r, doc_at(node, "timeout"), "timeout: expected 1ms or more");
}

static const struct doc_shape outside_shape = {
	.name = "outside",
	.size_bytes = sizeof(struct outside_config),
	.keys = outside_keys,
	.init = init,
	.check = check,
};

enum rc outside_config_read(struct outside_config **ret, const struct outside_section *section,
	struct findings *findings, struct err *e)
{
	scoped(outside_config_free) struct outside_config *c = NULL;
	struct doc_reader r = { .findings = findings,
		.file = section->file,
		.folder = section->folder,
		.within = "" };
	uint32_t before = findings->n_errors;

	if (!section->outside || section->outside->kind == DOC_NULL) {
		*ret = NULL;
		return RC_OK;
	}
	c = must_alloc(sizeof *c);
	arena_init(&c->arena, CONFIG_BYTES_MAX);
	r.arena = &c->arena;
	doc_read(&r, &outside_shape, section->outside, c);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "metrics.outside can't be used");
	*ret = TAKE(c);
	return RC_OK;
}

void outside_config_free(struct outside_config *c)
{
	if (!c)
		return;
	arena_fini(&c->arena);
	free(c);
}
