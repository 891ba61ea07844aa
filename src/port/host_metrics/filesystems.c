/* SPDX-License-Identifier: Apache-2.0 */
/* filesystems: what bcache, Btrfs and XFS count. */
#include "port/host_metrics/host.h"

#include <stdlib.h>

/* ---- bcache: Documentation/admin-guide/bcache.rst */

#define BCACHE "/sys/fs/bcache"

static const struct field set_fields[] = {
	{ "internal/active_journal_entries", "node_bcache_active_journal_entries", GAUGE, 1,
		"Number of journal entries that are newer than the index." },
	{ "average_key_size", "node_bcache_average_key_size_sectors", GAUGE, 1,
		"Average data per key in the btree (sectors)." },
	/* node_exporter takes microseconds for nanoseconds. */
	{ "internal/btree_read_average_duration_us",
		"node_bcache_btree_read_average_duration_seconds", GAUGE, 1e-9,
		"Average btree read duration." },
	{ "btree_cache_size", "node_bcache_btree_cache_size_bytes", GAUGE, 1,
		"Amount of memory currently used by the btree cache." },
	{ "internal/btree_nodes", "node_bcache_btree_nodes", GAUGE, 1,
		"Total nodes in the btree." },
	{ "cache_available_percent", "node_bcache_cache_available_percent", GAUGE, 1,
		"Percentage of cache device without dirty data, usable for writeback (may contain "
		"clean cached data)." },
	{ "internal/cache_read_races", "node_bcache_cache_read_races_total", COUNTER, 1,
		"Counts instances where while data was being read from the cache, the bucket was "
		"reused and invalidated - i.e. where the pointer was stale after the read "
		"completed." },
	{ "congested", "node_bcache_congested", GAUGE, 1, "Congestion." },
	{ "root_usage_percent", "node_bcache_root_usage_percent", GAUGE, 1,
		"Percentage of the root btree node in use (tree depth increases if too high)." },
	{ "tree_depth", "node_bcache_tree_depth", GAUGE, 1, "Depth of the btree." },
};

static const struct field backing_fields[] = {
	{ "stats_total/bypassed", "node_bcache_bypassed_bytes_total", COUNTER, 1,
		"Amount of IO (both reads and writes) that has bypassed the cache." },
	{ "stats_total/cache_bypass_hits", "node_bcache_cache_bypass_hits_total", COUNTER, 1,
		"Hits for IO intended to skip the cache." },
	{ "stats_total/cache_bypass_misses", "node_bcache_cache_bypass_misses_total", COUNTER, 1,
		"Misses for IO intended to skip the cache." },
	{ "stats_total/cache_hits", "node_bcache_cache_hits_total", COUNTER, 1,
		"Hits counted per individual IO as bcache sees them." },
	{ "stats_total/cache_miss_collisions", "node_bcache_cache_miss_collisions_total", COUNTER,
		1,
		"Instances where data insertion from cache miss raced with write (data already "
		"present)." },
	{ "stats_total/cache_misses", "node_bcache_cache_misses_total", COUNTER, 1,
		"Misses counted per individual IO as bcache sees them." },
	{ "stats_total/cache_readaheads", "node_bcache_cache_readaheads_total", COUNTER, 1,
		"Count of times readahead occurred." },
	{ "dirty_data", "node_bcache_dirty_data_bytes", GAUGE, 1,
		"Amount of dirty data for this backing device in the cache." },
};

static const struct field cache_fields[] = {
	{ "io_errors", "node_bcache_io_errors", GAUGE, 1,
		"Number of errors that have occurred, decayed by io_error_halflife." },
	{ "metadata_written", "node_bcache_metadata_written_bytes_total", COUNTER, 1,
		"Sum of all non data writes (btree writes and all other metadata)." },
	{ "written", "node_bcache_written_bytes_total", COUNTER, 1,
		"Sum of all data that has been written to the cache." },
};

