/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever stands in dashboards/NAME.json is looked through, and what is said of it has a place. */
#include "port/files/dashboards.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(findings_fini) struct findings f = { 0 };

	dashboard_check("dashboards/any.json", (const char *)data, n, &f);
	for (uint32_t i = 0; i < f.n; i++)
		must(f.items[i].line > 0 && f.items[i].column > 0 && *f.items[i].text);
	must(f.n_errors <= 1);
	return 0;
}
