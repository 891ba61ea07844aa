/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dns_message.h"

#include "base/mem.h"

#include <string.h>

static void check(const struct dns_record *r)
{
	must(r->text && r->data >= r->text && r->data <= r->text + strlen(r->text));
	must(r->data > r->text && r->data[-1] == '\t');
	for (const char *c = r->text; *c; c++)
		must(((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f) || *c == '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t question[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3nas\3lan\0\0\1\0";
	struct dns_query query = { question, sizeof question };
	struct dns_message m;
	struct arena a;

	arena_init(&a, DNS_ARENA_BYTES);
	dns_match(&query, data, size);
	if (dns_parse(data, size, &a, &m, NULL) == RC_OK)
		for (int s = 0; s < DNS_SECTIONS; s++)
			for (uint16_t i = 0; i < m.n[s]; i++)
				check(&m.sections[s][i]);
	arena_fini(&a);
	return 0;
}
