/* SPDX-License-Identifier: Apache-2.0 */
/* Another lab.yaml while the watcher runs: what is known moves to where the names stand now. */
#include "core/watcher/watcher_private.h"

static uint32_t find_site(const struct watcher_config *cfg, const char *name)
{
	for (uint32_t i = 0; i < cfg->n_sites; i++)
		if (str_eq(cfg->sites[i], name))
			return i;
	return SITES_MAX;
}

/* Whom a site hears, by the new places of the names. */
static uint32_t move_heard(const struct watcher *w, const struct watcher_config *before,
	uint32_t hears)
{
	uint32_t moved = 0;

	for (uint32_t i = 0; i < w->cfg.n_sites; i++) {
		uint32_t was = find_site(before, w->cfg.sites[i]);

		if (was < SITES_MAX && hears & (1u << was))
			moved |= 1u << i;
	}
	return moved;
}

/* What is known of a site is large, and only of declared ones is anything known. */
static void move_sites(struct watcher *w, struct now now, const struct watcher_config *before)
{
	scoped(mem_free) char *memory = must_alloc((before->n_sites + 1u) * sizeof(struct watched));
	struct watched *old = memcpy(memory, w->sites, before->n_sites * sizeof(struct watched));

	for (uint32_t i = 0; i < w->cfg.n_sites || i < before->n_sites; i++) {
		uint32_t was = i < w->cfg.n_sites ? find_site(before, w->cfg.sites[i]) : SITES_MAX;

		if (was == SITES_MAX) {
			w->sites[i] = (struct watched){ .since = now.wall, .listened = now.mono };
			continue;
		}
		w->sites[i] = old[was];
		w->sites[i].hears = move_heard(w, before, old[was].hears);
		old[was].n_told = 0;
	}
	for (uint32_t i = 0; i < before->n_sites; i++)
		while (old[i].n_told)
			free(old[i].told[--old[i].n_told]);
}

static const struct watcher_channel *find_channel(const struct watcher_config *cfg,
	const struct watcher_channel *like)
{
	for (uint32_t i = 0; i < cfg->n_channels; i++)
		if (str_eq(cfg->channels[i].name, like->name) &&
			cfg->channels[i].kind == like->kind)
			return &cfg->channels[i];
	return NULL;
}

/* A channel that is new is told of an outage that lasts. */
static void move_channels(struct watcher *w, const struct watcher_config *before)
{
	bool lasts = w->has_outage && !w->outage_ended.ms;
	struct slot outage[WATCHER_CHANNELS_MAX], drill[WATCHER_CHANNELS_MAX];

	memcpy(outage, w->outage, sizeof outage);
	memcpy(drill, w->drill, sizeof drill);
	for (uint32_t i = 0; i < WATCHER_CHANNELS_MAX; i++) {
		const struct watcher_channel *was =
			i < w->cfg.n_channels ? find_channel(before, &w->cfg.channels[i]) : NULL;
		size_t at = was ? (size_t)(was - before->channels) : 0;

		w->outage[i] = was ? outage[at] : (struct slot){ .wanted = lasts };
		w->drill[i] = was ? drill[at] : (struct slot){ 0 };
	}
}

void watcher_reload(struct watcher *w, struct now now, const struct watcher_config *config)
{
	struct watcher_config before = w->cfg;

	w->cfg = *config;
	move_sites(w, now, &before);
	move_channels(w, &before);
	watcher_end_orphaned_outage(w, now);
	w->is_unsaved = true;
}

void watcher_config_trouble(struct watcher *w, const char *why)
{
	str_copy(w->config_why, sizeof w->config_why, why ? why : "");
}
