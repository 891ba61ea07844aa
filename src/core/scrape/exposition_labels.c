/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/exposition_private.h"

#include "base/number.h"
#include "base/str.h"

#include <math.h>

#define LABELS_MAX     1024 /* of one series as it is sent */
#define NUMBER_TEXT_MAX 40

/* \", \\ and \n; other backslashes stand for themselves. */
static uint32_t unescape(char *s, uint32_t n)
{
	static const char escaped[] = "\"\\n", meant[] = "\"\\\n";
	uint32_t used = 0;

	for (uint32_t i = 0; i < n; i++) {
		const char *found = s[i] == '\\' && i + 1 < n ? strchr(escaped, s[i + 1]) : NULL;

		i += found && *found;
		s[used++] = found && *found ? meant[found - escaped] : s[i];
	}
	return used;
}

/* Into `ret`, terminated; false: the arena is full. */
static bool take_text(struct piece p, struct arena *a, const char **ret, uint32_t *ret_n)
{
	char *s = arena_strndup(a, p.s, p.n);

	if (!s)
		return false;
	*ret_n = memchr(s, '\\', p.n) ? unescape(s, p.n) : p.n;
	s[*ret_n] = '\0';
	*ret = s;
	return true;
}

char *exposition_unescape(struct piece p, struct arena *a)
{
	const char *s;
	uint32_t n;

	return take_text(p, a, &s, &n) ? (char *)(uintptr_t)s : NULL;
}

/* The digits of Go's strconv 'g' with the shortest precision, which needs an exponent from 21 on
 * in %v but from the sixth digit on here, and always two digits of it. */
static void shortest(double v, char buf[NUMBER_TEXT_MAX])
{
	double back;

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, NUMBER_TEXT_MAX, "%.*e", digits - 1, v);
		if (number_parse(buf, strlen(buf), &back) == NUMBER_OK && back == v)
			return;
	}
}

static void format_number(double v, char buf[NUMBER_TEXT_MAX])
{
	int exponent, digits;
	char *mark;

	if (isnan(v) || isinf(v)) {
		snprintf(buf, NUMBER_TEXT_MAX, "%s", isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
		return;
	}
	shortest(v, buf);
	mark = strchr(buf, 'e');
	exponent = atoi(mark + 1);
	if (exponent < -4 || exponent >= 21)
		return;
	digits = (int)(mark - buf) - (buf[0] == '-') - (buf[1 + (buf[0] == '-')] == '.');
	snprintf(buf, NUMBER_TEXT_MAX, "%.*f", digits > exponent + 1 ? digits - exponent - 1 : 0, v);
	if (!strchr(buf, '.'))
		strcat(buf, ".0");
}
