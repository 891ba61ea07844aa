/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posted: what Alertmanager's clients post, by its OpenAPI (postableAlerts, postableSilence).
 *
 * Members that it doesn't know are passed over, as Alertmanager does.
 */
#ifndef API_ALERTMANAGER_POSTED_H
#define API_ALERTMANAGER_POSTED_H

#include "base/arena.h"
#include "base/json_flat.h"
#include "core/alert/alerts.h"

#define POSTED_ALERTS_MAX 65536 /* in one request */

/* `text` was read into `flat`, and texts of the alerts stay there.  RC_INPUT, RC_LIMIT. */
enum rc posted_alerts_read(struct json_flat *flat, const char *text, size_t n, struct arena *a,
	struct posted_alert **ret, uint32_t *ret_n, struct err *e) MUST_USE;

struct posted_silence {
	const char *id; /* NULL: a new one */
	const char *comment, *created_by;
	struct wall starts, ends;
	char *annotations;   /* as silence_annotations() gives them; NULL: none */
	struct str matchers; /* in the words of silence.h */
};
void posted_silence_fini(struct posted_silence *s);
SCOPED_FINI(posted_silence_fini, struct posted_silence)
enum rc posted_silence_read(struct json_flat *flat, const char *text, size_t n,
	struct posted_silence *ret, struct err *e) MUST_USE;

#endif
