/* SPDX-License-Identifier: Apache-2.0 */
/* network: devices, protocols, sockets. */
#include "port/host_metrics/host.h"

#include "base/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEVICES_MAX 1024

/* ---- /proc/net/dev */

static const struct {
	const char *metric, *help;
} device_fields[] = {
	/* in the order of the file */
	{ "node_network_receive_bytes_total", "Network device statistic receive_bytes." },
	{ "node_network_receive_packets_total", "Network device statistic receive_packets." },
	{ "node_network_receive_errs_total", "Network device statistic receive_errs." },
	{ "node_network_receive_drop_total", "Network device statistic receive_drop." },
	{ "node_network_receive_fifo_total", "Network device statistic receive_fifo." },
	{ "node_network_receive_frame_total", "Network device statistic receive_frame." },
	{ "node_network_receive_compressed_total", "Network device statistic receive_compressed." },
	{ "node_network_receive_multicast_total", "Network device statistic receive_multicast." },
	{ "node_network_transmit_bytes_total", "Network device statistic transmit_bytes." },
	{ "node_network_transmit_packets_total", "Network device statistic transmit_packets." },
	{ "node_network_transmit_errs_total", "Network device statistic transmit_errs." },
	{ "node_network_transmit_drop_total", "Network device statistic transmit_drop." },
	{ "node_network_transmit_fifo_total", "Network device statistic transmit_fifo." },
	{ "node_network_transmit_colls_total", "Network device statistic transmit_colls." },
	{ "node_network_transmit_carrier_total", "Network device statistic transmit_carrier." },
	{ "node_network_transmit_compressed_total",
		"Network device statistic transmit_compressed." },
};

struct device {
	char *name, *fields[COUNT(device_fields)];
};

/* The one statistic that /proc/net/dev doesn't have. */
static void write_unhandled(struct host *h, const struct device *devices, uint32_t n)
{
	bool has_metric = false;
	int64_t v;

	for (uint32_t i = 0; i < n; i++) {
		if (!host_number(h, &v, "/sys/class/net/%s/statistics/rx_nohandler",
			    devices[i].name))
			continue;
		if (!has_metric)
			host_metric(h, "node_network_receive_nohandler_total", COUNTER,
				"Network device statistic receive_nohandler.");
		has_metric = true;
		host_count(h, host_labels(h, "device", devices[i].name, NULL), (uint64_t)v);
	}
}

void collect_netdev(struct host *h)
{
	struct device *devices = arena_alloc(&h->arena, DEVICES_MAX * sizeof *devices);
	char *text = host_file(h, "/proc/net/dev"), *line;
	uint32_t n = 0;

	h->failed = h->failed || !text;
	while ((line = host_line(&text)) && n < DEVICES_MAX) {
		char *colon = strchr(line, ':');

		if (!colon)
			continue; /* a heading */
		*colon = '\0';
		devices[n].name = line + strspn(line, " ");
		if (host_words(colon + 1, devices[n].fields, COUNT(device_fields)) ==
			COUNT(device_fields))
			n++;
	}
	for (size_t f = 0; n && f < COUNT(device_fields); f++) {
		host_metric(h, device_fields[f].metric, COUNTER, device_fields[f].help);
		for (uint32_t i = 0; i < n; i++)
			host_count(h, host_labels(h, "device", devices[i].name, NULL),
				strtoull(devices[i].fields[f], NULL, 10));
	}
	write_unhandled(h, devices, n);
}

/* ---- /sys/class/net */

