/* SPDX-License-Identifier: Apache-2.0 */
/* disk: block devices, file systems, software RAID. */
#include "port/host_metrics/host.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#define DISKS_MAX  1024
#define MOUNTS_MAX 1024
#define SECTOR     512.0

/* ---- /proc/diskstats: Documentation/admin-guide/iostats.rst */

struct disk {
	char *major, *minor, *name;
	uint32_t n; /* fields that this kernel has */
	char *fields[17];
};

static bool all_digits(const char *s)
{
	return *s && s[strspn(s, "0123456789")] == '\0';
}

/* Partitions, memory disks and loops: as node_exporter leaves them out. */
static bool is_left_out(const char *name)
{
	static const char *const numbered[] = { "ram", "zram", "loop", "fd" };
	const char *part;

	for (size_t i = 0; i < COUNT(numbered); i++)
		if (str_starts(name, numbered[i]) && all_digits(name + strlen(numbered[i])))
			return true;
	if (strchr("hsv", name[0]) && name[1] == 'd' && islower((unsigned char)name[2]))
		return all_digits(name + 3);
	if (str_starts(name, "xvd") && islower((unsigned char)name[3]))
		return all_digits(name + 4);
	part = str_starts(name, "nvme") ? strrchr(name, 'p') : NULL;
	return part && all_digits(part + 1);
}

static uint32_t read_disks(struct host *h, struct disk *disks)
{
	char *text = host_file(h, "/proc/diskstats"), *line, *words[20];
	uint32_t n = 0;

	h->failed = h->failed || !text;
	while ((line = host_line(&text)) && n < DISKS_MAX) {
		uint32_t n_words = host_words(line, words, COUNT(words));

		if (n_words < 14 || is_left_out(words[2]))
			continue;
		disks[n] = (struct disk){ words[0], words[1], words[2], n_words - 3, { 0 } };
		memcpy(disks[n].fields, words + 3, (n_words - 3) * sizeof *words);
		n++;
	}
	return n;
}

static const struct {
	const char *metric;
	enum host_type type;
	double factor;
	const char *help;
} disk_fields[] = {
	/* in the order of the file */
	{ "node_disk_reads_completed_total", COUNTER, 1,
		"The total number of reads completed successfully." },
	{ "node_disk_reads_merged_total", COUNTER, 1, "The total number of reads merged." },
	{ "node_disk_read_bytes_total", COUNTER, SECTOR,
		"The total number of bytes read successfully." },
	{ "node_disk_read_time_seconds_total", COUNTER, 1e-3,
		"The total number of seconds spent by all reads." },
	{ "node_disk_writes_completed_total", COUNTER, 1,
		"The total number of writes completed successfully." },
	{ "node_disk_writes_merged_total", COUNTER, 1, "The number of writes merged." },
	{ "node_disk_written_bytes_total", COUNTER, SECTOR,
		"The total number of bytes written successfully." },
	{ "node_disk_write_time_seconds_total", COUNTER, 1e-3,
		"This is the total number of seconds spent by all writes." },
	{ "node_disk_io_now", GAUGE, 1, "The number of I/Os currently in progress." },
	{ "node_disk_io_time_seconds_total", COUNTER, 1e-3, "Total seconds spent doing I/Os." },
	{ "node_disk_io_time_weighted_seconds_total", COUNTER, 1e-3,
		"The weighted # of seconds spent doing I/Os." },
	{ "node_disk_discards_completed_total", COUNTER, 1,
		"The total number of discards completed successfully." },
	{ "node_disk_discards_merged_total", COUNTER, 1, "The total number of discards merged." },
	{ "node_disk_discarded_sectors_total", COUNTER, 1,
		"The total number of sectors discarded successfully." },
	{ "node_disk_discard_time_seconds_total", COUNTER, 1e-3,
		"This is the total number of seconds spent by all discards." },
	{ "node_disk_flush_requests_total", COUNTER, 1,
		"The total number of flush requests completed successfully" },
	{ "node_disk_flush_requests_time_seconds_total", COUNTER, 1e-3,
		"This is the total number of seconds spent by all flush requests." },
};

static const char *text_or(const char *text)
{
	return text ? text : "";
}

