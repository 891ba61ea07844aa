/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, forms, path segments and cookies: the first byte says which, the rest is the text. */
#include "api/route.h"
#include "api/uri.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pairs(const struct uri_pairs *pairs)
{
	must(pairs->n <= URI_PAIRS_MAX);
	for (uint32_t i = 0; i < pairs->n; i++) {
		must(utf8_valid(pairs->items[i].name, strlen(pairs->items[i].name)));
		must(utf8_valid(pairs->items[i].value, strlen(pairs->items[i].value)));
		must(uri_pair(pairs, pairs->items[i].name) != NULL);
	}
}

static void target(const char *text, struct arena *a)
{
	struct route_found found;
	struct err e = { 0 };
	struct uri uri;

	if (uri_parse(text, a, &uri, &e) != RC_OK) {
		must(e.text[0]);
		return;
	}
	must(uri.path[0] == '/');
	check_pairs(&uri.query);
	for (enum route_method m = 0; m < ROUTE_METHODS; m++) {
		if (route_find(route_method_name(m), uri.path, a, &found, &e) != RC_OK)
			continue;
		must(!found.route || found.allowed & 1u << m);
		must(!found.args[0] || utf8_valid(found.args[0], strlen(found.args[0])));
	}
}

static void form(const char *text, struct arena *a)
{
	struct uri_pairs pairs;

	if (uri_pairs_parse(text, strlen(text), a, &pairs, NULL) == RC_OK)
		check_pairs(&pairs);
}

/* What was decoded, encoded again byte by byte, decodes to the same. */
static void segment(const char *text, struct arena *a)
{
	scoped(str_fini) struct str again = STR_EMPTY;
	const char *once, *twice;

	if (uri_segment(text, strlen(text), a, &once, NULL) != RC_OK)
		return;
	must(utf8_valid(once, strlen(once)));
	for (const char *at = once; *at; at++)
		str_addf(&again, "%%%02x", (unsigned char)*at);
	must(uri_segment(str_c(&again), again.len, a, &twice, NULL) == RC_OK);
	must(str_eq(once, twice));
}

static void cookie(const char *text, struct arena *a)
{
	char value[32];

	(void)a;
	if (cookie_value(text, "diarchy", value, sizeof value)) {
		must(strlen(value) < sizeof value);
		must(strstr(text, "diarchy=") != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parts[])(const char *, struct arena *) = { target, form, segment,
		cookie };
	scoped(arena_fini) struct arena a;
	scoped(str_fini) struct str text = STR_EMPTY;

	arena_init(&a, 65536);
	str_addn(&text, data + 1, size ? size - 1 : 0);
	parts[size ? data[0] % COUNT(parts) : 0](str_c(&text), &a);
	return 0;
}
