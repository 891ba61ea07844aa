/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_words: what a notice says, before it takes any channel's form.
 *
 * Raw text: names and reasons in it are neither cleaned nor escaped; whoever shows it does that
 * (notice_text.h).
 */
#ifndef CORE_ALERT_NOTICE_WORDS_H
#define CORE_ALERT_NOTICE_WORDS_H

#include "core/alert/notice.h"

/* "immich is down", "immich is flapping", "immich is back after 4 min 12 s". */
void words_headline(const struct incident *in, struct str *out);
/* How long the cause was not well, or has been until now. */
int64_t words_lasted_ms(const struct incident *in, struct wall now);
/* The member that the incident is about; NULL when it has none. */
const struct incident_member *words_cause(const struct incident *in);
/* Where the trouble is seen from: "everywhere", "dublin, not from elsewhere"; "" unknown. */
void words_seen(const struct incident *in, struct str *out);
/* What is the matter with a member that isn't the cause: its reason, else its state. */
const char *words_trouble(const struct incident_member *m);
/* "08:34:11 IST at mumbai", in the zone of the cause's home. */
void words_site_time(const struct notice_context *c, struct wall t, struct str *out);
/* "03:04:11 GMT (08:34:11 IST at mumbai)": the reader's and the home's, for text without stamps. */
void words_time(const struct notice_context *c, struct wall t, struct str *out);
/* "home · critical · mumbai-1f3k2a · told by dublin" */
void words_origin(const struct incident *in, const struct notice_context *c, struct str *out);
bool words_is_over(const struct incident *in); /* recovering, closed */
/* Members besides the cause, those that are not well first: the `i`th of *ret_n. */
const struct incident_member *words_other(const struct incident *in, uint32_t i, uint32_t *ret_n);

#endif
