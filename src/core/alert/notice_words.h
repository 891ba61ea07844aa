/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notice_words: what a notice says, before it takes any channel's form.
 *
 * Raw text, if not said otherwise: names and reasons in it are neither cleaned nor escaped;
 * whoever shows it does that (notice_text.h).
 */
#ifndef CORE_ALERT_NOTICE_WORDS_H
#define CORE_ALERT_NOTICE_WORDS_H

#include "core/alert/notice.h"
#include "core/alert/notice_text.h"

/* "immich is down", "immich is flapping", "immich is back after 4 min 12 s". */
void words_headline(const struct incident *in, struct str *out);
/* How long the cause was not well, or has been until now. */
int64_t words_lasted_ms(const struct incident *in, struct wall now);
/* The member that the incident is about; NULL when it has none. */
const struct incident_member *words_cause(const struct incident *in);
/* Where the trouble is seen from: "dublin and mumbai", "dublin, not from elsewhere"; "" when that
 * says nothing: of what is silent, and of derived checks. */
void words_seen(const struct incident *in, const struct notice_context *c, struct str *out);
/* What is the matter with a member that isn't the cause: its reason, else its state. */
const char *words_trouble(const struct incident_member *m);
/* "08:34:11 IST at mumbai", in the zone of the cause's home. */
void words_site_time(const struct notice_context *c, struct wall t, struct str *out);
/* "03:04:11 GMT (08:34:11 IST at mumbai)": the reader's and the home's, for text without stamps. */
void words_time(const struct notice_context *c, struct wall t, struct str *out);
/* "home · critical · mumbai-1f3k2a · told by dublin" */
void words_origin(const struct incident *in, const struct notice_context *c, struct str *out);
bool words_is_over(const struct incident *in); /* recovering, closed */
/* What a site says of itself: "disk@dublin". */
bool words_is_of_alerts(const struct incident *in); /* of rules, grouped by their name */
bool words_is_of_itself(const char *check);
/* The `i`th line about the members besides the cause: "git, cloud and 3 more: no route to host",
 * cleaned and escaped.  How many it is about; 0 beyond the last line. */
uint32_t words_others(const struct incident *in, uint32_t i, enum text_escape how,
	struct part *line);

#define WORDS_OTHERS_UNITS 350 /* what a line may take */

#endif
