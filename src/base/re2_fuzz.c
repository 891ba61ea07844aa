/* SPDX-License-Identifier: Apache-2.0 */
/* What Go's syntax allows is translated to an expression that PCRE2 knows, but for what nests too
 * deeply or is too large for it. */
#include "base/pattern.h"
#include "base/re2.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY, out = STR_EMPTY;
	scoped(pattern_free) struct pattern *p = NULL;
	struct err e = { 0 };

	if (n > 256)
		return 0;
	str_addn(&text, data, n);
	if (re2_translate(str_c(&text), strlen(str_c(&text)), &out, &e) != RC_OK) {
		must(str_starts(e.text, "error parsing regexp: "));
		return 0;
	}
	must(out.len <= 2 * n);
	if (pattern_compile(&p, str_c(&out), PATTERN_WHOLE, &e) != RC_OK)
		must(e.rc == RC_INPUT && *e.text);
	return 0;
}
