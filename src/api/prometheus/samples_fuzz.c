/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer answers is taken, or refused: nothing else. */
#include "api/prometheus/samples.h"
#include "core/promql/memory_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	scoped(memory_source_free) struct memory_source *here = memory_source_new();
	struct series_sink sink = memory_source_sink(here);
	struct samples_got got = { 0 };
	struct err e = { 0 };
	enum rc rc = samples_take(bytes, n, &sink, &got, &e);

	must(rc == RC_OK || rc == RC_INPUT || rc == RC_LIMIT);
	must(rc == RC_OK || e.text[0]);
	return 0;
}
