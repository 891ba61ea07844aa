/* SPDX-License-Identifier: Apache-2.0 */
/* An expression, a newline, a value: what matches without the engine matches with it. */
#include "base/matcher.h"

#include "base/pattern.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_match(const char *text, const char *value)
{
	scoped(matcher_free) struct matcher *m = NULL;
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str whole = STR_EMPTY;
	size_t n = strlen(value);
	uint32_t n_values;
	bool wanted;

	str_addf(&whole, "(?s)%s", text);
	if (matcher_new(&m, MATCHER_REGEX, "x", text, NULL) != RC_OK)
		return;
	if (pattern_compile(&p, whole.s, PATTERN_WHOLE, NULL) != RC_OK ||
		pattern_match(p, value, n, &wanted, NULL) != RC_OK)
		return;
	must(matcher_matches(m, value, n) == wanted);
	if (!wanted)
		return;
	must(strncmp(value, matcher_prefix(m), strlen(matcher_prefix(m))) == 0);
	if (matcher_values(m, &n_values)) {
		bool is_there = false;

		for (uint32_t i = 0; i < n_values; i++)
			is_there = is_there || str_eq(matcher_values(m, &n_values)[i], value);
		must(is_there);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[256];
	char *part;

	if (n >= sizeof text || memchr(data, 0, n))
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	part = strchr(text, '\n');
	if (!part || !utf8_valid(text, n))
		return 0;
	*part = '\0';
	check_match(text, part + 1);
	return 0;
}
