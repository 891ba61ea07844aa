/* SPDX-License-Identifier: Apache-2.0 */
/* processor: CPUs, scheduling, load and pressure. */
#include "port/host_metrics/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CPUS_MAX 4096

static double ticks(void)
{
	return (double)sysconf(_SC_CLK_TCK);
}

/* ---- /proc/stat */

static const char *const modes[] = { "user", "nice", "system", "idle", "iowait", "irq", "softirq",
	"steal" };
static const char *const guest_modes[] = { "user", "nice" };

struct cpu_line {
	char *name;                    /* "0" */
	uint64_t in[COUNT(modes) + 2]; /* and guests */
};

static uint32_t read_cpus(struct host *h, struct cpu_line *cpus)
{
	char *text = host_file(h, "/proc/stat"), *line, *words[12];
	uint32_t n = 0;

	while ((line = host_line(&text)) && n < CPUS_MAX) {
		uint32_t n_words;

		if (strncmp(line, "cpu", 3) != 0 || line[3] == ' ')
			continue;
		n_words = host_words(line, words, COUNT(words));
		cpus[n].name = words[0] + 3;
		for (uint32_t i = 1; i < n_words && i <= COUNT(cpus[n].in); i++)
			cpus[n].in[i - 1] = strtoull(words[i], NULL, 10);
		n++;
	}
	return n;
}

struct throttle { /* of /sys/devices/system/cpu/cpuN */
	const char *file, *metric, *help;
	bool of_package;
};
static const struct throttle throttles[] = {
	{ "core_throttle_count", "node_cpu_core_throttles_total",
		"times a core was slowed down for its heat", false },
	{ "package_throttle_count", "node_cpu_package_throttles_total",
		"times a package was slowed down for its heat", true },
};

static void write_throttle(struct host *h, const struct throttle *t)
{
	char **names = host_folder(h, "/sys/devices/system/cpu");
	int64_t package, core, count, seen_package = -1;
	bool has_metric = false;
	char p[24], c[24];

	for (; *names; names++) {
		if (!host_number(h, &count, "/sys/devices/system/cpu/%s/thermal_throttle/%s",
			    *names, t->file) ||
			!host_number(h, &package,
				"/sys/devices/system/cpu/%s/topology/physical_package_id",
				*names) ||
			!host_number(h, &core, "/sys/devices/system/cpu/%s/topology/core_id",
				*names) ||
			(t->of_package && package == seen_package))
			continue;
		if (!has_metric)
			host_metric(h, t->metric, COUNTER, t->help);
		has_metric = true;
		seen_package = package;
		snprintf(p, sizeof p, "%lld", (long long)package);
		snprintf(c, sizeof c, "%lld", (long long)core);
		host_count(h,
			t->of_package ? host_labels(h, "package", p, NULL)
				      : host_labels(h, "core", c, "package", p, NULL),
			(uint64_t)count);
	}
}

void collect_cpu(struct host *h)
{
	struct cpu_line *cpus = arena_alloc(&h->arena, CPUS_MAX * sizeof *cpus);
	uint32_t n = read_cpus(h, cpus);

	h->failed = h->failed || !n;
	host_metric(h, "node_cpu_guest_seconds_total", COUNTER,
		"Seconds the CPUs spent in guests (VMs) for each mode.");
	for (uint32_t i = 0; i < n; i++)
		for (size_t m = 0; m < COUNT(guest_modes); m++)
			host_value(h,
				host_labels(h, "cpu", cpus[i].name, "mode", guest_modes[m], NULL),
				(double)cpus[i].in[COUNT(modes) + m] / ticks());
	host_metric(h, "node_cpu_seconds_total", COUNTER, "Seconds the CPUs spent in each mode.");
	for (uint32_t i = 0; i < n; i++)
		for (size_t m = 0; m < COUNT(modes); m++)
			host_value(h, host_labels(h, "cpu", cpus[i].name, "mode", modes[m], NULL),
				(double)cpus[i].in[m] / ticks());
	for (size_t i = 0; i < COUNT(throttles); i++)
		write_throttle(h, &throttles[i]);
}

void collect_stat(struct host *h)
{
	static const struct {
		const char *key, *metric;
		enum host_type type;
		const char *help;
	} rows[] = {
		{ "btime", "node_boot_time_seconds", GAUGE, "Node boot time, in unixtime." },
		{ "ctxt", "node_context_switches_total", COUNTER,
			"Total number of context switches." },
		{ "processes", "node_forks_total", COUNTER, "Total number of forks." },
		{ "intr", "node_intr_total", COUNTER, "Total number of interrupts serviced." },
		{ "procs_blocked", "node_procs_blocked", GAUGE,
			"Number of processes blocked waiting for I/O to complete." },
		{ "procs_running", "node_procs_running", GAUGE,
			"Number of processes in runnable state." },
	};
	char *text = host_file(h, "/proc/stat"), *line, *words[2];

	h->failed = h->failed || !text;
	while ((line = host_line(&text))) {
		if (host_words(line, words, 2) < 2)
			continue;
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (!str_eq(words[0], rows[i].key))
				continue;
			host_metric(h, rows[i].metric, rows[i].type, rows[i].help);
			host_count(h, NULL, strtoull(words[1], NULL, 10));
		}
	}
}

