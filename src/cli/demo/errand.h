/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errand: one HTTP/1.0 request to a numeric address on this machine, and its answer as it comes.
 *
 * Small, because the demo must be able to report what the product does without using it.
 */
#ifndef CLI_DEMO_ERRAND_H
#define CLI_DEMO_ERRAND_H

#include <stddef.h>
#include <uv.h>

#define ERRAND_HEAD_BYTES_MAX 16384

struct errand_ears {
	void *ctx;
	void (*body)(void *ctx, const char *bytes, size_t n); /* of a 200; NULL: of no interest */
	void (*over)(void *ctx, int status); /* exactly once, if not ended before; 0: no answer */
};

struct errand;

/* `body` NULL: GET, else POST.  Never fails at once: `over` comes from the loop. */
struct errand *errand_start(uv_loop_t *loop, const char *address, const char *path,
	const char *body, const struct errand_ears *ears);
void errand_end(struct errand *errand); /* without `over`; NULL allowed */

#endif
