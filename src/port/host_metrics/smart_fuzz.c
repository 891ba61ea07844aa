/* SPDX-License-Identifier: Apache-2.0 */
/* A report as smartctl would print it. */
#include "base/mem.h"
#include "port/host_metrics/smart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	scoped(json_decref) json_t *said = NULL;
	char device[] = "/dev/sda";

	if (smart_json_read(&said, (const char *)data, n, NULL) != RC_OK)
		return 0;
	host_smart_write(&(struct smart_report){ device, said }, 1, &out);
	must(utf8_valid(str_c(&out), out.len));
	return 0;
}