static const struct {
	const char *file, *metric;
	enum host_type type;
	double factor;
	const char *help;
} class_fields[] = {
	{ "addr_assign_type", "node_network_address_assign_type", GAUGE, 1,
		"Network device property: address_assign_type" },
	{ "carrier", "node_network_carrier", GAUGE, 1, "Network device property: carrier" },
	{ "carrier_changes", "node_network_carrier_changes_total", COUNTER, 1,
		"Network device property: carrier_changes_total" },
	{ "carrier_down_count", "node_network_carrier_down_changes_total", COUNTER, 1,
		"Network device property: carrier_down_changes_total" },
	{ "carrier_up_count", "node_network_carrier_up_changes_total", COUNTER, 1,
		"Network device property: carrier_up_changes_total" },
	{ "dev_id", "node_network_device_id", GAUGE, 1, "Network device property: device_id" },
	{ "dormant", "node_network_dormant", GAUGE, 1, "Network device property: dormant" },
	{ "flags", "node_network_flags", GAUGE, 1, "Network device property: flags" },
	{ "ifindex", "node_network_iface_id", GAUGE, 1, "Network device property: iface_id" },
	{ "iflink", "node_network_iface_link", GAUGE, 1, "Network device property: iface_link" },
	{ "link_mode", "node_network_iface_link_mode", GAUGE, 1,
		"Network device property: iface_link_mode" },
	{ "mtu", "node_network_mtu_bytes", GAUGE, 1, "Network device property: mtu_bytes" },
	{ "name_assign_type", "node_network_name_assign_type", GAUGE, 1,
		"Network device property: name_assign_type" },
	{ "netdev_group", "node_network_net_dev_group", GAUGE, 1,
		"Network device property: net_dev_group" },
	{ "type", "node_network_protocol_type", GAUGE, 1,
		"Network device property: protocol_type" },
	{ "speed", "node_network_speed_bytes", GAUGE, 125000,
		"Network device property: speed_bytes" },
	{ "tx_queue_len", "node_network_transmit_queue_length", GAUGE, 1,
		"Network device property: transmit_queue_length" },
};

static const char *class_text(struct host *h, const char *device, const char *file)
{
	const char *text = host_file(h, "/sys/class/net/%s/%s", device, file);

	return text ? text : "";
}

static void write_device_info(struct host *h, char *const *devices)
{
	host_metric(h, "node_network_info", GAUGE,
		"Non-numeric data from /sys/class/net/<iface>, value is always 1.");
	for (; *devices; devices++) {
		int64_t flags = 0;
		bool has_flags = host_number(h, &flags, "/sys/class/net/%s/flags", *devices);

		host_count(h,
			host_labels(h, "address", class_text(h, *devices, "address"), "adminstate",
				!has_flags  ? "unknown"
				: flags & 1 ? "up"
					    : "down",
				"broadcast", class_text(h, *devices, "broadcast"), "device",
				*devices, "duplex", class_text(h, *devices, "duplex"), "ifalias",
				class_text(h, *devices, "ifalias"), "operstate",
				class_text(h, *devices, "operstate"), NULL),
			1);
	}
}

void collect_netclass(struct host *h)
{
	char **devices = host_folder(h, "/sys/class/net");

	if (!*devices)
		return;
	write_device_info(h, devices);
	for (size_t f = 0; f < COUNT(class_fields); f++) {
		bool has_metric = false;

		for (char **device = devices; *device; device++) {
			int64_t v;

			if (!host_number(h, &v, "/sys/class/net/%s/%s", *device,
				    class_fields[f].file))
				continue;
			if (!has_metric)
				host_metric(h, class_fields[f].metric, class_fields[f].type,
					class_fields[f].help);
			has_metric = true;
			host_value(h, host_labels(h, "device", *device, NULL),
				(double)v * class_fields[f].factor);
		}
	}
	host_metric(h, "node_network_up", GAUGE, "Value is 1 if operstate is 'up', 0 otherwise.");
	for (char **device = devices; *device; device++)
		host_count(h, host_labels(h, "device", *device, NULL),
			str_eq(class_text(h, *device, "operstate"), "up"));
}

/* ---- protocols */

/* Which of the some hundred fields, as node_exporter chooses. */
static const char *const netstat_wanted =
	"^(.*_(InErrors|InErrs)|Ip_Forwarding|Ip(6|Ext)_(InOctets|OutOctets)|"
	"Icmp6?_(InMsgs|OutMsgs)|TcpExt_(Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts|"
	"TCPOFOQueue|TCPRcvQDrop)|Tcp_(ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|"
	"RetransSegs|CurrEstab)|Udp6?_(InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|"
	"SndbufErrors))$";

static void write_netstat(struct host *h, const struct pattern *wanted, const char *name,
	const char *value)
{
	char metric[128];
	bool is_wanted = false;

	if (pattern_match(wanted, name, strlen(name), &is_wanted, NULL) != RC_OK || !is_wanted)
		return;
	snprintf(metric, sizeof metric, "node_netstat_%.80s", name);
	host_field(h, metric, UNTYPED, "Statistic %.*s%s.", (int)strcspn(name, "_"), name,
		strchr(name, '_') + 1);
	host_value(h, NULL, strtod(value, NULL));
}

