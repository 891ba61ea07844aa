/* SPDX-License-Identifier: Apache-2.0 */
/* The password is read and hashed here; it is in no argument, and printed nowhere. */
#include "base/json.h"
#include "cli/command.h"
#include "port/os/os.h"
#include "port/password/password.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

struct typed_password {
	char text[PASSWORD_BYTES_MAX + 2]; /* one more than may be, and the newline */
};

static void typed_password_fini(struct typed_password *p)
{
	explicit_bzero(p, sizeof *p);
}
SCOPED_FINI(typed_password_fini, struct typed_password)

/* One line of standard input, without its end.  Byte by byte, so that none stays in a buffer. */
static enum rc read_line(struct typed_password *ret, struct err *e)
{
	size_t n = 0;
	char c = '\0';

	for (;;) {
		ssize_t got = read(STDIN_FILENO, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, RC_IO, errno, "reading the password");
		if (got == 0 || c == '\n')
			break;
		if (n == sizeof ret->text - 1)
			return err_set(e, RC_INPUT, "the password has more than %d bytes",
				PASSWORD_BYTES_MAX - 1);
		ret->text[n++] = c;
	}
	ret->text[n] = '\0';
	if (n == 0)
		return err_set(e, RC_INPUT, "there was no password on standard input");
	return RC_OK;
}

/* Ask on the terminal, which doesn't show what is typed. */
static enum rc ask_hidden(const char *prompt, struct typed_password *ret, struct err *e)
{
	struct termios before, hidden;
	enum rc rc;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return err_errno(e, RC_IO, errno, "hiding what is typed");
	hidden = before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
		return err_errno(e, RC_IO, errno, "hiding what is typed");
	fprintf(stderr, "%s: ", prompt);
	rc = read_line(ret, e);
	fprintf(stderr, "\n");
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	return rc;
}

static enum rc ask_twice(struct typed_password *ret, struct err *e)
{
	scoped(typed_password_fini) struct typed_password again = { "" };
	enum rc rc = ask_hidden("Password", ret, e);

	if (rc == RC_OK)
		rc = ask_hidden("Once more", &again, e);
	if (rc == RC_OK && !str_eq(ret->text, again.text))
		rc = err_set(e, RC_INPUT, "the two are not the same: nothing was hashed");
	return rc;
}

enum rc command_login_hash(struct call *c, struct err *e)
{
	scoped(typed_password_fini) struct typed_password password = { "" };
	unsigned char random[PASSWORD_RANDOM_BYTES];
	char hash[PASSWORD_HASH_MAX];
	struct json_out w;
	enum rc rc = isatty(STDIN_FILENO) ? ask_twice(&password, e) : read_line(&password, e);

	if (rc != RC_OK)
		return rc;
	os_random(NULL, random, sizeof random);
	rc = password_hash(password.text, random, hash, e);
	if (rc != RC_OK)
		return rc;
	if (call_option(c, json, json)) {
		json_begin(&w, &c->page.out);
		json_object_open(&w, NULL);
		json_text(&w, "hash", hash);
		json_close(&w);
	} else {
		page_add(&c->page, STYLE_PLAIN, hash);
	}
	page_line(&c->page);
	return RC_OK;
}
