/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copies: of the other sites' key series, each in a store of its own, so that a query without `site` never
 * meets them; decides nothing (core/peer/copying.h).
 *
 * All calls from the loop's thread.
 */
#ifndef DAEMON_COPIES_H
#define DAEMON_COPIES_H

#include "api/api.h"

struct serve;
struct copies;

/* Copy what s->lab declares, from now on; folders are opened for sites that have none yet.  RC_INPUT: it
 * can't be read, and what was copied before goes on. */
enum rc copies_declare(struct serve *s, struct err *e) MUST_USE;
void copies_look(struct serve *s); /* links may have changed */
/* api_setup.copy_of */
bool copies_of(void *serve, uint8_t site, struct api_copy *ret);
void copies_write_metrics(const struct serve *s, struct str *out);
/* Nothing more is asked for; then `stopped` is called from the loop, once for each that copies_open()
 * counted. */
void copies_stop(struct serve *s, void (*stopped)(void *ctx), void *ctx);
int copies_open(const struct serve *s);
void copies_free(struct serve *s); /* when the loop has ended, and the last view is gone */

#endif
