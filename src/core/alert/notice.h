/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice: an incident as people are told it, and in the formats of the channels.
 *
 * A notice always says: what died, since when (reader's zone and the site's), last good evidence,
 * first bad by vantage, what changed just before, what else is affected, who looks after it, and
 * how it ended.  Truncation keeps the important part: title and cause never, then last good, then
 * changes, then members (the rest are counted: "and 37 more").
 *
 * Discord limits (docs: Channel > Embed limits; Execute Webhook): content 2000 characters, embed
 * title 256, description 4096, 25 fields, name 256, value 1024, footer 2048, 6000 in all embeds.
 * Characters are counted as Discord does: UTF-16 code units, to be on the safe side.  Text from
 * outside is escaped so that it can neither format, link, nor mention (allowed_mentions is empty
 * but for the channel's configured mention on the first message).
 */
#ifndef CORE_ALERT_NOTICE_H
#define CORE_ALERT_NOTICE_H

#include "base/str.h"
#include "base/tz.h"
#include "core/alert/incident.h"

struct notice_site {
	const char *name;
	const struct tz *zone;
};

struct notice_context {
	const char *lab;
	const struct tz *reader_zone;
	const struct notice_site *sites;
	uint32_t n_sites;
	const char *home;                  /* home site of the cause; NULL */
	const char *vantages;              /* of the cause: "dublin and mumbai"; NULL: everywhere */
	const char *mention;               /* Discord, first message only; NULL */
	const char *from;                  /* the site or watcher that speaks */
	const char *url;                   /* the page of the incident; NULL */
	const char *description, *runbook; /* of the cause; NULL */
	struct wall now;
	bool is_first;      /* a new message, not an edit */
	bool may_be_repeat; /* an earlier attempt got no answer: say so */
};

/* Body for POST .../webhooks/ID/TOKEN?wait=true and PATCH .../messages/MESSAGE. */
void notice_discord(const struct incident *in, const struct notice_context *c, struct str *out);
/* Generic webhook: the incident object of doc/api.md in
 * {"version":1,"lab","from","event","headline","at","may_be_repeat","url","incident"}. */
void notice_webhook(const struct incident *in, const struct notice_context *c, struct str *out);
/* RFC 5322 message, UTF-8, with Message-ID and In-Reply-To from the incident's id. */
void notice_mail(const struct incident *in, const struct notice_context *c, const char *from,
	const char *to, struct str *out);
/* One or several lines of plain text, for logs, terminals and the watcher. */
void notice_plain(const struct incident *in, const struct notice_context *c, struct str *out);

/* Several incidents that could not be told in time, as one Discord message: when the outage was,
 * what is still not well first, then what has recovered.  The rest are counted. */
void notice_backlog_discord(struct incident *const *ins, uint32_t n, struct wall from,
	struct wall until, const struct notice_context *c, struct str *out);

/* A title for an incident's cause: "immich is down", "immich: path problem, fails from dublin",
 * "site mumbai is down", "paperless-export is silent", "cloud: certificate expires soon". */
struct notice_cause {
	const char *check, *kind; /* check_kind_name */
	const char *state, *scope;
	const char *failing_from;          /* comma-separated vantages for a path problem; NULL */
	const char *subject_a, *subject_b; /* site and link checks */
	const char *reason;                /* why it fails; NULL */
};
void notice_title(const struct notice_cause *cause, struct str *out);
/* Such a title, of what is over: "immich was down". */
void notice_title_past(const char *title, struct str *out);

#endif
