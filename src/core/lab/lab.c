/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/lab.h"

#include "core/lab/build.h"

#define LAB_BYTES_MAX ((size_t)64 * 1024 * 1024)

void build_init(struct build *b, struct reader *r, struct lab *lab)
{
	*b = (struct build){ .r = r, .lab = lab };
	sha256_begin(&b->files);
}

void build_add_file(struct build *b, const struct sha256 *hash)
{
	sha256_add(&b->files, hash->bytes, SHA256_BYTES);
	b->has_files = true;
}

void build_fini(struct build *b)
{
	map_fini(&b->sites);
	map_fini(&b->hosts);
	map_fini(&b->addresses);
	map_fini(&b->modules);
	map_fini(&b->used);
	for (uint32_t i = 0; i < b->n_documents; i++)
		arena_fini(&b->documents[i].arena);
	free(b->documents);
	for (uint16_t i = 0; b->needs && i < b->cap_checks; i++)
		free(b->needs[i].items);
	free(b->needs);
	free(b->about);
}

/* The lab takes the patterns over from the reader, so that lab_free finds them. */
static void keep_patterns(struct lab *lab, struct reader *r)
{
	lab->patterns = must_alloc(map_count(&r->patterns) * sizeof(struct pattern *));
	map_each (&r->patterns, it)
		lab->patterns[lab->n_patterns++] = it->value;
}

/* The nodes of the metrics section stay where they are. */
static void keep_document(struct lab *lab, struct doc *doc)
{
	if (!lab->metrics.is_on)
		return;
	lab->documents[lab->n_documents++] = *doc;
	*doc = (struct doc){ 0 };
}

/* Of one file: what sha256sum(1) says.  Of several: of that and of the others' hashes. */
static struct sha256 identity(struct build *b, const struct sha256 *own)
{
	struct sha256 others = sha256_end(&b->files);
	struct sha256 both[2] = { *own, others };

	return b->has_files ? sha256_of(both, sizeof both) : *own;
}

static const char *folder_of(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? arena_strndup(a, file, (size_t)(slash - file) + 1) : "";
}

static void build_all(struct lab *lab, struct reader *r, const struct doc *doc)
{
	scoped(build_fini) struct build b;
	struct lab_decl decl = { 0 };

	build_init(&b, r, lab);
	r->folder = folder_of(&lab->arena, doc->file);
	reader_read(r, &lab_shape, doc, &decl);
	b.decl = &decl;
	b.root = doc->root;
	lab->name = decl.name;
	if (r->is_full)
		return;
	build_sites(&b);
	build_notify(&b);
	build_modules(&b);
	build_checks(&b);
	build_refusals(&b);
	build_derived(&b);
	build_needs(&b);
	build_metrics(&b);
	lab->hash = identity(&b, &doc->hash);
}

/* lab.yaml comes first, then what it names; each from top to bottom. */
static int compare(const char *file, const struct finding *a, const struct finding *b)
{
	if (!str_eq(a->file, b->file)) {
		if (str_eq(a->file, file) || str_eq(b->file, file))
			return str_eq(a->file, file) ? -1 : 1;
		return strcmp(a->file, b->file);
	}
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

/* By insertion: they are few, and nearly in order, and equals keep theirs. */
static void sort_findings(const char *file, struct findings *f)
{
	for (uint32_t i = 1; i < f->n; i++) {
		struct finding it = f->items[i];
		uint32_t at = i;

		while (at && compare(file, &it, &f->items[at - 1]) < 0) {
			f->items[at] = f->items[at - 1];
			at--;
		}
		f->items[at] = it;
	}
}

static void free_document(struct doc *d)
{
	arena_fini(&d->arena);
}
SCOPED_FINI(free_document, struct doc)

enum rc lab_read(struct lab **ret, const char *file, const struct lab_source *source,
	struct findings *findings, struct err *e)
{
	scoped(lab_free) struct lab *lab = must_alloc(sizeof *lab);
	scoped(free_document) struct doc doc = { 0 };
	struct reader r;
	enum rc rc;

	arena_init(&lab->arena, LAB_BYTES_MAX);
	rc = source->document(source->ctx, file, &doc, findings, e);
	if (rc != RC_OK)
		return rc;
	lab->file = arena_strdup(&lab->arena, file);
	reader_init(&r, &lab->arena, findings, source);
	build_all(lab, &r, &doc);
	keep_patterns(lab, &r);
	keep_document(lab, &doc);
	reader_fini(&r);
	sort_findings(file, findings);
	if (findings->n_errors)
		return err_set(e, RC_INPUT, "%s has %u error%s", file, findings->n_errors,
			findings->n_errors == 1 ? "" : "s");
	*ret = TAKE(lab);
	return RC_OK;
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (uint32_t i = 0; i < lab->n_patterns; i++)
		pattern_free(lab->patterns[i]);
	free(lab->patterns);
	map_fini(&lab->check_names);
	if (lab->notify.alertmanager)
		lab->notify.alertmanager_free(lab->notify.alertmanager);
	for (uint8_t i = 0; i < lab->n_documents; i++)
		arena_fini(&lab->documents[i].arena);
	arena_fini(&lab->arena);
	free(lab);
}

uint8_t lab_site_index(const struct lab *lab, const char *name)
{
	for (uint8_t i = 0; i < lab->n_sites; i++)
		if (str_eq(lab->sites[i].name, name))
			return i;
	return NO_SITE;
}

uint16_t lab_check_index(const struct lab *lab, const char *name)
{
	return build_index(&lab->check_names, name);
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_CRITICAL] = "critical",
	};

	must((size_t)s < COUNT(names));
	return names[s];
}

const char *check_kind_name(enum check_kind k)
{
	static const char *const names[] = {
		[CHECK_PROBE] = "probe",
		[CHECK_HEARTBEAT] = "heartbeat",
		[CHECK_SITE] = "site",
		[CHECK_LINK] = "link",
		[CHECK_WATCHER] = "watcher",
		[CHECK_DRILL] = "drill",
		[CHECK_SELF] = "self",
	};

	must((size_t)k < COUNT(names));
	return names[k];
}
