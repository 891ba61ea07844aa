/* SPDX-License-Identifier: Apache-2.0 */
/* What another site journals of its alerts: whatever is taken is written again, fits, and is read as
 * the same. */
#include "core/alert/alert_group.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(struct alert_group *g)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(alert_group_free) struct alert_group *again = NULL;
	scoped(str_fini) struct str body = STR_EMPTY;
	const struct json_node *root;
	uint32_t listed;

	alert_group_write(g, ALERTS_LISTED_MAX, &body);
	listed = alert_group_listed(g);
	must(body.len <= EVENT_BODY_BYTES_MAX);
	must(json_flat_read(&flat, str_c(&body), body.len, &root, NULL) == RC_OK);
	must(alert_group_read(g->key, root, &again, NULL) == RC_OK);
	must(again->n == listed);
	for (uint32_t i = 0; i < again->n; i++)
		must(again->items[i]->is_listed && strlen(again->items[i]->name) <= ALERT_NAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(alert_group_free) struct alert_group *g = NULL;
	const struct json_node *root;

	if (size > EVENT_BODY_BYTES_MAX ||
		json_flat_read(&flat, (const char *)data, size, &root, NULL) != RC_OK ||
		alert_group_read("Full@dublin", root, &g, NULL) != RC_OK)
		return 0;
	write_again(g);
	return 0;
}
