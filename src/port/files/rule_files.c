/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/rule_files.h"

#include "node/rules_world.h"
#include "port/files/files.h"
#include "port/yaml/yaml.h"

struct reading {
	struct rule_files *files;
	const struct lab_metrics_part *part;
	const struct rule_source *from;
	const struct rules_world *world;
	struct findings *findings;
};

void rule_files_fini(struct rule_files *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		rule_file_free(f->v[i]);
	free(f->v);
}

void rule_paths_add(struct rule_paths *p, const char *path)
{
	must_grow(p->v, p->n, p->cap);
	p->v[p->n++] = must_strdup(path);
}

void rule_paths_fini(struct rule_paths *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
}

/* ---- one file */

enum rc rules_load(struct rule_file **ret, const char *path, const struct rules_world *world,
	struct findings *findings, struct err *e)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	scoped(doc_fini) struct doc doc = { 0 };
	uint32_t before = findings->n_errors;
	enum rc rc = file_read(path, LAB_FILE_BYTES_MAX, &text, e);

	if (rc == RC_OK)
		rc = yaml_parse(&doc, path, &text, findings, e);
	if (rc == RC_OK && findings->n_errors > before)
		return err_set(e, RC_INPUT, "%s: malformed", path);
	return rc == RC_OK ? rule_file_read(ret, &doc, world, findings, e) : rc;
}

/* ---- all of a section */

static struct place place_of(const struct reading *r, const struct doc_node *node)
{
	return (struct place){ r->part->file, node->line, node->column };
}

static bool is_read(const struct rule_files *f, const char *path)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i]->n_groups && str_eq(f->v[i]->groups[0].file, path))
			return true;
	return false;
}

static void keep(struct rule_files *f, struct rule_file *file, const struct sha256 *hash)
{
	struct sha256 both[2] = { f->hash, *hash };

	f->hash = sha256_of(both, sizeof both);
	must_grow(f->v, f->n, f->cap);
	f->v[f->n++] = file;
}

static void read_one(const struct reading *r, const struct doc_node *pattern, const char *path)
{
	scoped(doc_fini) struct doc doc = { 0 };
	struct rule_file *file = NULL;
	uint32_t before = r->findings->n_errors;
	struct err e = { 0 };
	enum rc rc;

	if (is_read(r->files, path))
		return;
	rc = r->from->document(r->from->ctx, path, &doc, r->findings, &e);
	if (rc == RC_OK && r->findings->n_errors > before)
		return;
	if (rc == RC_OK)
		rc = rule_file_read(&file, &doc, r->world, r->findings, &e);
	if (rc == RC_OK) {
		rule_file_warn_repeated(file, r->findings);
		keep(r->files, file, &doc.hash);
	} else if (r->findings->n_errors == before) { /* else what is wrong inside has been said */
		finding_error(r->findings, place_of(r, pattern), "rule_files: %s", e.text);
	}
}

/* Prometheus' own rule: what follows the first star has no slash. */
static bool is_pattern(const char *text)
{
	const char *star = strchr(text, '*');

	return !star || !strpbrk(star + 1, "*/");
}

static void read_pattern(const struct reading *r, const struct doc_node *node)
{
	scoped(str_fini) struct str pattern = STR_EMPTY;
	scoped(rule_paths_fini) struct rule_paths paths = { 0 };

	if (node->kind != DOC_SCALAR || !is_pattern(node->text)) {
		finding_error(r->findings, place_of(r, node),
			"rule_files: invalid rule file path \"%s\"",
			node->kind == DOC_SCALAR ? node->text : "");
		return;
	}
	if (node->text[0] != '/')
		str_add(&pattern, r->part->folder);
	str_add(&pattern, node->text);
	r->from->match(r->from->ctx, str_c(&pattern), &paths);
	if (!paths.n)
		finding_warning(r->findings, place_of(r, node), "rule_files: no file matches %s",
			str_c(&pattern));
	for (uint32_t i = 0; i < paths.n; i++) {
		if (r->files->n >= RULE_FILES_MAX) {
			finding_error(r->findings, place_of(r, node),
				"rule_files: these are more than %d files", RULE_FILES_MAX);
			return;
		}
		read_one(r, node, paths.v[i]);
	}
}

void rule_files_read(struct rule_files *ret, const struct lab_metrics_part *part,
	const struct rule_source *from, struct findings *findings)
{
	struct rules_promql promql = { 0 };
	const struct rules_world world = rules_world_over(&promql);
	const struct reading r = { ret, part, from, &world, findings };

	if (!part->rule_files || part->rule_files->kind != DOC_SEQUENCE)
		return;
	for (uint32_t i = 0; i < part->rule_files->n; i++)
		read_pattern(&r, part->rule_files->values[i]);
}

/* ---- where they lie */

static bool has_path(const struct rule_paths *p, const char *path)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (str_eq(p->v[i], path))
			return true;
	return false;
}

static void add_folder(const struct lab_metrics_part *part, const char *pattern,
	struct rule_paths *ret)
{
	scoped(str_fini) struct str path = STR_EMPTY;
	const char *slash;

	if (pattern[0] != '/')
		str_add(&path, part->folder);
	str_add(&path, pattern);
	slash = strrchr(str_c(&path), '/');
	if (!slash) {
		str_clear(&path);
		str_addc(&path, '.');
	} else if (slash > str_c(&path)) {
		path.len = (size_t)(slash - str_c(&path));
		path.s[path.len] = '\0';
	}
	if (!strpbrk(str_c(&path), "*?[") && !has_path(ret, str_c(&path)))
		rule_paths_add(ret, str_c(&path));
}

void rule_folders(const struct lab_metrics *m, struct rule_paths *ret)
{
	for (uint8_t i = 0; i < m->n_parts; i++) {
		const struct doc_node *list = m->parts[i].rule_files;

		for (uint32_t k = 0; list && list->kind == DOC_SEQUENCE && k < list->n; k++)
			if (list->values[k]->kind == DOC_SCALAR)
				add_folder(&m->parts[i], list->values[k]->text, ret);
	}
}
