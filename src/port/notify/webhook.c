/* SPDX-License-Identifier: Apache-2.0 */
/* Anybody's receiver of JSON: 2xx is delivered; the key tells repeats of one version. */
#include "port/notify/order.h"

#include <stdio.h>

static enum rc prepare(struct order *o, struct err *e)
{
	const struct delivery *d = o->delivery;
	enum rc rc = order_url(o, e);

	if (rc != RC_OK)
		return rc;
	o->request.method = "POST";
	o->request.is_fresh = true; /* libcurl must not send it again by itself */
	order_header(o, "Content-Type: application/json");
	order_header(o, "Idempotency-Key: %s-%u", d->incident, d->version);
	return RC_OK;
}

static enum pace_verdict verdict_of(int status, enum pace_verdict otherwise)
{
	if (status == 400 || status == 413 || status == 422)
		return PACE_REJECTED;
	return status == 404 || status == 410 ? PACE_GONE : otherwise;
}

/* Retry-After and the classes of status mean the same everywhere. */
static void judge(const struct http_response *r, bool is_edit, struct order_result *ret)
{
	(void)is_edit; /* each version is a message of its own here */
	ret->answer = pace_judge_discord(r->status, false, r->headers, r->body, r->body_bytes);
	ret->answer.verdict = verdict_of(r->status, ret->answer.verdict);
	if (ret->answer.verdict != PACE_DELIVERED)
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d", r->status);
}

const struct order_kind order_webhook = { prepare, judge, false };
