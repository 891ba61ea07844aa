/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/dashboards.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "port/files/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ENDING ".json"

static void close_folder(DIR *dir)
{
	if (dir)
		closedir(dir);
}
SCOPED_BY(close_folder, DIR *)

void dashboards_fini(struct dashboards *d)
{
	arena_fini(&d->arena);
	free(d->items);
	*d = (struct dashboards){ 0 };
}

bool dashboard_name_is_valid(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "._- ";
	size_t n = strlen(name);

	return n > 0 && n <= NAME_BYTES_MAX && name[0] != '.' && name[0] != ' ' &&
	       strspn(name, plain) == n;
}

static void add_folder(struct str *path, const char *lab_path)
{
	const char *slash = strrchr(lab_path, '/');

	str_addn(path, lab_path, slash ? (size_t)(slash - lab_path) + 1 : 0);
	str_add(path, DASHBOARDS_FOLDER);
}

static void add_file(struct str *path, const char *lab_path, const char *name)
{
	add_folder(path, lab_path);
	str_addf(path, "/%s" ENDING, name);
}

/* ---- one dashboard */

enum rc dashboard_read(const char *lab_path, const char *name, struct str *ret, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY, text = STR_EMPTY;
	scoped(json_decref) json_t *root = NULL;
	enum rc rc;

	if (!dashboard_name_is_valid(name))
		return err_set(e, RC_NOT_FOUND, "no dashboard can have this name");
	add_file(&path, lab_path, name);
	rc = file_read(str_c(&path), DASHBOARD_BYTES_MAX, &text, e);
	if (rc == RC_NOT_FOUND)
		return err_set(e, rc, "the lab has no " DASHBOARDS_FOLDER "/%s" ENDING, name);
	if (rc != RC_OK)
		return rc;
	rc = json_read(&root, str_c(&text), text.len, e);
	if (rc == RC_OK && !json_is_object(root))
		rc = err_set(e, RC_INPUT, "a dashboard is an object");
	if (rc != RC_OK)
		return err_in(e, rc, DASHBOARDS_FOLDER "/%s" ENDING, name);
	str_addn(ret, str_c(&text), text.len);
	return RC_OK;
}

/* ---- the list */

static void add_name(struct dashboards *d, const char *file)
{
	size_t n = strlen(file), n_ending = sizeof ENDING - 1;
	char *name;

	if (n <= n_ending || !str_eq(file + n - n_ending, ENDING))
		return;
	name = arena_strndup(&d->arena, file, n - n_ending);
	if (!name || !dashboard_name_is_valid(name))
		return;
	if (d->n == DASHBOARDS_MAX) {
		d->n_more++;
		return;
	}
	must_grow(d->items, d->n, d->cap);
	d->items[d->n++] = (struct dashboard){ .name = name };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct dashboard *)a)->name, ((const struct dashboard *)b)->name);
}

static enum rc read_names(struct dashboards *d, const char *lab_path, struct err *e)
{
	scoped(str_fini) struct str path = STR_EMPTY;
	scoped(close_folder) DIR *dir = NULL;
	const struct dirent *it;

	add_folder(&path, lab_path);
	arena_init(&d->arena, DASHBOARD_BYTES_MAX);
	dir = opendir(str_c(&path));
	if (!dir && errno == ENOENT)
		return RC_OK;
	if (!dir)
		return err_errno(e, RC_IO, errno, "%s", str_c(&path));
	while ((it = readdir(dir)))
		add_name(d, it->d_name);
	if (d->n > 1)
		qsort(d->items, d->n, sizeof *d->items, by_name);
	return RC_OK;
}

static const char *text_of(struct dashboards *d, const json_t *value, const char *otherwise)
{
	const char *text = json_is_string(value) ? json_string_value(value) : "";
	const char *copy = *text ? arena_strdup(&d->arena, text) : NULL;

	return copy ? copy : otherwise;
}

static void take_tags(struct dashboards *d, struct dashboard *of, const json_t *tags)
{
	size_t n = json_array_size(tags) < LABELS_MAX ? json_array_size(tags) : 0;
	const char **list = arena_alloc(&d->arena, n * sizeof *list + 1);

	for (size_t i = 0; list && i < n; i++) {
		const char *tag = text_of(d, json_array_get(tags, i), NULL);

		if (tag)
			list[of->n_tags++] = tag;
	}
	of->tags = list;
}

static void describe(struct dashboards *d, struct dashboard *of, const char *lab_path)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(json_decref) json_t *root = NULL;
	struct err e = { 0 };
	enum rc rc = dashboard_read(lab_path, of->name, &text, &e);

	of->title = of->name;
	of->description = "";
	if (rc == RC_OK)
		rc = json_read(&root, str_c(&text), text.len, &e);
	if (rc != RC_OK) {
		of->wrong = arena_strdup(&d->arena, e.text);
		return;
	}
	of->title = text_of(d, json_object_get(root, "title"), of->name);
	of->description = text_of(d, json_object_get(root, "description"), "");
	take_tags(d, of, json_object_get(root, "tags"));
}

enum rc dashboards_list(struct dashboards *ret, const char *lab_path, struct err *e)
{
	scoped(dashboards_fini) struct dashboards d = { 0 };
	enum rc rc = read_names(&d, lab_path, e);

	if (rc != RC_OK)
		return rc;
	for (uint32_t i = 0; i < d.n; i++)
		describe(&d, &d.items[i], lab_path);
	*ret = d;
	d = (struct dashboards){ 0 };
	return RC_OK;
}
