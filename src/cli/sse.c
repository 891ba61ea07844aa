/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sse.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void sse_init(struct sse *s, sse_each *each, void *ctx)
{
	*s = (struct sse){ .each = each, .ctx = ctx };
	s->line.limit_bytes = s->data.limit_bytes = s->event.limit_bytes = SSE_MESSAGE_BYTES_MAX;
}

void sse_fini(struct sse *s)
{
	str_fini(&s->line);
	str_fini(&s->event);
	str_fini(&s->data);
}

/* An empty line: the message is complete.  Without data it is none. */
static bool dispatch(struct sse *s)
{
	bool goes_on = true;

	if (s->data.len) {
		s->data.s[--s->data.len] = '\0'; /* the last line's end */
		goes_on = s->each(s->ctx, s->event.len ? str_c(&s->event) : "message",
			str_c(&s->data));
	}
	str_clear(&s->event);
	str_clear(&s->data);
	return goes_on;
}

static void take_field(struct sse *s, const char *name, size_t n_name, const char *value, size_t n)
{
	if (n_name == 5 && memcmp(name, "event", 5) == 0) {
		str_clear(&s->event);
		str_addn(&s->event, value, n);
	} else if (n_name == 4 && memcmp(name, "data", 4) == 0) {
		str_addn(&s->data, value, n);
		str_addc(&s->data, '\n');
	}
}

static bool take_line(struct sse *s)
{
	const char *line = str_c(&s->line), *colon, *value;
	size_t n = s->line.len;

	if (!s->is_begun && n >= 3 && memcmp(line, BYTE_ORDER_MARK, 3) == 0) {
		line += 3;
		n -= 3;
	}
	s->is_begun = true;
	if (n == 0)
		return dispatch(s);
	colon = memchr(line, ':', n);
	value = colon ? colon + 1 : line + n;
	if (value < line + n && *value == ' ')
		value++;
	take_field(s, line, colon ? (size_t)(colon - line) : n, value, (size_t)(line + n - value));
	s->is_overlong = s->data.is_cut;
	return !s->is_overlong;
}

bool sse_take(struct sse *s, const char *bytes, size_t n)
{
	const char *end = bytes + n;

	while (bytes < end) {
		const char *at = bytes;

		if (s->was_return && *bytes == '\n') {
			s->was_return = false;
			bytes++;
			continue;
		}
		while (at < end && *at != '\n' && *at != '\r')
			at++;
		str_addn(&s->line, bytes, (size_t)(at - bytes));
		s->was_return = at < end && *at == '\r';
		bytes = at < end ? at + 1 : at;
		s->is_overlong = s->line.is_cut;
		if (s->is_overlong || (at < end && !take_line(s)))
			return false;
		if (at < end)
			str_clear(&s->line);
	}
	return true;
}
