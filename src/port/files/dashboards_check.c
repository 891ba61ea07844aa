/* SPDX-License-Identifier: Apache-2.0 */
/* dashboards_check: what the pages can't show of the lab's dashboards, said before anybody opens
 * them. */
#include "port/files/dashboards.h"

#include "base/embedded.h"
#include "base/json.h"
#include "base/limits.h"
#include "port/files/files.h"

#include <stdio.h>

extern const struct embedded dashboards_supported[]; /* made from supported.json */

struct inspection {
	const char *path;
	struct findings *findings;
	json_t *supported;
	json_t *said; /* "panel NAME": each is said once a dashboard */
};

static void inspection_fini(struct inspection *in)
{
	json_decref(in->supported);
	json_decref(in->said);
}
SCOPED_FINI(inspection_fini, struct inspection)

static bool is_supported(const struct inspection *in, const char *list, const char *name)
{
	const json_t *it;
	size_t i;

	json_array_foreach (json_object_get(in->supported, list), i, it) {
		if (str_eq(json_string_value(it), name))
			return true;
	}
	return false;
}

/* `list`: of supported.json; `where`: the panel's title, or NULL. */
static void look_at(struct inspection *in, const char *list, const char *name, const char *where)
{
	scoped(str_fini) struct str key = STR_EMPTY;

	str_addf(&key, "%s %s", list, name);
	if (!*name || is_supported(in, list, name) || json_object_get(in->said, str_c(&key)))
		return;
	json_object_set_new(in->said, str_c(&key), json_true());
	finding_warning(in->findings, (struct place){ in->path, 1, 1 },
		"%.*s '%.64s' is not supported%s%.64s%s", (int)strlen(list) - 1, list, name,
		where ? " (panel '" : "", where ? where : "", where ? "')" : "");
}

static void look_at_panel(struct inspection *in, const json_t *panel)
{
	const char *text = json_get_text(panel, "title", "");
	const char *title = *text ? text : NULL;
	const json_t *it;
	size_t i;

	look_at(in, "panels", json_get_text(panel, "type", "row"), title);
	json_array_foreach (json_object_get(panel, "transformations"), i, it)
		look_at(in, "transformations", json_get_text(it, "id", ""), title);
}

/* Rows hold panels: those of old dashboards in `rows`, collapsed ones in a panel. */
static void look_at_panels(struct inspection *in, const json_t *panels, int depth)
{
	const json_t *it;
	size_t i;

	json_array_foreach (panels, i, it) {
		look_at_panel(in, it);
		if (depth > 0)
			look_at_panels(in, json_object_get(it, "panels"), depth - 1);
	}
}

void dashboard_check(const char *path, const char *text, size_t n, struct findings *findings)
{
	scoped(inspection_fini) struct inspection in = { .path = path,
		.findings = findings,
		.said = json_object() };
	scoped(json_decref) json_t *root = NULL;
	struct place at = { path, 1, 1 };
	struct err e = { 0 };
	const json_t *it;
	size_t i;

	must(json_read(&in.supported, (const char *)dashboards_supported[0].bytes,
		     dashboards_supported[0].n, NULL) == RC_OK);
	if (json_read(&root, text, n, &e) != RC_OK) {
		if (sscanf(e.text, "line %u, column %u", &at.line, &at.column) != 2 || !at.column)
			at.column = 1;
		finding_error(findings, at, "%s", e.text);
		return;
	}
	if (!json_is_object(root)) {
		finding_error(findings, at, "a dashboard is an object");
		return;
	}
	look_at_panels(&in, json_object_get(root, "panels"), 1);
	look_at_panels(&in, json_object_get(root, "rows"), 2);
	json_array_foreach (json_object_get(json_object_get(root, "templating"), "list"), i, it)
		look_at(&in, "variables", json_get_text(it, "type", ""), NULL);
}

static void check_one(const char *lab_path, const char *name, struct findings *findings)
{
	const char *slash = strrchr(lab_path, '/');
	const char *path = arena_printf(&findings->arena, "%.*s" DASHBOARDS_FOLDER "/%s.json",
		slash ? (int)(slash - lab_path) + 1 : 0, lab_path, name);
	scoped(str_fini) struct str text = STR_EMPTY;
	struct err e = { 0 };

	if (!path)
		return;
	if (file_read(path, DASHBOARD_BYTES_MAX, &text, &e) == RC_OK)
		dashboard_check(path, str_c(&text), text.len, findings);
	else
		finding_error(findings, (struct place){ path, 1, 1 }, "%s", e.text);
}

enum rc dashboards_check(const char *lab_path, struct findings *findings, struct err *e)
{
	scoped(dashboards_fini) struct dashboards d = { 0 };
	enum rc rc = dashboards_list(&d, lab_path, e);

	for (uint32_t i = 0; rc == RC_OK && i < d.n; i++)
		check_one(lab_path, d.items[i].name, findings);
	return rc;
}
