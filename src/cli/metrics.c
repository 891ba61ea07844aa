/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored of metrics: brought in from files, and out; verified, looked through. */
#include "cli/ask.h"
#include "cli/metrics/folder.h"
#include "cli/metrics/importing.h"
#include "cli/term/moment.h"

static void show_counts(struct page *p, const struct import_counts *n)
{
	page_addf(p, STYLE_PLAIN, "%llu sample%s imported", (unsigned long long)n->taken,
		n->taken == 1 ? "" : "s");
	if (n->too_old)
		page_addf(p, STYLE_DOUBT, ", %llu older than the retention left out",
			(unsigned long long)n->too_old);
	if (n->too_far_ahead)
		page_addf(p, STYLE_DOUBT, ", %llu from the future left out",
			(unsigned long long)n->too_far_ahead);
	page_line(p);
	if (*n->first)
		page_wrap(p, STYLE_DOUBT, 2, n->first);
}

static enum rc import_all(struct call *c, const struct import_taker *taker,
	struct import_counts *counts, struct err *e)
{
	const char *format = call_option(c, metrics, format);
	bool is_openmetrics = format && str_eq(format, "openmetrics");
	enum rc rc = RC_OK;

	for (uint32_t i = 1; rc == RC_OK && i < c->n_arguments; i++)
		rc = import_file(c->arguments[i], is_openmetrics, taker, counts, e);
	return rc == RC_OK ? taker->end(taker->self, e) : rc;
}

static enum rc import(struct call *c, struct err *e)
{
	const char *folder = call_option(c, metrics, data);
	scoped(import_folder_close) struct import_folder *f = NULL;
	struct import_counts counts = { 0 };
	struct import_taker taker;
	enum rc rc = RC_OK;

	if (c->n_arguments < 2)
		return err_set(e, RC_USAGE, "metrics import FILE..., '-' for standard input");
	if (folder)
		rc = import_folder_open(&f, folder, e);
	if (rc != RC_OK)
		return rc;
	taker = folder ? import_to_folder(f) : import_to_site(c);
	rc = import_all(c, &taker, &counts, e);
	show_counts(&c->page, &counts);
	return rc;
}

static enum rc add_time(struct call *c, struct str *path, const char *name, const char *text,
	struct err *e)
{
	struct wall at;
	enum rc rc;

	if (!text)
		return RC_OK;
	rc = moment_parse(&c->page.term, text, MOMENT_PAST, &at, e);
	if (rc == RC_OK)
		str_addf(path, "&%s=%lld.%03d", name, (long long)(at.ms / 1000),
			(int)(at.ms % 1000));
	return rc;
}

static enum rc export(struct call *c, struct err *e) {
	const char *match = call_option(c, metrics, match),
	*format = call_option(c, metrics, format);
	scoped(str_fini) struct str path = STR_EMPTY;
	enum rc rc;

	if (!match) return err_set(e, RC_USAGE,
		"metrics export --match SELECTOR, such as '{job=\"node\"}'");
	str_add(&path, "/api/v1/export?match[]=");
	ask_encode(&path, match);
	str_addf(&path, "&format=%s", format &&str_eq(format, "openmetrics") ? format : "jsonl");
	rc = add_time(c, &path, "start", call_option(c, metrics, start), e);
	if (rc == RC_OK) rc = add_time(c, &path, "end", call_option(c, metrics, end), e);
	return rc == RC_OK ? ask_text(c, str_c(&path), &c->page.out, e) : rc;
}

enum rc command_metrics(struct call *c, struct err *e)
{
	static const struct {
		const char *verb;
		enum rc (*run)(struct call *c, struct err *e);
	} verbs[] = {
		{ "import", import },
		{ "export", export },
		{ "verify", metrics_verify_folder },
		{ "analyze", metrics_analyse_folder },
	};

	for (size_t i = 0; i < COUNT(verbs); i++)
		if (c->n_arguments && str_eq(c->arguments[0], verbs[i].verb))
			return verbs[i].run(c, e);
	return err_set(e, RC_USAGE,
		"metrics import FILE... | export | verify DIRECTORY | analyze DIRECTORY");
}
