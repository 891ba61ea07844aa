/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lab/build.h"

#include <stdio.h>

static void add_channel(struct build *b, const struct lab_channel *decl, enum channel_kind kind,
	const char *name, const struct doc_node *at)
{
	struct lab_notify *notify = &b->lab->notify;
	struct lab_channel *channel;

	if (notify->n_channels == NOTIFY_CHANNELS_MAX) {
		reader_error(b->r, at, "a lab may have %d channels", NOTIFY_CHANNELS_MAX);
		return;
	}
	for (uint16_t i = 0; i < notify->n_channels; i++)
		if (str_eq(notify->channels[i].name, name))
			reader_error(b->r, at, "there is a channel called '%s' already", name);
	channel = &notify->channels[notify->n_channels++];
	*channel = *decl;
	channel->kind = kind;
	channel->name = name;
	if (kind == CHANNEL_SMTP &&
		(channel->user != NULL) != (channel->password.kind != SECRET_NONE))
		reader_error(b->r, at, "'user' and 'password' go together");
}

/* Whichever of the three is there. */
static void add_kinds(struct build *b, struct lab_channel *const decls[3], const char *name,
	const struct doc_node *node)
{
	static const struct {
		const char *name;
		enum channel_kind kind;
	} kinds[] = {
		{ "discord", CHANNEL_DISCORD },
		{ "webhook", CHANNEL_WEBHOOK },
		{ "smtp", CHANNEL_SMTP },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (decls[i])
			add_channel(b, decls[i], kinds[i].kind, name ? name : kinds[i].name,
				doc_get(node, kinds[i].name));
}

static void add_channels(struct build *b, const struct notify_decl *decl,
	const struct doc_node *node)
{
	const struct channel_decl *named = decl->channels.items;

	add_kinds(b, (struct lab_channel *const[]){ decl->discord, decl->webhook, decl->smtp },
		NULL, node);
	for (uint32_t i = 0; i < decl->channels.n; i++)
		add_kinds(b,
			(struct lab_channel *const[]){ named[i].discord, named[i].webhook,
				named[i].smtp },
			named[i].entry.name, named[i].entry.node);
}

static void add_windows(struct build *b)
{
	const struct window_decl *decls = b->decl->windows.items;
	uint32_t n = b->decl->windows.n;

	if (n > WINDOWS_MAX) {
		reader_error(b->r, decls[WINDOWS_MAX].entry.key, "a lab may have %d windows",
			WINDOWS_MAX);
		n = WINDOWS_MAX;
	}
	b->lab->windows = reader_alloc(b->r, n * sizeof *b->lab->windows);
	for (uint32_t i = 0; b->lab->windows && i < n; i++) {
		if (!decls[i].begins || !decls[i].matchers)
			continue;
		b->lab->windows[b->lab->n_windows++] = (struct lab_window){
			.name = decls[i].entry.name,
			.matchers = reader_text(b->r, decls[i].matchers),
			.begins = *decls[i].begins,
			.zone = decls[i].zone ? decls[i].zone : b->lab->notify.reader_zone,
			.length_ms = decls[i].length_ms,
			.why = decls[i].why,
		};
	}
}

static void read_alertmanager(struct build *b, const struct doc_node *node)
{
	const char *path = reader_path(b->r, node);
	const struct lab_source *source = b->r->source;
	struct doc *doc = &b->lab->documents[b->lab->n_documents];
	struct err e = { 0 };
	enum rc rc;

	if (!path)
		return;
	rc = source->document(source->ctx, path, doc, b->r->findings, &e);
	if (rc != RC_OK) {
		if (rc != RC_INPUT) /* what is wrong inside has been said */
			reader_error(b->r, node, "alertmanager: %s", e.text);
		return;
	}
	b->lab->n_documents++;
	build_add_file(b, &doc->hash);
	b->lab->notify.alertmanager_root = doc->root;
	if (source->alertmanager)
		source->alertmanager(source->ctx, doc, b->lab, b->r->findings);
}

void build_notify(struct build *b)
{
	const struct notify_decl *decl = b->decl->notify;
	struct lab_notify *notify = &b->lab->notify;

	notify->channels = reader_alloc(b->r, NOTIFY_CHANNELS_MAX * sizeof *notify->channels);
	if (!notify->channels)
		return;
	if (decl)
		add_channels(b, decl, doc_get(b->root, "notify"));
	if (decl && decl->alertmanager)
		read_alertmanager(b, decl->alertmanager);
	if (decl && decl->quiet) {
		notify->has_quiet = true;
		notify->quiet_from_minute = decl->quiet->hours.from;
		notify->quiet_until_minute = decl->quiet->hours.until;
		notify->quiet_unless = decl->quiet->unless;
	}
	if (decl)
		notify->reader_zone = decl->zone;
	if (!notify->reader_zone && b->lab->n_sites)
		notify->reader_zone = b->lab->sites[0].zone;
	add_windows(b);
}
