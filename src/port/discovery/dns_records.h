/* SPDX-License-Identifier: Apache-2.0 */
/* dns_records: a DNS message with SRV, MX, NS, A or AAAA records as a target group. */
#ifndef PORT_DISCOVERY_DNS_RECORDS_H
#define PORT_DISCOVERY_DNS_RECORDS_H

#include "core/scrape/config.h"

int dns_record_type(enum dns_sd_type type); /* RFC 1035 number */

struct dns_answer_bytes { /* as it came */
	const uint8_t *bytes;
	size_t n;
};
/* The group called `name`; without targets when the answer holds no such record.  Texts live in
 * `a`.  RC_INPUT when the answer is malformed. */
enum rc dns_group_of(const struct sd_dns *c, const char *name, struct dns_answer_bytes answer,
	struct arena *a, struct target_group *ret, struct err *e) MUST_USE;

#endif
