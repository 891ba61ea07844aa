/* SPDX-License-Identifier: Apache-2.0 */
/* A question that can't be read is the handler's: it words what is wrong with it. */
#include "api/prometheus/whose.h"

#include "api/prometheus/samples.h"
#include "api/prometheus/selectors.h"
#include "core/promql/parse.h"

static route_handler *const handlers[] = {
	[ASKING_QUERY] = prom_query,
	[ASKING_QUERY_RANGE] = prom_query_range,
	[ASKING_SERIES] = prom_series,
	[ASKING_LABELS] = prom_labels,
	[ASKING_LABEL_VALUES] = prom_label_values,
	[ASKING_EXEMPLARS] = prom_query_exemplars,
	[ASKING_SAMPLES] = prom_samples,
	[ASKING_TARGETS] = prom_targets,
	[ASKING_SCRAPE_POOLS] = prom_scrape_pools,
	[ASKING_METADATA] = prom_metadata,
	[ASKING_TARGETS_METADATA] = prom_targets_metadata,
};
_Static_assert(COUNT(handlers) == ASKING_WHATS, "every question has its handler");

route_handler *whose_handler(enum asking_what what)
{
	return handlers[what];
}

enum asking_what whose_what(route_handler *handler)
{
	enum asking_what what = 0;

	while (what < ASKING_WHATS && handlers[what] != handler)
		what++;
	return what;
}

bool whose_names(const struct api *api, struct arena *a, struct site_names *ret)
{
	const struct lab *lab = site_lab(api->setup.site);

	*ret = (struct site_names){ .n = lab->n_sites, .self = site_self_index(api->setup.site) };
	for (uint8_t i = 0; i < ret->n; i++) {
		ret->v[i] = arena_strdup(a, lab->sites[i].name);
		if (!ret->v[i])
			return false;
	}
	return true;
}

/* ---- whom selectors name */

static bool is_of_site(const struct matcher *m)
{
	return str_eq(matcher_name(m), SITE_LABEL);
}

struct selector_sites whose_selector(const struct site_names *names,
	const struct matcher *const *matchers, uint32_t n)
{
	struct selector_sites s = { .sites = (1u << names->n) - 1 };

	for (uint32_t i = 0; i < n; i++) {
		if (!is_of_site(matchers[i]))
			continue;
		s.is_named = true;
		for (uint8_t k = 0; k < names->n; k++)
			if (!matcher_matches(matchers[i], names->v[k], strlen(names->v[k])))
				s.sites &= ~(1u << k);
	}
	if (!s.is_named || !s.sites)
		s = (struct selector_sites){ .sites = 1u << names->self };
	return s;
}

struct naming {
	const struct site_names *names;
	uint32_t sites;
};

static void note_selector(struct naming *n, const struct promql_selector *s)
{
	n->sites |= whose_selector(n->names, s->matchers, s->n_matchers).sites;
}

static void note_node(struct naming *n, const struct promql_node *node)
{
	switch (node->kind) {
	case PROMQL_NUMBER:
	case PROMQL_TEXT:
		return;
	case PROMQL_SELECTOR:
		return note_selector(n, &node->selector);
	case PROMQL_RANGE:
		return note_node(n, node->range.selector);
	case PROMQL_SUBQUERY:
		return note_node(n, node->subquery.inner);
	case PROMQL_CALL:
		for (uint32_t i = 0; i < node->call.n_args; i++)
			note_node(n, node->call.args[i]);
		return;
	case PROMQL_AGGREGATE:
		if (node->aggregate.param)
			note_node(n, node->aggregate.param);
		return note_node(n, node->aggregate.inner);
	case PROMQL_BINARY:
		note_node(n, node->binary.left);
		return note_node(n, node->binary.right);
	case PROMQL_NEGATE:
	case PROMQL_PLUS:
	case PROMQL_PAREN:
		return note_node(n, node->inner);
	}
}

static void note_query(struct naming *n, const struct uri_pairs *pairs, struct arena *a)
{
	const char *text = uri_pair(pairs, "query");
	struct promql_parse parse = { .text = text ? text : "" };
	struct promql_node *root;

	if (promql_parse(&parse, a, &root, NULL) == RC_OK)
		note_node(n, root);
}

static void note_matches(struct naming *n, const struct uri_pairs *pairs, struct arena *a)
{
	struct selectors s;

	if (selectors_read(pairs, a, &s, NULL) != RC_OK)
		return;
	for (uint32_t i = 0; i < s.n; i++)
		note_selector(n, &s.v[i]);
}

bool whose_may_name(const struct uri_pairs *parameters)
{
	for (uint32_t i = 0; i < parameters->n; i++)
		if (strstr(parameters->items[i].value, SITE_LABEL))
			return true;
	return false;
}

uint32_t whose_question(const struct site_names *names, const struct uri_pairs *parameters,
	bool is_query)
{
	struct naming n = { .names = names };
	struct arena a;

	if (!whose_may_name(parameters))
		return 0;
	arena_init(&a, 8 * HTTP_REQUEST_BYTES_MAX);
	if (is_query)
		note_query(&n, parameters, &a);
	else
		note_matches(&n, parameters, &a);
	arena_fini(&a);
	return n.sites;
}

/* ---- what a site keeps */

static void free_matcher(void *m)
{
	matcher_free(m);
}

/* Its values, and none. */
static enum rc or_absent(const struct matcher *m, struct arena *a, const struct matcher **ret,
	struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct matcher *made;
	enum rc rc;

	if (matcher_op(m) == MATCHER_REGEX)
		str_addf(&text, "(?:%s)", matcher_value(m));
	else
		for (const char *at = matcher_value(m); *at; at++)
			str_addf(&text, "%s%c", strchr("\\.+*?()|[]{}^$", *at) ? "\\" : "", *at);
	str_addc(&text, '|');
	rc = matcher_new(&made, MATCHER_REGEX, SITE_LABEL, str_c(&text), e);
	if (rc != RC_OK)
		return rc;
	*ret = made;
	return arena_own(a, made, free_matcher) ? RC_OK : err_set(e, RC_LIMIT, "too many matchers");
}

/* site!="" can't say "none, too" in another way than not at all. */
static bool is_dropped(const struct matcher *m)
{
	return matcher_op(m) == MATCHER_NOT_EQUAL || matcher_op(m) == MATCHER_NOT_REGEX;
}

enum rc whose_own(const struct own_matchers *wanted, struct arena *a, struct own_matchers *ret,
	struct err *e)
{
	const struct matcher **own = arena_alloc(a, (wanted->n + 1u) * sizeof *own);
	uint32_t n = 0;

	if (!own)
		return err_set(e, RC_LIMIT, "too many matchers");
	for (uint32_t i = 0; i < wanted->n; i++) {
		const struct matcher *m = wanted->v[i];
		enum rc rc = RC_OK;

		if (!is_of_site(m) || matcher_matches(m, "", 0))
			own[n++] = m;
		else if (!is_dropped(m))
			rc = or_absent(m, a, &own[n++], e);
		if (rc != RC_OK)
			return rc;
	}
	*ret = (struct own_matchers){ own, n };
	return RC_OK;
}

bool whose_is_kept(const struct own_matchers *wanted, const struct labels *l, const char *name)
{
	const struct label *site = labels_find(l, SITE_LABEL);
	const char *value = site ? site->value : name;

	for (uint32_t i = 0; i < wanted->n; i++)
		if (is_of_site(wanted->v[i]) &&
			!matcher_matches(wanted->v[i], value, strlen(value)))
			return false;
	return true;
}
