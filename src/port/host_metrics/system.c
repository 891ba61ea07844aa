/* SPDX-License-Identifier: Apache-2.0 */
/* system: kernel, distribution, and what is counted for the machine as a whole. */
#include "port/host_metrics/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

void collect_uname(struct host *h)
{
	struct utsname u;

	if (uname(&u) != 0) {
		h->failed = true;
		return;
	}
	host_metric(h, "node_uname_info", GAUGE,
		"Labeled system information as provided by the uname system call.");
	host_count(h,
		host_labels(h, "domainname", u.domainname, "machine", u.machine, "nodename",
			u.nodename, "release", u.release, "sysname", u.sysname, "version",
			u.version, NULL),
		1);
}

/* A value of os-release(5), without its quotes; "". */
static const char *release(struct host *h, const char *key)
{
	char *text = host_file(h, "/etc/os-release"), *line;
	size_t n = strlen(key);

	if (!text)
		text = host_file(h, "/usr/lib/os-release");
	while ((line = host_line(&text))) {
		char *value = line + n + 1;
		size_t n_value;

		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		n_value = strlen(value);
		if (n_value >= 2 && strchr("\"'", value[0]) && value[n_value - 1] == value[0]) {
			value[n_value - 1] = '\0';
			value++;
		}
		return value;
	}
	return "";
}

void collect_os(struct host *h)
{
	const char *version = release(h, "VERSION_ID");
	char *end;
	double number = strtod(version, &end);

	host_metric(h, "node_os_info", GAUGE,
		"A metric with a constant '1' value labeled by build_id, id, id_like, image_id, "
		"image_version, name, pretty_name, variant, variant_id, version, version_codename, "
		"version_id.");
	host_count(h,
		host_labels(h, "build_id", release(h, "BUILD_ID"), "id", release(h, "ID"),
			"id_like", release(h, "ID_LIKE"), "image_id", release(h, "IMAGE_ID"),
			"image_version", release(h, "IMAGE_VERSION"), "name", release(h, "NAME"),
			"pretty_name", release(h, "PRETTY_NAME"), "variant", release(h, "VARIANT"),
			"variant_id", release(h, "VARIANT_ID"), "version", release(h, "VERSION"),
			"version_codename", release(h, "VERSION_CODENAME"), "version_id", version,
			NULL),
		1);
	if (end == version)
		return; /* a rolling release has none */
	host_metric(h, "node_os_version", GAUGE,
		"Metric containing the major.minor part of the OS version.");
	host_value(h,
		host_labels(h, "id", release(h, "ID"), "id_like", release(h, "ID_LIKE"), "name",
			release(h, "NAME"), NULL),
		number);
}

void collect_filefd(struct host *h)
{
	char *text = host_file(h, "/proc/sys/fs/file-nr"), *words[3];

	if (!text || host_words(text, words, 3) < 3) {
		h->failed = true;
		return;
	}
	host_gauge(h, "node_filefd_allocated", strtod(words[0], NULL),
		"File descriptor statistics: allocated.");
	host_gauge(h, "node_filefd_maximum", strtod(words[2], NULL),
		"File descriptor statistics: maximum.");
}

void collect_entropy(struct host *h)
{
	int64_t bits;

	if (host_number(h, &bits, "/proc/sys/kernel/random/entropy_avail"))
		host_gauge(h, "node_entropy_available_bits", (double)bits,
			"Bits of available entropy.");
	if (host_number(h, &bits, "/proc/sys/kernel/random/poolsize"))
		host_gauge(h, "node_entropy_pool_size_bits", (double)bits, "Bits of entropy pool.");
}

void collect_kernel_hung(struct host *h)
{
	int64_t n;

	if (host_number(h, &n, "/proc/sys/kernel/hung_task_detect_count"))
		host_counter(h, "node_kernel_hung_tasks_total", (uint64_t)n,
			"Total number of tasks that have been detected as hung since the system "
			"booted.");
}

/* Mounted is enabled. */
void collect_selinux(struct host *h)
{
	int64_t mode;
	bool is_enabled = host_number(h, &mode, "/sys/fs/selinux/enforce");

	host_gauge(h, "node_selinux_enabled", is_enabled,
		"SELinux is enabled, 1 is true, 0 is false");
	if (is_enabled)
		host_gauge(h, "node_selinux_current_mode", (double)mode,
			"Current SELinux enforcement mode");
}
