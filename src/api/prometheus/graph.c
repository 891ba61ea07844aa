/* SPDX-License-Identifier: Apache-2.0 */
/* graph: links to Prometheus' own page, as alerts and people's notes hold them, lead to ours. */
#include "api/api_private.h"

/* Only "unreserved" stays as it is (RFC 3986). */
static void add_encoded(struct str *out, const char *text)
{
	for (; *text; text++)
		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') || strchr("-_.~", *text))
			str_addc(out, *text);
		else
			str_addf(out, "%%%02X", (unsigned char)*text);
}

/* /graph?g0.expr=EXPRESSION&g0.tab=1&g1.expr=... */
enum rc prom_graph(struct call *c, struct answer *out, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY;
	const char *tab = uri_pair(&c->uri.query, "g0.tab"), *location;

	str_add(&path, "/explore?view=");
	str_add(&path, tab && (str_eq(tab, "1") || str_eq(tab, "table")) ? "table" : "graph");
	for (uint32_t i = 0; i < c->uri.query.n; i++) {
		const struct uri_pair *pair = &c->uri.query.items[i];
		size_t n = strlen(pair->name);

		if (pair->name[0] != 'g' || n < 7 || !str_eq(pair->name + n - 5, ".expr"))
			continue;
		str_add(&path, "&q=");
		add_encoded(&path, pair->value);
	}
	location = arena_strndup(&c->arena, str_c(&path), path.len);
	if (!location)
		return err_set(e, RC_LIMIT, "the expression is too long");
	out->status = 302;
	out->type = "text/plain; charset=utf-8";
	answer_header(out, "Location", location);
	return RC_OK;
}
