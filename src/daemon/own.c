/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/own.h"

#include "api/api.h"
#include "core/scrape/own.h"

#include <unistd.h>

#define ADDRESSES_MAX 64 /* of this machine that are looked at */

/* ---- pages */

struct host_reading { /* of the machine's page, which may take a while */
	struct host_page_reader reader;
	struct scrape_page *page;
};

static void on_host(void *ctx, const struct str *text, const char *why)
{
	struct host_reading *r = ctx;
	struct scrape_page *page = r->page;

	free(r);
	page->done(page->ctx, text, why);
}

static void read_host(struct own_pages *p, struct scrape_page *page)
{
	struct host_reading *r = must_alloc(sizeof *r);

	*r = (struct host_reading){ { .done = on_host, .ctx = r }, page };
	page->reading = r;
	host_page_read(p->host, &r->reader);
}

static void read_site(const struct own_pages *p, struct scrape_page *page)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };

	if (!p->api)
		page->done(page->ctx, NULL, "not there at the moment");
	else if (api_write_metrics(p->api, &text, &e) != RC_OK)
		page->done(page->ctx, NULL, e.text);
	else
		page->done(page->ctx, &text, NULL);
}

static void read_page(void *ctx, struct scrape_page *page)
{
	if (str_eq(page->path, OWN_HOST_PATH))
		read_host(ctx, page);
	else
		read_site(ctx, page);
}

/* Only the machine's page may be under way. */
static void leave_page(void *ctx, struct scrape_page *page)
{
	struct own_pages *p = ctx;
	struct host_reading *r = page->reading;

	host_page_leave(p->host, &r->reader);
	free(r);
}

struct scrape_pages own_pages(struct own_pages *p)
{
	return (struct scrape_pages){ p, read_page, leave_page };
}

/* ---- jobs */

struct machine {
	char name[256];
	char texts[ADDRESSES_MAX][64];
	const char *addresses[ADDRESSES_MAX + 1];
};

/* How the machine may be known to the lab.  What every machine has tells none apart. */
static void look_at_machine(struct machine *m)
{
	uv_interface_address_t *all = NULL;
	int n = 0, kept = 0;

	if (gethostname(m->name, sizeof m->name - 1) != 0 || !m->name[0])
		str_copy(m->name, sizeof m->name, "localhost");
	if (uv_interface_addresses(&all, &n) != 0)
		n = 0;
	for (int i = 0; i < n && kept < ADDRESSES_MAX; i++) {
		if (all[i].is_internal || uv_ip_name((const struct sockaddr *)&all[i].address,
						  m->texts[kept], sizeof m->texts[kept]) != 0)
			continue;
		m->addresses[kept] = m->texts[kept];
		kept++;
	}
	uv_free_interface_addresses(all, n);
}

enum rc own_jobs(const struct own_of *of, struct scrape_configs *c, struct err *e)
{
	const struct lab *lab = of->lab;
	struct own_host *hosts = must_alloc((lab->n_hosts + 1u) * sizeof *hosts);
	struct machine machine = { 0 };
	struct own_wish wish = { .site = lab->sites[of->self].name,
		.machine = machine.name,
		.addresses = machine.addresses,
		.page = api_address(of->api),
		.page_is_tls = lab->sites[of->self].cert_file != NULL,
		.has_host = lab->metrics.has_host,
		.hosts = hosts };
	enum rc rc;

	look_at_machine(&machine);
	for (uint16_t i = 0; i < lab->n_hosts; i++) {
		const struct lab_host *h = &lab->hosts[i];

		if (h->site == of->self)
			hosts[wish.n_hosts++] =
				(struct own_host){ h->name, h->address, h->metrics };
	}
	rc = own_jobs_add(c, &wish, e);
	free(hosts);
	return rc;
}
