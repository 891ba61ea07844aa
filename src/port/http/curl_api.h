/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl_api: libcurl, opened when it is first needed.
 *
 * Linking libcurl would bring 20 libraries and 3.5 MB into every process, the watcher's too, which
 * rarely needs it.  So the program has one table of function pointers, filled by dlopen(3).  The
 * names are libcurl's without "curl_".
 */
#ifndef PORT_HTTP_CURL_API_H
#define PORT_HTTP_CURL_API_H

#include "base/err.h"

#include <curl/curl.h>

/* clang-format off */
#define CURL_FUNCTIONS(X)                                                                          \
	X(global_init) X(slist_append) X(slist_free_all)                                           \
	X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) X(easy_perform)                \
	X(easy_strerror)                                                                           \
	X(multi_init) X(multi_cleanup) X(multi_add_handle) X(multi_remove_handle)                  \
	X(multi_setopt) X(multi_assign) X(multi_socket_action) X(multi_info_read)
/* clang-format on */

struct curl_api {
#define X(name) __typeof__(curl_##name) *name;
	CURL_FUNCTIONS(X)
#undef X
};

/* The table; opens the library the first time.  RC_UNSUPPORTED when it isn't installed.  To be
 * called from the loop's thread only. */
enum rc curl_api_open(const struct curl_api **ret, struct err *e) MUST_USE;

#endif
