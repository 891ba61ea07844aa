/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_files: the pages, as files inside the binary.
 *
 * Rows are named by their path without the leading slash; "index.html" is always there.  A row
 * NAME.gz holds the same bytes as NAME in gzip.
 */
#ifndef WEB_WEB_FILES_H
#define WEB_WEB_FILES_H

#include "base/embedded.h"

extern const struct embedded web_files[];

#endif
