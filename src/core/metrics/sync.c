/* SPDX-License-Identifier: Apache-2.0 */
/* The logs' newest bytes to the disk. */
#include "core/metrics/work.h"

struct sync {
	const struct files *files;
	struct log **logs;
	uint64_t *sizes;
	uint32_t n;
	uint64_t committed; /* when it was planned */
	bool has_new;       /* a file that no sync has seen before */
};

static void take_logs(struct store *s, struct sync *sync)
{
	sync->logs = must_alloc((s->n_logs + 1) * sizeof *sync->logs);
	sync->sizes = must_alloc((s->n_logs + 1) * sizeof *sync->sizes);
	for (uint32_t i = 0; i < s->n_logs; i++) {
		struct log *l = s->logs[i];

		if (!l->writer || l->size_bytes == l->synced_bytes)
			continue;
		l->is_syncing = true;
		sync->has_new |= !l->synced_bytes;
		sync->sizes[sync->n] = l->size_bytes;
		sync->logs[sync->n++] = l;
	}
}

static void end(struct store *s, void *plan)
{
	struct sync *sync = plan;

	for (uint32_t i = 0; i < sync->n; i++) {
		sync->logs[i]->is_syncing = false;
		if (sync->logs[i]->is_done)
			log_free(sync->logs[i]);
	}
	(void)s;
	free(sync->logs);
	free(sync->sizes);
	free(sync);
}

/* Of logs whose sync has failed only what was written elsewhere meanwhile. */
static void note_durable(struct store *s, uint64_t committed)
{
	if (s->doubtful_generation <= s->recorded_generation)
		s->durable = committed;
}

static void *plan(struct store *s, struct mono *ret_at)
{
	struct sync *sync;

	ret_at->ms = s->synced.ms + s->settings.sync_ms;
	if (s->now.mono.ms < ret_at->ms && !s->is_sync_wanted)
		return NULL;
	s->is_sync_wanted = false;
	s->synced = s->now.mono;
	ret_at->ms = s->now.mono.ms + s->settings.sync_ms;
	sync = must_alloc(sizeof *sync);
	sync->files = s->files;
	sync->committed = s->committed;
	take_logs(s, sync);
	if (sync->n)
		return sync;
	note_durable(s, s->committed);
	end(s, sync);
	return NULL;
}

/* The oldest first: so where one is cut off by a power cut, nothing of the next ones was synced.  Of
 * a log it uses what doesn't change, and the writer, to which the owner at most
 * appends meanwhile. */
static enum rc run(void *plan, struct err *e)
{
	struct sync *sync = plan;
	enum rc rc = RC_OK;

	for (uint32_t i = 0; rc == RC_OK && i < sync->n; i++)
		rc = sync->files->sync(sync->logs[i]->writer, e);
	return rc == RC_OK && sync->has_new ? sync->files->sync_folder(sync->files->self, e) : rc;
}

static void adopt(struct store *s, void *plan)
{
	struct sync *sync = plan;

	for (uint32_t i = 0; i < sync->n; i++)
		sync->logs[i]->synced_bytes = sync->sizes[i];
	note_durable(s, sync->committed);
}

const struct work_row work_sync = { "sync", plan, run, adopt, end };
