/* SPDX-License-Identifier: Apache-2.0 */
#include "test/support/dns_answer.h"

#include "base/mem.h"

#include <string.h>

static void put(struct dns_answer *a, const void *bytes, size_t n)
{
	must(a->n + n <= sizeof a->bytes);
	memcpy(a->bytes + a->n, bytes, n);
	a->n += n;
}

static void put16(struct dns_answer *a, uint32_t value)
{
	uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	put(a, bytes, sizeof bytes);
}

void dns_answer_begin(struct dns_answer *a, uint16_t id, const char *name, uint16_t type,
	uint8_t rcode)
{
	a->n = 0;
	put16(a, id);
	put16(a, 0x8180u | rcode);
	put16(a, 1);
	put(a, "\0\0\0\0\0\0", 6);
	put(a, name, strlen(name) + 1);
	put16(a, type);
	put16(a, 1);
}

void dns_answer_to(struct dns_answer *a, const uint8_t *query, size_t n, uint8_t rcode)
{
	a->n = 0;
	put(a, query, n);
	a->bytes[2] |= 0x80;
	a->bytes[3] = (uint8_t)(0x80 | rcode);
}

void dns_answer_add(struct dns_answer *a, enum dns_section section, const struct dns_answer_rr *rr)
{
	a->bytes[7 + 2 * section]++;
	put(a, rr->owner, rr->owner_bytes);
	put16(a, rr->type);
	put16(a, 1);
	put16(a, rr->ttl >> 16);
	put16(a, rr->ttl);
	put16(a, (uint32_t)rr->data_bytes);
	put(a, rr->data, rr->data_bytes);
}
