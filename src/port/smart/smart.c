/* SPDX-License-Identifier: Apache-2.0 */
#include "port/smart/smart.h"

#include "base/limits.h"
#include "base/mem.h"
#include "port/smart/run.h"

struct device {
	char *name, *type;
};

struct smart {
	struct smart_wish wish;
	uv_timer_t timer;
	struct run *run; /* NULL: waiting */
	bool is_closing;
	struct device *devices; /* of this round */
	struct smart_report *reports;
	uint32_t n_devices, n_reports;
	void (*closed)(void *ctx);
	void *ctx;
};

enum rc smart_json_read(json_t **ret, const char *text, size_t n, struct err *e)
{
	const char *begin = n ? memchr(text, '{', n) : NULL;

	if (!begin)
		return err_set(e, RC_INPUT, "not JSON");
	return json_read(ret, begin, n - (size_t)(begin - text), e);
}

static void forget_round(struct smart *s)
{
	for (uint32_t i = 0; i < s->n_devices; i++) {
		free(s->devices[i].name);
		free(s->devices[i].type);
	}
	for (uint32_t i = 0; i < s->n_reports; i++) {
		free(s->reports[i].device);
		json_decref(s->reports[i].said);
	}
	free(TAKE(s->devices));
	free(TAKE(s->reports));
	s->n_devices = s->n_reports = 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct smart *s = h->data;
	void (*closed)(void *) = s->closed;
	void *ctx = s->ctx;

	forget_round(s);
	free(s);
	if (closed)
		closed(ctx);
}

/* ---- a round */

static void begin_scan(uv_timer_t *t);

static void begin_run(struct smart *s, const char *const *argv,
	void (*done)(void *ctx, const struct str *answer, const char *why))
{
	s->run = run_begin(s->wish.loop,
		&(struct run_wish){ argv, s->wish.patience_ms, SMART_ANSWER_BYTES_MAX, done, s });
}

/* Once a run has ended; true: nothing else is to be done. */
static bool has_ended(struct smart *s)
{
	s->run = NULL;
	if (s->is_closing)
		uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	return s->is_closing;
}

static void read_next(struct smart *s);

static void on_report(void *ctx, const struct str *answer, const char *why)
{
	struct smart *s = ctx;
	struct smart_report *r = &s->reports[s->n_reports];

	(void)why;
	r->device = must_strdup(s->devices[s->n_reports].name);
	if (answer && smart_json_read(&r->said, str_c(answer), answer->len, NULL) != RC_OK)
		r->said = NULL;
	s->n_reports++;
	if (!has_ended(s))
		read_next(s);
}

static void read_next(struct smart *s)
{
	const struct device *d = &s->devices[s->n_reports];

	if (s->n_reports == s->n_devices) {
		s->wish.tell(s->wish.ctx, s->reports, s->n_reports);
		forget_round(s);
		uv_timer_start(&s->timer, begin_scan, s->wish.interval_ms, 0);
		return;
	}
	begin_run(s,
		(const char *const[]){ s->wish.program, "--json", "--info", "--health",
			"--attributes", "--tolerance=verypermissive", "--nocheck=standby",
			"--format=brief", "--log=error", "--device", d->type, d->name, NULL },
		on_report);
}

/* A name that smartctl would take for an option isn't one of a device. */
static void add_device(struct smart *s, const json_t *said)
{
	const char *name = json_get_text(said, "name", ""), *type = json_get_text(said, "type", "");

	if (name[0] != '/' || !*type)
		return;
	s->devices[s->n_devices++] = (struct device){ must_strdup(name), must_strdup(type) };
}

static void on_scanned(void *ctx, const struct str *answer, const char *why)
{
	struct smart *s = ctx;
	scoped(json_decref) json_t *said = NULL;
	const json_t *devices = NULL;
	size_t n;

	(void)why;
	if (has_ended(s))
		return;
	if (answer && smart_json_read(&said, str_c(answer), answer->len, NULL) == RC_OK)
		devices = json_object_get(said, "devices");
	n = json_array_size(devices);
	n = n < SMART_DEVICES_MAX ? n : SMART_DEVICES_MAX;
	s->devices = must_alloc((n + 1) * sizeof *s->devices);
	s->reports = must_alloc((n + 1) * sizeof *s->reports);
	for (size_t i = 0; i < n; i++)
		add_device(s, json_array_get(devices, i));
	read_next(s);
}

static void begin_scan(uv_timer_t *t)
{
	struct smart *s = t->data;

	begin_run(s, (const char *const[]){ s->wish.program, "--json", "--scan", NULL },
		on_scanned);
}

/* ---- life cycle */

struct smart *smart_new(const struct smart_wish *wish)
{
	struct smart *s = must_alloc(sizeof *s);

	s->wish = *wish;
	must(uv_timer_init(wish->loop, &s->timer) == 0);
	s->timer.data = s;
	uv_timer_start(&s->timer, begin_scan, 0, 0);
	return s;
}

void smart_close(struct smart *s, void (*closed)(void *ctx), void *ctx)
{
	s->closed = closed;
	s->ctx = ctx;
	s->is_closing = true;
	uv_timer_stop(&s->timer);
	if (s->run)
		run_stop(s->run);
	else
		uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
