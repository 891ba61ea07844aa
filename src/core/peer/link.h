/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: one site's side of the connection to one peer, as a state machine.
 *
 *	        dial / accepted            HELLO ok              quiet 5 s
 *	 DOWN ────────────────► GREETING ───────────► UP ────────────────────► SUSPECT
 *	  ▲                        │                   │ ◄─────────────────────┘  │
 *	  │  closed, refused, 5 s  │      closed       │        any message        │ quiet 8 s, closed
 *	  └────────────────────────┴───────────────────┴───────────────────────────┘
 *
 * Both sites dial; where two connections meet, both keep the one dialled by the first declared
 * site.  While UP a BEAT goes out every 2 s with heads, a digest of the folded state, and the
 * promise that all our words are as journaled.  Whatever the other lacks is sent in EVENTS, one
 * batch in flight a chain, the next when a BEAT or ACK shows it arrived.  No bytes, no wait: every
 * state but DOWN has a deadline; redialling backs off 0.5 s, 1, 2, ... 15 s with jitter.
 */
#ifndef CORE_PEER_LINK_H
#define CORE_PEER_LINK_H

#include "base/hash.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/rng.h"
#include "base/time.h"

#include <stdbool.h>

#define LINK_BEAT_MS     2000
#define LINK_SUSPECT_MS  5000
#define LINK_DOWN_MS     8000
#define LINK_GREETING_MS 5000
#define LINK_REDIAL_MIN_MS 500
#define LINK_REDIAL_MAX_MS 15000
#define LINK_PROTOCOL 1

enum link_state { LINK_DOWN, LINK_GREETING, LINK_UP, LINK_SUSPECT, LINK_STATES };

/* How far a chain is held.  The same facts as the journal's heads, in the link's own words. */
struct link_head {
	char site[NAME_BYTES_MAX + 1];
	uint64_t epoch, seq;
	struct sha256 hash;
};
#define LINK_HEADS_MAX 64

enum link_msg_kind { LINK_HELLO, LINK_BEAT, LINK_EVENTS, LINK_PULL, LINK_BYE, LINK_MSG_KINDS };

struct link_msg {
	enum link_msg_kind kind;
	/* HELLO */
	uint32_t protocol;
	char site[NAME_BYTES_MAX + 1]; /* checked against the pinned key by the transport */
	struct sha256 lab_hash;
	/* HELLO and BEAT */
	struct wall wall;          /* sender's clock, for skew */
	uint64_t beat, echo;       /* number of this beat; of the newest received: gives the RTT */
	int64_t echo_held_ms;      /* how long the sender held it before echoing */
	uint64_t state_digest;     /* of replicated folded state, valid when heads are equal */
	bool can_deliver;          /* the sender's own egress works */
	const struct link_head *heads; /* borrowed: ours when sending, the decoder's when receiving */
	uint32_t n_heads;              /* at most LINK_HEADS_MAX */
	/* EVENTS: a contiguous batch of one chain, as opaque text in the driver's hands:
	 * JSON lines of core/journal/event.h.  PULL: which chain from which seq (heads[0]). */
	const char *events;
	size_t events_len;
	uint32_t n_events;
	char why[REASON_BYTES_MAX]; /* BYE */
};

enum link_input_kind {
	LINK_IN_TICK,      /* time passed */
	LINK_IN_CONNECTED, /* a connection to the peer is authenticated; is_dialled says by whom */
	LINK_IN_CLOSED,    /* the connection ended, or dialling failed: why */
	LINK_IN_MESSAGE,   /* msg */
};
struct link_input {
	enum link_input_kind kind;
	uint64_t connection; /* the driver's number for it, never reused */
	bool is_dialled;     /* by us */
	const char *why;
	const struct link_msg *msg;
};

enum link_effect_kind {
	LINK_DO_DIAL,
	LINK_DO_SEND,      /* msg on connection; its heads, digest etc. are already filled in */
	LINK_DO_CLOSE,     /* connection */
	LINK_DO_PULL_FROM, /* read our events of heads[0]'s chain from seq+1 and send them as EVENTS */
	LINK_DO_ACCEPT,    /* the peer sent EVENTS: verify and keep them */
	LINK_SAY_UP,       /* the state became UP from DOWN or GREETING */
	LINK_SAY_DOWN,     /* the state became DOWN: why */
	LINK_SAY_BEAT,     /* the peer's promise was renewed: all its words are as journaled */
	LINK_SAY_BEHIND,   /* the peer holds more of our own chain than we do */
};
struct link_effect {
	enum link_effect_kind kind;
	uint64_t connection;
	struct link_msg msg;       /* DO_SEND, DO_PULL_FROM, DO_ACCEPT (pointers of the input) */
	char why[REASON_BYTES_MAX];
};
#define LINK_EFFECTS_MAX 8

/* What the link tells of its site in HELLO and BEAT; refreshed by the owner before each step. */
struct link_self {
	const char *site;
	bool is_first; /* declared before the peer */
	struct sha256 lab_hash;
	uint64_t state_digest;
	bool can_deliver;
	const struct link_head *heads;
	uint32_t n_heads;
};

struct link {
	enum link_state state;
	struct mono entered;        /* when the state was entered */
	struct mono heard;          /* last message */
	struct mono beat_due, redial_due;
	struct wall peer_wall;      /* peer's clock at `heard` */
	uint32_t redials;           /* in a row, for the backoff */
	uint64_t connection;        /* 0: none */
	bool is_dialled, is_dialling;
	uint64_t beats_sent, beat_heard;
	struct mono beat_heard_at;
	int64_t rtt_ms;             /* -1: not known */
	int64_t skew_ms;            /* peer's wall clock minus ours, RTT/2 taken off */
	bool peer_can_deliver;
	uint64_t peer_digest;
	struct link_head peer_heads[LINK_HEADS_MAX];
	uint32_t n_peer_heads;
	struct mono sent_until;     /* a batch is in flight until then or until a BEAT shows it arrived */
	uint64_t sent_seq;          /* newest seq of that batch */
	struct rng rng;             /* jitter only */
};

void link_init(struct link *l, struct mono now, uint64_t seed);

/* One thing happened.  Never blocks, cannot fail; `out` has room for LINK_EFFECTS_MAX. */
uint32_t link_step(struct link *l, struct now now, const struct link_self *self,
	const struct link_input *in, struct link_effect *out);

/* Our heads grew: send what the peer lacks without waiting for the next BEAT. */
uint32_t link_push(struct link *l, struct now now, const struct link_self *self,
	struct link_effect *out);

/* Step with LINK_IN_TICK no later than this. */
struct mono link_wake(const struct link *l);

const char *link_state_name(enum link_state s);

#endif
