/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets_dump: what we would scrape by a prometheus.yml, as the data of Prometheus' /api/v1/targets.
 *
 *	targets_dump prometheus.yml MILLISECONDS      discovers for so long, then prints
 */
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "port/discovery/discovery.h"
#include "port/files/files.h"
#include "port/yaml/yaml.h"

#include <stdio.h>

struct dump {
	struct discovery *discovery;
};

static void found(void *ctx, const struct discovered *found)
{
	struct dump *d = ctx;
	struct err e = { 0 };

	if (discovery_take(d->discovery, found, (struct mono){ 0 }, &e) != RC_OK)
		fprintf(stderr, "%s\n", e.text);
}

static void stop(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void write_labels(struct json_out *w, const char *key, const struct labels *l)
{
	json_object_open(w, key);
	for (uint32_t i = 0; i < l->n; i++)
		json_text(w, l->v[i].name, l->v[i].value);
	json_close(w);
}

static void write_active(struct json_out *w, const char *job, const struct target_spec *t)
{
	json_object_open(w, NULL);
	write_labels(w, "discoveredLabels", &t->discovered);
	write_labels(w, "labels", &t->labels);
	json_text(w, "scrapePool", job);
	json_text(w, "scrapeUrl", t->url);
	json_int(w, "interval_ms", t->interval_ms);
	json_int(w, "timeout_ms", t->timeout_ms);
	json_close(w);
}

static void write_targets(const struct scrape_configs *c, const struct discovery *d,
	struct str *out)
{
	struct json_out w;

	json_begin(&w, out);
	json_object_open(&w, NULL);
	json_array_open(&w, "activeTargets");
	for (uint32_t i = 0; i < c->n; i++) {
		const struct target_list *l = discovery_targets(d, i);

		for (uint32_t k = 0; k < l->n_active; k++)
			write_active(&w, c->v[i].job_name, &l->active[k]);
	}
	json_close(&w);
	json_array_open(&w, "droppedTargets");
	for (uint32_t i = 0; i < c->n; i++) {
		const struct target_list *l = discovery_targets(d, i);

		for (uint32_t k = 0; k < l->n_dropped_kept; k++) {
			json_object_open(&w, NULL);
			write_labels(&w, "discoveredLabels", &l->dropped[k]);
			json_text(&w, "scrapePool", c->v[i].job_name);
			json_close(&w);
		}
	}
	json_close(&w);
	json_close(&w);
}

static struct scrape_configs *read_configs(const char *path)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	scoped(str_fini) struct str text = STR_EMPTY, folder = STR_EMPTY;
	struct scrape_configs *configs = NULL;
	struct scrape_section section = { .file = path };
	struct err e = { 0 };
	const char *slash = strrchr(path, '/');

	str_addn(&folder, path, slash ? (size_t)(slash - path) + 1 : 0);
	section.folder = str_c(&folder);
	if (file_read(path, LAB_FILE_BYTES_MAX, &text, &e) != RC_OK ||
		yaml_parse(&doc, path, &text, &findings, &e) != RC_OK) {
		fprintf(stderr, "%s\n", e.text);
		return NULL;
	}
	section.global = doc_get(doc.root, "global");
	section.scrape_configs = doc_get(doc.root, "scrape_configs");
	(void)!scrape_config_read(&configs, &section, 1, &findings, &e);
	for (uint32_t i = 0; i < findings.n; i++)
		fprintf(stderr, "%s:%u:%u: %s\n", findings.items[i].file, findings.items[i].line,
			findings.items[i].column, findings.items[i].text);
	return configs;
}

/* Every job, when all that was found in that time is there. */
static void sync_all(struct discovery *d)
{
	struct discovery_change change;
	struct err e = { 0 };
	bool has = true;

	while (has)
		if (discovery_sync(d, (struct mono){ NEVER_MS - 1 }, &change, &has, &e) != RC_OK)
			fprintf(stderr, "%s\n", e.text);
		else if (has && change.targets->n_failed)
			fprintf(stderr, "%llu targets failed: %s\n",
				(unsigned long long)change.targets->n_failed,
				change.targets->failure);
}

int main(int argc, char **argv)
{
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;
	scoped(discovery_free) struct discovery *discovery = NULL;
	scoped(str_fini) struct str out = STR_EMPTY;
	struct dump dump;
	struct discoverer_wish wish = { .found = found, .ctx = &dump };
	struct discoverer *discoverer;
	uv_loop_t loop;
	uv_timer_t timer;

	if (argc != 3 || !(configs = read_configs(argv[1])))
		return 64;
	log_init(LOG_LEVEL_WARNING);
	must(uv_loop_init(&loop) == 0);
	must(uv_timer_init(&loop, &timer) == 0);
	dump.discovery = discovery = discovery_new(configs);
	wish.loop = &loop;
	wish.configs = configs;
	discoverer = discoverer_new(&wish);
	uv_timer_start(&timer, stop, strtoull(argv[2], NULL, 10), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	sync_all(discovery);
	write_targets(configs, discovery, &out);
	puts(str_c(&out));
	discoverer_close(discoverer, NULL, NULL);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop) == 0 ? 0 : 70;
}
