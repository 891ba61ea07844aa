/* SPDX-License-Identifier: Apache-2.0 */
/* processes: how many in which state, and what interrupts each processor. */
#include "port/host_metrics/host.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- processes */

struct census {
	uint64_t processes, threads;
	uint64_t in_state['z' - 'A' + 1];
};

/* "PID (NAME) STATE ...": the name may hold anything, so fields are counted from its last bracket.
 * The number of threads is the 20th of all. */
static void count_process(struct census *c, char *text)
{
	char *words[18], *name_end = text ? strrchr(text, ')') : NULL;

	if (!name_end || host_words(name_end + 1, words, COUNT(words)) < COUNT(words) ||
		!isalpha((unsigned char)words[0][0]))
		return; /* it ended meanwhile */
	c->processes++;
	c->in_state[words[0][0] - 'A']++;
	c->threads += strtoull(words[17], NULL, 10);
}

void collect_processes(struct host *h)
{
	struct census c = { 0 };
	int64_t most;

	for (char **names = host_folder(h, "/proc"); *names; names++)
		if (isdigit((unsigned char)**names))
			count_process(&c, host_file(h, "/proc/%s/stat", *names));
	if (!c.processes)
		return;
	if (host_number(h, &most, "/proc/sys/kernel/pid_max"))
		host_gauge(h, "node_processes_max_processes", (double)most,
			"Number of max PIDs limit");
	if (host_number(h, &most, "/proc/sys/kernel/threads-max"))
		host_gauge(h, "node_processes_max_threads", (double)most,
			"Limit of threads in the system");
	host_gauge(h, "node_processes_pids", (double)c.processes, "Number of PIDs");
	host_metric(h, "node_processes_state", GAUGE, "Number of processes in each state.");
	for (size_t i = 0; i < COUNT(c.in_state); i++)
		if (c.in_state[i])
			host_count(h,
				host_labels(h, "state", (char[]){ (char)('A' + i), '\0' }, NULL),
				c.in_state[i]);
	host_gauge(h, "node_processes_threads", (double)c.threads, "Allocated threads in system");
}

/* ---- this program, where dashboards look for the exporter */

/* "Max open files            1024                 4096                 files": the soft limit. */
static double limit_of(struct host *h, const char *name)
{
	char *text = host_file(h, "/proc/self/limits"), *line;
	size_t n = strlen(name);

	while ((line = host_line(&text)))
		if (strncmp(line, name, n) == 0)
			break;
	if (!line)
		return -1;
	line += n + strspn(line + n, " ");
	return str_starts(line, "unlimited") ? (double)UINT64_MAX : strtod(line, NULL);
}

void collect_process(struct host *h)
{
	char *words[22], *text = host_file(h, "/proc/self/stat"),
			 *name_end = text ? strrchr(text, ')') : NULL;
	uint32_t n_open = 0;
	double ticks;

	if (!name_end || host_words(name_end + 1, words, COUNT(words)) < COUNT(words))
		return;
	for (char **fd = host_folder(h, "/proc/self/fd"); *fd; fd++)
		n_open++;
	ticks = strtod(words[11], NULL) + strtod(words[12], NULL);
	host_metric(h, "process_cpu_seconds_total", COUNTER,
		"Total user and system CPU time spent in seconds.");
	host_value(h, NULL, ticks / (double)sysconf(_SC_CLK_TCK));
	host_gauge(h, "process_max_fds", limit_of(h, "Max open files"),
		"Maximum number of open file descriptors.");
	host_gauge(h, "process_open_fds", n_open, "Number of open file descriptors.");
	host_gauge(h, "process_resident_memory_bytes",
		strtod(words[21], NULL) * (double)sysconf(_SC_PAGESIZE),
		"Resident memory size in bytes.");
	host_gauge(h, "process_virtual_memory_bytes", strtod(words[20], NULL),
		"Virtual memory size in bytes.");
	host_gauge(h, "process_virtual_memory_max_bytes", limit_of(h, "Max address space"),
		"Maximum amount of virtual memory available in bytes.");
}

/* ---- interrupts */

static const char *joined(struct host *h, char **words, uint32_t n)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	for (uint32_t i = 0; i < n; i++)
		str_addf(&text, "%s%s", i ? " " : "", words[i]);
	return arena_strdup(&h->arena, str_c(&text));
}

/* "24: 1 0 IO-APIC 5-edge ACPI:Ged": a count for each processor, then what it is.  Of those with a
 * number the first word is the controller, the rest devices. */
static void write_interrupt(struct host *h, char *line, uint32_t n_cpus)
{
	char **words = arena_alloc(&h->arena, (n_cpus + 32) * sizeof *words),
	     *colon = strchr(line, ':');
	const char *type = line + strspn(line, " "), *info, *devices;
	uint32_t n, n_info;

	must(words);
	n = colon ? host_words(colon + 1, words, n_cpus + 32) : 0;
	if (n <= n_cpus)
		return; /* ERR and MIS are of no processor */
	*colon = '\0';
	n_info = isdigit((unsigned char)*type) ? 1 : n - n_cpus;
	info = joined(h, words + n_cpus, n_info);
	devices = joined(h, words + n_cpus + n_info, n - n_cpus - n_info);
	for (uint32_t i = 0; i < n_cpus; i++) {
		char cpu[16];

		snprintf(cpu, sizeof cpu, "%u", i);
		if (!str_eq(words[i], "0"))
			host_value(h,
				host_labels(h, "cpu", cpu, "devices", devices, "info", info, "type",
					type, NULL),
				strtod(words[i], NULL));
	}
}

void collect_interrupts(struct host *h)
{
	char *text = host_file(h, "/proc/interrupts"), *line = host_line(&text);
	char *cpus[1024];
	uint32_t n_cpus = line ? host_words(line, cpus, COUNT(cpus)) : 0;

	if (!n_cpus)
		return;
	host_metric(h, "node_interrupts_total", COUNTER, "Interrupt details.");
	while ((line = host_line(&text)))
		write_interrupt(h, line, n_cpus);
}
