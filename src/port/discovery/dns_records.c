/* SPDX-License-Identifier: Apache-2.0 */
#include "port/discovery/dns_records.h"

#include "base/limits.h"
#include "base/str.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>

static const int types[] = {
	[DNS_SD_SRV] = ns_t_srv,
	[DNS_SD_A] = ns_t_a,
	[DNS_SD_AAAA] = ns_t_aaaa,
	[DNS_SD_MX] = ns_t_mx,
	[DNS_SD_NS] = ns_t_ns,
};

int dns_record_type(enum dns_sd_type type)
{
	return types[type];
}

struct making {
	const struct sd_dns *config;
	const char *name;
	struct arena *arena;
	struct target_group *to;
	uint32_t cap;
	bool is_full;
};

struct record {                   /* what a target is made of */
	const char *host, *label; /* `label` names the label that holds the host; NULL: none */
	uint64_t port;
	bool has_port_label;
};

static void put_record(struct making *m, const struct record *r, struct label_set *s)
{
	char text[ERR_TEXT_MAX];
	bool is_v6 = strchr(r->host, ':') != NULL;

	snprintf(text, sizeof text, "%s%s%s:%llu", is_v6 ? "[" : "", r->host, is_v6 ? "]" : "",
		(unsigned long long)r->port);
	label_set_put(s, "__address__", text);
	label_set_put(s, "__meta_dns_name", m->name);
	if (r->label) { /* a rooted name, as the record has it */
		snprintf(text, sizeof text, "%s.", r->host);
		label_set_put(s, r->label, text);
	}
	if (r->has_port_label) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)r->port);
		label_set_put(s, "__meta_dns_srv_record_port", text);
	}
}

static void add(struct making *m, const struct record *r)
{
	scoped(label_set_fini) struct label_set s;
	struct labels l;

	label_set_init(&s, m->arena);
	if (m->to->n == DNS_RECORDS_MAX)
		m->is_full = true;
	else
		put_record(m, r, &s);
	l = label_set_labels(&s);
	if (!m->to->targets)
		m->to->targets = arena_alloc(m->arena, DNS_RECORDS_MAX * sizeof *m->to->targets);
	if (s.is_full || m->is_full || !m->to->targets ||
		!labels_copy(&l, m->arena, &m->to->targets[m->to->n]))
		m->is_full = true;
	else
		m->to->n++;
}

static int add_srv(struct making *m, struct dns_answer_bytes answer)
{
	struct ares_srv_reply *list = NULL;
	int status = ares_parse_srv_reply(answer.bytes, (int)answer.n, &list);

	for (struct ares_srv_reply *it = list; it; it = it->next)
		add(m, &(struct record){ it->host, "__meta_dns_srv_record_target", it->port,
			       true });
	if (list)
		ares_free_data(list);
	return status;
}

static int add_mx(struct making *m, struct dns_answer_bytes answer)
{
	struct ares_mx_reply *list = NULL;
	int status = ares_parse_mx_reply(answer.bytes, (int)answer.n, &list);

	for (struct ares_mx_reply *it = list; it; it = it->next)
		add(m, &(struct record){ it->host, "__meta_dns_mx_record_target", m->config->port,
			       false });
	if (list)
		ares_free_data(list);
	return status;
}

static int add_ns(struct making *m, struct dns_answer_bytes answer)
{
	struct hostent *list = NULL;
	int status = ares_parse_ns_reply(answer.bytes, (int)answer.n, &list);

	for (char **it = list ? list->h_aliases : NULL; it && *it; it++)
		add(m, &(struct record){ *it, "__meta_dns_ns_record_target", m->config->port,
			       false });
	if (list)
		ares_free_hostent(list);
	return status;
}

static void add_host(struct making *m, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, address, text, sizeof text))
		add(m, &(struct record){ text, NULL, m->config->port, false });
}

static int add_a(struct making *m, struct dns_answer_bytes answer)
{
	struct ares_addrttl list[DNS_RECORDS_MAX];
	int n = DNS_RECORDS_MAX;
	int status = ares_parse_a_reply(answer.bytes, (int)answer.n, NULL, list, &n);

	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		add_host(m, AF_INET, &list[i].ipaddr);
	return status;
}

static int add_aaaa(struct making *m, struct dns_answer_bytes answer)
{
	struct ares_addr6ttl list[DNS_RECORDS_MAX];
	int n = DNS_RECORDS_MAX;
	int status = ares_parse_aaaa_reply(answer.bytes, (int)answer.n, NULL, list, &n);

	for (int i = 0; status == ARES_SUCCESS && i < n; i++)
		add_host(m, AF_INET6, &list[i].ip6addr);
	return status;
}

static int (*const readers[])(struct making *, struct dns_answer_bytes) = {
	[DNS_SD_SRV] = add_srv,
	[DNS_SD_A] = add_a,
	[DNS_SD_AAAA] = add_aaaa,
	[DNS_SD_MX] = add_mx,
	[DNS_SD_NS] = add_ns,
};

enum rc dns_group_of(const struct sd_dns *c, const char *name, struct dns_answer_bytes answer,
	struct arena *a, struct target_group *ret, struct err *e)
{
	struct target_group group = { .source = name };
	struct making m = { c, name, a, &group, 0, false };
	int status = answer.n <= UINT16_MAX && answer.n > 0 ? readers[c->type](&m, answer)
							    : ARES_ENODATA;

	if (status != ARES_SUCCESS && status != ARES_ENODATA)
		return err_set(e, RC_INPUT, "the answer for '%.100s': %s", name,
			ares_strerror(status));
	if (m.is_full)
		return err_set(e, RC_LIMIT, "'%.100s' has more than %d records", name,
			DNS_RECORDS_MAX);
	*ret = group;
	return RC_OK;
}
