/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that Prometheus adds:
 * https://prometheus.io/docs/prometheus/latest/configuration/template_reference/#functions */
#include "base/golang.h"
#include "base/pattern.h"
#include "base/re2.h"
#include "base/unicode.h"
#include "core/template/functions.h"

#include <arpa/inet.h>
#include <math.h>

#define NOTHING        ((struct value){ .kind = VALUE_INVALID })
#define PREFIXES       8
#define SECONDS_OF_DAY 86400

/* The table */

#define FIXED    false
#define REPEATED true
#define ANY      PARAMETER_ANY
#define VALUE    PARAMETER_VALUE
#define STRING   PARAMETER_STRING
#define SAMPLES  PARAMETER_SAMPLES
#define SAMPLE   PARAMETER_SAMPLE

/* The evaluator does these, since it need not evaluate all that they are given. */
#define function_and NULL
#define function_or  NULL

static const struct function functions[] = {
#define FUNCTION(name, n_fixed, is_variadic, ...) \
	{ #name, n_fixed, is_variadic, { __VA_ARGS__ }, function_##name },
#include "core/template/functions.def"
#undef FUNCTION
};

const struct function *function_find(struct text name)
{
	for (size_t i = 0; i < COUNT(functions); i++)
		if (strlen(functions[i].name) == name.n &&
			memcmp(functions[i].name, name.s, name.n) == 0)
			return &functions[i];
	return NULL;
}

static struct value kept(struct exec *x, const struct str *s)
{
	return value_of_text(exec_keep(x, s));
}

/* Samples */

struct value function_query(struct exec *x, const struct arguments *a)
{
	const struct template_world *world = x->data->world;
	struct value v = { .kind = VALUE_SAMPLES };
	const struct template_sample *samples = NULL, **pointers;
	uint32_t n = 0;
	struct err e = { 0 };
	char *expression = exec_alloc(x, a->v[0].text.n + 1);

	if (!expression)
		return NOTHING;
	memcpy(expression, a->v[0].text.s, a->v[0].text.n);
	if (world->query(world->ctx, expression, &x->arena, &samples, &n, &e) != RC_OK) {
		exec_refuse(x, "%s", e.text);
		return NOTHING;
	}
	pointers = exec_alloc(x, (n + 1) * sizeof *pointers);
	for (uint32_t i = 0; pointers && i < n; i++)
		pointers[i] = &samples[i];
	v.samples.v = pointers;
	v.samples.n = pointers ? n : 0;
	return v;
}

struct value function_first(struct exec *x, const struct arguments *a)
{
	const struct value *v = &a->v[0];

	if (v->samples.n > 0)
		return (struct value){ .kind = VALUE_SAMPLE, .sample = v->samples.v[0] };
	exec_refuse(x, "first() called on vector with no elements");
	return NOTHING;
}

/* What Go says when it looks behind a nil. */
static bool is_there(struct exec *x, const struct template_sample *s)
{
	if (!s)
		exec_refuse(x, "runtime error: invalid memory address or nil pointer dereference");
	return s != NULL;
}

static struct value label_of(struct exec *x, const struct template_sample *s, struct text name)
{
	return is_there(x, s) ? value_of_text(labels_text(&s->labels, name)) : NOTHING;
}

struct value function_label(struct exec *x, const struct arguments *a)
{
	return label_of(x, a->v[1].sample, a->v[0].text);
}

struct value function_strvalue(struct exec *x, const struct arguments *a)
{
	static const char name[] = "__value__";

	return label_of(x, a->v[0].sample, (struct text){ name, sizeof name - 1 });
}

struct value function_value(struct exec *x, const struct arguments *a)
{
	const struct template_sample *s = a->v[0].sample;

	return is_there(x, s) ? value_of_sample(s) : NOTHING;
}

static int compare_by(const struct template_sample *a, const struct template_sample *b,
	struct text name)
{
	struct text x = labels_text(&a->labels, name), y = labels_text(&b->labels, name);
	int order = memcmp(x.s, y.s, x.n < y.n ? x.n : y.n);

	return order ? order : (x.n > y.n) - (x.n < y.n);
}

/* Merges the sorted halves of v[0..n) through `spare`; stable. */
static void merge_sort(const struct template_sample **v, const struct template_sample **spare,
	uint32_t n, struct text name)
{
	uint32_t half = n / 2, left = 0, right = half;

	if (n < 2)
		return;
	merge_sort(v, spare, half, name);
	merge_sort(v + half, spare, n - half, name);
	for (uint32_t i = 0; i < n; i++) {
		bool takes_left =
			right == n || (left < half && compare_by(v[left], v[right], name) <= 0);

		spare[i] = takes_left ? v[left++] : v[right++];
	}
	memcpy(v, spare, n * sizeof *v);
}

struct value function_sortByLabel(struct exec *x, const struct arguments *a)
{
	struct value v = a->v[1];
	uint32_t n = v.samples.n;
	const struct template_sample **sorted = exec_alloc(x, (2 * (size_t)n + 1) * sizeof *sorted);

	if (!sorted)
		return NOTHING;
	if (n > 0)
		memcpy(sorted, v.samples.v, n * sizeof *sorted);
	merge_sort(sorted, sorted + n, n, a->v[0].text);
	v.samples.v = sorted;
	return v;
}

struct value function_args(struct exec *x, const struct arguments *a)
{
	struct value v = { .kind = VALUE_ARGS };
	struct entry *entries = exec_alloc(x, (a->n + 1) * sizeof *entries);

	for (uint32_t i = 0; entries && i < a->n; i++) {
		scoped(str_fini) struct str name = STR_EMPTY;
		struct entry e = { .value = a->v[i] };
		uint32_t at = i;

		str_addf(&name, "arg%u", i);
		e.name = exec_keep(x, &name);
		/* "arg10" stands before "arg2". */
		for (; at > 0 && strcmp(entries[at - 1].name.s, e.name.s) > 0; at--)
			entries[at] = entries[at - 1];
		entries[at] = e;
	}
	v.args.v = entries;
	v.args.n = entries && x->rc == RC_OK ? a->n : 0;
	return v;
}

/* Numbers */

static bool number_of(struct exec *x, const struct value *v, double *ret)
{
	struct err e = { 0 };

	if (v->kind == VALUE_FLOAT)
		*ret = v->f;
	else if (v->kind == VALUE_INT || v->kind == VALUE_INT64)
		*ret = (double)v->i;
	else if (v->kind != VALUE_STRING)
		exec_refuse(x, "can't convert %s to float",
			v->kind == VALUE_NIL ? "<nil>" : value_type(v));
	else if (go_parse_float(v->text.s, v->text.n, ret, &e) != RC_OK)
		exec_refuse(x, "%s", e.text);
	return x->refusal.len == 0;
}

/* Go's %.4g */
static void add_4g(double v, struct str *out)
{
	go_float(out, v, 'g', 4);
}

/* Divided (or multiplied) by `factor` until it is within bounds; the prefix for it. */
static const char *scale_down(double *v, double factor, const char *const prefixes[PREFIXES])
{
	const char *prefix = "";

	for (int i = 0; i < PREFIXES && fabs(*v) >= factor; i++) {
		prefix = prefixes[i];
		*v /= factor;
	}
	return prefix;
}

static const char *scale_up(double *v)
{
	static const char *const prefixes[] = { "m", "u", "n", "p", "f", "a", "z", "y" };
	const char *prefix = "";

	for (int i = 0; i < PREFIXES && fabs(*v) < 1; i++) {
		prefix = prefixes[i];
		*v *= 1000;
	}
	return prefix;
}

struct value function_humanize(struct exec *x, const struct arguments *a)
{
	static const char *const prefixes[] = { "k", "M", "G", "T", "P", "E", "Z", "Y" };
	scoped(str_fini) struct str s = STR_EMPTY;
	const char *prefix = "";
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	if (v != 0 && isfinite(v))
		prefix = fabs(v) >= 1 ? scale_down(&v, 1000, prefixes) : scale_up(&v);
	add_4g(v, &s);
	str_add(&s, prefix);
	return kept(x, &s);
}

struct value function_humanize1024(struct exec *x, const struct arguments *a)
{
	static const char *const prefixes[] = { "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi" };
	scoped(str_fini) struct str s = STR_EMPTY;
	const char *prefix = "";
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	if (fabs(v) > 1 && isfinite(v))
		prefix = scale_down(&v, 1024, prefixes);
	add_4g(v, &s);
	str_add(&s, prefix);
	return kept(x, &s);
}

/* At least a second. */
static void add_duration(double v, struct str *out)
{
	double size = fabs(v);
	/* What doesn't fit is what Go makes of it. */
	int64_t whole = size < 0x1p63 ? (int64_t)size : INT64_MIN;
	long long seconds = whole % 60, minutes = whole / 60 % 60, hours = whole / 3600 % 24;
	long long days = whole / SECONDS_OF_DAY;

	if (v < 0)
		str_addc(out, '-');
	if (days != 0)
		str_addf(out, "%lldd %lldh %lldm %llds", days, hours, minutes, seconds);
	else if (hours != 0)
		str_addf(out, "%lldh %lldm %llds", hours, minutes, seconds);
	else if (minutes != 0)
		str_addf(out, "%lldm %llds", minutes, seconds);
	else
		add_4g(size, out);
	if (days == 0 && hours == 0 && minutes == 0)
		str_addc(out, 's');
}

struct value function_humanizeDuration(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	const char *prefix;
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	if (!isfinite(v)) {
		add_4g(v, &s);
	} else if (fabs(v) >= 1) {
		add_duration(v, &s);
	} else {
		prefix = v == 0 ? "" : scale_up(&v);
		add_4g(v, &s);
		str_addf(&s, "%ss", prefix);
	}
	return kept(x, &s);
}

struct value function_humanizePercentage(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	add_4g(v * 100, &s);
	str_addc(&s, '%');
	return kept(x, &s);
}

/* A finite number of seconds since 1970. */
static bool time_of(struct exec *x, double v, int64_t *ret_ms)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	double nanoseconds = v * 1e9;

	if (nanoseconds <= 0x1p63 && nanoseconds >= -0x1p63) {
		*ret_ms =
			nanoseconds < 0x1p63 ? (int64_t)nanoseconds / 1000000 : INT64_MIN / 1000000;
		return true;
	}
	go_float(&s, v, 'g', GO_SHORTEST);
	exec_refuse(x,
		"%s cannot be represented as a nanoseconds timestamp since it overflows int64",
		str_c(&s));
	return false;
}

