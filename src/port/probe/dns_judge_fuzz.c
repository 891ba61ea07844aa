/* SPDX-License-Identifier: Apache-2.0 */
/* A name server's message, held against rules as lab.yaml may have them: there is a verdict, and
 * one that is not good says why. */
#include "port/probe/dns_judge.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct dns_spec *spec, const struct dns_message *m)
{
	struct dns_verdict v;

	dns_judge(spec, m, &v);
	must(v.is_ok == (v.why[0] == '\0'));
	must(strlen(v.why) <= REASON_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pattern *pattern;
	static const char *answers[] = { "10.1.0.2", "nas.lan", "v=spf1 -all" },
			  *rcodes[] = { "NXDOMAIN", "noerror" }, *texts[] = { "a pattern" };
	struct pattern_list list = { &pattern, texts, 1 };
	const struct dns_spec specs[] = {
		{ .type = 1, .answers = answers, .n_answers = COUNT(answers) },
		{ .type = DNS_TYPE_TXT, .answers = answers, .n_answers = 1 },
		{ .type = 1, .rcodes = rcodes, .n_rcodes = COUNT(rcodes) },
		{ .type = 1, .answer = { .fail_if_matches = list, .fail_if_none_matches = list } },
		{ .type = 1,
			.authority = { .fail_if_all_match = list, .fail_if_not_matches = list } },
	};
	struct dns_message m;
	struct arena a;

	if (!pattern)
		must(pattern_compile(&pattern, "IN\t(A|TXT)\t.*1", PATTERN_SEARCH, NULL) == RC_OK);
	arena_init(&a, DNS_ARENA_BYTES);
	if (dns_parse(data, size, &a, &m, NULL) == RC_OK)
		for (size_t i = 0; i < COUNT(specs); i++)
			judge(&specs[i], &m);
	arena_fini(&a);
	return 0;
}
