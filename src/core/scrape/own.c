/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scrape/own.h"

#include "base/str.h"

#include <strings.h>

/* ---- which of the hosts this machine is */

/* "nas" and "nas.home.lan" are the same machine. */
static bool is_called(const char *machine, const char *name)
{
	size_t n = strcspn(machine, "."), m = strcspn(name, ".");

	return strcasecmp(machine, name) == 0 ||
	       (n == m && (machine[n] == '\0' || name[m] == '\0') &&
		       strncasecmp(machine, name, n) == 0);
}

static bool has_address(const struct own_wish *w, const char *address)
{
	for (const char *const *a = w->addresses; a && *a && address; a++)
		if (str_eq(*a, address))
			return true;
	return false;
}

static const struct own_host *this_host(const struct own_wish *w)
{
	for (uint32_t i = 0; i < w->n_hosts; i++)
		if (is_called(w->machine, w->hosts[i].name))
			return &w->hosts[i];
	for (uint32_t i = 0; i < w->n_hosts; i++)
		if (has_address(w, w->hosts[i].address))
			return &w->hosts[i];
	return NULL;
}

/* ---- jobs */

struct making {
	struct scrape_configs *configs;
	const struct own_wish *wish;
	struct target_group *group; /* of the job that is being made */
};

static enum rc no_room(struct err *e)
{
	return err_set(e, RC_LIMIT, "the scrape configs are too large");
}

/* What a job says that says nothing. */
static enum rc begin_job(struct making *m, const char *name, uint32_t targets_max, struct err *e)
{
	struct scrape_configs *all = m->configs;
	struct scrape_config *c = &all->v[all->n];

	for (uint32_t i = 0; i < all->n; i++)
		if (str_eq(all->v[i].job_name, name))
			return err_set(e, RC_CONFLICT,
				"%s, line %u: a job is called '%s', as one of our own is: call it "
				"otherwise",
				all->v[i].file, all->v[i].line, name);
	*c = (struct scrape_config){ .job_name = name,
		.terms = { .interval_ms = all->global.terms.interval_ms,
			.timeout_ms = all->global.terms.timeout_ms,
			.protocols = all->global.terms.protocols,
			.name_validation = all->global.terms.name_validation,
			.name_escaping = all->global.terms.name_escaping },
		.honor_timestamps = true,
		.enable_compression = true,
		.fallback_protocol = SCRAPE_PROTOCOL_NONE,
		.metrics_path = OWN_SITE_PATH,
		.scheme = "http",
		.n_sds = 1,
		.file = "" };
	http_config_init(&c->http);
	c->sds = arena_alloc(&all->arena, sizeof *c->sds);
	m->group = arena_alloc(&all->arena, sizeof *m->group);
	if (!c->sds || !m->group)
		return no_room(e);
	*m->group = (struct target_group){ .source = "0",
		.targets = arena_alloc(&all->arena, targets_max * sizeof *m->group->targets) };
	*c->sds = (struct sd_config){ .kind = SD_STATIC, .fixed = { m->group, 1 } };
	all->n++;
	return m->group->targets ? RC_OK : no_room(e);
}

static struct label label_of(const char *name, const char *value)
{
	return (struct label){ name, value, (uint32_t)strlen(name), (uint32_t)strlen(value) };
}

static enum rc add_target(struct making *m, const char *address, const char *instance,
	const char *job, struct err *e)
{
	struct labels *to = &m->group->targets[m->group->n];
	struct label labels[] = { label_of("__address__", address), label_of("instance", instance),
		label_of("job", job), label_of("site", m->wish->site) };
	struct labels sorted;
	enum rc rc = labels_sort(labels, COUNT(labels), &sorted, e);

	if (rc != RC_OK)
		return rc;
	if (!labels_copy(&sorted, &m->configs->arena, to))
		return no_room(e);
	m->group->n++;
	return RC_OK;
}

/* A page of this program: fetched without a connection. */
static enum rc add_page(struct making *m, const char *name, const char *path, const char *job,
	struct err *e)
{
	const struct own_host *self = this_host(m->wish);
	enum rc rc = begin_job(m, name, 1, e);
	struct scrape_config *c = &m->configs->v[m->configs->n - 1];

	if (rc != RC_OK)
		return rc;
	c->metrics_path = path;
	c->scheme = m->wish->page_is_tls ? "https" : "http";
	c->is_inside = true;
	c->honor_labels = true; /* a check has a site of its own */
	return add_target(m, m->wish->page, self ? self->name : m->wish->machine, job, e);
}

static enum rc add_exporters(struct making *m, struct err *e)
{
	enum rc rc = begin_job(m, "diarchy/hosts", m->wish->n_hosts, e);

	for (uint32_t i = 0; rc == RC_OK && i < m->wish->n_hosts; i++) {
		const struct own_host *h = &m->wish->hosts[i];

		if (h->metrics)
			rc = add_target(m, h->metrics, h->name, "node", e);
	}
	return rc;
}

static bool has_exporters(const struct own_wish *w)
{
	for (uint32_t i = 0; i < w->n_hosts; i++)
		if (w->hosts[i].metrics)
			return true;
	return false;
}

static bool make_room(struct scrape_configs *c, uint32_t more)
{
	struct scrape_config *v = arena_alloc(&c->arena, (c->n + more) * sizeof *v);

	if (!v)
		return false;
	if (c->n)
		memcpy(v, c->v, c->n * sizeof *v);
	c->v = v;
	return true;
}

enum rc own_jobs_add(struct scrape_configs *c, const struct own_wish *w, struct err *e)
{
	struct making m = { .configs = c, .wish = w };
	const struct own_host *self = this_host(w);
	enum rc rc;

	if (!make_room(c, 3))
		return no_room(e);
	rc = add_page(&m, "diarchy/site", OWN_SITE_PATH, "diarchy", e);
	if (rc == RC_OK && w->has_host && !(self && self->metrics))
		rc = add_page(&m, "diarchy/host", OWN_HOST_PATH, "node", e);
	if (rc == RC_OK && has_exporters(w))
		rc = add_exporters(&m, e);
	return rc;
}
