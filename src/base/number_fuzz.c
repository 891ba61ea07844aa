/* SPDX-License-Identifier: Apache-2.0 */
/* What number_parse() takes is what strtod takes, to the bit; what it refuses isn't a decimal
 * number, or is too large for a double. */
#include "base/mem.h"
#include "base/number.h"
#include "base/series.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#define TEXT_MAX 1200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const char *text, size_t n)
{
	double v = 42, scanned, expected;
	enum number_fault fault = number_parse(text, n, &v);
	const char *end = number_scan(text, text + n, &scanned);
	char *all;

	must(!end || (end > text && end <= text + n));
	expected = strtod(text, &all);
	if (fault == NUMBER_OK && isnan(v))
		must(double_bits(v) == PLAIN_NAN_BITS && isnan(expected));
	else if (fault == NUMBER_OK)
		must(all == text + n && double_bits(v) == double_bits(expected));
	else
		must(v == 42);
	must(fault != NUMBER_RANGE || (all == text + n && isinf(expected)));
	if (fault == NUMBER_SYNTAX && n > 0 &&
		all == text + n) /* signed NaN, hexadecimal, blanks */
		must(strpbrk(text, "xX \t\n\v\f\r") || isnan(expected));
	if (end == text + n)
		must(fault == NUMBER_OK && double_bits(v) == double_bits(scanned));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[TEXT_MAX] = { 0 };
	double any;

	if (n >= sizeof text || memchr(data, '\0', n))
		return 0;
	memcpy(text, data, n);
	check(text, n);
	if (n < sizeof any)
		return 0;
	memcpy(&any, data, sizeof any);
	for (int digits = 1; digits <= 25 && isfinite(any); digits += 3) {
		snprintf(text, sizeof text, "%.*g", digits, any);
		check(text, strlen(text));
	}
	return 0;
}
