/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is posted: what is taken as a silence, silence.h reads; alerts come with labels in order. */
#include "api/alertmanager/posted.h"
#include "core/alert/silence.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void post_alerts(const char *text, size_t n)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(arena_fini) struct arena a;
	struct posted_alert *alerts;
	uint32_t n_alerts;

	arena_init(&a, 1 << 24);
	if (posted_alerts_read(&flat, text, n, &a, &alerts, &n_alerts, NULL) != RC_OK)
		return;
	for (uint32_t i = 0; i < n_alerts; i++)
		for (uint32_t k = 1; k < alerts[i].labels.n; k++)
			must(strcmp(alerts[i].labels.v[k - 1].name, alerts[i].labels.v[k].name) < 0);
}

static void post_silence(const char *text, size_t n)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	scoped(posted_silence_fini) struct posted_silence s = { 0 };
	struct matchers *m = NULL;
	struct err e = { 0 };

	if (posted_silence_read(&flat, text, n, &s, NULL) != RC_OK)
		return;
	if (matchers_parse(&m, str_c(&s.matchers), &e) == RC_OK)
		matchers_free(m);
	else
		must(*e.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	post_alerts((const char *)data, size);
	post_silence((const char *)data, size);
	return 0;
}