/* "Tcp: A B C" and "Tcp: 1 2 3" in turns. */
static void read_pairs(struct host *h, const struct pattern *wanted, char *text)
{
	char *names, *values, *n[256], *v[256];

	while ((names = host_line(&text)) && (values = host_line(&text))) {
		uint32_t n_names = host_words(names, n, COUNT(n));
		uint32_t n_values = host_words(values, v, COUNT(v));

		if (n_names != n_values || !n_names || !str_eq(n[0], v[0])) {
			h->failed = true;
			return;
		}
		n[0][strcspn(n[0], ":")] = '\0';
		for (uint32_t i = 1; i < n_names; i++) {
			const char *name = arena_printf(&h->arena, "%s_%s", n[0], n[i]);

			if (name)
				write_netstat(h, wanted, name, v[i]);
		}
	}
}

/* "Ip6InReceives 12": the protocol ends with its 6. */
static void read_snmp6(struct host *h, const struct pattern *wanted, char *text)
{
	char *line, *words[2];

	while ((line = host_line(&text))) {
		const char *six, *name;

		if (host_words(line, words, 2) < 2)
			continue;
		six = strchr(words[0], '6');
		name = six ? arena_printf(&h->arena, "%.*s_%s", (int)(six + 1 - words[0]), words[0],
				     six + 1)
			   : NULL;
		if (name)
			write_netstat(h, wanted, name, words[1]);
	}
}

void collect_netstat(struct host *h)
{
	scoped(pattern_free) struct pattern *wanted = NULL;

	if (pattern_compile(&wanted, netstat_wanted, PATTERN_SEARCH, NULL) != RC_OK) {
		h->failed = true;
		return;
	}
	read_pairs(h, wanted, host_file(h, "/proc/net/netstat"));
	read_pairs(h, wanted, host_file(h, "/proc/net/snmp"));
	read_snmp6(h, wanted, host_file(h, "/proc/net/snmp6"));
}

/* ---- sockets */

/* "TCP: inuse 5 orphan 0 ... mem 1": memory is in pages. */
static void write_sockstat(struct host *h, char *line)
{
	char *words[32], metric[96];
	uint32_t n = host_words(line, words, COUNT(words));

	for (uint32_t i = 1; i + 1 < n; i += 2) {
		uint64_t v = strtoull(words[i + 1], NULL, 10);

		words[0][strcspn(words[0], ":")] = '\0';
		snprintf(metric, sizeof metric, "node_sockstat_%.24s_%.24s", words[0], words[i]);
		if (str_eq(words[0], "sockets"))
			host_metric(h, metric, GAUGE, "Number of IPv4 sockets in use.");
		else
			host_field(h, metric, GAUGE, "Number of %s sockets in state %s.", words[0],
				words[i]);
		host_count(h, NULL, v);
		if (!str_eq(words[i], "mem"))
			continue;
		snprintf(metric, sizeof metric, "node_sockstat_%.24s_mem_bytes", words[0]);
		host_field(h, metric, GAUGE, "Number of %s sockets in state mem_bytes.", words[0]);
		host_count(h, NULL, v * (uint64_t)sysconf(_SC_PAGESIZE));
	}
}

void collect_sockstat(struct host *h)
{
	char *files[] = { host_file(h, "/proc/net/sockstat"), host_file(h, "/proc/net/sockstat6") };
	char *line;

	h->failed = h->failed || !files[0];
	for (size_t i = 0; i < COUNT(files); i++)
		while ((line = host_line(&files[i])))
			write_sockstat(h, line);
}

/* Bytes that wait in all sockets' queues: "tx:rx" in the fifth column, hexadecimal. */
static void sum_queues(char *text, uint64_t *tx, uint64_t *rx)
{
	char *line, *words[5], *colon;

	*tx = *rx = 0;
	host_line(&text); /* the heading */
	while ((line = host_line(&text))) {
		if (host_words(line, words, 5) < 5 || !(colon = strchr(words[4], ':')))
			continue;
		*tx += strtoull(words[4], NULL, 16);
		*rx += strtoull(colon + 1, NULL, 16);
	}
}

void collect_udp_queues(struct host *h)
{
	static const struct {
		const char *file, *ip;
	} rows[] = { { "/proc/net/udp", "v4" }, { "/proc/net/udp6", "v6" } };
	bool has_metric = false;

	for (size_t i = 0; i < COUNT(rows); i++) {
		char *text = host_file(h, "%s", rows[i].file);
		uint64_t tx, rx;

		if (!text)
			continue;
		if (!has_metric)
			host_metric(h, "node_udp_queues", GAUGE,
				"Number of allocated memory in the kernel for UDP datagrams in "
				"bytes.");
		has_metric = true;
		sum_queues(text, &tx, &rx);
		host_count(h, host_labels(h, "ip", rows[i].ip, "queue", "tx", NULL), tx);
		host_count(h, host_labels(h, "ip", rows[i].ip, "queue", "rx", NULL), rx);
	}
}

