/* SPDX-License-Identifier: Apache-2.0 */
/* What metrics: says, and the prometheus.yml that it names. */
#include "core/lab/build.h"

#define RETENTION_MS (15 * DAY_MS) /* Prometheus' */

static const char *folder_of(struct build *b, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(&b->lab->arena, path, (size_t)(slash - path) + 1) : "";
}

static void add_part(struct build *b, const char *file, const char *folder,
	const struct metrics_decl *d)
{
	struct lab_metrics *m = &b->lab->metrics;

	must(m->n_parts < COUNT(m->parts));
	m->parts[m->n_parts++] = (struct lab_metrics_part){
		.file = arena_strdup(&b->lab->arena, file),
		.folder = folder,
		.global = d->global,
		.scrape_configs = d->scrape_configs,
		.rule_files = d->rule_files,
		.alerting = d->alerting,
		.remote_write = d->remote_write,
		.remote_read = d->remote_read,
		.otlp = d->otlp,
	};
}

/* What lab.yaml itself says goes before what the file says. */
static void take_storage(struct lab_metrics *m, const struct tsdb_decl *tsdb)
{
	if (!m->retention_ms)
		m->retention_ms = tsdb->retention.time_ms;
	if (!m->retention_bytes)
		m->retention_bytes = tsdb->retention.size_bytes;
	if (!m->out_of_order_ms)
		m->out_of_order_ms = tsdb->out_of_order_ms;
}

static void read_file(struct build *b, const struct doc_node *node)
{
	struct reader outer = *b->r;
	const char *path = reader_path(b->r, node);
	struct doc *doc = &b->lab->documents[b->lab->n_documents];
	struct prometheus_decl decl = { 0 };
	struct err e = { 0 };
	enum rc rc;

	if (!path)
		return;
	rc = b->r->source->document(b->r->source->ctx, path, doc, b->r->findings, &e);
	if (rc != RC_OK) {
		if (rc != RC_INPUT) /* what is wrong inside has been said */
			reader_error(b->r, node, "prometheus: %s", e.text);
		return;
	}
	b->lab->n_documents++;
	build_add_file(b, &doc->hash);
	b->r->is_foreign = true;
	b->r->folder = folder_of(b, path);
	reader_read(b->r, &prometheus_shape, doc, &decl);
	add_part(b, path, b->r->folder, &decl.metrics);
	take_storage(&b->lab->metrics, &decl.storage.tsdb);
	if (decl.metrics.global && b->decl->metrics->global)
		reader_error(b->r, decl.metrics.global,
			"global: lab.yaml's own metrics section has one already");
	b->r->is_foreign = false;
	b->r->folder = outer.folder;
	b->r->file = outer.file;
}

void build_metrics(struct build *b)
{
	const struct metrics_decl *d = b->decl->metrics;
	struct lab_metrics *m = &b->lab->metrics;

	if (!d)
		return;
	m->is_on = true;
	m->retention_ms = d->retention_ms;
	m->retention_bytes = d->retention_bytes;
	m->out_of_order_ms = d->out_of_order_ms;
	add_part(b, b->r->file, b->r->folder, d);
	if (d->prometheus)
		read_file(b, d->prometheus);
	if (!m->retention_ms)
		m->retention_ms = RETENTION_MS;
	if (b->r->source->metrics)
		b->r->source->metrics(m, b->r->findings);
}
