/* SPDX-License-Identifier: Apache-2.0 */
#include "port/files/variables.h"

#include "base/log.h"
#include "base/str.h"

#define SPECIAL "*#$@!?-0123456789" /* names of one character, as in Go's os.Expand */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* What follows a dollar: the name (empty: there is none), and how many bytes to go on behind. */
static size_t read_name(const char *at, struct str *name)
{
	const char *end;
	size_t n = 0;

	if (*at == '{') {
		end = strchr(at, '}');
		if (!end)
			return 1;
		str_addn(name, at + 1, (size_t)(end - at) - 1);
		return (size_t)(end - at) + 1;
	}
	if (*at && strchr(SPECIAL, *at)) {
		str_addc(name, *at);
		return 1;
	}
	while (is_name(at[n]))
		n++;
	str_addn(name, at, n);
	return n;
}

static void add_variable(struct str *out, const char *name)
{
	const char *value = getenv(name);

	if (str_eq(name, "$"))
		str_addc(out, '$');
	else if (value && *value)
		str_add(out, value);
	else
		log_warning("external_labels: the environment has no %s", name);
}

static void expand(const char *text, struct str *out)
{
	for (const char *at = text; *at;) {
		scoped(str_fini) struct str name = STR_EMPTY;
		size_t n;

		if (*at != '$') {
			str_addc(out, *at++);
			continue;
		}
		n = read_name(++at, &name);
		if (name.len)
			add_variable(out, str_c(&name));
		else if (n == 0)
			str_addc(out, '$');
		at += n;
	}
}

enum rc variables_expand(struct labels *l, struct arena *a, struct err *e)
{
	struct label *v = arena_alloc(a, (l->n + 1) * sizeof *v);

	for (uint32_t i = 0; v && i < l->n; i++) {
		scoped(str_fini) struct str value = STR_EMPTY;

		v[i] = l->v[i];
		expand(l->v[i].value, &value);
		v[i].value = arena_strndup(a, str_c(&value), value.len);
		v[i].value_len = (uint32_t)value.len;
		if (!v[i].value)
			v = NULL;
	}
	if (!v)
		return err_set(e, RC_LIMIT, "the external labels are too long");
	return labels_sort(v, l->n, l, e);
}
