/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher tells its child, and the child its watcher: each input is taken for both.  What
 * is read can be written, and is read as the same. */
#include "daemon/deliver.h"

#include "base/json.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_request(const char *text, size_t n)
{
	scoped(json_decref) json_t *first = NULL, *second = NULL;
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	struct deliver_request r, again;
	struct err e = { 0 };

	if (deliver_request_read(text, n, &first, &r, &e) != RC_OK) {
		must(e.text[0] && !first);
		return;
	}
	deliver_request_write(&r, &once);
	must(deliver_request_read(str_c(&once), once.len, &second, &again, NULL) == RC_OK);
	deliver_request_write(&again, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
}

static void try_outcome(const char *text, size_t n)
{
	scoped(json_decref) json_t *first = NULL, *second = NULL;
	scoped(str_fini) struct str once = STR_EMPTY, twice = STR_EMPTY;
	struct deliver_outcome o, again;
	struct err e = { 0 };

	if (deliver_outcome_read(text, n, &first, &o, &e) != RC_OK) {
		must(e.text[0] && !first);
		return;
	}
	must(o.is_delivered + o.is_lost + o.is_unanswered <= 1);
	must(o.retry_after_ms >= -1 && o.retry_after_ms <= DAY_MS);
	deliver_outcome_write(&o, &once);
	must(deliver_outcome_read(str_c(&once), once.len, &second, &again, NULL) == RC_OK);
	deliver_outcome_write(&again, &twice);
	must(str_eq(str_c(&once), str_c(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > DELIVER_BYTES_MAX)
		return 0;
	try_request((const char *)data, size);
	try_outcome((const char *)data, size);
	return 0;
}
