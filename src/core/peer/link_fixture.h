/* SPDX-License-Identifier: Apache-2.0 */
/* link_fixture: for the tests of this folder: Dublin's side of the link to Mumbai.  Dublin is
 * declared first. */
#ifndef CORE_PEER_LINK_FIXTURE_H
#define CORE_PEER_LINK_FIXTURE_H

#include "base/mem.h"
#include "base/str.h"
#include "core/peer/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct side {
	struct link l;
	struct link_self self;
	struct link_head heads[LINK_HEADS_MAX];
	struct now now;
	struct link_effect fx[LINK_EFFECTS_MAX];
	uint32_t n;
};

struct link_head head(const char *site, uint64_t epoch, uint64_t seq);
struct link_msg hello(void); /* Mumbai's */

/* Dublin holds ten events of its own; and the link is up on connection 1, Mumbai holding the
 * same. */
struct side make(void);
struct side make_up(void);

/* What happens to it; each leaves in `fx` what follows. */
void wait_ms(struct side *s, int64_t ms); /* nothing does */
void tick(struct side *s);
void connected(struct side *s, uint64_t connection, bool is_dialled);
void lose(struct side *s, uint64_t connection, const char *why);
void hear(struct side *s, uint64_t connection, const struct link_msg *msg);
/* A BEAT that has seen all of ours and shows `n` heads. */
void hear_beat(struct side *s, const struct link_head *heads, uint32_t n);
void grow(struct side *s, uint64_t seq); /* of our own chain */

/* The first of its kind in `fx`; NULL. */
const struct link_effect *effect(const struct side *s, enum link_effect_kind kind);
const struct link_msg *sent(const struct side *s, enum link_msg_kind kind);

#endif
