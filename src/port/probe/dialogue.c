/* SPDX-License-Identifier: Apache-2.0 */
#include "port/probe/dialogue.h"

#define SAID_MAX 60 /* bytes of a line in a message */

void dialogue_init(struct dialogue *d, const struct tcp_spec *spec)
{
	*d = (struct dialogue){
		.spec = spec,
		.in.limit_bytes = 2 * DIALOGUE_LINE_MAX,
		.send.limit_bytes = DIALOGUE_LINE_MAX,
		.last.limit_bytes = SAID_MAX,
	};
}

void dialogue_fini(struct dialogue *d)
{
	str_fini(&d->in);
	str_fini(&d->send);
	str_fini(&d->last);
}

void dialogue_feed(struct dialogue *d, const char *bytes, size_t n)
{
	str_addn(&d->in, bytes, n);
}

void dialogue_end(struct dialogue *d)
{
	d->is_ended = true;
}

static const struct dialogue_step *current(const struct dialogue *d)
{
	return d->step < d->spec->n_steps ? &d->spec->steps[d->step] : NULL;
}

const char *dialogue_expects(const struct dialogue *d)
{
	const struct dialogue_step *step = current(d);

	return step && step->expect && !d->is_met ? step->expect_text : NULL;
}

/* Length of the first line and of its ending; false when it isn't whole yet. */
static bool first_line(struct dialogue *d, size_t *ret_n, size_t *ret_used)
{
	const char *start = str_c(&d->in);
	const char *newline = memchr(start + d->looked, '\n', d->in.len - d->looked);
	size_t n = newline ? (size_t)(newline - start) : d->in.len;

	d->looked = n;
	if (!newline && (!d->is_ended || n == 0))
		return false;
	*ret_used = n + (newline != NULL);
	*ret_n = n > 0 && start[n - 1] == '\r' ? n - 1 : n;
	return true;
}

static void consume(struct dialogue *d, size_t n)
{
	str_consume(&d->in, n);
	d->looked = 0;
}

static enum rc no_more_lines(const struct dialogue *d, struct err *e)
{
	if (d->in.len >= DIALOGUE_LINE_MAX)
		return err_set(e, RC_LIMIT, "a line is over %d bytes", DIALOGUE_LINE_MAX);
	if (!d->is_ended)
		return RC_OK;
	if (d->last.len == 0)
		return err_set(e, RC_INPUT, "the server closed the connection, wanted '%.80s'",
			dialogue_expects(d));
	return err_set(e, RC_INPUT, "'%s' and no more, wanted '%.80s'", str_c(&d->last),
		dialogue_expects(d));
}

/* Read lines until one matches; *ret is false when that needs more bytes. */
static enum rc meet(struct dialogue *d, const struct dialogue_step *step, bool *ret, struct err *e)
{
	size_t n, used;

	*ret = false;
	str_clear(&d->send);
	while (first_line(d, &n, &used)) {
		const struct pattern_use line = { d->in.s, n, step->send ? step->send : "" };
		enum rc rc = pattern_expand(step->expect, &line, &d->send, ret, e);

		if (rc != RC_OK)
			return err_in(e, rc, "a line of %zu bytes", n);
		if (!*ret) {
			str_clear(&d->last);
			str_addn(&d->last, d->in.s, utf8_cut(d->in.s, n < SAID_MAX ? n : SAID_MAX));
		}
		consume(d, used);
		if (*ret)
			return RC_OK;
	}
	return no_more_lines(d, e);
}

static enum rc act(struct dialogue *d, const struct dialogue_step *step, enum dialogue_action *ret,
	struct err *e)
{
	if (step->send && !d->is_sent) {
		d->is_sent = true;
		if (!step->expect) { /* nothing to put in: sent as it stands */
			str_clear(&d->send);
			str_add(&d->send, step->send);
		}
		str_addc(&d->send, '\n');
		*ret = DIALOGUE_SEND;
		return RC_OK;
	}
	d->step++;
	d->is_met = d->is_sent = false;
	if (!step->start_tls)
		return dialogue_next(d, ret, e);
	if (d->in.len)
		return err_set(e, RC_INPUT,
			"the server sent %zu bytes before TLS that belong behind it", d->in.len);
	*ret = DIALOGUE_START_TLS;
	return RC_OK;
}

enum rc dialogue_next(struct dialogue *d, enum dialogue_action *ret, struct err *e)
{
	const struct dialogue_step *step = current(d);
	enum rc rc;

	if (!step) {
		*ret = DIALOGUE_DONE;
		return RC_OK;
	}
	if (step->expect && !d->is_met) {
		rc = meet(d, step, &d->is_met, e);
		if (rc != RC_OK)
			return rc;
		if (!d->is_met) {
			*ret = DIALOGUE_WAIT;
			return RC_OK;
		}
	}
	return act(d, step, ret, e);
}
