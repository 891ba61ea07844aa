/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a tokens' server answers is a header of one line that ends some time, or an error. */
#include "port/http/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	scoped(str_fini) struct str header = STR_EMPTY;
	int64_t ttl_s = 0;

	if (token_read((const char *)bytes, n, &header, &ttl_s, NULL) != RC_OK)
		return 0;
	must(str_starts(str_c(&header), "Authorization: "));
	must(!strpbrk(str_c(&header), "\r\n"));
	must(ttl_s > 0);
	return 0;
}