struct value function_humanizeTimestamp(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = STR_EMPTY;
	int64_t ms;
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	if (!isfinite(v))
		add_4g(v, &s);
	else if (time_of(x, v, &ms))
		value_time_text(ms, &s);
	return kept(x, &s);
}

struct value function_toTime(struct exec *x, const struct arguments *a)
{
	int64_t ms = 0;
	double v;

	if (!number_of(x, &a->v[0], &v))
		return NOTHING;
	if (!isfinite(v)) {
		exec_refuse(x, "value is NaN or Inf");
		return NOTHING;
	}
	if (!time_of(x, v, &ms))
		return NOTHING;
	return (struct value){ .kind = VALUE_TIME, .i = ms };
}

struct value function_parseDuration(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str text = exec_text(x);
	struct err e = { 0 };
	int64_t ms = 0;

	str_addn(&text, a->v[0].text.s, a->v[0].text.n);
	if (go_parse_duration(str_c(&text), &ms, &e) != RC_OK)
		exec_refuse(x, "%s", e.text);
	return value_of_float((double)ms / 1000);
}

/* Texts */

static struct value mapped(struct exec *x, struct text t, uint32_t (*map)(uint32_t))
{
	scoped(str_fini) struct str s = exec_text(x);
	char bytes[UTF8_BYTES_MAX];
	size_t n;

