/* SPDX-License-Identifier: Apache-2.0 */
/* embedded: files that travel inside the binary (made by tools/embed.py). */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
	const char *name; /* NULL in the last row */
	const unsigned char *bytes;
	size_t n;
};

#endif
