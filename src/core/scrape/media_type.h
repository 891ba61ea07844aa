/* SPDX-License-Identifier: Apache-2.0 */
/*
 * media_type: which format a body is in, and which we would like.
 *
 * Source: extractMediaType of Prometheus 3.5's model/textparse/interface.go; acceptHeader of
 * scrape/scrape.go.
 */
#ifndef CORE_SCRAPE_MEDIA_TYPE_H
#define CORE_SCRAPE_MEDIA_TYPE_H

#include "base/str.h"
#include "core/scrape/config.h"
#include "core/scrape/exposition.h"

/* By a Content-Type header ("": there was none), else by the job's fallback.  RC_INPUT in
 * Prometheus' words when neither says. */
enum rc media_type_choose(const char *content_type, int fallback_protocol,
	enum exposition_format *ret, struct err *e) MUST_USE;

/* The value of the Accept header for the job. */
void media_type_accept(const struct scrape_terms *terms, struct str *out);

#endif
