/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the type of record; the rest is a server's answer. */
#include "base/mem.h"
#include "port/discovery/dns_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	scoped(arena_fini) struct arena a = { 0 };
	struct sd_dns config = { .port = 80 };
	struct target_group group;

	if (n < 1)
		return 0;
	arena_init(&a, 1 << 20);
	config.type = data[0] % 5;
	if (dns_group_of(&config, "name", (struct dns_answer_bytes){ data + 1, n - 1 }, &a, &group,
		    NULL) == RC_OK)
		for (uint32_t i = 0; i < group.n; i++)
			must(labels_get(&group.targets[i], "__address__")[0]);
	return 0;
}
