/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/selectors.h"

#include "base/str.h"

static bool matches_absence(const struct promql_selector *s)
{
	for (uint32_t i = 0; i < s->n_matchers; i++)
		if (!matcher_matches(s->matchers[i], "", 0))
			return false;
	return true;
}

enum rc selectors_parse(const struct uri_pairs *pairs, struct arena *a, struct selectors *ret,
	struct err *e)
{
	struct selectors s = { arena_alloc(a, (pairs->n + 1) * sizeof *s.v), 0 };

	if (!s.v)
		return err_set(e, RC_LIMIT, "too many selectors");
	for (uint32_t i = 0; i < pairs->n; i++) {
		const struct uri_pair *pair = &pairs->items[i];
		enum rc rc;

		if (!str_eq(pair->name, "match[]"))
			continue;
		rc = promql_parse_selector(pair->value, a, &s.v[s.n], e);
		if (rc != RC_OK)
			return rc;
		s.n++;
	}
	*ret = s;
	return RC_OK;
}

enum rc selectors_read(const struct uri_pairs *pairs, struct arena *a, struct selectors *ret,
	struct err *e)
{
	struct selectors s;
	enum rc rc = selectors_parse(pairs, a, &s, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < s.n; i++)
		if (matches_absence(&s.v[i]))
			return err_set(e, RC_INPUT,
				"match[] must contain at least one non-empty matcher");
	*ret = s;
	return RC_OK;
}
