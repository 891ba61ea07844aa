/* SPDX-License-Identifier: Apache-2.0 */
/* follow: a stream of server-sent events, taken up again whenever it ends. */
#ifndef CLI_DEMO_FOLLOW_H
#define CLI_DEMO_FOLLOW_H

#include "cli/sse.h"

#include <uv.h>

#define FOLLOW_AGAIN_MS 500

typedef void follow_each(void *ctx, const char *event, const char *data);

struct follow {
	uv_loop_t *loop;
	char address[64];
	const char *path;
	follow_each *each;
	void *ctx;
	uv_timer_t again;
	struct errand *errand;
	struct sse sse;
};

/* `address` is copied. */
void follow_start(struct follow *f, uv_loop_t *loop, const char *address, const char *path);
void follow_stop(struct follow *f); /* its timer is closed from the loop */

#endif
