/* SPDX-License-Identifier: Apache-2.0 */
/* world: the loop, the sites and the watcher in it, and what they ask for. */
#include "sim/rulers.h"

#include <stdarg.h>

/* A storm lasts so many faults, not so many minutes: only the quiet after it lets the oracles judge, and
 * what the fiftieth fault does is mostly what the tenth did. */
#define STORM_FAULTS_MIN 5
#define STORM_FAULTS_MAX 45
#define QUIET_MS         (45 * MINUTE_MS)
#define WRITING_MS       (5 * MINUTE_MS)
#define LOOK_EVERY_MS    (30 * SECOND_MS)

struct later {
	struct heap_node node;
	void (*run)(struct world *w, void *arg);
	void *arg;
	void (*drop)(void *arg);
};

/* ---- saying */

void world_trace(struct world *w, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	w->trace_hash = (w->trace_hash ^ (uint64_t)w->now_ms) * UINT64_C(0x100000001b3);
	for (int i = 0; i < n && i < (int)sizeof line - 1; i++)
		w->trace_hash = (w->trace_hash ^ (uint8_t)line[i]) * UINT64_C(0x100000001b3);
	if (w->options.trace)
		fprintf(w->options.trace, "%12.3f %s\n", (double)w->now_ms / 1000, line);
}

void world_breach(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (*w->breach)
		return;
	va_start(ap, fmt);
	vsnprintf(w->breach, sizeof w->breach, fmt, ap);
	va_end(ap);
	world_trace(w, "BREACH");
	if (w->options.trace)
		fprintf(w->options.trace, "BREACH %s\n", w->breach);
}

void world_changed(struct world *w)
{
	w->quiet_since_ms = w->now_ms;
}

struct now world_now(const struct world *w, uint8_t site)
{
	int64_t skew_ms = site < SIM_SITES ? w->sites[site].skew_ms : 0;

	return (struct now){ { w->now_ms + 1000 }, { WALL_0_MS + w->now_ms + skew_ms } };
}

/* ---- time */

void world_later(struct world *w, int64_t delay_ms, void (*run)(struct world *w, void *arg),
	void *arg, void (*drop)(void *arg))
{
	struct later *l = must_alloc(sizeof *l);

	l->run = run;
	l->arg = arg;
	l->drop = drop;
	l->node.tie = ++w->last_tie;
	heap_set(&w->events, &l->node, w->now_ms + delay_ms);
}

void world_arm(struct world *w, struct heap_node *node, struct mono wake)
{
	int64_t now_ms = w->now_ms + 1000; /* as the machines count */

	if (wake.ms == NEVER_MS)
		heap_remove(&w->events, node);
	else
		heap_set(&w->events, node, wake.ms < now_ms ? w->now_ms : wake.ms - 1000);
}

/* ---- sites */

uint16_t world_check(const struct world *w, uint8_t site, uint16_t check)
{
	return lab_check_index(w->lab, w->sites[site].lab->checks[check].name);
}

uint16_t world_check_of(const struct world *w, uint8_t site, uint16_t check)
{
	return lab_check_index(w->sites[site].lab, w->lab->checks[check].name);
}

static void note_link(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];
	enum link_state state = s->site ? site_link(s->site, !site)->state : LINK_DOWN;
	bool is_up = state == LINK_UP;

	if (is_up && s->linked_since_ms == NEVER_MS)
		s->linked_since_ms = w->now_ms;
	if (!is_up)
		s->linked_since_ms = NEVER_MS;
}

static void trace_event(struct world *w, uint8_t site, const struct event *ev)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	oracle_event(w, ev);
	oracle_written(w, site, ev);
	world_trace(w, "site%u event %s %llu", site, ev->kind, (unsigned long long)ev->seq);
	if (!w->options.trace || !str_eq(ev->site, w->lab->sites[site].name))
		return; /* a peer's copy says nothing new to a reader */
	site_event_text(w->lab, ev, &text);
	fprintf(w->options.trace, "%17s %s %s | %s\n", "", ev->subject, str_c(&text), ev->body);
}

static void carry_out(struct world *w, uint8_t site, struct site_effect *fx)
{
	switch (fx->kind) {
	case SITE_DO_PROBE:
		services_probe(w, site, world_check(w, site, fx->check));
		break;
	case SITE_DO_DIAL:
		wires_dial(w, site, fx->peer);
		break;
	case SITE_DO_SEND:
		wires_send(w, site, fx->connection, fx->msg);
		break;
	case SITE_DO_CLOSE:
		wires_close(w, site, fx->connection);
		break;
	case SITE_DO_DELIVER:
		discord_deliver(w, site, fx->delivery);
		fx->delivery->payload = NULL;
		break;
	case SITE_DO_BEACON:
		wires_beacon(w, site, fx->beacon);
		break;
	case SITE_DO_TEST:
		discord_test(w, site, fx->channel);
		break;
	case SITE_SAY_EVENT:
		if (str_eq(fx->event->site, w->lab->sites[site].name))
			w->sites[site].wrote_ms = w->now_ms;
		trace_event(w, site, fx->event);
		break;
	case SITE_SAY_LOG:
		if (w->options.trace)
			fprintf(w->options.trace, "%12.3f site%u says: %s\n",
				(double)w->now_ms / 1000, site, str_c(&fx->text));
		break;
	default:
		break;
	}
}

