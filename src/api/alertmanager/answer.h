/* SPDX-License-Identifier: Apache-2.0 */
/* answer: what several of Alertmanager's answers share. */
#ifndef API_ALERTMANAGER_ANSWER_H
#define API_ALERTMANAGER_ANSWER_H

#include "api/api_private.h"
#include "base/matcher_list.h"

/* The version of Alertmanager whose interface this is. */
#define V2_SPOKEN "0.33.1"

/* As Alertmanager refuses: the text alone, as JSON.  What isn't the asker's fault stays ours. */
enum rc v2_refuse(struct answer *out, enum rc rc, struct err *e);

/* `filter=` of any number: all of them must match. */
enum rc v2_filter(const struct call *c, struct matcher_list *ret, struct err *e) MUST_USE;
/* true, false, as Go's strconv.ParseBool has it. */
enum rc v2_flag(const struct call *c, const char *name, bool otherwise, bool *ret,
	struct err *e) MUST_USE;

#endif
