/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_dump: what collectors make of a tree of files, for a comparison with node_exporter.
 *
 * usage: host_dump ROOT COLLECTOR...
 */
#include "port/host_metrics/host_metrics.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	scoped(str_fini) struct str out = STR_EMPTY;
	struct host_metrics_settings settings = { .root = argc > 1 ? argv[1] : "" };

	for (int i = 2; i < argc; i++)
		if (!host_metrics_write_one(&settings, argv[i], &out)) {
			fprintf(stderr, "host_dump: there is no collector '%s'\n", argv[i]);
			return 64;
		}
	return fputs(str_c(&out), stdout) < 0;
}