void collect_cpufreq(struct host *h)
{
	static const struct {
		const char *file, *metric, *help;
	} rows[] = {
		{ "cpuinfo_cur_freq", "node_cpu_frequency_hertz", "measured frequency" },
		{ "cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "largest frequency" },
		{ "cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "smallest frequency" },
		{ "scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "scaled frequency" },
		{ "scaling_max_freq", "node_cpu_scaling_frequency_max_hertz",
			"largest scaled frequency" },
		{ "scaling_min_freq", "node_cpu_scaling_frequency_min_hertz",
			"smallest scaled frequency" },
	};
	char **names = host_folder(h, "/sys/devices/system/cpu");

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool has_metric = false;

		for (char **name = names; *name; name++) {
			int64_t khz;

			if (strncmp(*name, "cpu", 3) != 0 ||
				!host_number(h, &khz, "/sys/devices/system/cpu/%s/cpufreq/%s",
					*name, rows[i].file))
				continue;
			if (!has_metric)
				host_metric(h, rows[i].metric, GAUGE, rows[i].help);
			has_metric = true;
			host_value(h, host_labels(h, "cpu", *name + 3, NULL), (double)khz * 1000);
		}
	}
}

void collect_schedstat(struct host *h)
{
	static const struct {
		const char *metric, *help;
		bool is_time;
	} rows[] = {
		{ "node_schedstat_running_seconds_total",
			"Number of seconds CPU spent running a process.", true },
		{ "node_schedstat_waiting_seconds_total",
			"Number of seconds spent by processing waiting for this CPU.", true },
		{ "node_schedstat_timeslices_total", "Number of timeslices executed by CPU.",
			false },
	};
	char *text = host_file(h, "/proc/schedstat"), *copy, *line, *words[10];

	for (size_t i = 0; text && i < COUNT(rows); i++) {
		host_metric(h, rows[i].metric, COUNTER, rows[i].help);
		copy = arena_strdup(&h->arena, text);
		while ((line = host_line(&copy))) {
			double v;

			if (strncmp(line, "cpu", 3) != 0 ||
				host_words(line, words, COUNT(words)) < 10)
				continue;
			v = strtod(words[7 + i], NULL);
			host_value(h, host_labels(h, "cpu", words[0] + 3, NULL),
				rows[i].is_time ? v / 1e9 : v);
		}
	}
}

/* ---- load and pressure */

void collect_loadavg(struct host *h)
{
	static const char *const metrics[] = { "node_load1", "node_load5", "node_load15" };
	static const char *const helps[] = { "1m load average.", "5m load average.",
		"15m load average." };
	char *text = host_file(h, "/proc/loadavg"), *words[3];

	if (!text || host_words(text, words, 3) < 3) {
		h->failed = true;
		return;
	}
	for (size_t i = 0; i < COUNT(metrics); i++)
		host_gauge(h, metrics[i], strtod(words[i], NULL), helps[i]);
}

/* Of a file of /proc/pressure, the microseconds of its "some" or "full" line. */
static bool pressure_of(struct host *h, const char *resource, const char *kind, double *ret)
{
	char *text = host_file(h, "/proc/pressure/%s", resource), *line;

	while ((line = host_line(&text))) {
		const char *total = strstr(line, "total=");

		if (strncmp(line, kind, strlen(kind)) != 0 || !total)
			continue;
		*ret = strtod(total + strlen("total="), NULL) / 1e6;
		return true;
	}
	return false;
}

void collect_pressure(struct host *h)
{
	static const struct {
		const char *resource, *kind, *metric, *help;
	} rows[] = {
		{ "cpu", "some", "node_pressure_cpu_waiting_seconds_total",
			"Total time in seconds that processes have waited for CPU time" },
		{ "io", "some", "node_pressure_io_waiting_seconds_total",
			"Total time in seconds that processes have waited due to IO congestion" },
		{ "io", "full", "node_pressure_io_stalled_seconds_total",
			"Total time in seconds no process could make progress due to IO "
			"congestion" },
		{ "memory", "some", "node_pressure_memory_waiting_seconds_total",
			"Total time in seconds that processes have waited for memory" },
		{ "memory", "full", "node_pressure_memory_stalled_seconds_total",
			"Total time in seconds no process could make progress due to memory "
			"congestion" },
		{ "irq", "full", "node_pressure_irq_stalled_seconds_total",
			"seconds that no process could go on because of interrupts" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		double seconds;

		if (!pressure_of(h, rows[i].resource, rows[i].kind, &seconds))
			continue;
		host_metric(h, rows[i].metric, COUNTER, rows[i].help);
		host_value(h, NULL, seconds);
	}
}
