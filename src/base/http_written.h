/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_written: an http_config together with its text, for whoever hands it to another process:
 * what is read from that text, beside the same folder, is the same.
 */
#ifndef BASE_HTTP_WRITTEN_H
#define BASE_HTTP_WRITTEN_H

#include "base/http_config.h"

#define HTTP_WRITTEN_BYTES_MAX   65536
#define HTTP_WRITTEN_HEADERS_MAX 16 /* lines */

struct http_written {
	struct http_config config;
	const char *text;   /* "http_config: ...", as YAML; what is secret in it stands there */
	const char *folder; /* goes before relative paths */
};

/* For doc_pointer, at a key `http_config`.  A server_name is refused. */
extern const struct doc_shape http_written_shape;
/* From the text's document again; all of it lives in `arena`, `folder` is borrowed. */
enum rc http_written_read(struct http_written *ret, const struct doc_node *root, const char *folder,
	struct arena *arena, struct err *e) MUST_USE;
bool http_written_equal(const struct http_written *a, const struct http_written *b);

#endif
