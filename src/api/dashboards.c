/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboards: Grafana's, of the lab's folder, to the pages that draw them.
 *
 * They are read and parsed on the pool: a folder of them takes longer than a probe may wait.
 */
#include "api/api_private.h"

#include "base/limits.h"
#include "port/files/dashboards.h"

struct reading {
	uv_work_t work;
	struct api *api;
	struct http_exchange *exchange;
	char *lab_path;
	char *name; /* NULL: all of them */
	struct str body;
	enum rc rc;
	struct err e;
};

static void write_one(struct json_out *w, const struct dashboard *d)
{
	json_object_open(w, NULL);
	json_text(w, "name", d->name);
	json_text(w, "title", d->title);
	json_text(w, "description", d->description);
	json_array_open(w, "tags");
	for (uint32_t i = 0; i < d->n_tags; i++)
		json_text(w, NULL, d->tags[i]);
	json_close(w);
	json_text(w, "wrong", d->wrong);
	json_close(w);
}

static enum rc write_list(struct reading *r, struct err *e)
{
	scoped(dashboards_fini) struct dashboards all = { 0 };
	enum rc rc = dashboards_list(&all, r->lab_path, e);
	struct json_out w;

	if (rc != RC_OK)
		return rc;
	json_begin(&w, &r->body);
	json_object_open(&w, NULL);
	json_array_open(&w, "dashboards");
	for (uint32_t i = 0; i < all.n; i++)
		write_one(&w, &all.items[i]);
	json_close(&w);
	json_int(&w, "more", all.n_more);
	json_close(&w);
	return RC_OK;
}

/* On the pool's thread: touches nothing but `r`. */
static void read_them(uv_work_t *work)
{
	struct reading *r = work->data;

	r->rc = r->name ? dashboard_read(r->lab_path, r->name, &r->body, &r->e)
			: write_list(r, &r->e);
}

static void on_read(uv_work_t *work, int status)
{
	static const struct http_header headers[] = { { "Cache-Control", "no-store" } };
	struct reading *r = work->data;
	struct http_reply reply = { .type = "application/json",
		.headers = headers,
		.n_headers = COUNT(headers),
		.body = r->body };
	struct api *a = r->api;

	must(status == 0);
	a->dashboards_in_reading--;
	if (r->rc == RC_OK) {
		http_reply(r->exchange, &reply);
	} else {
		str_fini(&r->body);
		http_reply_error(r->exchange, r->rc, r->e.text, headers, COUNT(headers));
	}
	free(r->lab_path);
	free(r->name);
	free(r);
	api_let_go(a);
}

static enum rc start_reading(struct call *c, struct answer *out, const char *name, struct err *e)
{
	struct api *a = c->api;
	struct reading *r;

	if (!a->setup.lab_path)
		return err_set(e, RC_NOT_FOUND, "this lab was not read from a folder");
	if (a->dashboards_in_reading >= DASHBOARD_READS_MAX)
		return err_set(e, RC_LIMIT, "%d dashboards are being read: ask again later",
			DASHBOARD_READS_MAX);
	r = must_alloc(sizeof *r);
	r->work.data = r;
	r->api = a;
	r->exchange = c->exchange;
	r->lab_path = must_strdup(a->setup.lab_path);
	r->name = name ? must_strdup(name) : NULL;
	a->holders++;
	a->dashboards_in_reading++;
	must(uv_queue_work(a->setup.loop, &r->work, read_them, on_read) == 0);
	out->is_taken = true;
	return RC_OK;
}

enum rc dashboards_show(struct call *c, struct answer *out, struct err *e)
{
	return start_reading(c, out, NULL, e);
}

enum rc dashboard_show(struct call *c, struct answer *out, struct err *e)
{
	return start_reading(c, out, c->found.args[0], e);
}
