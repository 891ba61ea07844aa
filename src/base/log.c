/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is put together in one buffer and leaves in one write(), so that lines of several threads
 * don't mix.  Control characters become spaces: what a stranger sent can neither forge a second
 * line nor paint on the terminal.
 */
#include "base/log.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

enum style { STYLE_PLAIN, STYLE_JOURNAL, STYLE_TERMINAL };

static const struct {
	const char *name;
	const char *priority; /* sd-daemon(3) */
	const char *colour;
} levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", "<7>", "\033[2m" },
	[LOG_LEVEL_INFO] = { "info", "<6>", "" },
	[LOG_LEVEL_WARNING] = { "warning", "<4>", "\033[33m" },
	[LOG_LEVEL_ERROR] = { "error", "<3>", "\033[31m" },
};

/* Where the process writes its log belongs to the process, as standard error itself does. */
static enum log_level least_level = LOG_LEVEL_INFO;
static enum style style = STYLE_PLAIN;

/* JOURNAL_STREAM is inherited; only if it names what standard error is now, the journal reads it
 * (systemd.exec(5)). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

void log_init(enum log_level least)
{
	least_level = least;
	if (is_journal())
		style = STYLE_JOURNAL;
	else
		style = isatty(STDERR_FILENO) ? STYLE_TERMINAL : STYLE_PLAIN;
}

static struct wall now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct wall){ ts.tv_sec * SECOND_MS + ts.tv_nsec / 1000000 };
}

static void add_opening(struct str *line, enum log_level level)
{
	char text[WALL_TEXT_MAX];
	struct tm local;
	time_t seconds;

	switch (style) {
	case STYLE_JOURNAL:
		str_add(line, levels[level].priority);
		break;
	case STYLE_TERMINAL:
		seconds = (time_t)(now().ms / SECOND_MS);
		localtime_r(&seconds, &local);
		str_addf(line, "%02d:%02d:%02d %s%-7s ", local.tm_hour, local.tm_min, local.tm_sec,
			levels[level].colour, levels[level].name);
		break;
	case STYLE_PLAIN:
		str_addf(line, "%s %s ", wall_rfc3339(now(), text), levels[level].name);
		break;
	}
}

/* Bytes of the well-formed character here; 0: there is none. */
static size_t character(const char *s)
{
	for (size_t n = 1; n <= 4 && s[n - 1]; n++)
		if (utf8_valid(s, n))
			return n;
	return 0;
}

/* What strangers sent stands in many a line, and must not drive the terminal: neither by ESC nor by
 * the controls from U+0080 to U+009F, among which is a second way to say it, as a character or,
 * where the terminal doesn't read UTF-8, as a byte. */
static void disarm(char *text)
{
	for (size_t n; *text; text += n ? n : 1) {
		const unsigned char *c = (const unsigned char *)text;

		n = character(text);
		if (n == 0 || c[0] < 0x20 || c[0] == 0x7f)
			*text = ' ';
		else if (c[0] == 0xc2 && c[1] < 0xa0)
			memset(text, ' ', n);
	}
}

static void write_all(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* there is nowhere left to complain */
		bytes += written;
		n -= (size_t)written;
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	char text[LINE_MAX_BYTES];
	scoped(str_fini) struct str line = STR_EMPTY;
	va_list ap;
	int n;

	must((size_t)level < COUNT(levels));
	if (level < least_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0)
		str_copy(text, sizeof text, fmt);
	else if ((size_t)n >= sizeof text)
		text[utf8_cut(text, sizeof text - 1)] = '\0';
	disarm(text);
	add_opening(&line, level);
	str_add(&line, text);
	str_add(&line, style == STYLE_TERMINAL && levels[level].colour[0] ? "\033[0m\n" : "\n");
	write_all(line.s, line.len);
	errno = saved_errno;
}
