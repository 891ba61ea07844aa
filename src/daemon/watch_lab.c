/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watch_private.h"

#include "port/keys/keys.h"

#include <malloc.h>

static enum rc find_self(const struct watch *w, const struct lab *lab,
	const struct lab_watcher **ret, struct err *e)
{
	struct public_key key = key_public(&w->key);
	const struct lab_watcher *self = NULL;
	char text[KEY_TEXT_MAX];

	for (uint8_t i = 0; i < lab->n_watchers; i++) {
		const struct lab_watcher *l = &lab->watchers[i];
		bool is_ours = !memcmp(&l->key, &key, sizeof key);

		if (w->options.name ? str_eq(w->options.name, l->name) : is_ours)
			self = l;
		if (self == l && !is_ours)
			return err_set(e, RC_CONFLICT,
				"our key is %s, but %s has another for watcher '%s'",
				key_text(&key, text), w->options.lab_path, l->name);
	}
	if (!self)
		return err_set(e, RC_NOT_FOUND, "no watcher in %s has our name or key, %s",
			w->options.lab_path, key_text(&key, text));
	*ret = self;
	return RC_OK;
}

static void configure(struct watch *w)
{
	struct watcher_config *c = &w->config;

	*c = (struct watcher_config){ .lab = w->lab->name,
		.name = w->self->name,
		.n_sites = w->lab->n_sites,
		.lab_hash = w->lab->hash };
	for (uint8_t i = 0; i < w->lab->n_sites; i++)
		c->sites[i] = w->lab->sites[i].name;
	for (uint16_t i = 0; i < w->lab->notify.n_channels && i < COUNT(c->channels); i++) {
		const struct lab_channel *channel = &w->lab->notify.channels[i];

		c->channels[i] = (struct watcher_channel){ .name = channel->name,
			.from = channel->from,
			.to = channel->to,
			.is_for_sites = channel->is_receiver,
			.kind = channel->kind == CHANNEL_DISCORD ? WATCHER_DISCORD
				: channel->kind == CHANNEL_SMTP  ? WATCHER_SMTP
								 : WATCHER_WEBHOOK };
		c->n_channels++;
	}
}

enum rc watch_lab_first(struct watch *w, struct err *e)
{
	scoped(str_fini) struct str first = STR_EMPTY;
	enum rc rc = daemon_read_lab(w->options.lab_path, w->zones, &w->lab, &first, e);

	if (rc != RC_OK)
		return err_set(e, rc, "%s", str_c(&first));
	rc = find_self(w, w->lab, &w->self, e);
	if (rc == RC_OK)
		configure(w);
	return rc;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* What was bound at the start stays. */
static void say_what_waits(const struct watch *w, const struct lab_watcher *next)
{
	const struct lab_watcher *now = w->self;

	if ((!w->options.listen && !str_eq(or_empty(now->listen), or_empty(next->listen))) ||
		!str_eq(or_empty(now->cert_file), or_empty(next->cert_file)) ||
		!str_eq(or_empty(now->key_file), or_empty(next->key_file)))
		log_warning("this watcher goes on listening on %s as before: restart it to take "
			    "up where and how it listens",
			http_server_address(w->server));
}

static enum rc take_up(struct watch *w, struct lab *lab, struct err *e)
{
	const struct lab_watcher *self;
	struct lab *old = w->lab;
	enum rc rc = find_self(w, lab, &self, e);

	if (rc != RC_OK)
		return rc;
	say_what_waits(w, self);
	w->lab = lab;
	w->self = self;
	configure(w);
	watcher_reload(w->watcher, daemon_now(), &w->config);
	noticing_rules(&w->noticing, &lab->metrics);
	lab_free(old);
	log_info("%s is taken up", w->options.lab_path);
	return RC_OK;
}

void watch_lab_reload(struct watch *w)
{
	scoped(str_fini) struct str why = STR_EMPTY;
	struct lab *lab = NULL;
	struct err e = { 0 };
	enum rc rc;

	if (w->is_stopping)
		return;
	rc = daemon_read_lab(w->options.lab_path, w->zones, &lab, &why, &e);
	if (rc == RC_OK && sha256_eq(&lab->hash, &w->lab->hash))
		lab_free(lab); /* nothing new; but what was broken is mended */
	else if (rc != RC_OK || (rc = take_up(w, lab, &e)) != RC_OK)
		lab_free(lab);
	if (rc != RC_OK && !why.len)
		str_add(&why, e.text);
	if (rc != RC_OK)
		log_error("%s is not taken up, the running one stays: %s", w->options.lab_path,
			str_c(&why));
	watcher_config_trouble(w->watcher, rc == RC_OK ? NULL : str_c(&why));
	malloc_trim(0); /* what reading lab.yaml took */
	watch_drain(w);
}

static void changed(void *ctx)
{
	watch_lab_reload(ctx);
}

void watch_lab_notice(struct watch *w)
{
	noticing_start(&w->noticing, &w->loop, w->options.lab_path, changed, w);
	noticing_rules(&w->noticing, &w->lab->metrics);
}
