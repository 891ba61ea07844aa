/* SPDX-License-Identifier: Apache-2.0 */
/* Matchers as somebody wrote them: what is printed of those that are taken says the same again. */
#include "base/matcher_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(matcher_list_fini) struct matcher_list first = { 0 }, second = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY, shown = STR_EMPTY, again = STR_EMPTY;

	if (n > 512 || memchr(data, 0, n))
		return 0;
	str_addn(&text, data, n);
	if (matcher_list_parse(&first, str_c(&text), NULL) != RC_OK)
		return 0;
	matcher_list_sort(&first);
	matcher_list_text(&first, &shown);
	must(matcher_list_parse(&second, str_c(&shown), NULL) == RC_OK);
	matcher_list_sort(&second);
	matcher_list_text(&second, &again);
	must(str_eq(str_c(&shown), str_c(&again)));
	return 0;
}