/* Rows of a backing device's writeback_rate_debug. */
static const struct field writeback_fields[] = {
	{ "target", "node_bcache_dirty_target_bytes", GAUGE, 1,
		"Current dirty data target threshold for this backing device in bytes." },
	{ "change", "node_bcache_writeback_change", GAUGE, 1,
		"Last writeback rate change step for this backing device." },
	{ "rate", "node_bcache_writeback_rate", GAUGE, 1,
		"Current writeback rate for this backing device in bytes." },
	{ "integral", "node_bcache_writeback_rate_integral_term", GAUGE, 1,
		"Current result of integral controller, part of writeback rate" },
	{ "proportional", "node_bcache_writeback_rate_proportional_term", GAUGE, 1,
		"Current result of proportional controller, part of writeback rate" },
};

/* What stands behind "dirty:" and blanks; NULL. */
static const char *row_of(char *text, const char *row)
{
	size_t n = strlen(row);

	for (char *line; (line = host_line(&text));)
		if (strncmp(line, row, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	return NULL;
}

static void write_writeback(struct host *h, const struct host_places *backing)
{
	for (size_t i = 0; i < COUNT(writeback_fields); i++) {
		const struct field *f = &writeback_fields[i];
		bool has_metric = false;

		for (uint32_t k = 0; k < backing->n; k++) {
			const char *row =
				row_of(host_file(h, "%s/writeback_rate_debug", backing->v[k].path),
					f->file);
			double v;

			if (!row || !host_quantity(row, &v))
				continue;
			if (!has_metric)
				host_metric(h, f->metric, f->type, f->help);
			has_metric = true;
			host_value(h, backing->v[k].labels, v);
		}
	}
}

struct bcache {
	struct host_places sets, backing, caches;
};

static void add_set(struct host *h, struct bcache *b, const char *uuid)
{
	host_place(h, &b->sets, host_labels(h, "uuid", uuid, NULL), BCACHE "/%s", uuid);
	for (char **part = host_folder(h, BCACHE "/%s", uuid); *part; part++) {
		bool is_cache = str_starts(*part, "cache") && strspn(*part + 5, "0123456789");

		if (is_cache || str_starts(*part, "bdev"))
			host_place(h, is_cache ? &b->caches : &b->backing,
				host_labels(h, is_cache ? "cache_device" : "backing_device", *part,
					"uuid", uuid, NULL),
				BCACHE "/%s/%s", uuid, *part);
	}
}

void collect_bcache(struct host *h)
{
	struct bcache b = { host_places_new(h), host_places_new(h), host_places_new(h) };

	for (char **uuid = host_folder(h, BCACHE); *uuid; uuid++)
		if (strchr(*uuid, '-'))
			add_set(h, &b, *uuid);
	host_fields(h, set_fields, COUNT(set_fields), &b.sets);
	host_fields(h, backing_fields, COUNT(backing_fields), &b.backing);
	write_writeback(h, &b.backing);
	host_fields(h, cache_fields, COUNT(cache_fields), &b.caches);
}

/* ---- Btrfs: what /sys/fs/btrfs says; errors of devices would take an ioctl(2) for each mount */

#define BTRFS "/sys/fs/btrfs"

static const struct field btrfs_fields[] = {
	{ "allocation/global_rsv_size", "node_btrfs_global_rsv_size_bytes", GAUGE, 1,
		"Size of global reserve." },
};
static const struct field group_fields[] = {
	{ "bytes_reserved", "node_btrfs_reserved_bytes", GAUGE, 1,
		"Amount of space reserved for a data type" },
};
static const struct field layout_fields[] = {
	{ "total_bytes", "node_btrfs_size_bytes", GAUGE, 1,
		"Amount of space allocated for a layout/data type" },
	{ "used_bytes", "node_btrfs_used_bytes", GAUGE, 1,
		"Amount of used space by a layout/data type" },
};
static const struct field device_fields[] = {
	{ "size", "node_btrfs_device_size_bytes", GAUGE, 512,
		"Size of a device that is part of the filesystem." },
};
static const struct field commit_fields[] = {
	/* rows of commit_stats */
	{ "total_commit_ms", "node_btrfs_commit_seconds_total", COUNTER, 1e-3,
		"Sum of the duration of all commits, in seconds." },
	{ "commits", "node_btrfs_commits_total", COUNTER, 1,
		"The total number of commits that have occurred." },
	{ "last_commit_ms", "node_btrfs_last_commit_seconds", GAUGE, 1e-3,
		"Duration of the most recent commit, in seconds." },
	{ "max_commit_ms", "node_btrfs_max_commit_seconds", GAUGE, 1e-3,
		"Duration of the slowest commit, in seconds." },
};

/* How many bytes of the devices a byte takes; 0: no such layout. */
static double ratio_of(const char *mode, uint32_t n_devices)
{
	static const struct {
		const char *mode;
		double copies;
		uint32_t parity;
	} modes[] = { { "single", 1, 0 }, { "raid0", 1, 0 }, { "dup", 2, 0 }, { "raid1", 2, 0 },
		{ "raid10", 2, 0 }, { "raid1c3", 3, 0 }, { "raid1c4", 4, 0 }, { "raid5", 0, 1 },
		{ "raid6", 0, 2 } };

	for (size_t i = 0; i < COUNT(modes); i++) {
		if (!str_eq(modes[i].mode, mode))
			continue;
		if (!modes[i].parity)
			return modes[i].copies;
		return n_devices > modes[i].parity
			       ? (double)n_devices / (n_devices - modes[i].parity)
			       : 0;
	}
	return 0;
}

struct btrfs {
	struct host_places filesystems, groups, layouts, devices;
	double *ratios; /* of each layout */
};

static uint32_t add_devices(struct host *h, struct btrfs *b, const char *uuid)
{
	uint32_t n = 0;

	for (char **d = host_folder(h, BTRFS "/%s/devices", uuid); *d; d++, n++)
		host_place(h, &b->devices, host_labels(h, "device", *d, "uuid", uuid, NULL),
			BTRFS "/%s/devices/%s", uuid, *d);
	return n;
}

static void add_group(struct host *h, struct btrfs *b, const char *uuid, const char *group,
	uint32_t n_devices)
{
	const char *path = arena_printf(&h->arena, BTRFS "/%s/allocation/%s", uuid, group);

	host_place(h, &b->groups, host_labels(h, "block_group_type", group, "uuid", uuid, NULL),
		"%s", path);
	for (char **mode = host_folder(h, "%s", path); *mode; mode++) {
		double ratio = ratio_of(*mode, n_devices);

		if (ratio == 0 || b->layouts.n == HOST_PLACES_MAX)
			continue;
		b->ratios[b->layouts.n] = ratio;
		host_place(h, &b->layouts,
			host_labels(h, "block_group_type", group, "mode", *mode, "uuid", uuid,
				NULL),
			"%s/%s", path, *mode);
	}
}

static void add_filesystem(struct host *h, struct btrfs *b, const char *uuid)
{
	static const char *const groups[] = { "data", "metadata", "system" };
	uint32_t n_devices = add_devices(h, b, uuid);

	host_place(h, &b->filesystems, host_labels(h, "uuid", uuid, NULL), BTRFS "/%s", uuid);
	for (size_t i = 0; i < COUNT(groups); i++)
		add_group(h, b, uuid, groups[i], n_devices);
}

/* The number of a row of commit_stats, in place. */
static bool read_commits(char *text, const char *row, double *ret)
{
	char *line, *words[2];

	while ((line = host_line(&text)))
		if (host_words(line, words, 2) == 2 && str_eq(words[0], row))
			return host_quantity(words[1], ret);
	return false;
}

static void write_commits(struct host *h, const struct host_places *filesystems)
{
	for (size_t i = 0; i < COUNT(commit_fields); i++) {
		const struct field *f = &commit_fields[i];
		bool has_metric = false;

		for (uint32_t k = 0; k < filesystems->n; k++) {
			double v;

			if (!read_commits(host_file(h, "%s/commit_stats", filesystems->v[k].path),
				    f->file, &v))
				continue;
			if (!has_metric)
				host_metric(h, f->metric, f->type, f->help);
			has_metric = true;
			host_value(h, filesystems->v[k].labels, v * f->factor);
		}
	}
}

static void write_layouts(struct host *h, const struct btrfs *b)
{
	if (b->layouts.n)
		host_metric(h, "node_btrfs_allocation_ratio", GAUGE,
			"Data allocation ratio for a layout/data type");
	for (uint32_t i = 0; i < b->layouts.n; i++)
		host_value(h, b->layouts.v[i].labels, b->ratios[i]);
	host_fields(h, layout_fields, COUNT(layout_fields), &b->layouts);
}

void collect_btrfs(struct host *h)
{
	struct btrfs b = { host_places_new(h), host_places_new(h), host_places_new(h),
		host_places_new(h), arena_alloc(&h->arena, HOST_PLACES_MAX * sizeof *b.ratios) };
	bool has_metric = false;

	must(b.ratios);
	for (char **uuid = host_folder(h, BTRFS); *uuid; uuid++) {
		char *label = host_file(h, BTRFS "/%s/label", *uuid);

		if (!strchr(*uuid, '-'))
			continue;
		if (!has_metric)
			host_metric(h, "node_btrfs_info", GAUGE, "Filesystem information");
		has_metric = true;
		host_value(h,
			host_labels(h, "label", label ? host_text(h, label) : "", "uuid", *uuid,
				NULL),
			1);
		add_filesystem(h, &b, *uuid);
	}
	write_layouts(h, &b);
	host_fields(h, group_fields, COUNT(group_fields), &b.groups);
	host_fields(h, device_fields, COUNT(device_fields), &b.devices);
	host_fields(h, btrfs_fields, COUNT(btrfs_fields), &b.filesystems);
	write_commits(h, &b.filesystems);
}

/* ---- XFS: rows of numbers, https://xfs.org/index.php/Runtime_Stats */

#define XFS_WORDS_MAX 32

static const struct {
	const char *row;
	uint32_t place;
	const char *metric, *help;
} xfs_fields[] = {
	{ "abt", 2, "node_xfs_allocation_btree_compares_total",
		"Number of allocation B-tree compares for a filesystem." },
	{ "abt", 1, "node_xfs_allocation_btree_lookups_total",
		"Number of allocation B-tree lookups for a filesystem." },
	{ "abt", 4, "node_xfs_allocation_btree_records_deleted_total",
		"Number of allocation B-tree records deleted for a filesystem." },
	{ "abt", 3, "node_xfs_allocation_btree_records_inserted_total",
		"Number of allocation B-tree records inserted for a filesystem." },
	{ "bmbt", 2, "node_xfs_block_map_btree_compares_total",
		"Number of block map B-tree compares for a filesystem." },
	{ "bmbt", 1, "node_xfs_block_map_btree_lookups_total",
		"Number of block map B-tree lookups for a filesystem." },
	{ "bmbt", 4, "node_xfs_block_map_btree_records_deleted_total",
		"Number of block map B-tree records deleted for a filesystem." },
	{ "bmbt", 3, "node_xfs_block_map_btree_records_inserted_total",
		"Number of block map B-tree records inserted for a filesystem." },
	{ "blk_map", 7, "node_xfs_block_mapping_extent_list_compares_total",
		"Number of extent list compares for a filesystem." },
	{ "blk_map", 5, "node_xfs_block_mapping_extent_list_deletions_total",
		"Number of extent list deletions for a filesystem." },
	{ "blk_map", 4, "node_xfs_block_mapping_extent_list_insertions_total",
		"Number of extent list insertions for a filesystem." },
	{ "blk_map", 6, "node_xfs_block_mapping_extent_list_lookups_total",
		"Number of extent list lookups for a filesystem." },
	{ "blk_map", 1, "node_xfs_block_mapping_reads_total",
		"Number of block map for read operations for a filesystem." },
	{ "blk_map", 3, "node_xfs_block_mapping_unmaps_total",
		"Number of block unmaps (deletes) for a filesystem." },
	{ "blk_map", 2, "node_xfs_block_mapping_writes_total",
		"Number of block map for write operations for a filesystem." },
	{ "dir", 2, "node_xfs_directory_operation_create_total",
		"Number of times a new directory entry was created for a filesystem." },
	{ "dir", 4, "node_xfs_directory_operation_getdents_total",
		"Number of times the directory getdents operation was performed for a "
		"filesystem." },
	{ "dir", 1, "node_xfs_directory_operation_lookup_total",
		"Number of file name directory lookups which miss the operating systems directory "
		"name lookup cache." },
	{ "dir", 3, "node_xfs_directory_operation_remove_total",
		"Number of times an existing directory entry was created for a filesystem." },
	{ "extent_alloc", 2, "node_xfs_extent_allocation_blocks_allocated_total",
		"Number of blocks allocated for a filesystem." },
	{ "extent_alloc", 4, "node_xfs_extent_allocation_blocks_freed_total",
		"Number of blocks freed for a filesystem." },
	{ "extent_alloc", 1, "node_xfs_extent_allocation_extents_allocated_total",
		"Number of extents allocated for a filesystem." },
	{ "extent_alloc", 3, "node_xfs_extent_allocation_extents_freed_total",
		"Number of extents freed for a filesystem." },
	{ "ig", 1, "node_xfs_inode_operation_attempts_total",
		"Number of times the OS looked for an XFS inode in the inode cache." },
	{ "ig", 7, "node_xfs_inode_operation_attribute_changes_total",
		"Number of times the OS explicitly changed the attributes of an XFS inode." },
	{ "ig", 5, "node_xfs_inode_operation_duplicates_total",
		"Number of times the OS tried to add a missing XFS inode to the inode cache, but "
		"found it had already been added by another process." },
	{ "ig", 2, "node_xfs_inode_operation_found_total",
		"Number of times the OS looked for and found an XFS inode in the inode cache." },
	{ "ig", 4, "node_xfs_inode_operation_missed_total",
		"Number of times the OS looked for an XFS inode in the cache, but did not find "
		"it." },
	{ "ig", 6, "node_xfs_inode_operation_reclaims_total",
		"Number of times the OS reclaimed an XFS inode from the inode cache to free memory "
		"for another purpose." },
	{ "ig", 3, "node_xfs_inode_operation_recycled_total",
		"Number of times the OS found an XFS inode in the cache, but could not use it as "
		"it was being recycled." },
	{ "rw", 2, "node_xfs_read_calls_total",
		"Number of read(2) system calls made to files in a filesystem." },
	{ "vnodes", 1, "node_xfs_vnode_active_total",
		"Number of vnodes not on free lists for a filesystem." },
	{ "vnodes", 2, "node_xfs_vnode_allocate_total",
		"Number of times vn_alloc called for a filesystem." },
	{ "vnodes", 3, "node_xfs_vnode_get_total",
		"Number of times vn_get called for a filesystem." },
	{ "vnodes", 4, "node_xfs_vnode_hold_total",
		"Number of times vn_hold called for a filesystem." },
	{ "vnodes", 6, "node_xfs_vnode_reclaim_total",
		"Number of times vn_reclaim called for a filesystem." },
	{ "vnodes", 5, "node_xfs_vnode_release_total",
		"Number of times vn_rele called for a filesystem." },
	{ "vnodes", 7, "node_xfs_vnode_remove_total",
		"Number of times vn_remove called for a filesystem." },
	{ "rw", 1, "node_xfs_write_calls_total",
		"Number of write(2) system calls made to files in a filesystem." },
};

/* The number at `place` of the row, counted from 1; 0 when there is none. */
static double xfs_number(char *text, const char *row, uint32_t place)
{
	char *words[XFS_WORDS_MAX], *line;

	while ((line = host_line(&text))) {
		uint32_t n = host_words(line, words, XFS_WORDS_MAX);

		if (n > place && str_eq(words[0], row))
			return strtod(words[place], NULL);
	}
	return 0;
}

void collect_xfs(struct host *h)
{
	char **devices = host_folder(h, "/sys/fs/xfs");

	for (size_t i = 0; i < COUNT(xfs_fields); i++) {
		bool has_metric = false;

		for (char **d = devices; *d; d++) {
			char *text = host_file(h, "/sys/fs/xfs/%s/stats/stats", *d);

			if (!text)
				continue;
			if (!has_metric)
				host_metric(h, xfs_fields[i].metric, COUNTER, xfs_fields[i].help);
			has_metric = true;
			host_value(h, host_labels(h, "device", *d, NULL),
				xfs_number(text, xfs_fields[i].row, xfs_fields[i].place));
		}
	}
}