/* As the kernel numbers them (net/tcp_states.h), from 1. */
static const char *const tcp_states[] = { "established", "syn_sent", "syn_recv", "fin_wait1",
	"fin_wait2", "time_wait", "close", "close_wait", "last_ack", "listen", "closing" };

static void count_connections(char *text, uint64_t counts[COUNT(tcp_states)])
{
	char *line, *words[4];

	host_line(&text); /* the heading */
	while ((line = host_line(&text))) {
		uint64_t state = host_words(line, words, 4) == 4 ? strtoull(words[3], NULL, 16) : 0;

		if (state >= 1 && state <= COUNT(tcp_states))
			counts[state - 1]++;
	}
}

void collect_tcpstat(struct host *h)
{
	static const char *const files[] = { "/proc/net/tcp", "/proc/net/tcp6" };
	uint64_t counts[COUNT(tcp_states)] = { 0 }, tx = 0, rx = 0;

	for (size_t i = 0; i < COUNT(files); i++) {
		char *text = host_file(h, "%s", files[i]);
		uint64_t file_tx, file_rx;

		if (!text)
			continue;
		count_connections(arena_strdup(&h->arena, text), counts);
		sum_queues(text, &file_tx, &file_rx);
		tx += file_tx;
		rx += file_rx;
	}
	host_metric(h, "node_tcp_connection_states", GAUGE, "Number of connection states.");
	for (size_t i = 0; i < COUNT(tcp_states); i++)
		if (counts[i])
			host_count(h, host_labels(h, "state", tcp_states[i], NULL), counts[i]);
	host_count(h, host_labels(h, "state", "rx_queued_bytes", NULL), rx);
	host_count(h, host_labels(h, "state", "tx_queued_bytes", NULL), tx);
}

/* ---- packets on their way through the kernel */

void collect_softnet(struct host *h)
{
	static const struct {
		const char *metric;
		uint32_t column;
		enum host_type type;
		const char *help;
	} rows[] = {
		{ "node_softnet_processed_total", 0, COUNTER, "Number of processed packets" },
		{ "node_softnet_dropped_total", 1, COUNTER, "Number of dropped packets" },
		{ "node_softnet_times_squeezed_total", 2, COUNTER,
			"Number of times processing packets ran out of quota" },
		{ "node_softnet_cpu_collision_total", 8, COUNTER,
			"Number of collision occur while obtaining device lock while "
			"transmitting" },
		{ "node_softnet_received_rps_total", 9, COUNTER,
			"Number of times cpu woken up received_rps" },
		{ "node_softnet_flow_limit_count_total", 10, COUNTER,
			"Number of times flow limit has been reached" },
		{ "node_softnet_backlog_len", 11, GAUGE, "Softnet backlog status" },
	};
	char *text = host_file(h, "/proc/net/softnet_stat"), *copy, *line, *words[16], cpu[16];

	h->failed = h->failed || !text;
	for (size_t i = 0; text && i < COUNT(rows); i++) {
		host_metric(h, rows[i].metric, rows[i].type, rows[i].help);
		copy = arena_strdup(&h->arena, text);
		for (int row = 0; (line = host_line(&copy)); row++) {
			uint32_t n = host_words(line, words, COUNT(words));

			if (rows[i].column >= n)
				continue;
			snprintf(cpu, sizeof cpu, "%lu",
				n > 12 ? strtoul(words[12], NULL, 16) : (unsigned long)row);
			host_count(h, host_labels(h, "cpu", cpu, NULL),
				strtoull(words[rows[i].column], NULL, 16));
		}
	}
}