void world_drain(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];
	struct site_effect fx;

	while (s->site && site_next(s->site, &fx)) {
		carry_out(w, site, &fx);
		site_effect_fini(&fx);
		if (s->effects_left && !--s->effects_left)
			world_crash_site(w, site);
	}
	if (s->site && s->dies_stuck && site_is_stuck(s->site))
		world_crash_site(w, site);
	note_link(w, site);
	if (s->site)
		world_arm(w, &s->timer, site_wake(s->site));
	copies_look(w, site);
}

void world_start_site(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];
	struct site_setup setup = { .self = site,
		.lab = s->lab,
		.store = memory_store_port(s->store),
		.version = "sim",
		.scrub_every_ms = w->has_flips ? SIM_SCRUB_MS : 0,
		.seed = rng_next(&w->rng) };
	struct err e = { 0 };

	oracle_start(w, site);
	s->generation++;
	s->began_ms = w->now_ms;
	w->flip.unwatched_ms = w->flip.site == site ? w->now_ms : w->flip.unwatched_ms;
	if (site_open(&s->site, &setup, world_now(w, site), &e) != RC_OK) {
		world_breach(w, "site%u does not open: %s", site, e.text);
		return;
	}
	copies_start(w, site);
	world_drain(w, site);
}

void world_reload_site(struct world *w, uint8_t site, const struct lab *lab)
{
	struct sim_site *s = &w->sites[site];
	struct err e = { 0 };

	s->lab = lab;
	if (!s->site)
		return; /* reads it when it starts */
	if (site_reload(s->site, world_now(w, site), lab, NULL, &e) != RC_OK)
		world_breach(w, "site%u does not take another lab.yaml: %s", site, e.text);
	world_drain(w, site);
}

static void end_process(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];

	s->ended_ms = w->now_ms;
	world_changed(w);
	heap_remove(&w->events, &s->timer);
	site_free(s->site);
	s->site = NULL;
	memory_store_crash(s->store);
	copies_end(w, site);
	wires_drop_all(w, site);
	note_link(w, site);
}

void world_crash_site(struct world *w, uint8_t site)
{
	if (!w->sites[site].site)
		return;
	oracle_crash(w, site);
	end_process(w, site);
}

void world_stop_site(struct world *w, uint8_t site)
{
	struct sim_site *s = &w->sites[site];

	oracle_stop(w, site);
	site_shutdown(s->site, world_now(w, site), "asked to");
	world_drain(w, site);
	if (s->site) /* what it hasn't done by now it never does */
		end_process(w, site);
}

/* ---- the watcher */

static struct watcher_config watcher_config(const struct world *w)
{
	struct watcher_config c = { .lab = w->lab->name,
		.name = w->lab->watchers[0].name,
		.n_sites = SIM_SITES,
		.lab_hash = w->lab->hash,
		.n_channels = 1,
		.channels = {
			{ .name = w->lab->notify.channels[0].name, .kind = WATCHER_DISCORD } } };

	for (uint8_t i = 0; i < SIM_SITES; i++)
		c.sites[i] = w->lab->sites[i].name;
	return c;
}

void world_drain_watcher(struct world *w)
{
	struct watcher_effect fx;

	while (w->watcher && watcher_next(w->watcher, &fx)) {
		if (fx.kind == WATCHER_DO_SAVE) {
			str_clear(&w->watcher_saved);
			watcher_save(w->watcher, &w->watcher_saved);
		} else if (fx.kind == WATCHER_DO_DELIVER) {
			discord_from_watcher(w, &fx);
		}
		str_fini(&fx.payload);
	}
	if (w->watcher)
		world_arm(w, &w->watcher_timer, watcher_wake(w->watcher));
	else
		heap_remove(&w->events, &w->watcher_timer);
}

void world_start_watcher(struct world *w)
{
	struct watcher_config config = watcher_config(w);
	struct err e = { 0 };

	w->watcher_generation++;
	w->watcher = watcher_new(&config, world_now(w, SIM_SITES));
	if (w->watcher_saved.len &&
		watcher_load(w->watcher, world_now(w, SIM_SITES), str_c(&w->watcher_saved),
			w->watcher_saved.len, &e) != RC_OK)
		world_breach(w, "the watcher does not read what it saved: %s", e.text);
	world_drain_watcher(w);
}

void world_reload_watcher(struct world *w)
{
	struct watcher_config config = watcher_config(w);

	if (w->watcher)
		watcher_reload(w->watcher, world_now(w, SIM_SITES), &config);
	world_drain_watcher(w);
}

/* ---- phases */

/* What is being written when all should be equal is on its way to the other site.  Who goes on writing is
 * judged all the same. */