/* What udev knows of a device: E:NAME=VALUE lines. */
static const char *udev(struct host *h, const struct disk *d, const char *name)
{
	char *text = host_file(h, "/run/udev/data/b%s:%s", d->major, d->minor), *line;
	size_t n = strlen(name);

	while ((line = host_line(&text)))
		if (str_starts(line, "E:") && strncmp(line + 2, name, n) == 0 && line[2 + n] == '=')
			return line + 3 + n;
	return "";
}

static void write_disk_info(struct host *h, const struct disk *disks, uint32_t n)
{
	host_metric(h, "node_disk_info", GAUGE, "Info of /sys/block/<block_device>.");
	for (uint32_t i = 0; i < n; i++) {
		const struct disk *d = &disks[i];
		const char *serial = udev(h, d, "SCSI_IDENT_SERIAL");

		host_count(h,
			host_labels(h, "device", d->name, "major", d->major, "minor", d->minor,
				"model", udev(h, d, "ID_MODEL"), "path", udev(h, d, "ID_PATH"),
				"revision", udev(h, d, "ID_REVISION"), "rotational",
				text_or(host_file(h, "/sys/block/%s/queue/rotational", d->name)),
				"serial", *serial ? serial : udev(h, d, "ID_SERIAL_SHORT"), "wwn",
				udev(h, d, "ID_WWN"), NULL),
			1);
	}
}

void collect_diskstats(struct host *h)
{
	struct disk *disks = arena_alloc(&h->arena, DISKS_MAX * sizeof *disks);
	uint32_t n = read_disks(h, disks);

	if (!n)
		return;
	write_disk_info(h, disks, n);
	for (uint32_t f = 0; f < COUNT(disk_fields); f++) {
		bool has_metric = false;

		for (uint32_t i = 0; i < n; i++) {
			if (f >= disks[i].n)
				continue;
			if (!has_metric)
				host_metric(h, disk_fields[f].metric, disk_fields[f].type,
					disk_fields[f].help);
			has_metric = true;
			host_value(h, host_labels(h, "device", disks[i].name, NULL),
				strtod(disks[i].fields[f], NULL) * disk_fields[f].factor);
		}
	}
}

/* ---- file systems */

struct mount {
	char *device, *major, *minor, *point, *type;
	const char *error; /* why it can't be asked; "" */
	const char *labels;
	bool is_read_only;
	bool is_stacked; /* over another of the same device: it hides what that one tells */
	struct statvfs is;
};

static bool is_within(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* What holds nobody's files, as node_exporter has it. */
static bool is_no_storage(const struct mount *m)
{
	static const char *const folders[] = { "/dev", "/proc", "/sys" };
	static const char *const below[] = { "/run/credentials/", "/var/lib/docker/",
		"/var/lib/containers/storage/" };
	static const char *const types[] = { "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2",
		"configfs", "debugfs", "devpts", "devtmpfs", "fusectl", "hugetlbfs", "iso9660",
		"mqueue", "nsfs", "overlay", "proc", "procfs", "pstore", "rpc_pipefs", "securityfs",
		"selinuxfs", "squashfs", "erofs", "sysfs", "tracefs" };

	for (size_t i = 0; i < COUNT(folders); i++)
		if (is_within(m->point, folders[i]))
			return true;
	for (size_t i = 0; i < COUNT(below); i++)
		if (str_starts(m->point, below[i]) && m->point[strlen(below[i])])
			return true;
	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eq(m->type, types[i]))
			return true;
	return false;
}

/* "\040" is a blank: mountinfo writes blanks, tabs, line breaks and backslashes so. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && isdigit((unsigned char)s[2]) &&
			isdigit((unsigned char)s[3])) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 + (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELDS] - TYPE DEVICE OPTIONS: proc(5) */
static bool read_mount(char *line, struct mount *m)
{
	char *words[64], *colon;
	uint32_t n = host_words(line, words, COUNT(words)), dash = 6;

	while (dash < n && !str_eq(words[dash], "-"))
		dash++;
	if (dash + 3 >= n)
		return false;
	colon = strchr(words[2], ':');
	if (!colon)
		return false;
	*colon = '\0';
	unescape(words[4]);
	unescape(words[dash + 2]);
	*m = (struct mount){ .major = words[2],
		.minor = colon + 1,
		.point = words[4],
		.type = words[dash + 1],
		.device = words[dash + 2],
		.error = "" };
	m->is_read_only = strncmp(words[5], "ro", 2) == 0 || strncmp(words[dash + 3], "ro", 2) == 0;
	return true;
}

