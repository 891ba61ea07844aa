/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer: DNS answers made by hand, right or wrong, for tests. */
#ifndef TEST_SUPPORT_DNS_ANSWER_H
#define TEST_SUPPORT_DNS_ANSWER_H

#include "port/probe/dns_message.h"

struct dns_answer {
	uint8_t bytes[4096];
	size_t n;
};
struct dns_answer_rr {
	const char *owner; /* as on the wire, without terminator */
	size_t owner_bytes;
	uint16_t type;
	uint32_t ttl;
	const char *data;
	size_t data_bytes;
};

/* Header and question; `name` as on the wire, its final NUL is the string's. */
void dns_answer_begin(struct dns_answer *a, uint16_t id, const char *name, uint16_t type,
	uint8_t rcode);
/* The answer to this query: its id and question. */
void dns_answer_to(struct dns_answer *a, const uint8_t *query, size_t n, uint8_t rcode);
/* Sections in order. */
void dns_answer_add(struct dns_answer *a, enum dns_section section, const struct dns_answer_rr *rr);

#endif
