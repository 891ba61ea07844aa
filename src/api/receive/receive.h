/* SPDX-License-Identifier: Apache-2.0 */
/* receive: what the rest of the API needs of this folder. */
#ifndef API_RECEIVE_RECEIVE_H
#define API_RECEIVE_RECEIVE_H

struct api;
struct receiver;

struct receiver *receiver_new(struct api *a);
/* The store has done some of its work: who waits for it may go on. */
void receiver_look(struct receiver *r);
/* Who waits for the store is answered that we stop. */
void receiver_stop(struct receiver *r);
void receiver_free(struct receiver *r); /* no arrival may be under way; NULL is fine */

#endif
