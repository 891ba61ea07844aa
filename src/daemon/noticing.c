/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/noticing.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "port/files/rule_files.h"

#include <libgen.h>
#include <stdbool.h>

#define SETTLE_MS 300
#define SETTLE_MAX_MS \
	3000 /* a neighbour that is written all the time must not put it off for good */

static void settled(uv_timer_t *t)
{
	struct noticing *n = t->data;

	n->changed(n->ctx);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n >= n_end && str_eq(text + n - n_end, end);
}

/* Not our own log or state, which may lie there too: what we write about a broken file must not
 * make us read it again. */
static bool is_ours(const struct noticing *n, const char *name)
{
	const char *slash = strrchr(n->path, '/');

	return !name || ends_with(name, ".yaml") || ends_with(name, ".yml") ||
	       ends_with(name, ".rules") || str_eq(name, slash ? slash + 1 : n->path);
}

static void note(uv_fs_event_t *h, const char *name, int events, int status)
{
	struct noticing *n = h->data;
	uint64_t now = uv_now(h->loop), latest;

	(void)events;
	if (status != 0 || !is_ours(n, name))
		return;
	if (!uv_is_active((uv_handle_t *)&n->settle))
		n->first_change_ms = now;
	latest = n->first_change_ms + SETTLE_MAX_MS;
	uv_timer_start(&n->settle, settled,
		now + SETTLE_MS < latest ? SETTLE_MS
		: latest > now           ? latest - now
					 : 0,
		0);
}

void noticing_start(struct noticing *n, uv_loop_t *loop, const char *path,
	void (*changed)(void *ctx), void *ctx)
{
	scoped(mem_free) char *copy = must_strdup(path);
	int status;

	n->path = path;
	n->changed = changed;
	n->ctx = ctx;
	uv_timer_init(loop, &n->settle);
	uv_fs_event_init(loop, &n->folder);
	n->settle.data = n->folder.data = n;
	for (size_t i = 0; i < COUNT(n->rules); i++) {
		uv_fs_event_init(loop, &n->rules[i]);
		n->rules[i].data = n;
	}
	status = uv_fs_event_start(&n->folder, note, dirname(copy), 0);
	if (status != 0)
		log_warning("changes of %s are not noticed, only SIGHUP reloads: %s", path,
			uv_strerror(status));
}

void noticing_rules(struct noticing *n, const struct lab_metrics *m)
{
	scoped(rule_paths_fini) struct rule_paths folders = { 0 };
	scoped(mem_free) char *copy = must_strdup(n->path);
	const char *own = dirname(copy);
	uint32_t used = 0;

	rule_folders(m, &folders);
	for (size_t i = 0; i < COUNT(n->rules); i++)
		uv_fs_event_stop(&n->rules[i]);
	for (uint32_t i = 0; i < folders.n; i++) {
		if (str_eq(folders.v[i], own))
			continue; /* it is watched anyway */
		if (used == COUNT(n->rules) ||
			uv_fs_event_start(&n->rules[used], note, folders.v[i], 0) != 0)
			log_warning("changes in %s are not noticed, only SIGHUP reloads",
				folders.v[i]);
		else
			used++;
	}
}