/* Values are named by the place; node_filesystem_mount_info by the numbers of the device as well. */
static bool is_same_place(const struct mount *a, const struct mount *b)
{
	return str_eq(a->point, b->point) && str_eq(a->device, b->device);
}

static bool is_same(const struct mount *a, const struct mount *b)
{
	return is_same_place(a, b) && str_eq(a->major, b->major) && str_eq(a->minor, b->minor);
}

static bool is_any(const struct mount *mounts, uint32_t n, const struct mount *m,
	bool (*is_alike)(const struct mount *a, const struct mount *b))
{
	for (uint32_t i = 0; i < n; i++)
		if (is_alike(&mounts[i], m))
			return true;
	return false;
}

/* Go's words, which node_exporter's label has: https://pkg.go.dev/syscall, zerrors_linux_amd64.go. */
static const char *error_in_go(int error)
{
	static const struct {
		int error;
		const char *text;
	} words[] = {
		{ EACCES, "permission denied" },
		{ EHOSTDOWN, "host is down" },
		{ EIO, "input/output error" },
		{ ELOOP, "too many levels of symbolic links" },
		{ ENAMETOOLONG, "file name too long" },
		{ ENODEV, "no such device" },
		{ ENOENT, "no such file or directory" },
		{ ENOTCONN, "transport endpoint is not connected" },
		{ ENOTDIR, "not a directory" },
		{ EPERM, "operation not permitted" },
		{ ESTALE, "stale NFS file handle" },
		{ ETIMEDOUT, "connection timed out" },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i].error == error)
			return words[i].text;
	return strerror(error);
}

static uint32_t read_mounts(struct host *h, struct mount *mounts)
{
	char *text = host_file(h, "/proc/1/mountinfo"), *line;
	uint32_t n = 0;

	if (!text)
		text = host_file(h, "/proc/self/mountinfo");
	h->failed = !text;
	while ((line = host_line(&text)) && n < MOUNTS_MAX) {
		struct mount *m = &mounts[n];

		if (!read_mount(line, m) || is_no_storage(m) || is_any(mounts, n, m, is_same))
			continue;
		m->is_stacked = is_any(mounts, n, m, is_same_place);
		if (statvfs(m->point, &m->is) != 0)
			m->error = error_in_go(errno);
		m->labels = host_labels(h, "device", m->device, "device_error", m->error, "fstype",
			m->type, "mountpoint", m->point, NULL);
		n++;
	}
	return n;
}

static double size_of(const struct mount *m)
{
	return (double)m->is.f_blocks * (double)m->is.f_frsize;
}
static double free_of(const struct mount *m)
{
	return (double)m->is.f_bfree * (double)m->is.f_frsize;
}
static double available_of(const struct mount *m)
{
	return (double)m->is.f_bavail * (double)m->is.f_frsize;
}
static double files_of(const struct mount *m)
{
	return (double)m->is.f_files;
}
static double files_free_of(const struct mount *m)
{
	return (double)m->is.f_ffree;
}
static double read_only_of(const struct mount *m)
{
	return m->is_read_only;
}
static double error_of(const struct mount *m)
{
	return *m->error != '\0';
}

void collect_filesystem(struct host *h)
{
	static const struct {
		const char *metric, *help;
		double (*of)(const struct mount *m);
		bool in_trouble_too;
	} rows[] = {
		{ "node_filesystem_avail_bytes",
			"Filesystem space available to non-root users in bytes.", available_of,
			false },
		{ "node_filesystem_device_error",
			"Whether an error occurred while getting statistics for the given device.",
			error_of, true },
		{ "node_filesystem_files", "Filesystem total file nodes.", files_of, false },
		{ "node_filesystem_files_free", "Filesystem total free file nodes.", files_free_of,
			false },
		{ "node_filesystem_free_bytes", "Filesystem free space in bytes.", free_of, false },
		{ "node_filesystem_readonly", "Filesystem read-only status.", read_only_of, true },
		{ "node_filesystem_size_bytes", "Filesystem size in bytes.", size_of, false },
	};
	struct mount *mounts = arena_alloc(&h->arena, MOUNTS_MAX * sizeof *mounts);
	uint32_t n = read_mounts(h, mounts);

	for (size_t row = 0; n && row < COUNT(rows); row++) {
		host_metric(h, rows[row].metric, GAUGE, rows[row].help);
		for (uint32_t i = 0; i < n; i++)
			if (!mounts[i].is_stacked &&
				(rows[row].in_trouble_too || !*mounts[i].error))
				host_value(h, mounts[i].labels, rows[row].of(&mounts[i]));
	}
	if (n)
		host_metric(h, "node_filesystem_mount_info", GAUGE,
			"Filesystem mount information.");
	for (uint32_t i = 0; i < n; i++)
		host_count(h,
			host_labels(h, "device", mounts[i].device, "major", mounts[i].major,
				"minor", mounts[i].minor, "mountpoint", mounts[i].point, NULL),
			1);
}

