/* SPDX-License-Identifier: Apache-2.0 */
/* services: what the kernel itself serves or asks for over the network: NFS, and IPVS, its load balancer. */
#include "port/host_metrics/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- /proc/net/rpc/nfs and nfsd: net/sunrpc/stats.c, fs/nfsd/stats.c */

#define RPC_ROWS_MAX  64
#define RPC_WORDS_MAX 128

/* Procedures by number; NULL: node_exporter leaves it out. */
static const char *const nfs_v2[] = { "Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink",
	"Read", "WrCache", "Write", "Create", "Remove", "Rename", "Link", "SymLink", "MkDir",
	"RmDir", "ReadDir", "FsStat" };
static const char *const nfs_v3[] = { "Null", "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink",
	"Read", "Write", "Create", "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link",
	"ReadDir", "ReadDirPlus", "FsStat", "FsInfo", "PathConf", "Commit" };
static const char *const nfs_v4[] = { "Null", "Read", "Write", "Commit", "Open", "OpenConfirm",
	"OpenNoattr", "OpenDowngrade", "Close", "Setattr", "FsInfo", "Renew", "SetClientID",
	"SetClientIDConfirm", "Lock", "Lockt", "Locku", "Access", "Getattr", "Lookup", "LookupRoot",
	"Remove", "Rename", "Link", "Symlink", "Create", "Pathconf", "StatFs", "ReadLink",
	"ReadDir", "ServerCaps", "DelegReturn", "GetACL", "SetACL", "FsLocations",
	"ReleaseLockowner", "Secinfo", "FsidPresent", "ExchangeID", "CreateSession",
	"DestroySession", "Sequence", "GetLeaseTime", "ReclaimComplete", "GetDeviceInfo",
	"LayoutGet", "LayoutCommit", "LayoutReturn", "SecinfoNoName", "TestStateID", "FreeStateID",
	"GetDeviceList", "BindConnToSession", "DestroyClientID", "Seek", "Allocate", "DeAllocate",
	"LayoutStats", "Clone" };
static const char *const nfsd_v2[] = { NULL, "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink",
	"Read", "WrCache", "Write", "Create", "Remove", "Rename", "Link", "SymLink", "MkDir",
	"RmDir", "ReadDir", "FsStat" };
static const char *const nfsd_v3[] = { NULL, "GetAttr", "SetAttr", "Lookup", "Access", "ReadLink",
	"Read", "Write", "Create", "MkDir", "SymLink", "MkNod", "Remove", "RmDir", "Rename", "Link",
	"ReadDir", "ReadDirPlus", "FsStat", "FsInfo", "PathConf", "Commit" };
static const char *const nfsd_v4[] = { NULL, NULL, NULL, "Access", "Close", "Commit", "Create",
	"DelegPurge", "DelegReturn", "GetAttr", "GetFH", "Link", "Lock", "Lockt", "Locku", "Lookup",
	"LookupRoot", "Nverify", "Open", "OpenAttr", "OpenConfirm", "OpenDgrd", "PutFH", NULL, NULL,
	"Read", "ReadDir", "ReadLink", "Remove", "Rename", "Renew", "RestoreFH", "SaveFH",
	"SecInfo", "SetAttr", "SetClientID", "SetClientIDConfirm", "Verify", "Write",
	"RelLockOwner" };

struct rpc_row {
	char **words; /* its name first */
	uint32_t n;
};
struct rpc { /* one of the two files */
	struct rpc_row rows[RPC_ROWS_MAX];
	uint32_t n;
};

static bool read_rpc(struct host *h, const char *path, struct rpc *ret)
{
	char *text = host_file(h, "%s", path), *line;

	ret->n = 0;
	if (!text)
		return false;
	while (ret->n < RPC_ROWS_MAX && (line = host_line(&text))) {
		struct rpc_row *row = &ret->rows[ret->n];

		row->words = arena_alloc(&h->arena, RPC_WORDS_MAX * sizeof *row->words);
		must(row->words);
		row->n = host_words(line, row->words, RPC_WORDS_MAX);
		ret->n += row->n > 0;
	}
	return true;
}

/* The number at `place` of a row, counted from 1; 0 when there is none. */
static double rpc_number(const struct rpc *r, const char *name, uint32_t place)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (str_eq(r->rows[i].words[0], name) && place < r->rows[i].n)
			return strtod(r->rows[i].words[place], NULL);
	return 0;
}

struct rpc_field {
	const char *row;
	uint32_t place;
	const char *metric;
	enum host_type type;
	const char *labels; /* NULL: none */
	const char *help;   /* at the metric's first field */
};

static void write_rpc(struct host *h, const struct rpc *r, const struct rpc_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !str_eq(f[i].metric, f[i - 1].metric))
			host_metric(h, f[i].metric, f[i].type, f[i].help);
		host_value(h, f[i].labels, rpc_number(r, f[i].row, f[i].place));
	}
}

struct calls { /* "proc3 22 0 5 ...": how many follow, and how often each was called */
	const char *row, *proto;
	const char *const *names;
	size_t n;
};

