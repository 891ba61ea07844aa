/* SPDX-License-Identifier: Apache-2.0 */
/* zfs: OpenZFS' kstats: the ARC, the machinery, and what each pool and dataset does. */
#include "port/host_metrics/host.h"

#include <stdio.h>
#include <stdlib.h>

#define KSTAT "/proc/spl/kstat/zfs"

static const struct {
	const char *file, *prefix;
} kstats[] = {
	{ "abdstats", "node_zfs_abd" },
	{ "arcstats", "node_zfs_arc" },
	{ "dbufstats", "node_zfs_dbuf" },
	{ "dmu_tx", "node_zfs_dmu_tx" },
	{ "dnodestats", "node_zfs_dnode" },
	{ "fm", "node_zfs_fm" },
	{ "vdev_cache_stats", "node_zfs_vdev_cache" },
	{ "vdev_mirror_stats", "node_zfs_vdev_mirror" },
	{ "xuio_stats", "node_zfs_xuio" },
	{ "zfetchstats", "node_zfs_zfetch" },
	{ "zil", "node_zfs_zil" },
};

/* "size 4 12345": kstat.h's types 3 and 4 are 64-bit integers; false for headings and texts. */
static bool read_row(char *line, char **name, double *v)
{
	char *words[3];

	if (host_words(line, words, 3) < 3 || strlen(words[1]) != 1 || !strchr("1234", words[1][0]))
		return false;
	*name = words[0];
	*v = strtod(words[2], NULL);
	for (char *c = words[0]; *c; c++)
		if (*c == '-' || *c == '.')
			*c = '_';
	return true;
}

static void write_kstat(struct host *h, size_t which)
{
	char *text = host_file(h, KSTAT "/%s", kstats[which].file), *line, *name, metric[128];
	double v;

	host_line(&text); /* the numbers of the kstat itself */
	while ((line = host_line(&text))) {
		if (!read_row(line, &name, &v))
			continue;
		snprintf(metric, sizeof metric, "%s_%.80s", kstats[which].prefix, name);
		host_field(h, metric, UNTYPED, "kstat.zfs.misc.%s.%s", kstats[which].file, name);
		host_value(h, NULL, v);
	}
}

/* ---- pools */

static void write_states(struct host *h, char *const *pools)
{
	static const char *const states[] = { "online", "degraded", "faulted", "offline", "removed",
		"unavail", "suspended" };
	bool has_metric = false;

	for (; *pools; pools++) {
		char *state = host_file(h, KSTAT "/%s/state", *pools);

		if (!state)
			continue;
		if (!has_metric)
			host_metric(h, "node_zfs_zpool_state", GAUGE,
				"the state that a pool is in: 1");
		has_metric = true;
		for (size_t i = 0; i < COUNT(states); i++)
			host_count(h, host_labels(h, "state", states[i], "zpool", *pools, NULL),
				strcasecmp(state, states[i]) == 0);
	}
}

/* Each dataset's kstat is a file objset-0x36; its first row names it. */
struct dataset {
	const char *labels;
	char *text; /* rows behind the heading */
};

static bool read_dataset(struct host *h, const char *pool, const char *file, struct dataset *ret)
{
	char *text, *line, *name = NULL, *words[3];

	if (!str_starts(file, "objset-"))
		return false;
	text = host_file(h, KSTAT "/%s/%s", pool, file);
	ret->text = text ? arena_strdup(&h->arena, text) : NULL;
	while ((line = host_line(&text)) && !name)
		if (host_words(line, words, 3) == 3 && str_eq(words[0], "dataset_name"))
			name = words[2];
	if (!name || !ret->text)
		return false;
	ret->labels = host_labels(h, "dataset", name, "zpool", pool, NULL);
	return true;
}

/* All datasets have the same rows: those of the first name the metrics. */
static void write_datasets(struct host *h, const struct dataset *datasets, uint32_t n)
{
	char *rows = arena_strdup(&h->arena, datasets[0].text), *line, *name, metric[128];
	double v;

	while ((line = host_line(&rows))) {
		if (!read_row(line, &name, &v))
			continue;
		snprintf(metric, sizeof metric, "node_zfs_zpool_dataset_%.80s", name);
		host_metric(h, metric, UNTYPED, "a kstat of a dataset");
		for (uint32_t i = 0; i < n; i++) {
			char *text = arena_strdup(&h->arena, datasets[i].text), *row, *other;

			while ((row = host_line(&text)))
				if (read_row(row, &other, &v) && str_eq(other, name))
					host_value(h, datasets[i].labels, v);
		}
	}
}

void collect_zfs(struct host *h)
{
	char **pools = host_folder(h, KSTAT);
	struct dataset datasets[512];
	uint32_t n = 0;

	if (!*pools)
		return;
	for (size_t i = 0; i < COUNT(kstats); i++)
		write_kstat(h, i);
	write_states(h, pools);
	for (; *pools; pools++)
		for (char **files = host_folder(h, KSTAT "/%s", *pools);
			*files && n < COUNT(datasets); files++)
			if (read_dataset(h, *pools, *files, &datasets[n]))
				n++;
	if (n)
		write_datasets(h, datasets, n);
}
