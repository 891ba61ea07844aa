/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/lab_files.h"

#include "core/alert/silence.h"
#include "core/scrape/config.h"
#include "port/files/files.h"
#include "port/yaml/yaml.h"

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

enum rc metrics_jobs(const struct lab_metrics *m, struct scrape_configs **ret,
	struct findings *findings, struct err *e)
{
	struct scrape_section sections[COUNT(m->parts)];

	for (uint8_t i = 0; i < m->n_parts; i++) { /* the one with the global section goes first */
		const struct lab_metrics_part *part =
			&m->parts[m->n_parts == 2 && m->parts[1].global ? 1 - i : i];

		sections[i] = (struct scrape_section){ part->file, part->folder, part->global,
			part->scrape_configs };
	}
	return scrape_config_read(ret, sections, m->n_parts, findings, e);
}

static enum rc check_matchers(const char *text, struct err *e)
{
	scoped(matchers_free) struct matchers *m = NULL;

	return matchers_parse(&m, text, e);
}

/* The cores that read their part of the section when it is used say here what is wrong with it. */
static void check_metrics(const struct lab_metrics *m, struct findings *findings)
{
	scoped(scrape_configs_free) struct scrape_configs *configs = NULL;

	(void)!metrics_jobs(m, &configs, findings, NULL);
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
