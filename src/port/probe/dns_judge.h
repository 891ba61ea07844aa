/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_judge: does an answer satisfy the spec?  Pure.
 *
 * Rules are blackbox_exporter 0.28's, to the letter: its fail_if_all_match_regexp fails unless all
 * records match all patterns.
 */
#ifndef PORT_PROBE_DNS_JUDGE_H
#define PORT_PROBE_DNS_JUDGE_H

#include "base/limits.h"
#include "core/lab/probe_spec.h"
#include "port/probe/dns_message.h"

struct dns_verdict {
	bool is_ok;
	bool by_pattern;
	char why[REASON_BYTES_MAX + 1];
};

void dns_judge(const struct dns_spec *spec, const struct dns_message *m, struct dns_verdict *ret);

#endif
