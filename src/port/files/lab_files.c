/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/lab_files.h"

#include "core/alert/silence.h"
#include "core/promql/parse.h"
#include "core/remote/otlp_config.h"
#include "core/remote_write/config.h"
#include "core/remote_write/outside.h"
#include "core/rules/handover.h"
#include "core/scrape/config.h"
#include "node/receivers.h"
#include "port/files/files.h"
#include "port/files/rule_files.h"
#include "port/yaml/yaml.h"

#include <fnmatch.h>
#include <glob.h>

struct context {
	struct zones *zones;
	const struct lab_text *texts; /* NULL: from the disk */
};

static enum rc bytes_of(void *ctx, const char *path, struct str *ret, struct err *e)
{
	const struct context *c = ctx;

	if (!c->texts)
		return file_read(path, LAB_FILE_BYTES_MAX, ret, e);
	for (const struct lab_text *it = c->texts; it->path; it++) {
		if (!str_eq(it->path, path))
			continue;
		str_addn(ret, it->text, it->n);
		return RC_OK;
	}
	return err_set(e, RC_NOT_FOUND, "%s: No such file or directory", path);
}

static enum rc document_of(void *ctx, const char *path, struct doc *ret, struct findings *findings,
	struct err *e)
{
	scoped(str_fini) struct str bytes = STR_EMPTY;
	enum rc rc = bytes_of(ctx, path, &bytes, e);

	if (rc == RC_LIMIT)
		finding_error(findings, (struct place){ path, 1, 1 },
			"the file is longer than %d bytes", LAB_FILE_BYTES_MAX);
	return rc != RC_OK ? rc : yaml_parse(ret, path, &bytes, findings, e);
}

static const struct tz *zone_of(void *ctx, const char *name)
{
	const struct context *c = ctx;

	return zones_find(c->zones, name);
}

static void match_texts(const struct lab_text *texts, const char *pattern, struct rule_paths *ret)
{
	for (const struct lab_text *it = texts; it->path; it++)
		if (fnmatch(pattern, it->path, FNM_PATHNAME | FNM_PERIOD) == 0)
			rule_paths_add(ret, it->path);
}

static void match(void *ctx, const char *pattern, struct rule_paths *ret)
{
	const struct context *c = ctx;
	glob_t found = { 0 };

	if (c->texts) {
		match_texts(c->texts, pattern, ret);
		return;
	}
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			rule_paths_add(ret, found.gl_pathv[i]);
	globfree(&found);
}

/* ---- jobs, also those in files of their own */

struct job_files {
	struct context *context;
	struct findings *findings;
	struct scrape_section *sections;
	char **folders; /* by section; NULL: borrowed */
	struct doc *docs;
	uint32_t n;
	struct sha256 hash; /* of all files that were read */
};

static void job_files_fini(struct job_files *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		doc_fini(&f->docs[i]);
		free(f->folders[i]);
	}
	free(f->sections);
	free(f->folders);
	free(f->docs);
}
SCOPED_FINI(job_files_fini, struct job_files)

static void add_section(struct job_files *f, const struct scrape_section *section)
{
	must(f->n < SCRAPE_SECTIONS_MAX);
	f->sections[f->n++] = *section;
}

/* What it may hold is a list of jobs, and nothing else. */
static const struct doc_node *jobs_of(struct job_files *f, const struct doc *doc)
{
	const struct doc_node *root = doc->root;

	for (uint32_t i = 0; root && root->kind == DOC_MAPPING && i < root->n; i++)
		if (!str_eq(root->keys[i]->text, "scrape_configs"))
			finding_error(f->findings,
				(struct place){ doc->file, root->keys[i]->line,
					root->keys[i]->column },
				"a file of scrape_config_files has 'scrape_configs' only, not "
				"'%.80s'",
				root->keys[i]->text);
	return doc_get(root, "scrape_configs");
}

static void read_job_file(struct job_files *f, const char *path, struct place at)
{
	struct doc *doc = &f->docs[f->n];
	const char *slash = strrchr(path, '/');
	uint32_t before = f->findings->n_errors;
	struct sha256 both[2];
	struct err e = { 0 };
	enum rc rc = document_of(f->context, path, doc, f->findings, &e);

	if (rc != RC_OK) {
		if (f->findings->n_errors == before)
			finding_error(f->findings, at, "scrape_config_files: %s", e.text);
		return;
	}
	both[0] = f->hash;
	both[1] = doc->hash;
	f->hash = sha256_of(both, sizeof both);
	f->folders[f->n] = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	must(f->folders[f->n]);
	add_section(f,
		&(struct scrape_section){ doc->file, f->folders[f->n], NULL, jobs_of(f, doc) });
}

