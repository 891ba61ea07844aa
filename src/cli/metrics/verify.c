/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metrics/verify.h"
#include "cli/metrics/folder.h"
#include "port/blockfiles/blockfiles.h"

#include <inttypes.h>

#define EXIT_DAMAGED 1

struct verifying {
	struct page *page;
	uint32_t n[VERIFIED_KINDS], n_damaged;
	uint64_t n_samples, bytes;
};

/* A paragraph below the file's name. */
static void show_note(struct page *p, enum style style, const char *text)
{
	page_add(p, STYLE_PLAIN, "  ");
	page_wrap(p, style, 2, text);
}

static void show_lost(struct page *p, const struct verified_file *f)
{
	scoped(str_fini) struct str text = STR_EMPTY;
	char span[SPAN_TEXT_MAX];

	if (f->kind != VERIFIED_PART || !f->n_samples)
		return;
	str_addf(&text, "It has samples of %s.", metrics_span_text(f->min_ms, f->max_ms, span));
	if (f->n_damaged)
		str_addf(&text, "  Series %" PRIu32 " to %" PRIu32 " lost some.", f->damaged.first,
			f->damaged.last);
	show_note(p, STYLE_PLAIN, str_c(&text));
}

static void show_damage(struct page *p, const struct verified_file *f)
{
	bool is_old = f->kind == VERIFIED_ASIDE;

	page_add(p, is_old ? STYLE_DOUBT : STYLE_BAD, f->name);
	page_addf(p, STYLE_PLAIN, ": %s: ", verified_kind_text(f->kind));
	page_wrap(p, STYLE_PLAIN, 2, f->why);
	show_lost(p, f);
	show_note(p, STYLE_FAINT, verified_kind_advice(f->kind));
}

static void on_file(void *self, const struct verified_file *f)
{
	struct verifying *v = self;

	v->n[f->kind]++;
	v->n_samples += f->n_samples;
	v->bytes += f->size_bytes;
	if (f->rc == RC_OK)
		return;
	v->n_damaged += f->kind != VERIFIED_ASIDE;
	show_damage(v->page, f);
}

static void show_sum(const struct verifying *v, const char *folder)
{
	static const enum verified_kind counted[] = { VERIFIED_PART, VERIFIED_SEGMENT,
		VERIFIED_DELETION, VERIFIED_LOG };
	char text[BYTES_TEXT_MAX];

	page_addf(v->page, STYLE_PLAIN, "%s: ", folder);
	if (v->n_damaged)
		page_addf(v->page, STYLE_BAD, "%u damaged", v->n_damaged);
	else
		page_add(v->page, STYLE_OK, "ok");
	page_line(v->page);
	page_addf(v->page, STYLE_PLAIN, "  %s samples in", metrics_count_text(v->n_samples, text));
	for (size_t i = 0; i < COUNT(counted); i++)
		page_addf(v->page, STYLE_PLAIN, "%s %u %s%s", i ? "," : "", v->n[counted[i]],
			verified_kind_text(counted[i]), v->n[counted[i]] == 1 ? "" : "s");
	page_addf(v->page, STYLE_PLAIN, "; %s", metrics_bytes_text(v->bytes, text));
	page_line(v->page);
}

enum rc metrics_verify_folder(struct call *c, struct err *e)
{
	scoped(blockfiles_close) struct blockfiles *b = NULL;
	struct verifying v = { .page = &c->page };
	enum rc rc;

	if (c->n_arguments != 2)
		return err_set(e, RC_USAGE, "metrics verify FOLDER");
	rc = blockfiles_look(&b, c->arguments[1], e);
	if (rc == RC_OK)
		rc = metrics_verify(blockfiles_port(b), &(struct verifier){ &v, on_file }, e);
	if (rc != RC_OK)
		return rc;
	show_sum(&v, c->arguments[1]);
	c->exit = v.n_damaged ? EXIT_DAMAGED : 0;
	return RC_OK;
}
