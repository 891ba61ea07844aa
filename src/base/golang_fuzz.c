/* SPDX-License-Identifier: Apache-2.0 */
/* Literals and numbers: what is read is written again as the same; what is quoted is read again. */
#include "base/golang.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_number(const char *text, size_t n)
{
	scoped(str_fini) struct str again = STR_EMPTY;
	double v, back;

	if (go_parse_float(text, n, &v, NULL) != RC_OK)
		return;
	go_float(&again, v, "gefx"[n % 4], GO_SHORTEST);
	must(go_parse_float(again.s, again.len, &back, NULL) == RC_OK);
	must(memcmp(&v, &back, sizeof v) == 0 || isnan(v));
}

static void check_quotes(const char *text, size_t n)
{
	scoped(str_fini) struct str quoted = STR_EMPTY, back = STR_EMPTY;

	go_quote(&quoted, text, n, n % 2 ? GO_QUOTE : GO_QUOTE_ASCII);
	must(go_unquote(&back, quoted.s, quoted.len));
	must(back.len == n && (n == 0 || memcmp(back.s, text, n) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	const char *text = n > 0 ? (const char *)data : "";

	check_number(text, n);
	check_quotes(text, n);
	if (go_unquote(&out, text, n))
		check_quotes(str_c(&out), out.len);
	if (n > 0 && n < 4)
		go_quote_rune(&out, (uint32_t)data[0] << 8 | data[n - 1], GO_QUOTE);
	return 0;
}
