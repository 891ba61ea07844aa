/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: a value that must not stand in the configuration: named there, read by port/files when it
 * is used.
 *
 * Only a file in another program's syntax (blackbox modules, scrape configs) may hold one itself,
 * since such files are accepted as they are.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

enum secret_kind { SECRET_NONE, SECRET_FILE, SECRET_ENV, SECRET_CREDENTIAL, SECRET_INLINE };

struct secret {
	enum secret_kind kind;
	const char *name;  /* path, variable or credential; inline: "FILE:LINE", where it stands */
	const char *value; /* inline; else NULL */
};

#endif