	for (size_t i = 0; i < t.n; i += n) {
		uint32_t c = map(utf8_decode(t.s + i, t.n - i, &n));

		str_addn(&s, bytes, utf8_encode(c, bytes));
	}
	return kept(x, &s);
}

struct value function_toUpper(struct exec *x, const struct arguments *a)
{
	return mapped(x, a->v[0].text, unicode_upper);
}

struct value function_toLower(struct exec *x, const struct arguments *a)
{
	return mapped(x, a->v[0].text, unicode_lower);
}

/* Letters and what holds them together: "don't" and "a.b" are one word, "a-b" are two. */
static bool joins_words(struct text t, size_t at, uint32_t c)
{
	size_t n;

	if (unicode_is_letter(c) || unicode_is_digit(c) || unicode_is_mark(c) || c == '_')
		return true;
	if (c != '\'' && c != '.' && c != ':' && c != 0x2019 && c != 0xb7)
		return false;
	utf8_decode(t.s + at, t.n - at, &n);
	return at + n < t.n && unicode_is_letter(utf8_decode(t.s + at + n, t.n - at - n, &n));
}

struct value function_title(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);
	struct text t = a->v[0].text;
	bool is_within = false;
	size_t n;

	for (size_t i = 0; i < t.n; i += n) {
		uint32_t c = utf8_decode(t.s + i, t.n - i, &n);
		char bytes[UTF8_BYTES_MAX];

		if (unicode_is_letter(c) && !is_within) {
			str_addn(&s, bytes, utf8_encode(unicode_title(c), bytes));
			is_within = true;
			continue;
		}
		str_addn(&s, t.s + i, n);
		is_within = is_within && joins_words(t, i, c);
	}
	return kept(x, &s);
}

