/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/host.h"

#include <stdio.h>
#include <stdlib.h>

/* "Active(anon)" -> "Active_anon" */
static void metric_of(const char *key, bool is_bytes, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "node_memory_");

	for (; *key && *key != ':' && n + 8 < size; key++)
		if (*key == '(')
			ret[n++] = '_';
		else if (*key != ')')
			ret[n++] = *key;
	snprintf(ret + n, size - n, "%s", is_bytes ? "_bytes" : "");
}

void collect_meminfo(struct host *h)
{
	char *text = host_file(h, "/proc/meminfo"), *line, *words[3], metric[96];

	h->failed = h->failed || !text;
	while ((line = host_line(&text))) {
		uint32_t n = host_words(line, words, 3);
		bool is_bytes = n == 3 && str_eq(words[2], "kB");

		if (n < 2)
			continue;
		metric_of(words[0], is_bytes, metric, sizeof metric);
		host_field(h, metric, GAUGE, "Memory information field %s.",
			metric + strlen("node_memory_"));
		host_count(h, NULL, strtoull(words[1], NULL, 10) * (is_bytes ? 1024 : 1));
	}
}

void collect_vmstat(struct host *h)
{
	static const char *const wanted[] = { "oom_kill", "pgpg", "pswp", "pgfault", "pgmajfault" };
	char *text = host_file(h, "/proc/vmstat"), *line, *words[2], metric[96];

	h->failed = h->failed || !text;
	while ((line = host_line(&text))) {
		bool is_wanted = false;

		if (host_words(line, words, 2) < 2)
			continue;
		for (size_t i = 0; i < COUNT(wanted); i++)
			is_wanted = is_wanted || str_starts(words[0], wanted[i]);
		if (!is_wanted)
			continue;
		snprintf(metric, sizeof metric, "node_vmstat_%.64s", words[0]);
		host_field(h, metric, UNTYPED, "/proc/vmstat information field %s.", words[0]);
		host_count(h, NULL, strtoull(words[1], NULL, 10));
	}
}