static void write_calls(struct host *h, const struct rpc *r, const struct calls *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->names[i])
			host_value(h,
				host_labels(h, "method", c->names[i], "proto", c->proto, NULL),
				rpc_number(r, c->row, i + 2));
}

static const struct rpc_field nfs_fields[] = {
	{ "net", 4, "node_nfs_connections_total", COUNTER, NULL,
		"Total number of NFSd TCP connections." },
	{ "net", 3, "node_nfs_packets_total", COUNTER, "protocol=\"tcp\"",
		"Total NFSd network packets (sent+received) by protocol type." },
	{ "net", 2, "node_nfs_packets_total", COUNTER, "protocol=\"udp\"", NULL },
	{ "rpc", 3, "node_nfs_rpc_authentication_refreshes_total", COUNTER, NULL,
		"Number of RPC authentication refreshes performed." },
	{ "rpc", 2, "node_nfs_rpc_retransmissions_total", COUNTER, NULL,
		"Number of RPC transmissions performed." },
	{ "rpc", 1, "node_nfs_rpcs_total", COUNTER, NULL, "Total number of RPCs performed." },
};
static const struct calls nfs_calls[] = {
	{ "proc2", "2", nfs_v2, COUNT(nfs_v2) },
	{ "proc3", "3", nfs_v3, COUNT(nfs_v3) },
	{ "proc4", "4", nfs_v4, COUNT(nfs_v4) },
};

void collect_nfs(struct host *h)
{
	struct rpc r;

	if (!read_rpc(h, "/proc/net/rpc/nfs", &r))
		return;
	write_rpc(h, &r, nfs_fields, COUNT(nfs_fields));
	host_metric(h, "node_nfs_requests_total", COUNTER, "Number of NFS procedures invoked.");
	for (size_t i = 0; i < COUNT(nfs_calls); i++)
		write_calls(h, &r, &nfs_calls[i]);
}

static const struct rpc_field nfsd_fields[] = {
	{ "net", 4, "node_nfsd_connections_total", COUNTER, NULL,
		"Total number of NFSd TCP connections." },
	{ "io", 1, "node_nfsd_disk_bytes_read_total", COUNTER, NULL, "Total NFSd bytes read." },
	{ "io", 2, "node_nfsd_disk_bytes_written_total", COUNTER, NULL,
		"Total NFSd bytes written." },
	{ "fh", 1, "node_nfsd_file_handles_stale_total", COUNTER, NULL,
		"Total number of NFSd stale file handles" },
	{ "net", 3, "node_nfsd_packets_total", COUNTER, "proto=\"tcp\"",
		"Total NFSd network packets (sent+received) by protocol type." },
	{ "net", 2, "node_nfsd_packets_total", COUNTER, "proto=\"udp\"", NULL },
	{ "ra", 12, "node_nfsd_read_ahead_cache_not_found_total", COUNTER, NULL,
		"Total number of NFSd read ahead cache not found." },
	{ "ra", 1, "node_nfsd_read_ahead_cache_size_blocks", GAUGE, NULL,
		"How large the read ahead cache is in blocks." },
	{ "rc", 1, "node_nfsd_reply_cache_hits_total", COUNTER, NULL,
		"Total number of NFSd Reply Cache hits (client lost server response)." },
	{ "rc", 2, "node_nfsd_reply_cache_misses_total", COUNTER, NULL,
		"Total number of NFSd Reply Cache an operation that requires caching "
		"(idempotent)." },
	{ "rc", 3, "node_nfsd_reply_cache_nocache_total", COUNTER, NULL,
		"Total number of NFSd Reply Cache non-idempotent operations "
		"(rename/delete/\u2026)." },
	{ "rpc", 4, "node_nfsd_rpc_errors_total", COUNTER, "error=\"auth\"",
		"Total number of NFSd RPC errors by error type." },
	{ "rpc", 5, "node_nfsd_rpc_errors_total", COUNTER, "error=\"cInt\"", NULL },
	{ "rpc", 3, "node_nfsd_rpc_errors_total", COUNTER, "error=\"fmt\"", NULL },
	{ "rpc", 1, "node_nfsd_server_rpcs_total", COUNTER, NULL, "Total number of NFSd RPCs." },
	{ "th", 1, "node_nfsd_server_threads", GAUGE, NULL,
		"Total number of NFSd kernel threads that are running." },
};
static const struct calls nfsd_calls[] = {
	{ "proc2", "2", nfsd_v2, COUNT(nfsd_v2) },
	{ "proc3", "3", nfsd_v3, COUNT(nfsd_v3) },
	{ "proc4ops", "4", nfsd_v4, COUNT(nfsd_v4) },
};