struct value function_safeHtml(struct exec *x, const struct arguments *a)
{
	struct value v = a->v[0];

	(void)x;
	v.kind = VALUE_HTML;
	return v;
}

/* What Go takes, as Go takes it; with groups that have names as it is written, since a replacement may
 * ask for them. */
static enum rc compile(struct exec *x, struct text t, struct pattern **ret, struct err *e)
{
	scoped(str_fini) struct str text = exec_text(x), translated = exec_text(x);
	enum rc rc = re2_translate(t.s, t.n, &translated, e);

	if (rc != RC_OK)
		return rc;
	str_addn(&text, t.s, t.n);
	if (!strstr(str_c(&text), "(?P<") && !strstr(str_c(&text), "(?<"))
		return pattern_compile(ret, str_c(&translated), PATTERN_SEARCH, e);
	return pattern_compile(ret, str_c(&text), PATTERN_SEARCH, e);
}

struct value function_match(struct exec *x, const struct arguments *a)
{
	scoped(pattern_free) struct pattern *p = NULL;
	struct text subject = a->v[1].text;
	bool matches = false;
	struct err e = { 0 };

	if (compile(x, a->v[0].text, &p, &e) != RC_OK ||
		pattern_match(p, subject.s, subject.n, &matches, &e) != RC_OK)
		exec_refuse(x, "%s", e.text);
	return value_of_bool(matches);
}

struct value function_reReplaceAll(struct exec *x, const struct arguments *a)
{
	scoped(pattern_free) struct pattern *p = NULL;
	scoped(str_fini) struct str s = exec_text(x), with = exec_text(x), quoted = exec_text(x);
	struct pattern_use use = { .subject = a->v[2].text.s, .n = a->v[2].text.n };
	struct text pattern = a->v[0].text;
	struct err e = { 0 };

