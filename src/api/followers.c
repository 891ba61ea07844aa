/* SPDX-License-Identifier: Apache-2.0 */
#include "api/followers.h"

struct blob {
	uint32_t refs;
	bool is_status;
	size_t n;
	char bytes[];
};

static struct blob *blob_new(const struct str *text, enum follower_message what)
{
	struct blob *b = must_alloc(sizeof *b + text->len);

	b->refs = 1;
	b->is_status = what == FOLLOWER_STATUS;
	b->n = text->len;
	memcpy(b->bytes, str_c(text), text->len);
	return b;
}

static void blob_release(struct blob *b)
{
	if (--b->refs == 0)
		free(b);
}

void stream_follower_end(struct stream_follower *f)
{
	if (f->is_ending)
		return;
	f->is_ending = true;
	http_stream_end(f->exchange);
}

static bool has_status(const struct stream_follower *f)
{
	for (uint32_t i = f->head; i < f->head + f->n; i++) {
		if (f->queue[i]->is_status)
			return true;
	}
	return false;
}

static void enqueue(struct stream_follower *f, struct blob *b)
{
	if (f->is_ending)
		return;
	/* Who has taken all that came before isn't slow, however long the next message is. */
	if (b->is_status ? has_status(f)
			 : f->waiting && f->waiting + b->n > SSE_BACKLOG_BYTES_MAX) {
		stream_follower_end(f);
		return;
	}
	if (f->head && f->head + f->n == f->cap) {
		memmove(f->queue, f->queue + f->head, f->n * sizeof *f->queue);
		f->head = 0;
	}
	must_grow(f->queue, f->head + f->n, f->cap);
	f->queue[f->head + f->n++] = b;
	f->waiting += b->is_status ? 0 : b->n;
	b->refs++;
	http_stream_wake(f->exchange);
}

static void dequeue(struct stream_follower *f)
{
	struct blob *b = f->queue[f->head];

	f->waiting -= b->is_status ? 0 : b->n;
	f->sent = 0;
	f->head = --f->n ? f->head + 1 : 0;
	blob_release(b);
}

static size_t on_pull(void *client, char *bytes, size_t n)
{
	struct stream_follower *f = client;
	size_t filled = 0;

	while (f->n && filled < n) {
		const struct blob *b = f->queue[f->head];
		size_t part = b->n - f->sent < n - filled ? b->n - f->sent : n - filled;

		memcpy(bytes + filled, b->bytes + f->sent, part);
		filled += part;
		f->sent += part;
		if (f->sent == b->n)
			dequeue(f);
	}
	return filled;
}

static void on_closed(void *client)
{
	struct stream_follower *f = client;

	*f->link = f->next;
	if (f->next)
		f->next->link = f->link;
	f->all->n--;
	while (f->n)
		dequeue(f);
	free(f->queue);
	free(f);
}

static const struct http_stream_source source = { on_pull, on_closed };

void stream_follower_tell(struct stream_follower *f, enum follower_message what,
	const struct str *text)
{
	struct blob *b = blob_new(text, what);

	enqueue(f, b);
	blob_release(b);
}

void followers_tell(struct followers *all, const struct str *text)
{
	struct blob *b = blob_new(text, FOLLOWER_NEWS);

	followers_each (all, f)
		enqueue(f, b);
	blob_release(b);
}

struct stream_follower *followers_add(struct followers *all, struct http_exchange *x)
{
	static const struct http_header headers[] = { { "Cache-Control", "no-cache" },
		{ "X-Accel-Buffering", "no" } };
	const struct http_reply r = { .type = "text/event-stream",
		.headers = headers,
		.n_headers = COUNT(headers) };
	struct stream_follower *f = must_alloc(sizeof *f);

	f->all = all;
	f->exchange = x;
	f->next = all->first;
	f->link = &all->first;
	if (f->next)
		f->next->link = &f->next;
	all->first = f;
	all->n++;
	http_reply_stream(x, &r, &source, f);
	return f;
}
