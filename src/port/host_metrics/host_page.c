/* SPDX-License-Identifier: Apache-2.0 */
#include "port/host_metrics/host_page.h"

#include "base/limits.h"
#include "base/mem.h"
#include "port/host_metrics/smart.h"

#define DISKS_OLD_MS \
	(3 * SMART_INTERVAL_MS) /* then a round hangs, and what was told is no longer so */

struct host_page {
	uv_loop_t *loop;
	uv_work_t work;
	uv_timer_t patience;
	char *textfile;
	struct str text;       /* the newest page */
	uint64_t collected_ms; /* when it was begun; 0: none yet */
	struct host_page_reader *first, **last;
	uint32_t n_waiting;
	bool is_collecting, is_closing;
	struct smart *smart; /* NULL: disks aren't watched */
	struct str disks;    /* their metrics */
	uint64_t disks_ms;   /* when they were told */
	struct {             /* of the pool's thread while it collects */
		char *textfile;
		struct str text;
		uint64_t began_ms;
	} run;
	void (*closed)(void *ctx);
	void *ctx;
};

struct host_page *host_page_new(uv_loop_t *loop)
{
	struct host_page *p = must_alloc(sizeof *p);

	p->loop = loop;
	p->work.data = p;
	p->last = &p->first;
	must(uv_timer_init(loop, &p->patience) == 0);
	p->patience.data = p;
	return p;
}

void host_page_use(struct host_page *p, const char *textfile)
{
	free(p->textfile);
	p->textfile = textfile ? must_strdup(textfile) : NULL;
}

static void on_disks(void *ctx, const struct smart_report *reports, uint32_t n)
{
	struct host_page *p = ctx;

	str_clear(&p->disks);
	host_smart_write(reports, n, &p->disks);
	p->disks_ms = uv_now(p->loop);
}

void host_page_watch_disks(struct host_page *p, const char *program)
{
	if (!p->smart)
		p->smart = smart_new(&(struct smart_wish){ p->loop, program, SMART_INTERVAL_MS,
			SMART_PATIENCE_MS, on_disks, p });
}

/* ---- who waits */

static struct host_page_reader *take_first(struct host_page *p)
{
	struct host_page_reader *r = p->first;

	p->first = r->next;
	if (!p->first)
		p->last = &p->first;
	p->n_waiting--;
	return r;
}

static void refuse_all(struct host_page *p, uint64_t begun_before_ms, const char *why)
{
	while (p->first && p->first->since_ms <= begun_before_ms) {
		struct host_page_reader *r = take_first(p);

		r->done(r->ctx, NULL, why);
	}
}

static void watch_patience(struct host_page *p);

static void on_patience(uv_timer_t *timer)
{
	struct host_page *p = timer->data;

	refuse_all(p, uv_now(p->loop) - HOST_PAGE_PATIENCE_MS,
		"a collector hangs: is there a file system whose server is gone?");
	watch_patience(p);
}

static void watch_patience(struct host_page *p)
{
	uint64_t now_ms = uv_now(p->loop), end_ms;

	if (!p->first || p->is_closing) {
		uv_timer_stop(&p->patience);
		return;
	}
	end_ms = p->first->since_ms + HOST_PAGE_PATIENCE_MS;
	uv_timer_start(&p->patience, on_patience, end_ms > now_ms ? end_ms - now_ms : 0, 0);
}

/* ---- collecting */

static void on_timer_closed(uv_handle_t *h)
{
	struct host_page *p = h->data;
	void (*closed)(void *) = p->closed;
	void *ctx = p->ctx;

	str_fini(&p->text);
	str_fini(&p->disks);
	free(p->textfile);
	free(p);
	if (closed)
		closed(ctx);
}

static void close_timer(void *ctx)
{
	uv_close((uv_handle_t *)&((struct host_page *)ctx)->patience, on_timer_closed);
}

static void close_rest(struct host_page *p)
{
	if (p->smart)
		smart_close(p->smart, close_timer, p);
	else
		close_timer(p);
}

static void collect(uv_work_t *work)
{
	struct host_page *p = work->data;
	const struct host_metrics_settings settings = { .root = "", .textfile = p->run.textfile };

	host_metrics_write(&settings, &p->run.text);
}

static void on_collected(uv_work_t *work, int status)
{
	struct host_page *p = work->data;

	must(status == 0);
	p->is_collecting = false;
	free(TAKE(p->run.textfile));
	str_fini(&p->text);
	p->text = p->run.text;
	p->run.text = STR_EMPTY;
	p->collected_ms = p->run.began_ms;
	if (p->is_closing) {
		close_rest(p);
		return;
	}
	if (p->collected_ms - p->disks_ms < DISKS_OLD_MS)
		str_addn(&p->text, str_c(&p->disks), p->disks.len);
	while (p->first) {
		struct host_page_reader *r = take_first(p);

		r->done(r->ctx, &p->text, NULL);
	}
	watch_patience(p);
}

static void begin(struct host_page *p)
{
	p->is_collecting = true;
	p->run.began_ms = uv_now(p->loop);
	p->run.textfile = p->textfile ? must_strdup(p->textfile) : NULL;
	must(uv_queue_work(p->loop, &p->work, collect, on_collected) == 0);
}

/* ---- for readers */

static bool is_fresh(const struct host_page *p)
{
	return p->collected_ms && uv_now(p->loop) - p->collected_ms < HOST_PAGE_FRESH_MS;
}

void host_page_read(struct host_page *p, struct host_page_reader *r)
{
	if (p->is_closing || p->n_waiting == HOST_READERS_MAX) {
		r->done(r->ctx, NULL, p->is_closing ? "stopping" : "too many wait for it");
		return;
	}
	uv_update_time(p->loop);
	if (!p->is_collecting && is_fresh(p)) {
		r->done(r->ctx, &p->text, NULL);
		return;
	}
	r->next = NULL;
	r->since_ms = uv_now(p->loop);
	*p->last = r;
	p->last = &r->next;
	p->n_waiting++;
	if (!p->is_collecting)
		begin(p);
	watch_patience(p);
}

void host_page_leave(struct host_page *p, struct host_page_reader *r)
{
	struct host_page_reader **at = &p->first;

	while (*at && *at != r)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = r->next;
	if (p->last == &r->next)
		p->last = at;
	p->n_waiting--;
}

void host_page_close(struct host_page *p, void (*closed)(void *ctx), void *ctx)
{
	p->closed = closed;
	p->ctx = ctx;
	p->is_closing = true;
	refuse_all(p, UINT64_MAX, "stopping");
	if (!p->is_collecting)
		close_rest(p);
}