	str_addn(&with, a->v[1].text.s, a->v[1].text.n);
	use.text = str_c(&with);
	if (compile(x, pattern, &p, &e) == RC_OK && pattern_replace(p, &use, &s, &e) == RC_OK)
		return kept(x, &s);
	if (go_can_backquote(pattern.s, pattern.n))
		str_addf(&quoted, "`%.*s`", (int)pattern.n, pattern.s);
	else
		go_quote(&quoted, pattern.s, pattern.n, GO_QUOTE);
	exec_refuse(x, "regexp: Compile(%s): %s", str_c(&quoted), e.text);
	return NOTHING;
}

/* Hosts */

/* net.SplitHostPort; false: there is no port. */
static bool split_host(struct text t, struct text *ret_host, struct text *ret_port)
{
	const char *colon = t.n ? memrchr(t.s, ':', t.n) : NULL;
	const char *close = t.n ? memchr(t.s, ']', t.n) : NULL;
	bool is_bracketed = t.n > 0 && *t.s == '[';
	struct text host;
	size_t skipped;

	if (!colon || (is_bracketed && (!close || close + 1 != colon)))
		return false;
	host = is_bracketed ? (struct text){ t.s + 1, (size_t)(close - t.s) - 1 }
			    : (struct text){ t.s, (size_t)(colon - t.s) };
	if (!is_bracketed && memchr(host.s, ':', host.n))
		return false;
	skipped = is_bracketed ? 1 : 0;
	if (memchr(t.s + skipped, '[', t.n - skipped))
		return false;
	skipped = is_bracketed ? host.n + 2 : 0;
	if (memchr(t.s + skipped, ']', t.n - skipped))
		return false;
	*ret_host = host;
	*ret_port = (struct text){ colon + 1, (size_t)(t.s + t.n - colon) - 1 };
	return true;
}

static bool is_address(struct text t)
{
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN + 1];

	if (t.n >= sizeof text)
		return false;
	memcpy(text, t.s, t.n);
	text[t.n] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

struct value function_stripPort(struct exec *x, const struct arguments *a)
{
	struct text host = a->v[0].text, port;

	(void)x;
	split_host(a->v[0].text, &host, &port);
	return value_of_text(host);
}

struct value function_stripDomain(struct exec *x, const struct arguments *a)
{
	scoped(str_fini) struct str s = exec_text(x);
	struct text host = a->v[0].text, port = { "", 0 };
	const char *dot;

	split_host(a->v[0].text, &host, &port);
	if (is_address(host))
		return a->v[0];
	dot = host.n ? memchr(host.s, '.', host.n) : NULL;
	if (dot)
		host.n = (size_t)(dot - host.s);
	if (port.n > 0 && memchr(host.s, ':', host.n))
		str_addf(&s, "[%.*s]", (int)host.n, host.s);
	else
		str_addn(&s, host.s, host.n);
	if (port.n > 0)
		str_addf(&s, ":%.*s", (int)port.n, port.s);
	return kept(x, &s);
}

/* Links */

static struct value link(struct exec *x, struct text expression, int tab)
{
	scoped(str_fini) struct str s = exec_text(x);

	str_add(&s, "/graph?g0.expr=");
	query_escape(expression.s, expression.n, &s);
	str_addf(&s, "&g0.tab=%d", tab);
	return kept(x, &s);
}

struct value function_graphLink(struct exec *x, const struct arguments *a)
{
	return link(x, a->v[0].text, 0);
}

struct value function_tableLink(struct exec *x, const struct arguments *a)
{
	return link(x, a->v[0].text, 1);
}

struct value function_externalURL(struct exec *x, const struct arguments *a)
{
	const char *url = x->data->external_url;

	(void)a;
	return value_of_text((struct text){ url, strlen(url) });
}

struct value function_pathPrefix(struct exec *x, const struct arguments *a)
{
	const char *host = strstr(x->data->external_url, "://");
	const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : x->data->external_url;

	(void)a;
	return value_of_text((struct text){ path, strcspn(path, "?#") });
}
