/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a tree as a kernel would write it: the first byte says which. */
#include "base/mem.h"
#include "port/host_metrics/host_metrics.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct {
	const char *collector, *path;
} files[] = {
	{ "ipvs", "/proc/net/ip_vs" },
	{ "ipvs", "/proc/net/ip_vs_stats" },
	{ "nfs", "/proc/net/rpc/nfs" },
	{ "nfsd", "/proc/net/rpc/nfsd" },
	{ "xfs", "/sys/fs/xfs/sda1/stats/stats" },
	{ "bcache", "/sys/fs/bcache/a-b/bdev0/writeback_rate_debug" },
	{ "btrfs", "/sys/fs/btrfs/a-b/commit_stats" },
	{ "infiniband", "/sys/class/infiniband/a/ports/1/rate" },
	{ "dmi", "/sys/class/dmi/id/board_name" },
	{ "fibrechannel", "/sys/class/fc_host/host0/statistics/rx_words" },
};

static char root[] = "/tmp/host_tree_fuzz.XXXXXX";

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void drop_root(void)
{
	(void)nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void make_folders(char *path)
{
	for (char *c = path + sizeof root; (c = strchr(c, '/')); c++) {
		*c = '\0';
		must(mkdir(path, 0700) == 0 || errno == EEXIST);
		*c = '/';
	}
}

static void put(const char *path, const uint8_t *data, size_t n)
{
	char whole[256];
	FILE *f;

	snprintf(whole, sizeof whole, "%s%s", root, path);
	make_folders(whole);
	f = fopen(whole, "w");
	must(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool is_ready;
	scoped(str_fini) struct str out = STR_EMPTY;
	size_t which = n ? data[0] % COUNT(files) : 0;

	if (n == 0)
		return 0;
	if (!is_ready)
		must(mkdtemp(root) && atexit(drop_root) == 0);
	is_ready = true;
	put(files[which].path, data + 1, n - 1);
	must(host_metrics_write_one(&(struct host_metrics_settings){ .root = root },
		files[which].collector, &out));
	must(!out.len || (out.s[out.len - 1] == '\n' && utf8_valid(out.s, out.len)));
	return 0;
}
