/* SPDX-License-Identifier: Apache-2.0 */
/* services: what is probed and how it answers, and jobs that report. */
#include "sim/world.h"

#define NEAR_MS 2
#define FAR_MS  145

const char *const services_ailments[SIM_AILMENTS] = { "connection refused", "HTTP 503, wanted 200",
	"connection reset" };

struct probing {
	uint8_t from;
	uint16_t check;
	uint64_t generation;
};

static bool is_host_up(const struct world *w, uint16_t check)
{
	uint16_t host = w->lab->checks[check].host;

	return host == NO_HOST || w->is_host_up[host];
}

static const char *why_not(const struct world *w, uint16_t check)
{
	if (!is_host_up(w, check))
		return "no route to host";
	return w->is_up[check] ? "timed out" : services_ailments[w->ailment[check]];
}

bool services_reaches(const struct world *w, uint8_t from, uint16_t check)
{
	const struct lab_check *c = &w->lab->checks[check];

	if (!w->is_up[check] || !is_host_up(w, check))
		return false;
	return c->home == from || (w->sites[from].is_wan_up && w->sites[c->home].is_wan_up);
}

static void answer(struct world *w, void *arg)
{
	struct probing *p = arg;
	struct sim_site *s = &w->sites[p->from];
	bool is_ok = services_reaches(w, p->from, p->check);
	struct observation o = { .is_ok = is_ok,
		.reason = is_ok ? NULL : why_not(w, p->check),
		.took_us = 1000 };

	uint16_t check = world_check_of(w, p->from, p->check);

	if (s->site && s->generation == p->generation && check != NO_CHECK) {
		site_probed(s->site, world_now(w, p->from), check, &o);
		world_drain(w, p->from);
	}
	free(p);
}

void services_probe(struct world *w, uint8_t from, uint16_t check)
{
	const struct lab_check *c = &w->lab->checks[check];
	struct probing *p = must_alloc(sizeof *p);
	int64_t takes_ms = c->home == from ? NEAR_MS : FAR_MS;

	*p = (struct probing){ from, check, w->sites[from].generation };
	if (!services_reaches(w, from, check) && w->hangs[check])
		takes_ms = c->probe->timeout_ms;
	world_later(w, takes_ms, answer, p, free);
}

/* ---- jobs */

static void job(struct world *w, void *arg)
{
	uint16_t check = (uint16_t)(uintptr_t)arg;
	const struct lab_check *c = &w->lab->checks[check];
	struct sim_site *s = &w->sites[c->home];

	world_later(w, c->every_ms, job, arg, NULL);
	if (!s->site || !w->is_job_alive[check])
		return;
	/* A refused report is the job's to repeat; these don't. */
	if (site_ping(s->site, world_now(w, c->home),
		    &(struct heartbeat_ping){ c->name, "success" }, NULL) == RC_OK)
		world_drain(w, c->home);
}

void services_start_jobs(struct world *w)
{
	for (uint16_t i = 0; i < w->lab->n_checks; i++)
		if (w->lab->checks[i].kind == CHECK_HEARTBEAT)
			world_later(w, (int64_t)rng_below(&w->rng, 60000), job,
				(void *)(uintptr_t)i, NULL);
}
