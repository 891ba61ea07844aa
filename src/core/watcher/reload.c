/* SPDX-License-Identifier: Apache-2.0 */
/* Another lab.yaml while the watcher runs: what is known moves to where the names stand now. */
#include "core/watcher/watcher_private.h"

static void move_sites(struct watcher *w, struct now now, struct watcher *old)
{
	for (uint32_t i = 0; i < SITES_MAX; i++) {
		w->sites[i] = (struct watched){ .since = now.wall, .listened = now.mono };
		for (uint32_t j = 0; i < w->cfg.n_sites && j < old->cfg.n_sites; j++)
			if (str_eq(w->cfg.sites[i], old->cfg.sites[j])) {
				w->sites[i] = old->sites[j];
				old->sites[j].n_told = 0;
			}
	}
	for (uint32_t j = 0; j < SITES_MAX; j++)
		while (old->sites[j].n_told)
			free(old->sites[j].told[--old->sites[j].n_told]);
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
static void move_channels(struct watcher *w, const struct watcher *old)
{
	bool lasts = w->has_outage && !w->outage_ended.ms;

	for (uint32_t i = 0; i < WATCHER_CHANNELS_MAX; i++) {
		const struct watcher_channel *was =
			i < w->cfg.n_channels ? find_channel(&old->cfg, &w->cfg.channels[i]) : NULL;
		size_t at = was ? (size_t)(was - old->cfg.channels) : 0;

		w->outage[i] = was ? old->outage[at] : (struct slot){ .wanted = lasts };
		w->drill[i] = was ? old->drill[at] : (struct slot){ 0 };
	}
}

void watcher_reload(struct watcher *w, struct now now, const struct watcher_config *config)
{
	scoped(mem_free) char *memory = must_alloc(sizeof *w);
	struct watcher *old = memcpy(memory, w, sizeof *w);

	w->cfg = *config;
	move_sites(w, now, old);
	move_channels(w, old);
	watcher_end_orphaned_outage(w, now);
	w->is_unsaved = true;
}

void watcher_config_trouble(struct watcher *w, const char *why)
{
	str_copy(w->config_why, sizeof w->config_why, why ? why : "");
}