void collect_nfsd(struct host *h)
{
	struct rpc r;

	if (!read_rpc(h, "/proc/net/rpc/nfsd", &r))
		return;
	write_rpc(h, &r, nfsd_fields, COUNT(nfsd_fields));
	host_metric(h, "node_nfsd_requests_total", COUNTER,
		"Total number NFSd Requests by method and protocol.");
	for (size_t i = 0; i < COUNT(nfsd_calls); i++)
		write_calls(h, &r, &nfsd_calls[i]);
	host_value(h, host_labels(h, "method", "WdelegGetattr", "proto", "4", NULL),
		rpc_number(&r, "wdeleg_getattr", 1));
}

/* ---- IPVS: net/netfilter/ipvs/ip_vs_ctl.c */

static const struct {
	const char *metric, *help;
	uint32_t place; /* in /proc/net/ip_vs_stats */
} ipvs_totals[] = {
	{ "node_ipvs_connections_total", "The total number of connections made.", 0 },
	{ "node_ipvs_incoming_bytes_total", "The total amount of incoming data.", 3 },
	{ "node_ipvs_incoming_packets_total", "The total number of incoming packets.", 1 },
	{ "node_ipvs_outgoing_bytes_total", "The total amount of outgoing data.", 4 },
	{ "node_ipvs_outgoing_packets_total", "The total number of outgoing packets.", 2 },
};

/* Two lines of headings, then hexadecimal totals. */
static void write_ipvs_totals(struct host *h)
{
	char *text = host_file(h, "/proc/net/ip_vs_stats"), *words[5], *line;

	host_line(&text);
	host_line(&text);
	line = host_line(&text);
	if (!line || host_words(line, words, 5) < 5)
		return;
	for (size_t i = 0; i < COUNT(ipvs_totals); i++)
		host_counter(h, ipvs_totals[i].metric,
			strtoull(words[ipvs_totals[i].place], NULL, 16), ipvs_totals[i].help);
}

struct ipvs_address {
	char text[INET6_ADDRSTRLEN], port[8];
};

/* "C0A80016:0CEA", "[2620:0000:...:0001]:0050" */
static bool read_address(const char *s, struct ipvs_address *ret)
{
	const char *colon = strrchr(s, ':');
	char inside[64];
	struct in6_addr six;
	struct in_addr four;

	if (!colon || (size_t)(colon - s) < 3 || (size_t)(colon - s) >= sizeof inside)
		return false;
	snprintf(ret->port, sizeof ret->port, "%lu", strtoul(colon + 1, NULL, 16) & 0xffff);
	if (*s != '[') {
		four.s_addr = htonl((uint32_t)strtoul(s, NULL, 16));
		return colon - s == 8 && inet_ntop(AF_INET, &four, ret->text, sizeof ret->text);
	}
	snprintf(inside, sizeof inside, "%.*s", (int)(colon - s - 2), s + 1);
	return inet_pton(AF_INET6, inside, &six) == 1 &&
	       inet_ntop(AF_INET6, &six, ret->text, sizeof ret->text);
}

struct ipvs_service { /* whose backends follow */
	struct ipvs_address local;
	const char *mark, *proto;
	bool is_known;
};

static void begin_service(char *const *words, struct ipvs_service *s)
{
	*s = (struct ipvs_service){ .mark = "", .proto = words[0], .local.port = "0" };
	if (str_eq(words[0], "FWM")) {
		s->mark = words[1];
		s->is_known = true;
		return;
	}
	s->is_known =
		(str_eq(words[0], "TCP") || str_eq(words[0], "UDP") || str_eq(words[0], "SCTP")) &&
		read_address(words[1], &s->local);
}

struct ipvs_field {
	const char *metric, *help;
	uint32_t place; /* in a backend's line */
};

static const struct ipvs_field ipvs_fields[] = {
	{ "node_ipvs_backend_connections_active",
		"The current active connections by local and remote address.", 4 },
	{ "node_ipvs_backend_connections_inactive",
		"The current inactive connections by local and remote address.", 5 },
	{ "node_ipvs_backend_weight", "The current backend weight by local and remote address.",
		3 },
};

static void write_backends(struct host *h, const struct ipvs_field *f)
{
	char *text = host_file(h, "/proc/net/ip_vs"), *line, *words[6];
	struct ipvs_service service = { .is_known = false };
	struct ipvs_address remote;
	bool has_metric = false;

	while ((line = host_line(&text))) {
		uint32_t n = host_words(line, words, 6);

		if (n >= 2 && !str_eq(words[0], "->")) {
			begin_service(words, &service);
			continue;
		}
		if (n < 6 || !service.is_known || !read_address(words[1], &remote))
			continue;
		if (!has_metric)
			host_metric(h, f->metric, GAUGE, f->help);
		has_metric = true;
		host_value(h,
			host_labels(h, "local_address", service.local.text, "local_mark",
				service.mark, "local_port", service.local.port, "proto",
				service.proto, "remote_address", remote.text, "remote_port",
				remote.port, NULL),
			strtod(words[f->place], NULL));
	}
}

void collect_ipvs(struct host *h)
{
	for (size_t i = 0; i < COUNT(ipvs_fields); i++)
		write_backends(h, &ipvs_fields[i]);
	write_ipvs_totals(h);
}
