/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values pass through a buffer of full size that is wiped, and reach the caller's string in one
 * piece: growing it would leave copies behind.
 */
#include "port/files/secret.h"

#include "port/files/files.h"

#include <stdio.h>

const char *secret_text(const struct secret *s, char buf[SECRET_TEXT_MAX])
{
	static const char *const kinds[] = {
		[SECRET_NONE] = "no secret",
		[SECRET_FILE] = "file",
		[SECRET_ENV] = "environment variable",
		[SECRET_CREDENTIAL] = "credential",
		[SECRET_INLINE] = "secret at",
	};

	if (s->kind == SECRET_NONE)
		snprintf(buf, SECRET_TEXT_MAX, "%s", kinds[SECRET_NONE]);
	else
		snprintf(buf, SECRET_TEXT_MAX, "%s '%.120s'", kinds[s->kind], s->name);
	return buf;
}

void secret_wipe(struct str *value)
{
	if (value->s)
		explicit_bzero(value->s, value->cap);
	str_fini(value);
}

static enum rc read_text(const char *text, char *buf, size_t *ret_n, struct err *e)
{
	size_t n = strlen(text);

	if (n > SECRET_BYTES_MAX)
		return err_set(e, RC_LIMIT, "longer than %d bytes", SECRET_BYTES_MAX);
	memcpy(buf, text, n);
	*ret_n = n;
	return RC_OK;
}

static enum rc read_variable(const char *name, char *buf, size_t *ret_n, struct err *e)
{
	const char *value = getenv(name);

	if (!value)
		return err_set(e, RC_NOT_FOUND, "it is not set");
	return read_text(value, buf, ret_n, e);
}

static enum rc read_credential(const char *name, char *buf, size_t *ret_n, struct err *e)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[1024];

	if (!folder)
		return err_set(e, RC_NOT_FOUND,
			"$CREDENTIALS_DIRECTORY is not set: run under systemd with "
			"LoadCredential=%s:PATH",
			name);
	if (strchr(name, '/') || name[0] == '.' ||
		snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return err_set(e, RC_INPUT, "it is no file name");
	return file_read_into(path, buf, SECRET_BYTES_MAX, ret_n, e);
}

static enum rc read_value(const struct secret *s, char *buf, size_t *ret_n, struct err *e)
{
	switch (s->kind) {
	case SECRET_FILE:
		return file_read_into(s->name, buf, SECRET_BYTES_MAX, ret_n, e);
	case SECRET_ENV:
		return read_variable(s->name, buf, ret_n, e);
	case SECRET_CREDENTIAL:
		return read_credential(s->name, buf, ret_n, e);
	case SECRET_INLINE:
		return read_text(s->value, buf, ret_n, e);
	default:
		return err_set(e, RC_NOT_FOUND, "none is configured");
	}
}

static size_t without_line_ends(const char *buf, size_t n)
{
	while (n && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		n--;
	return n;
}

static enum rc take(char *buf, size_t n, struct str *ret, struct err *e)
{
	n = without_line_ends(buf, n);
	if (n == 0)
		return err_set(e, RC_INPUT, "it is empty");
	if (memchr(buf, '\0', n))
		return err_set(e, RC_INPUT, "it holds a NUL byte");
	secret_wipe(ret);
	str_addn(ret, buf, n);
	return RC_OK;
}

enum rc secret_resolve(const struct secret *s, struct str *ret, struct err *e)
{
	char buf[SECRET_BYTES_MAX], name[SECRET_TEXT_MAX];
	size_t n = 0;
	enum rc rc = read_value(s, buf, &n, e);

	if (rc == RC_OK)
		rc = take(buf, n, ret, e);
	explicit_bzero(buf, sizeof buf);
	return rc == RC_OK ? rc : err_in(e, rc, "%s", secret_text(s, name));
}
