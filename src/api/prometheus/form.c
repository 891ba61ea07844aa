/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus/form.h"

void form_write(const struct uri_pairs *pairs, struct str *out)
{
	for (uint32_t i = 0; i < pairs->n; i++) {
		if (i)
			str_addc(out, '&');
		str_add_percent(out, pairs->items[i].name);
		str_addc(out, '=');
		str_add_percent(out, pairs->items[i].value);
	}
}
