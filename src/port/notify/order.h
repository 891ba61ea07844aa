/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: what a kind of channel makes of a delivery: one request, and the meaning of its answer.
 */
#ifndef PORT_NOTIFY_ORDER_H
#define PORT_NOTIFY_ORDER_H

#include "port/notify/notify.h"
#include "port/notify/settings.h"

#define ORDER_RECIPIENTS_MAX 16
#define ORDER_HEADERS_MAX    4

struct order {
	const struct lab_channel *channel;
	const struct delivery *delivery;
	notify_secret *secret;
	/* Made by prepare(); wiped by order_fini(). */
	struct http_request request;
	struct request settings; /* hold what the channel's add to it */
	struct str url, user, password, from;
	struct str recipients[ORDER_RECIPIENTS_MAX];
	const char *to[ORDER_RECIPIENTS_MAX];
	struct str header_texts[ORDER_HEADERS_MAX];
	const char *headers[ORDER_HEADERS_MAX];
};

void order_fini(struct order *o); /* overwrites what was secret */
SCOPED_FINI(order_fini, struct order)

void order_header(struct order *o, const char *fmt, ...) PRINTF(2, 3);
/* The channel's address: its secret, or what stands plainly in lab.yaml.  http and https only. */
enum rc order_url(struct order *o, struct err *e) MUST_USE;

/* What the answer means.  `message` is the channel's id of what was created, "" for none. */
struct order_result {
	struct pace_answer answer;
	char message[MESSAGE_ID_MAX];
	char reason[REASON_BYTES_MAX]; /* "" when delivered */
};

struct order_kind {
	/* RC_CONFLICT: there is no such message to edit; anything else: the channel is unusable. */
	enum rc (*prepare)(struct order *o, struct err *e);
	/* An answer, whatever its status.  Outcomes without one are judged by notify.c. */
	void (*judge)(const struct http_response *r, bool is_edit, struct order_result *ret);
	bool has_ids; /* the answer names what was created; else the incident's id stands for it */
};
extern const struct order_kind order_discord, order_webhook, order_mail;

#endif
