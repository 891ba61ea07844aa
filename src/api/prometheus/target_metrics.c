/* SPDX-License-Identifier: Apache-2.0 */
/* target_metrics: what is scraped, and what of it is lost, on /metrics; a job. */
#include "api/prometheus/targets.h"

#include "core/scrape/exposition.h"
#include "core/scrape/scraper.h"

#include <inttypes.h>

static uint64_t scrapes(const struct scrape_job *j)
{
	return j->n_scrapes;
}

static uint64_t failures(const struct scrape_job *j)
{
	return j->n_failures;
}

static uint64_t body_bytes(const struct scrape_job *j)
{
	return j->n_bytes;
}

static const struct {
	const char *name, *help;
	uint64_t (*value)(const struct scrape_job *j);
} totals[] = {
	{ "diarchy_scrapes_total", "scrapes that came to an end", scrapes },
	{ "diarchy_scrapes_failed_total", "of these, without a body that was taken", failures },
	{ "diarchy_scrape_body_bytes_total", "bytes of their bodies, unpacked", body_bytes },
};

static void write_head(struct str *out, const char *name, const char *type, const char *help)
{
	str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* One more label, or none when `label` is NULL. */
static void write_sample(struct str *out, const char *name, const struct scrape_job *j,
	const char *label[2], uint64_t v)
{
	str_addf(out, "%s{job=\"", name);
	exposition_escape(out, j->config->job_name);
	if (label)
		str_addf(out, "\",%s=\"%s", label[0], label[1]);
	str_addf(out, "\"} %" PRIu64 "\n", v);
}

static void write_health(struct str *out, const char *name, const struct scrape_job *j)
{
	static const char *const texts
		[] = { [HEALTH_UNKNOWN] = "unknown", [HEALTH_UP] = "up", [HEALTH_DOWN] = "down" };
	uint32_t n[COUNT(texts)] = { 0 };

	for (uint32_t i = 0; i < j->n_targets; i++)
		n[j->targets[i]->health] += j->targets[i]->state != TARGET_LEAVING;
	for (size_t h = 0; h < COUNT(texts); h++)
		write_sample(out, name, j, (const char *[2]){ "health", texts[h] }, n[h]);
}

static void write_losses(struct str *out, const char *name, const struct scrape_job *j)
{
	for (int l = 0; l < SCRAPE_LOSSES; l++)
		write_sample(out, name, j,
			(const char *[2]){ "reason", scrape_loss_name((enum scrape_loss)l) },
			j->losses[l]);
}

static void each_job(struct str *out, const struct scraper *s, const char *name,
	void (*write)(struct str *out, const char *name, const struct scrape_job *j))
{
	for (uint32_t i = 0; i < scraper_job_count(s); i++)
		if (scraper_job(s, i)->config)
			write(out, name, scraper_job(s, i));
}

void targets_write_metrics(struct str *out, const struct scraper *s)
{
	const char *name = "diarchy_scrape_targets";

	if (!s)
		return;
	write_head(out, name, "gauge", "targets, by how their last scrape went");
	each_job(out, s, name, write_health);
	for (size_t t = 0; t < COUNT(totals); t++) {
		write_head(out, totals[t].name, "counter", totals[t].help);
		for (uint32_t i = 0; i < scraper_job_count(s); i++)
			if (scraper_job(s, i)->config)
				write_sample(out, totals[t].name, scraper_job(s, i), NULL,
					totals[t].value(scraper_job(s, i)));
	}
	name = "diarchy_scrape_samples_lost_total";
	write_head(out, name, "counter", "samples of bodies that weren't taken, by reason");
	each_job(out, s, name, write_losses);
}
