/* SPDX-License-Identifier: Apache-2.0 */
#include "node/receivers.h"

#include "core/alertmanager/config.h"

#include <ctype.h>
#include <stdio.h>

struct declaring {
	struct lab *lab;
	struct alertmanager *am;
	struct findings *findings;
	uint16_t n_declared; /* channels of lab.yaml's own */
};

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && str_eq(a, b));
}

static bool is_same_secret(const struct secret *a, const struct secret *b)
{
	return a->kind == b->kind && (a->kind == SECRET_INLINE ? is_same_text(a->value, b->value)
							       : is_same_text(a->name, b->name));
}

static bool is_same_way(const struct lab_channel *a, const struct lab_channel *b)
{
	return a->kind == b->kind && a->leaves_out_end == b->leaves_out_end &&
	       a->is_alertmanagers == b->is_alertmanagers && a->alerts_most == b->alerts_most &&
	       is_same_secret(&a->url, &b->url) && http_written_equal(a->http, b->http) &&
	       is_same_text(a->server, b->server) && is_same_text(a->from, b->from) &&
	       is_same_text(a->to, b->to) && a->use_starttls == b->use_starttls;
}

static uint16_t find_channel(const struct lab_notify *notify, const char *name)
{
	uint16_t i = 0;

	while (i < notify->n_channels && !str_eq(notify->channels[i].name, name))
		i++;
	return i;
}

/* The receiver's name in the letters that channels' have, and a number where that is taken. */
static const char *name_of(struct declaring *d, const char *receiver)
{
	char name[NAME_BYTES_MAX + 1], numbered[NAME_BYTES_MAX + 16];
	size_t n = 0;

	for (const char *p = receiver; *p && n < NAME_BYTES_MAX - 3; p++) {
		unsigned char c = (unsigned char)*p;
		bool is_letter = c < 0x80 && isalnum(c);

		if (is_letter || (n && strchr("._-", c)))
			name[n++] = (char)tolower(c);
		else if (n && name[n - 1] != '-')
			name[n++] = '-';
	}
	name[n] = '\0';
	str_copy(numbered, sizeof numbered, n ? name : "receiver");
	for (unsigned k = 2; find_channel(&d->lab->notify, numbered) < d->lab->notify.n_channels;
		k++)
		snprintf(numbered, sizeof numbered, "%s-%u", n ? name : "receiver", k);
	return arena_strdup(&d->lab->arena, numbered);
}

static struct lab_channel channel_of(const struct integration *it)
{
	static const enum channel_kind kinds[] = {
		[INTEGRATION_WEBHOOK] = CHANNEL_WEBHOOK,
		[INTEGRATION_DISCORD] = CHANNEL_DISCORD,
		[INTEGRATION_EMAIL] = CHANNEL_SMTP,
	};

	return (struct lab_channel){ .kind = kinds[it->kind],
		.url = it->url,
		.http = it->http,
		.server = it->smarthost,
		.from = it->from,
		.to = it->to,
		.use_starttls = it->needs_tls > 0,
		.least = SEVERITY_INFO,
		.is_receiver = true,
		.is_alertmanagers = it->kind == INTEGRATION_WEBHOOK,
		.alerts_most = it->alerts_most,
		.leaves_out_end = !it->is_told_resolved };
}

static void add_way(struct declaring *d, struct receiver *r, const struct integration *it)
{
	struct lab_notify *notify = &d->lab->notify;
	struct lab_channel channel = channel_of(it);
	uint16_t i = 0;

	while (i < notify->n_channels && !is_same_way(&notify->channels[i], &channel))
		i++;
	if (i == NOTIFY_CHANNELS_MAX) {
		finding_error(d->findings, r->place,
			"receiver \"%s\": a lab may have %d channels, those of lab.yaml included",
			r->name, NOTIFY_CHANNELS_MAX);
		return;
	}
	if (i == notify->n_channels) {
		channel.name = name_of(d, r->name);
		notify->channels[notify->n_channels++] = channel;
	}
	r->channels |= 1u << i;
}

static void add_receiver(struct declaring *d, struct receiver *r)
{
	uint16_t declared = find_channel(&d->lab->notify, r->name);

	if (r->n_integrations == 0 && declared < d->n_declared)
		r->channels = 1u << declared;
	for (uint32_t i = 0; i < r->n_integrations; i++)
		add_way(d, r, &r->integrations[i]);
}

static struct receiver *find_receiver(struct alertmanager *am, const char *name)
{
	for (uint32_t i = 0; i < am->n_receivers; i++)
		if (str_eq(am->receivers[i].name, name))
			return &am->receivers[i];
	return NULL;
}

static bool is_used(const struct alert_route *r, const char *receiver)
{
	bool found = str_eq(r->receiver, receiver);

	for (uint32_t i = 0; !found && i < r->n_routes; i++)
		found = is_used(&r->routes[i], receiver);
	return found;
}

static void add_receivers(struct declaring *d)
{
	struct receiver *root = find_receiver(d->am, d->am->root->receiver);
	struct lab_notify *notify = &d->lab->notify;

	for (uint32_t i = 0; i < d->am->n_receivers; i++)
		if (is_used(d->am->root, d->am->receivers[i].name))
			add_receiver(d, &d->am->receivers[i]);
	for (uint16_t i = 0; !d->n_declared && root && i < notify->n_channels; i++)
		notify->channels[i].is_receiver = !(root->channels & 1u << i);
}

void receivers_declare(const struct doc *doc, struct lab *lab,
	const struct tz *(*zone)(void *ctx, const char *name), void *ctx, struct findings *findings)
{
	const struct alertmanager_world world = { ctx, zone };
	struct declaring d = { .lab = lab,
		.findings = findings,
		.n_declared = lab->notify.n_channels };

	if (alertmanager_read(&d.am, doc, &world, findings, NULL) != RC_OK)
		return;
	lab->notify.alertmanager = d.am;
	lab->notify.alertmanager_free = alertmanager_free;
	add_receivers(&d);
}
