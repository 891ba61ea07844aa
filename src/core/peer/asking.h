/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asking: questions about samples that two sites ask each other through their link, one site's end.
 *
 *	asker     ASKED ──HEARD──► WORKED_ON ──PIECE──► COMING ──LAST──► answered
 *	          no word for 10 s │ its time, and 10 s │ none for 10 s
 *	          └────────────────┴────────────────────┴──────────────► failed, STOP is sent
 *
 *	answerer  WANTED ──► COMPUTING ──computed──► SENDING ──all sent──► done
 *	                     │ STOP               │ STOP, nothing taken for 10 s
 *	                     FORGOTTEN ─computed─►└──────────────────────► done
 *
 * Beats and journals share the connection.  So an answer goes out in pieces, the answers to all
 * questions of a peer together never more than ASKING_WINDOW_BYTES ahead of what it said to have
 * taken: a BEAT waits behind these at most.  Questions take turns, piece by piece.  What was given up
 * is counted until it is taken, too.
 *
 * A connection that ends, ends all questions: the asker is told, the answerer forgets.  Pure; what is
 * to be done is pulled from asking_next() after every input until it says that there is nothing.
 */
#ifndef CORE_PEER_ASKING_H
#define CORE_PEER_ASKING_H

#include "base/time.h"
#include "core/peer/asking_part.h"

#include <stdbool.h>

#define ASKING_PATIENCE_MS  10000
#define ASKING_WINDOW_BYTES 131072

enum asker_stage { ASKER_FREE, ASKER_ASKED, ASKER_WORKED_ON, ASKER_COMING, ASKER_ENDED };
struct asker {
	enum asker_stage stage;
	uint64_t id;
	void *ctx;           /* who asks */
	struct str question; /* to be sent; then empty */
	struct mono until;
	int64_t patience_ms; /* from HEARD to the first piece */
	struct str body;
	uint16_t status; /* ENDED; 0: it failed, for this */
	char why[REASON_BYTES_MAX];
	bool owes_stop;
};

/* FORGOTTEN: nobody waits any more, but it still burns our CPU, and so it keeps its place. */
enum answerer_stage {
	ANSWERER_FREE,
	ANSWERER_WANTED,
	ANSWERER_COMPUTING,
	ANSWERER_SENDING,
	ANSWERER_FORGOTTEN
};
struct answerer {
	enum answerer_stage stage;
	uint64_t id;         /* the peer's */
	uint64_t number;     /* ours, never used again */
	struct str question; /* WANTED */
	bool owes_heard;
	struct str body;
	uint64_t sent; /* of it */
	uint16_t status;
};

struct asking {
	uint64_t connection; /* 0: none */
	uint64_t last_id, last_number;
	struct asker askers[ASKINGS_MAX];
	struct answerer answerers[ASKINGS_MAX];
	uint32_t turn; /* whose piece is next */
	/* Bytes of bodies on this connection: sent by us, and taken by the peer, which is to take more
	 * by `until`; come from the peer, and told to it. */
	uint64_t sent, taken, come, told;
	struct mono until;
	uint64_t refused[ASKINGS_MAX]; /* questions beyond that, still to be told so */
	uint32_t n_refused;
};

void asking_fini(struct asking *a);

/* Which connection there is now, the same as before included; 0: none. */
void asking_connected(struct asking *a, uint64_t connection);

struct asking_question {
	enum asking_what what;
	const char *label;  /* of ASKING_LABEL_VALUES; else "" */
	const char *form;   /* parameters, application/x-www-form-urlencoded */
	int64_t timeout_ms; /* how long it may be computed */
};
/* `ctx` comes back with the outcome.  RC_OFFLINE: there is no connection; RC_LIMIT: ASKINGS_MAX are
 * under way, or it is too long. */
enum rc asking_ask(struct asking *a, struct mono now, const struct asking_question *q, void *ctx,
	struct err *e) MUST_USE;
/* A message of the connection.  RC_INPUT: no part that we know; nothing has changed. */
enum rc asking_received(struct asking *a, struct mono now, const char *bytes, size_t n,
	struct err *e) MUST_USE;
/* What ASKING_DO_COMPUTE wanted; takes `body` over.  Nobody may want it any more. */
void asking_computed(struct asking *a, uint64_t number, uint16_t status, struct str *body);
void asking_tick(struct asking *a, struct mono now);
/* Tick no later than this; NEVER_MS: nothing is under way. */
struct mono asking_wake(const struct asking *a);

enum asking_effect_kind {
	ASKING_DO_SEND,      /* bytes, as a message ASKING */
	ASKING_DO_COMPUTE,   /* question; answer with asking_computed(number) */
	ASKING_SAY_ANSWERED, /* ctx, status, bytes: the body; status 0: it failed, for this */
};
struct asking_effect {
	enum asking_effect_kind kind;
	struct str bytes; /* owned; a question's too */
	uint64_t number;
	struct asking_part question; /* borrows from bytes */
	void *ctx;
	uint16_t status;
	char why[REASON_BYTES_MAX];
};
void asking_effect_fini(struct asking_effect *fx);
/* False: nothing is to be done now. */
bool asking_next(struct asking *a, struct mono now, struct asking_effect *ret);

#endif
