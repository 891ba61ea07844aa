/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "api/handlers.h"
#include "api/uri.h"
#include "base/str.h"

const struct route routes[] = {
#define ROUTE(method, pattern, handler, needs, takes, help) \
	{ ROUTE_##method, pattern, handler, ROUTE_##needs, ROUTE_##takes, help },
#include "api/routes.def"
#undef ROUTE
};
const size_t route_count = COUNT(routes);

const char *route_method_name(enum route_method m)
{
	static const char *const names[] = { "GET", "POST", "PUT", "DELETE" };

	_Static_assert(COUNT(names) == ROUTE_METHODS, "every method has its name");
	return names[m];
}

static bool is_method(enum route_method m, const char *text)
{
	return str_eq(text, route_method_name(m)) || (m == ROUTE_GET && str_eq(text, "HEAD"));
}

struct segment {
	const char *text; /* NULL: a placeholder */
	size_t n;
};

/* Segment by segment; what stands at the placeholders goes to `args`, still encoded. */
static bool matches(const char *pattern, const char *path, struct segment args[ROUTE_ARGS_MAX])
{
	uint32_t n_args = 0;

	while (*pattern == '/' && *path == '/') {
		size_t n_pattern = strcspn(++pattern, "/"), n_path = strcspn(++path, "/");

		if (*pattern == '{' && n_path > 0) {
			must(n_args < ROUTE_ARGS_MAX);
			args[n_args++] = (struct segment){ path, n_path };
		} else if (n_pattern != n_path || memcmp(pattern, path, n_path) != 0) {
			return false;
		}
		pattern += n_pattern;
		path += n_path;
	}
	return *pattern == '\0' && *path == '\0';
}

static enum rc decode_args(const struct segment *args, struct arena *a, struct route_found *found,
	struct err *e)
{
	for (uint32_t i = 0; i < ROUTE_ARGS_MAX && args[i].text; i++) {
		enum rc rc = uri_segment(args[i].text, args[i].n, a, &found->args[i], e);

		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc route_find(const char *method, const char *path, struct arena *a, struct route_found *ret,
	struct err *e)
{
	struct route_found found = { 0 };

	for (size_t i = 0; i < route_count; i++) {
		struct segment args[ROUTE_ARGS_MAX] = { 0 };
		enum rc rc;

		if (!matches(routes[i].pattern, path, args))
			continue;
		found.allowed |= 1u << routes[i].method;
		if (!is_method(routes[i].method, method))
			continue;
		found.route = &routes[i];
		rc = decode_args(args, a, &found, e);
		if (rc == RC_OK)
			*ret = found;
		return rc;
	}
	*ret = found;
	return RC_OK;
}