static void read_job_pattern(struct job_files *f, const struct lab_metrics_part *part,
	const struct doc_node *node)
{
	scoped(str_fini) struct str pattern = STR_EMPTY;
	scoped(rule_paths_fini) struct rule_paths paths = { 0 };
	const struct place at = { part->file, node->line, node->column };

	if (node->kind != DOC_SCALAR) {
		finding_error(f->findings, at, "scrape_config_files: expected paths of files");
		return;
	}
	str_addf(&pattern, "%s%s", node->text[0] == '/' ? "" : part->folder, node->text);
	match(f->context, str_c(&pattern), &paths);
	if (!paths.n)
		finding_warning(f->findings, at, "scrape_config_files: no file matches %s",
			str_c(&pattern));
	for (uint32_t i = 0; i < paths.n; i++) {
		if (f->n == SCRAPE_SECTIONS_MAX) {
			finding_error(f->findings, at, "scrape_config_files: more than %d files",
				SCRAPE_SECTIONS_MAX - 2);
			return;
		}
		read_job_file(f, paths.v[i], at);
	}
}

static void job_files_init(struct job_files *f, struct context *c, struct findings *findings)
{
	*f = (struct job_files){ .context = c,
		.findings = findings,
		.sections = must_alloc(SCRAPE_SECTIONS_MAX * sizeof *f->sections),
		.folders = must_alloc(SCRAPE_SECTIONS_MAX * sizeof *f->folders),
		.docs = must_alloc(SCRAPE_SECTIONS_MAX * sizeof *f->docs) };
}

static enum rc read_jobs(const struct lab_metrics *m, struct job_files *f,
	struct scrape_configs **ret, struct err *e)
{
	uint32_t before = f->findings->n_errors;

	for (uint8_t i = 0; i < m->n_parts; i++) { /* the one with the global section goes first */
		const struct lab_metrics_part *part =
			&m->parts[m->n_parts == 2 && m->parts[1].global ? 1 - i : i];

		add_section(f, &(struct scrape_section){ part->file, part->folder, part->global,
				       part->scrape_configs });
	}
	for (uint8_t i = 0; i < m->n_parts; i++) {
		const struct doc_node *files = m->parts[i].scrape_config_files;

		for (uint32_t k = 0; files && k < files->n; k++)
			read_job_pattern(f, &m->parts[i], files->values[k]);
	}
	if (f->findings->n_errors > before)
		return err_set(e, RC_INPUT, "the files of scrape configs have errors");
	return scrape_config_read(ret, f->sections, f->n, f->findings, e);
}

enum rc metrics_jobs(const struct lab_metrics *m, struct scrape_configs **ret,
	struct findings *findings, struct err *e)
{
	scoped(job_files_fini) struct job_files files;
	struct context c = { 0 };

	job_files_init(&files, &c, findings);
	return read_jobs(m, &files, ret, e);
}

enum rc metrics_remote_writes(const struct lab_metrics *m, struct remote_writes **ret,
	struct findings *findings, struct err *e)
{
	struct remote_write_section sections[COUNT(m->parts)];

	for (uint8_t i = 0; i < m->n_parts; i++)
		sections[i] = (struct remote_write_section){ m->parts[i].file, m->parts[i].folder,
			m->parts[i].remote_write };
	return remote_writes_read(ret, sections, m->n_parts, findings, e);
}

enum rc metrics_outside(const struct lab_metrics *m, struct outside_config **ret,
	struct findings *findings, struct err *e)
{
	const struct outside_section section = { m->parts[0].file, m->parts[0].folder, m->outside };

	return outside_config_read(ret, &section, findings, e);
}

enum rc metrics_otlp(const struct lab_metrics *m, struct otlp_config **ret,
	struct findings *findings, struct err *e)
{
	struct otlp_section section = { .file = "", .folder = "" };

	for (uint8_t i = 0; i < m->n_parts; i++)
		if (m->parts[i].otlp)
			section = (struct otlp_section){ m->parts[i].file, m->parts[i].folder,
				m->parts[i].otlp };
	return otlp_config_read(ret, &section, findings, e);
}

static void check_selector(const struct lab_metrics *m, const struct doc_node *node,
	struct arena *a, struct findings *findings)
{
	const struct place at = { m->parts[0].file, node->line, node->column };
	struct promql_selector s;
	struct err e = { 0 };

	if (node->kind != DOC_SCALAR)
		finding_error(findings, at,
			"metrics.copy.match: a selector such as up, or {job=\"x\"}");
	else if (promql_parse_selector(node->text, a, &s, &e) != RC_OK)
		finding_error(findings, at, "metrics.copy.match: %s", e.text);
}

enum rc metrics_copy(const struct lab_metrics *m, struct arena *a, struct copy_selectors *ret,
	struct findings *findings, struct err *e)
{
	const struct doc_node *match = m->copy.match;
	uint32_t before = findings->n_errors;
	struct copy_selectors s = { .n = match ? match->n : 0 };

