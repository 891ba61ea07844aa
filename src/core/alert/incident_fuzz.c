/* SPDX-License-Identifier: Apache-2.0 */
/* The body of another site's `incident` event, as JSON; what is accepted must come out the same
 * again. */
#include "core/alert/incident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct incident *accepted(const char *text, size_t size)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *body;
	struct incident *in = NULL;

	if (size > EVENT_BODY_BYTES_MAX || json_flat_read(&flat, text, size, &body, NULL) != RC_OK)
		return NULL;
	if (incident_read("dublin-1", body, &in, NULL) != RC_OK)
		return NULL;
	return in;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(incident_free) struct incident *in = accepted((const char *)data, size);
	scoped(incident_free) struct incident *copy = NULL;
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;

	if (!in)
		return 0;
	incident_write(in, &once);
	must(once.len <= EVENT_BODY_BYTES_MAX);
	copy = accepted(str_c(&once), once.len);
	must(copy != NULL);
	incident_write(copy, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
	return 0;
}