void collect_conntrack(struct host *h)
{
	static const struct {
		const char *heading, *metric, *help;
	} rows[] = {
		{ "found", "node_nf_conntrack_stat_found",
			"Number of searched entries which were successful." },
		{ "invalid", "node_nf_conntrack_stat_invalid",
			"Number of packets seen which can not be tracked." },
		{ "ignore", "node_nf_conntrack_stat_ignore",
			"Number of packets seen which are already connected to a conntrack "
			"entry." },
		{ "insert", "node_nf_conntrack_stat_insert",
			"Number of entries inserted into the list." },
		{ "insert_failed", "node_nf_conntrack_stat_insert_failed",
			"Number of entries for which list insertion was attempted but failed." },
		{ "drop", "node_nf_conntrack_stat_drop",
			"Number of packets dropped due to conntrack failure." },
		{ "early_drop", "node_nf_conntrack_stat_early_drop",
			"Number of dropped conntrack entries to make room for new ones, if maximum "
			"table size was reached." },
		{ "search_restart", "node_nf_conntrack_stat_search_restart",
			"Number of conntrack table lookups which had to be restarted due to "
			"hashtable resizes." },
	};
	char *text, *line, *names[32], *values[32];
	uint64_t sums[COUNT(rows)] = { 0 };
	uint32_t n_names;
	int64_t v;

	if (host_number(h, &v, "/proc/sys/net/netfilter/nf_conntrack_count"))
		host_gauge(h, "node_nf_conntrack_entries", (double)v,
			"Number of currently allocated flow entries for connection tracking.");
	if (host_number(h, &v, "/proc/sys/net/netfilter/nf_conntrack_max"))
		host_gauge(h, "node_nf_conntrack_entries_limit", (double)v,
			"Maximum size of connection tracking table.");
	text = host_file(h, "/proc/net/stat/nf_conntrack");
	if (!text || !(line = host_line(&text)))
		return;
	n_names = host_words(line, names, COUNT(names));
	while ((line = host_line(&text))) { /* one a CPU */
		uint32_t n = host_words(line, values, COUNT(values));

		for (uint32_t i = 0; i < n && i < n_names; i++)
			for (size_t r = 0; r < COUNT(rows); r++)
				if (str_eq(names[i], rows[r].heading))
					sums[r] += strtoull(values[i], NULL, 16);
	}
	for (size_t r = 0; r < COUNT(rows); r++)
		host_gauge(h, rows[r].metric, (double)sums[r], rows[r].help);
}

/* Neighbours known by ARP, by device. */
void collect_arp(struct host *h)
{
	char *text = host_file(h, "/proc/net/arp"), *line, *words[6];
	struct {
		char *device;
		uint64_t n;
	} counts[256];
	uint32_t n = 0, i;

	h->failed = h->failed || !text;
	host_line(&text);
	while ((line = host_line(&text))) {
		if (host_words(line, words, 6) < 6)
			continue;
		for (i = 0; i < n && !str_eq(counts[i].device, words[5]); i++)
			;
		if (i == n && n < COUNT(counts)) {
			counts[n].device = words[5];
			counts[n++].n = 0;
		}
		if (i < n)
			counts[i].n++;
	}
	if (n)
		host_metric(h, "node_arp_entries", GAUGE, "ARP entries by device");
	for (i = 0; i < n; i++)
		host_count(h, host_labels(h, "device", counts[i].device, NULL), counts[i].n);
}

/* ---- bonds: Documentation/networking/bonding.rst */

static void count_slaves(struct host *h, const char *master, char *slaves, uint32_t counts[2])
{
	char *words[64];
	uint32_t n = host_words(slaves, words, COUNT(words));

	counts[0] = n;
	counts[1] = 0;
	for (uint32_t i = 0; i < n; i++) {
		const char *state = host_file(h,
			"/sys/class/net/%s/lower_%s/bonding_slave/mii_status", master, words[i]);

		if (!state)
			state = host_file(h, "/sys/class/net/%s/slave_%s/bonding_slave/mii_status",
				master, words[i]);
		counts[1] += state && str_eq(state, "up");
	}
}

void collect_bonding(struct host *h)
{
	static const struct {
		const char *metric, *help;
	} rows[] = {
		{ "node_bonding_slaves", "Number of configured slaves per bonding interface." },
		{ "node_bonding_active", "Number of active slaves per bonding interface." },
	};
	char *masters = host_file(h, "/sys/class/net/bonding_masters"), *names[32];
	uint32_t n = masters ? host_words(masters, names, COUNT(names)) : 0, counts[32][2];

	for (uint32_t i = 0; i < n; i++) {
		char *slaves = host_file(h, "/sys/class/net/%s/bonding/slaves", names[i]);

		memset(counts[i], 0, sizeof counts[i]);
		if (slaves)
			count_slaves(h, names[i], slaves, counts[i]);
	}
	for (size_t row = 0; n && row < COUNT(rows); row++) {
		host_metric(h, rows[row].metric, GAUGE, rows[row].help);
		for (uint32_t i = 0; i < n; i++)
			host_count(h, host_labels(h, "master", names[i], NULL), counts[i][row]);
	}
}
