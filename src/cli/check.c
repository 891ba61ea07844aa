/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check.h"

#include "base/json.h"
#include "cli/term/text.h"
#include "port/files/dashboards.h"
#include "port/files/lab_files.h"

#include <sys/stat.h>

#define FILE_NAME "lab.yaml"

static const char *severity_of(const struct finding *f)
{
	return f->is_warning ? "warning" : "error";
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static void print_lines(const char *path, const struct findings *f, const struct lab *lab,
	FILE *out)
{
	uint32_t shown = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct finding *it = &f->items[i];
		scoped(str_fini) struct str line = STR_EMPTY;

		text_add_clean(&line, it->file); /* it quotes what was written, whatever that is */
		str_addf(&line, ":%u:%u: %s: ", it->line, it->column, severity_of(it));
		text_add_clean(&line, it->text);
		fprintf(out, "%s\n", str_c(&line));
		shown += !it->is_warning;
	}
	if (shown < f->n_errors)
		fprintf(out, "%s: and %u more\n", path, f->n_errors - shown);
	if (lab)
		fprintf(out, "%s: ok: %u site%s, %u check%s\n", path, lab->n_sites,
			plural(lab->n_sites), lab->n_checks, plural(lab->n_checks));
	else
		fprintf(out, "%s: %u error%s\n", path, f->n_errors, plural(f->n_errors));
}

static void print_json(const char *path, const struct findings *f, const struct lab *lab, FILE *out)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char hash[SHA256_HEX];
	struct json_out w;

	json_begin(&w, &text);
	json_object_open(&w, NULL);
	json_text(&w, "file", path);
	json_bool(&w, "ok", lab != NULL);
	json_int(&w, "errors", f->n_errors);
	json_array_open(&w, "findings");
	for (uint32_t i = 0; i < f->n; i++) {
		json_object_open(&w, NULL);
		json_text(&w, "file", f->items[i].file);
		json_int(&w, "line", f->items[i].line);
		json_int(&w, "column", f->items[i].column);
		json_text(&w, "severity", severity_of(&f->items[i]));
		json_text(&w, "text", f->items[i].text);
		json_close(&w);
	}
	json_close(&w);
	if (lab) {
		json_text(&w, "hash", sha256_hex(&lab->hash, hash));
		json_int(&w, "sites", lab->n_sites);
		json_int(&w, "checks", lab->n_checks);
	}
	json_close(&w);
	fprintf(out, "%s\n", str_c(&text));
}

/* A folder stands for the lab.yaml in it. */
static void file_of(const char *path, struct str *ret)
{
	struct stat st;

	str_add(ret, path ? path : FILE_NAME);
	if (path && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		str_addf(ret, "%s%s", path[strlen(path) - 1] == '/' ? "" : "/", FILE_NAME);
}

/* A site starts all the same: it hands dashboards to the pages, and doesn't live by them. */
static enum rc check_dashboards(const char *file, struct findings *f, struct err *e)
{
	enum rc rc = dashboards_check(file, f, e);

	if (rc == RC_OK && f->n_errors > 0)
		return err_set(e, RC_INPUT, "a dashboard can't be read");
	return rc;
}

enum rc cli_check(const char *path, FILE *out, bool is_json, struct err *e)
{
	scoped(findings_fini) struct findings findings = { 0 };
	scoped(zones_free) struct zones *zones = zones_new();
	scoped(lab_free) struct lab *lab = NULL;
	scoped(str_fini) struct str file = STR_EMPTY;
	enum rc rc;

	file_of(path, &file);
	rc = lab_load(&lab, str_c(&file), zones, &findings, e);
	if (rc != RC_OK && findings.n_errors == 0)
		return rc;
	if (rc == RC_OK)
		rc = check_dashboards(str_c(&file), &findings, e);
	if (rc != RC_OK && findings.n_errors == 0)
		return rc;
	(is_json ? print_json : print_lines)(str_c(&file), &findings, rc == RC_OK ? lab : NULL,
		out);
	return rc;
}
