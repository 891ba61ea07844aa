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
		.scrape_config_files = d->scrape_config_files,
		.rule_files = d->rule_files,
		.alerting = d->alerting,
		.remote_write = d->remote_write,
		.remote_read = d->remote_read,
		.otlp = d->otlp,
	};
}

/* What lab.yaml itself says goes before what the file says. */
static void take_storage(struct lab_metrics *m, const struct storage_decl *storage)
{
	const struct tsdb_decl *tsdb = &storage->tsdb;

	m->exemplars_max = storage->exemplars.max;
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
	struct prometheus_decl decl = { .storage.exemplars.max = -1 };
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
	take_storage(&b->lab->metrics, &decl.storage);
	if (decl.metrics.global && b->decl->metrics->global)
		reader_error(b->r, decl.metrics.global,
			"global: lab.yaml's own metrics section has one already");
	b->r->is_foreign = false;
	b->r->folder = outer.folder;
	b->r->file = outer.file;
}

static unsigned receive_of(const struct texts *words)
{
	static const char *const names[] = { [RECEIVE_IMPORT] = "import",
		[RECEIVE_REMOTE_WRITE] = "remote_write",
		[RECEIVE_OTLP] = "otlp" };
	unsigned bits = words->items ? 0 : 1u << RECEIVE_IMPORT;

	for (uint32_t i = 0; i < words->n; i++)
		for (size_t k = 0; k < COUNT(names); k++)
			if (str_eq(words->items[i], names[k]))
				bits |= 1u << k;
	return bits;
}

static void take_downsampling(struct lab_metrics *m, const struct list *declared)
{
	const struct lab_downsampling *v = declared->items;

	for (uint32_t i = 0; i < declared->n && i < LAB_DOWNSAMPLING_MAX; i++)
		m->downsampling[m->n_downsampling++] = v[i];
}

void build_metrics(struct build *b)
{
	const struct metrics_decl *d = b->decl->metrics;
	struct lab_metrics *m = &b->lab->metrics;
	const struct lab_source *source = b->r->source;
	struct sha256 files;

	if (!d)
		return;
	m->is_on = true;
	m->exemplars_max = -1;
	m->retention_ms = d->retention_ms;
	m->retention_bytes = d->retention_bytes;
	m->out_of_order_ms = d->out_of_order_ms;
	m->has_host = d->host;
	m->textfile = d->textfile;
	m->has_admin_api = d->admin_api;
	m->receive = receive_of(&d->receive);
	m->blind_after_ms = d->blind_after_ms;
	m->has_durable_answers = d->durable_answers;
	add_part(b, b->r->file, b->r->folder, d);
	m->outside = d->outside;
	m->copy = d->copy;
	take_downsampling(m, &d->downsampling);
	if (d->prometheus)
		read_file(b, d->prometheus);
	if (!m->retention_ms)
		m->retention_ms = RETENTION_MS;
	if (source->metrics && source->metrics(source->ctx, m, b->r->findings, &files))
		build_add_file(b, &files);
}
