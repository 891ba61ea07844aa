/* SPDX-License-Identifier: Apache-2.0 */
/* varint: the varints of bytes.h in growing strings, and bounded. */
#ifndef CORE_METRICS_VARINT_H
#define CORE_METRICS_VARINT_H

#include "base/str.h"
#include "core/metrics/bytes.h"

static inline void varint_add(struct str *s, uint64_t v)
{
	uint8_t buf[VARINT_MAX];

	str_addn(s, buf, (size_t)(put_varint(buf, v) - buf));
}

/* What is left to be read. */
struct varint_bytes {
	const uint8_t *p, *end;
};

/* False: the bytes end before the number does, or it is larger than `most`. */
static inline bool varint_get(struct varint_bytes *b, uint64_t most, uint64_t *ret)
{
	return get_varint(&b->p, b->end, ret) && *ret <= most;
}

#endif