/* ---- software RAID: Documentation/admin-guide/md.rst */

struct array {
	const char *name, *labels;
	int64_t disks, degraded;
	const char *state;
};

static void write_array_states(struct host *h, const struct array *arrays, uint32_t n)
{
	static const struct {
		const char *name;
		const char *states; /* of array_state, by blanks */
	} rows[] = {
		{ "active", " active active-idle clean readonly read-auto write-pending " },
		{ "inactive", " inactive clear suspended " },
		{ "recovering", " recover " },
		{ "resync", " resync " },
		{ "check", " check " },
	};

	host_metric(h, "node_md_state", GAUGE, "the state that an array is in: 1");
	for (uint32_t i = 0; i < n; i++)
		for (size_t s = 0; s < COUNT(rows); s++) {
			const char *state = arena_printf(&h->arena, " %s ",
				arrays[i].state ? arrays[i].state : "");

			host_count(h,
				host_labels(h, "device", arrays[i].name, "state", rows[s].name,
					NULL),
				state && strstr(rows[s].states, state) != NULL);
		}
}

void collect_mdadm(struct host *h)
{
	char **names = host_folder(h, "/sys/block");
	struct array arrays[64];
	uint32_t n = 0;

	for (; *names && n < COUNT(arrays); names++) {
		struct array *a = &arrays[n];
		const char *action;

		*a = (struct array){ .name = *names };
		if (!str_starts(*names, "md") ||
			!host_number(h, &a->disks, "/sys/block/%s/md/raid_disks", *names))
			continue;
		if (!host_number(h, &a->degraded, "/sys/block/%s/md/degraded", *names))
			a->degraded = 0; /* a stripe has nothing to spare */
		a->state = host_file(h, "/sys/block/%s/md/array_state", *names);
		action = host_file(h, "/sys/block/%s/md/sync_action", *names);
		if (action && !str_eq(action, "idle"))
			a->state = action;
		a->labels = host_labels(h, "device", *names, NULL);
		n++;
	}
	if (!n)
		return;
	host_metric(h, "node_md_disks_required", GAUGE, "disks that an array wants");
	for (uint32_t i = 0; i < n; i++)
		host_value(h, arrays[i].labels, (double)arrays[i].disks);
	host_metric(h, "node_md_degraded", GAUGE, "disks that an array lacks");
	for (uint32_t i = 0; i < n; i++)
		host_value(h, arrays[i].labels, (double)arrays[i].degraded);
	write_array_states(h, arrays, n);
}

/* ---- NVMe controllers */

/* The kernel fills names up with blanks. */
static const char *nvme_text(struct host *h, const char *device, const char *file)
{
	char *text = host_file(h, "/sys/class/nvme/%s/%s", device, file);
	size_t n = text ? strlen(text) : 0;

	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
	return text_or(text);
}

void collect_nvme(struct host *h)
{
	char **names = host_folder(h, "/sys/class/nvme");

	if (!*names)
		return;
	host_metric(h, "node_nvme_info", GAUGE,
		"Non-numeric data from /sys/class/nvme/<device>, value is always 1.");
	for (; *names; names++)
		host_count(h,
			host_labels(h, "cntlid", nvme_text(h, *names, "cntlid"), "device", *names,
				"firmware_revision", nvme_text(h, *names, "firmware_rev"), "model",
				nvme_text(h, *names, "model"), "serial",
				nvme_text(h, *names, "serial"), "state",
				nvme_text(h, *names, "state"), NULL),
			1);
}