	if (s.n > COPY_SELECTORS_MAX) {
		finding_error(findings,
			(struct place){ m->parts[0].file, match->line, match->column },
			"metrics.copy.match: at most %d selectors", COPY_SELECTORS_MAX);
		return err_set(e, RC_INPUT, "metrics.copy has too many selectors");
	}
	for (uint32_t i = 0; i < s.n; i++) {
		check_selector(m, match->values[i], a, findings);
		s.v[i] = match->values[i]->text;
	}
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "metrics.copy has %u errors",
			findings->n_errors - before);
	*ret = s;
	return RC_OK;
}

static enum rc check_matchers(const char *text, struct err *e)
{
	scoped(matchers_free) struct matchers *m = NULL;

	return matchers_parse(&m, text, e);
}

static void read_alertmanager(void *ctx, const struct doc *doc, struct lab *lab,
	struct findings *findings)
{
	receivers_declare(doc, lab, zone_of, ctx, findings);
}

/* ---- files of rules */

static enum rc read_rules(const struct lab_metrics *m, struct context *c, struct rule_files *ret,
	struct findings *findings, struct err *e)
{
	const struct rule_source from = { c, document_of, match };
	uint32_t before = findings->n_errors;

	for (uint8_t i = 0; i < m->n_parts; i++)
		rule_files_read(ret, &m->parts[i], &from, findings);
	if (findings->n_errors > before)
		return err_set(e, RC_INPUT, "the files of rules have %u errors",
			findings->n_errors - before);
	return RC_OK;
}

enum rc metrics_rules(const struct lab_metrics *m, struct rule_files *ret,
	struct findings *findings, struct err *e)
{
	struct context c = { 0 };

	return read_rules(m, &c, ret, findings, e);
}

enum rc metrics_handover(const struct lab_metrics *m, struct handover **ret,
	struct findings *findings, struct err *e)
{
	const struct lab_metrics_part *part = &m->parts[0];

	for (uint8_t i = 0; i < m->n_parts; i++) /* lab.yaml's own section has none */
		if (m->parts[i].alerting)
			part = &m->parts[i];
	return handover_read(ret, part->file, part->alerting, findings, e);
}

/* The cores that read their part of the section when it is used say here what is wrong with it. */
static bool check_metrics(void *ctx, const struct lab_metrics *m, struct findings *findings,
	struct sha256 *ret_files)
{
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;
	scoped(rule_files_fini) struct rule_files rules = { 0 };
	scoped(job_files_fini) struct job_files jobs;
	struct sha256 both[2];
	scoped(handover_free) struct handover *handover = NULL;
	scoped(remote_writes_free) struct remote_writes *writes = NULL;
	scoped(outside_config_free) struct outside_config *outside = NULL;
	scoped(arena_fini) struct arena arena;
	struct copy_selectors copied;
	scoped(otlp_config_free) struct otlp_config *otlp = NULL;

	arena_init(&arena, LAB_FILE_BYTES_MAX);
	job_files_init(&jobs, ctx, findings);
	(void)!metrics_copy(m, &arena, &copied, findings, NULL);
	(void)!read_jobs(m, &jobs, &configs, NULL);
	(void)!metrics_handover(m, &handover, findings, NULL);
	(void)!metrics_remote_writes(m, &writes, findings, NULL);
	(void)!metrics_outside(m, &outside, findings, NULL);
	(void)!metrics_otlp(m, &otlp, findings, NULL);
	(void)!read_rules(m, ctx, &rules, findings, NULL);
	both[0] = rules.hash;
	both[1] = jobs.hash;
	*ret_files = jobs.n > m->n_parts ? sha256_of(both, sizeof both) : rules.hash;
	return rules.n > 0 || jobs.n > m->n_parts;
}

static enum rc load(struct lab **ret, const char *path, struct context *c,
	struct findings *findings, struct err *e)
{
	const struct lab_source source = {
		.ctx = c,
		.document = document_of,
		.bytes = bytes_of,
		.zone = zone_of,
		.matchers = check_matchers,
		.alertmanager = read_alertmanager,
		.metrics = check_metrics,
	};

	return lab_read(ret, path, &source, findings, e);
}

enum rc lab_load(struct lab **ret, const char *path, struct zones *zones, struct findings *findings,
	struct err *e)
{
	struct context c = { .zones = zones };

	return load(ret, path, &c, findings, e);
}

enum rc lab_load_texts(struct lab **ret, const struct lab_text *texts, struct zones *zones,
	struct findings *findings, struct err *e)
{
	struct context c = { .zones = zones, .texts = texts };

	must(texts[0].path);
	return load(ret, texts[0].path, &c, findings, e);
}