static bool is_writing(const struct world *w)
{
	bool is_any = false;

	for (uint8_t i = 0; i < SIM_SITES; i++)
		is_any |= w->now_ms - w->sites[i].wrote_ms < SECOND_MS;
	return is_any && w->now_ms < w->phase_ends_ms + WRITING_MS;
}

static void look(struct world *w, void *arg)
{
	(void)arg;
	world_later(w, LOOK_EVERY_MS, look, NULL, NULL);
	oracle_remember(w);
	oracle_flipped(w);
	oracle_copies(w);
	if (w->is_chaos)
		oracle_still(w);
	if (w->now_ms < w->phase_ends_ms)
		return;
	if (w->is_chaos) {
		faults_heal_all(w);
		oracle_copies_quiet(w);
		w->phase_ends_ms = w->now_ms + QUIET_MS;
		return;
	}
	if (is_writing(w))
		return;
	oracle_healed(w);
	oracle_forget(w);
	w->phase_ends_ms = w->now_ms + rng_between(&w->rng, STORM_FAULTS_MIN * w->mean_gap_ms,
					       STORM_FAULTS_MAX * w->mean_gap_ms);
	faults_begin_chaos(w);
}

void world_init(struct world *w, const struct sim_options *options)
{
	memset(w, 0, sizeof *w);
	w->options = *options;
	w->trace_hash = UINT64_C(0xcbf29ce484222325);
	rng_seed(&w->rng, options->seed);
	w->is_routed = alerts_draw_routing(w);
	w->lab = sim_lab((struct sim_lab_wish){ options->is_swapped, false, w->is_routed });
	w->lesser_lab = sim_lab((struct sim_lab_wish){ options->is_swapped, true, w->is_routed });
	w->is_watcher_egress_up = true;
	for (int i = 0; i < SIM_CHECKS; i++) {
		w->is_up[i] = w->is_host_up[i] = w->is_job_alive[i] = true;
		w->dead_since_ms[i] = NEVER_MS;
	}
	for (uint8_t i = 0; i < SIM_SITES; i++) {
		struct sim_site *s = &w->sites[i];

		s->store = memory_store_new();
		s->lab = w->lab;
		s->is_wan_up = s->is_egress_up = s->is_watcher_path_up = true;
		s->linked_since_ms = s->lost_history_ms = s->goodbye_ms = NEVER_MS;
		s->timer.tie = i;
		w->is_path_up[i][!i] = true;
	}
	faults_draw(w);
	copies_draw(w);
	world_start_watcher(w);
	for (uint8_t i = 0; i < SIM_SITES; i++)
		world_start_site(w, i);
	services_start_jobs(w);
	w->phase_ends_ms = 15 * MINUTE_MS;
	world_later(w, LOOK_EVERY_MS, look, NULL, NULL);
}

static void step(struct world *w)
{
	struct heap_node *node = heap_first(&w->events);

	w->now_ms = node->key;
	w->steps++;
	heap_remove(&w->events, node);
	for (uint8_t i = 0; i < SIM_SITES; i++)
		if (node == &w->sites[i].timer) {
			site_tick(w->sites[i].site, world_now(w, i));
			world_drain(w, i);
			return;
		} else if (node == &w->copies[i].timer) {
			copies_look(w, i);
			return;
		}
	if (node == &w->watcher_timer) {
		if (w->watcher)
			watcher_tick(w->watcher, world_now(w, SIM_SITES));
		world_drain_watcher(w);
		return;
	}
	struct later *l = (struct later *)node;

	l->run(w, l->arg);
	free(l);
}

bool world_run(struct world *w)
{
	while (!*w->breach && w->now_ms < w->options.hours * HOUR_MS)
		step(w);
	if (*w->breach && w->options.trace)
		oracle_print(w);
	return !*w->breach;
}

/* The timers are parts of the world. */
static bool is_timer(const struct world *w, const struct heap_node *node)
{
	bool is_any = node == &w->watcher_timer;

	for (uint8_t i = 0; i < SIM_SITES; i++)
		is_any |= node == &w->sites[i].timer || node == &w->copies[i].timer;
	return is_any;
}

/* What is still under way. */
static void drop_events(struct world *w)
{
	for (struct heap_node *node; (node = heap_first(&w->events));) {
		struct later *l = (struct later *)node;

		heap_remove(&w->events, node);
		if (is_timer(w, node))
			continue;
		if (l->drop)
			l->drop(l->arg);
		free(l);
	}
	heap_fini(&w->events);
}

void world_fini(struct world *w)
{
	drop_events(w);
	faults_fini(w);
	for (uint8_t i = 0; i < SIM_SITES; i++) {
		site_free(w->sites[i].site);
		memory_store_free(w->sites[i].store);
	}
	map_fini(&w->unsure);
	map_fini(&w->written);
	watcher_free(w->watcher);
	str_fini(&w->watcher_saved);
	wires_fini(w);
	copies_fini(w);
	rulers_fini(w);
	lab_free(w->lab);
	lab_free(w->lesser_lab);
}
