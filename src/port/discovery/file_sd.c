/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are read again when something happens in their folders, shortly after the last of it, and
 * every refresh_interval besides: some file systems tell nothing.  One that can't be read keeps
 * what it held.
 */
#include "base/map.h"
#include "base/str.h"
#include "core/scrape/groups.h"
#include "port/discovery/engine.h"
#include "port/files/files.h"
#include "port/yaml/yaml.h"

#include <glob.h>
#include <stdio.h>

#define SETTLE_MS 100

struct watch {
	uv_fs_event_t event;
	struct sd *sd;
};

struct file_sd {
	uv_timer_t settle; /* runs while files are being written */
	struct watch *watches;
	uint32_t n_watches;
	struct map counts; /* path -> groups that it held, as a number in the pointer, plus one */
};

static void on_settled(uv_timer_t *timer)
{
	sd_refresh_now(timer->data);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct watch *w = event->data;
	struct file_sd *own = w->sd->own;

	(void)name, (void)events, (void)status;
	uv_timer_start(&own->settle, on_settled, SETTLE_MS, 0);
}

static void watch_folder(struct sd *sd, const char *pattern)
{
	struct file_sd *own = sd->own;
	struct watch *w = &own->watches[own->n_watches];
	const char *slash = strrchr(pattern, '/');
	char folder[4096];

	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - pattern) + 1 : 1,
		slash ? pattern : ".");
	must(uv_fs_event_init(sd_loop(sd), &w->event) == 0);
	w->sd = sd;
	w->event.data = w;
	sd_open_handle(sd, (uv_handle_t *)&w->event);
	own->n_watches++;
	(void)uv_fs_event_start(&w->event, on_event, folder, 0); /* or the interval will do */
}

static void start(struct sd *sd)
{
	const struct doc_texts *files = &sd->config->file.files;
	struct file_sd *own = must_alloc(sizeof *own);

	sd->own = own;
	own->watches = must_alloc((files->n + 1) * sizeof *own->watches);
	must(uv_timer_init(sd_loop(sd), &own->settle) == 0);
	own->settle.data = sd;
	sd_open_handle(sd, (uv_handle_t *)&own->settle);
	for (uint32_t i = 0; i < files->n; i++)
		watch_folder(sd, files->v[i]);
}

static void stop(struct sd *sd)
{
	struct file_sd *own = sd->own;

	for (uint32_t i = 0; i < own->n_watches; i++)
		sd_close_handle(sd, (uv_handle_t *)&own->watches[i].event);
	sd_close_handle(sd, (uv_handle_t *)&own->settle);
}

static void free_own(struct sd *sd)
{
	struct file_sd *own = sd->own;

	map_fini(&own->counts);
	free(own->watches);
	free(own);
}

static enum rc read_json(const struct groups_origin *from, const struct str *text,
	struct target_groups *ret, struct arena *a, struct err *e)
{
	scoped(json_flat_fini) struct json_flat flat = JSON_FLAT_EMPTY;
	const struct json_node *list;
	enum rc rc = json_flat_read(&flat, str_c(text), text->len, &list, e);

	return rc == RC_OK ? groups_of_json(ret, from, list, a, e) : rc;
}

static enum rc read_yaml(const struct groups_origin *from, const struct str *text,
	struct target_groups *ret, struct arena *a, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(doc_fini) struct doc doc = { 0 };
	enum rc rc = yaml_parse(&doc, from->name, text, &findings, e);

	if (findings.n_errors)
		return err_set(e, RC_INPUT, "line %u: %s", findings.items[0].line,
			findings.items[0].text);
	return rc == RC_OK ? groups_of_doc(ret, from, doc.root, a, e) : rc;
}

static enum rc read_groups(const char *path, struct target_groups *ret, struct arena *a,
	struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	const struct groups_origin from = { "__meta_filepath", path };
	const char *dot = strrchr(path, '.');
	bool is_json = dot && (str_eq(dot, ".json") || str_eq(dot, ".JSON"));
	enum rc rc = file_read(path, SD_BODY_BYTES_MAX, &text, e);

	if (rc != RC_OK)
		return rc;
	rc = is_json ? read_json(&from, &text, ret, a, e) : read_yaml(&from, &text, ret, a, e);
	return rc == RC_OK ? RC_OK : err_in(e, rc, "%s", path);
}

/* Groups that the file doesn't hold any more are told as empty. */
static void tell_less(struct sd *sd, const char *path, uint32_t n, struct arena *a)
{
	struct file_sd *own = sd->own;
	uintptr_t before = (uintptr_t)map_get(&own->counts, path);

	for (uint32_t i = n; before && i < before - 1; i++) {
		struct target_group gone = { .source = arena_printf(a, "%s:%u", path, i) };

		if (gone.source)
			sd_found(sd, &gone, 1, false);
	}
	if (n)
		map_put(&own->counts, path, (void *)((uintptr_t)n + 1));
	else
		map_remove(&own->counts, path);
}

/* False when the file can't be read, and then what it held stays. */
static bool refresh_file(struct sd *sd, const char *path, struct err *e)
{
	scoped(arena_fini) struct arena a;
	struct target_groups groups;

	arena_init(&a, TARGETS_BYTES_MAX);
	if (read_groups(path, &groups, &a, e) != RC_OK)
		return false;
	sd_found(sd, groups.v, groups.n, false);
	tell_less(sd, path, groups.n, &a);
	return true;
}

static void drop_gone(struct sd *sd, const struct map *there)
{
	struct file_sd *own = sd->own;

	map_each (&own->counts, it) {
		scoped(arena_fini) struct arena a = { 0 };
		scoped(mem_free) char *path = NULL;

		if (map_has(there, it->key))
			continue;
		path = must_strdup(it->key);
		arena_init(&a, TARGETS_BYTES_MAX);
		tell_less(sd, path, 0, &a);
	}
}

static void refresh(struct sd *sd)
{
	const struct doc_texts *files = &sd->config->file.files;
	scoped(map_fini) struct map there = MAP_EMPTY;
	struct err e = { 0 }, first = { 0 };

	for (uint32_t i = 0; i < files->n; i++) {
		glob_t found = { 0 };

		if (glob(files->v[i], 0, NULL, &found) == 0)
			for (size_t k = 0; k < found.gl_pathc; k++) {
				map_put(&there, found.gl_pathv[k], sd);
				if (!refresh_file(sd, found.gl_pathv[k], &e) && !first.text[0])
					first = e;
			}
		globfree(&found);
	}
	drop_gone(sd, &there);
	sd_found(sd, NULL, 0, false); /* a job without targets has a list, too */
	sd_done(sd, first.text[0] ? first.text : NULL);
}

const struct sd_engine file_sd_engine = { start, refresh, stop, free_own };
