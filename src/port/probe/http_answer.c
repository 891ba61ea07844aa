/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/http_answer.h"

#include <ctype.h>
#include <strings.h>
#include <time.h>

void http_answer_init(struct http_answer *a, bool is_head, answer_body *body, void *ctx)
{
	*a = (struct http_answer){
		.is_head = is_head,
		.body = body,
		.ctx = ctx,
		.content_length = ANSWER_LENGTH_UNKNOWN,
		.head.limit_bytes = ANSWER_HEAD_BYTES_MAX,
		.line.limit_bytes = ANSWER_HEAD_BYTES_MAX,
	};
}

void http_answer_fini(struct http_answer *a)
{
	str_fini(&a->head);
	str_fini(&a->line);
}

static bool is_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return n > 0;
}

/* "HTTP/1.1 200 OK"; the phrase may be missing, with its blank. */
static enum rc take_status(struct http_answer *a, const char *line, size_t n, struct err *e)
{
	bool is_http1 = n >= 12 && memcmp(line, "HTTP/1.", 7) == 0 &&
			(line[7] == '0' || line[7] == '1') && line[8] == ' ';

	if (!is_http1 || !is_digits(line + 9, 3) || (n > 12 && line[12] != ' '))
		return err_set(e, RC_INPUT, "the answer is not HTTP: '%.*s'",
			(int)(n < 40 ? n : 40), line);
	a->version = line[7] == '0' ? 10 : 11;
	a->status = (uint16_t)((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
	a->state = ANSWER_HEADER;
	return RC_OK;
}

const char *http_answer_header(const struct http_answer *a, const char *name, const char **cursor,
	size_t *ret_n)
{
	size_t length = strlen(name);
	const char *line = *cursor ? *cursor : str_c(&a->head);

	while (*line) {
		const char *end = strchr(line, '\n');
		bool is_it = strncasecmp(line, name, length) == 0 && line[length] == ':';

		if (is_it) {
			*cursor = end + 1;
			*ret_n = (size_t)(end - line) - length - 1;
			return line + length + 1;
		}
		line = end + 1;
	}
	return NULL;
}

bool http_answer_header_text(const struct http_answer *a, const char *name, char *ret, size_t size)
{
	const char *cursor = NULL, *value;
	size_t n;

	value = http_answer_header(a, name, &cursor, &n);
	if (!value || n >= size)
		return false;
	memcpy(ret, value, n);
	ret[n] = '\0';
	return true;
}

static bool is_token_character(unsigned char c)
{
	return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Kept as "Name:value\n", without the blanks around the value. */
static enum rc take_header(struct http_answer *a, const char *line, size_t n, struct err *e)
{
	const char *colon = memchr(line, ':', n), *value, *end = line + n;

	for (const char *c = line; colon && c < colon; c++)
		if (!is_token_character((unsigned char)*c))
			colon = NULL;
	if (!colon || colon == line || memchr(line, '\0', n))
		return err_set(e, RC_INPUT, "malformed header line '%.*s'", (int)(n < 40 ? n : 40),
			line);
	value = colon + 1;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	str_addn(&a->head, line, (size_t)(colon - line) + 1);
	str_addn(&a->head, value, (size_t)(end - value));
	str_addc(&a->head, '\n');
	if (a->head.is_cut)
		return err_set(e, RC_LIMIT, "the headers are over %d bytes", ANSWER_HEAD_BYTES_MAX);
	return RC_OK;
}

static enum rc read_length(struct http_answer *a, struct err *e)
{
	const char *cursor = NULL, *value;
	size_t n;

	while ((value = http_answer_header(a, "Content-Length", &cursor, &n))) {
		int64_t length = 0;

		if (!is_digits(value, n) || n > 18)
			return err_set(e, RC_INPUT, "malformed Content-Length '%.*s'",
				(int)(n < 40 ? n : 40), value);
		for (size_t i = 0; i < n; i++)
			length = length * 10 + (value[i] - '0');
		if (a->content_length != ANSWER_LENGTH_UNKNOWN && a->content_length != length)
			return err_set(e, RC_INPUT, "two different values of Content-Length");
		a->content_length = length;
	}
	return RC_OK;
}

static enum rc read_coding(struct http_answer *a, struct err *e)
{
	const char *cursor = NULL, *value;
	size_t n;

	while ((value = http_answer_header(a, "Transfer-Encoding", &cursor, &n))) {
		bool is_chunked = n == 7 && strncasecmp(value, "chunked", 7) == 0;

		if (!is_chunked || a->is_chunked)
			return err_set(e, RC_INPUT, "unsupported Transfer-Encoding '%.*s'",
				(int)(n < 40 ? n : 40), value);
		a->is_chunked = true;
	}
	if (a->is_chunked) /* RFC 9112, 6.3: overrides the length */
		a->content_length = ANSWER_LENGTH_UNKNOWN;
	return RC_OK;
}

static enum rc take_interim(struct http_answer *a, struct err *e)
{
	if (a->status == 101 || ++a->n_interim > ANSWER_INTERIM_MAX)
		return err_set(e, RC_INPUT, "the server answers %u, which nobody asked for",
			a->status);
	str_clear(&a->head);
	a->state = ANSWER_STATUS;
	return RC_OK;
}

/* The empty line: what follows, if anything (RFC 9112, 6.3). */
static enum rc take_end_of_head(struct http_answer *a, struct err *e)
{
	enum rc rc;

	if (a->status < 200)
		return take_interim(a, e);
	rc = read_length(a, e);
	if (rc == RC_OK)
		rc = read_coding(a, e);
	if (rc != RC_OK)
		return rc;
	if (a->is_head || a->status == 204 || a->status == 304 || a->content_length == 0)
		a->state = ANSWER_DONE;
	else if (a->is_chunked)
		a->state = ANSWER_CHUNK_SIZE;
	else if (a->content_length == ANSWER_LENGTH_UNKNOWN)
		a->state = ANSWER_UNTIL_CLOSE;
	else
		a->state = ANSWER_LENGTH;
	a->left = a->state == ANSWER_LENGTH ? (uint64_t)a->content_length : 0;
	return RC_OK;
}

/* "1a3;extension=x" */
static enum rc take_chunk_size(struct http_answer *a, const char *line, size_t n, struct err *e)
{
	uint64_t size = 0;
	size_t digits = 0;

	while (digits < n && isxdigit((unsigned char)line[digits])) {
		char c = (char)tolower((unsigned char)line[digits++]);

		size = size << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (digits == 0 || digits > 15 || (digits < n && !strchr("; \t", line[digits])))
		return err_set(e, RC_INPUT, "malformed chunk size '%.*s'", (int)(n < 40 ? n : 40),
			line);
	a->left = size;
	a->state = size ? ANSWER_CHUNK_DATA : ANSWER_TRAILER;
	return RC_OK;
}

static enum rc take_line(struct http_answer *a, const char *line, size_t n, struct err *e)
{
	if (n > 0 && line[n - 1] == '\r')
		n--;
	switch (a->state) {
	case ANSWER_STATUS:
		return take_status(a, line, n, e);
	case ANSWER_HEADER:
		return n ? take_header(a, line, n, e) : take_end_of_head(a, e);
	case ANSWER_CHUNK_SIZE:
		return take_chunk_size(a, line, n, e);
	case ANSWER_CHUNK_END:
		if (n)
			return err_set(e, RC_INPUT, "a chunk is longer than it says");
		a->state = ANSWER_CHUNK_SIZE;
		return RC_OK;
	default: /* ANSWER_TRAILER: read over */
		if (n == 0)
			a->state = ANSWER_DONE;
		return RC_OK;
	}
}

/* A line that is whole in `bytes` isn't copied. */
static enum rc feed_line(struct http_answer *a, const char *bytes, size_t n, size_t *ret_used,
	struct err *e)
{
	const char *newline = memchr(bytes, '\n', n);
	size_t used = newline ? (size_t)(newline - bytes) : n;
	enum rc rc;

	*ret_used = used + (newline != NULL);
	if (newline && a->line.len == 0 && used < ANSWER_HEAD_BYTES_MAX)
		return take_line(a, bytes, used, e);
	str_addn(&a->line, bytes, used);
	if (a->line.is_cut)
		return err_set(e, RC_LIMIT, "a line of the answer is over %d bytes",
			ANSWER_HEAD_BYTES_MAX);
	if (!newline)
		return RC_OK;
	rc = take_line(a, a->line.s, a->line.len, e);
	str_clear(&a->line);
	return rc;
}

static size_t feed_body(struct http_answer *a, const char *bytes, size_t n)
{
	bool is_counted = a->state != ANSWER_UNTIL_CLOSE;

	if (is_counted && n > a->left)
		n = (size_t)a->left;
	if (!a->body(a->ctx, bytes, n)) {
		a->state = ANSWER_DONE;
		return n;
	}
	if (!is_counted)
		return n;
	a->left -= n;
	if (a->left == 0)
		a->state = a->state == ANSWER_LENGTH ? ANSWER_DONE : ANSWER_CHUNK_END;
	return n;
}

static bool is_body(enum answer_state s)
{
	return s == ANSWER_LENGTH || s == ANSWER_UNTIL_CLOSE || s == ANSWER_CHUNK_DATA;
}

enum rc http_answer_feed(struct http_answer *a, const char *bytes, size_t n, struct err *e)
{
	while (n > 0 && a->state != ANSWER_DONE) {
		size_t used;
		enum rc rc = RC_OK;

		if (is_body(a->state))
			used = feed_body(a, bytes, n);
		else
			rc = feed_line(a, bytes, n, &used, e);
		if (rc != RC_OK)
			return rc;
		bytes += used;
		n -= used;
	}
	return RC_OK;
}

enum rc http_answer_end(struct http_answer *a, struct err *e)
{
	if (a->state == ANSWER_UNTIL_CLOSE)
		a->state = ANSWER_DONE;
	if (a->state == ANSWER_DONE)
		return RC_OK;
	if (a->state == ANSWER_STATUS && a->line.len == 0)
		return err_set(e, RC_INPUT, "the server closed the connection without an answer");
	if (a->state == ANSWER_LENGTH)
		return err_set(e, RC_INPUT,
			"the answer is cut short: %llu bytes of %lld are missing",
			(unsigned long long)a->left, (long long)a->content_length);
	return err_set(e, RC_INPUT, "the answer is cut short");
}

bool http_date_parse(const char *text, int64_t *ret_seconds)
{
	static const char *const formats[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y",
	};

	for (size_t i = 0; i < COUNT(formats); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[i], &tm);

		if (end && *end == '\0') {
			*ret_seconds = timegm(&tm);
			return true;
		}
	}
	return false;
}
