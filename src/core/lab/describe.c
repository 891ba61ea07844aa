/* SPDX-License-Identifier: Apache-2.0 */
/* The tables as JSON Schema 2020-12, for editors, and as Markdown, for people. */
#include "core/lab/schema.h"

#include "base/json.h"
#include "base/map.h"
#include "core/lab/reader.h"

#include <ctype.h>

/* Every shape that lab.yaml reaches, in the order in which one meets them. */
static void collect(const struct shape *shape, struct map *shapes)
{
	if (map_has(shapes, shape->name))
		return;
	map_put(shapes, shape->name, (void *)shape);
	for (const struct key *key = shape->keys; key->name; key++)
		if (key->type->shape)
			collect(key->type->shape, shapes);
	if (shape->rest)
		collect(shape->rest->shape, shapes);
}

/* Markdown's marks mean nothing to an editor's tooltip. */
static void plain_text(struct json_out *w, const char *key, const char *markdown)
{
	scoped(str_fini) struct str text = STR_EMPTY;

	for (const char *c = markdown; *c; c++)
		if (*c != '`')
			str_addc(&text, *c);
	json_text(w, key, str_c(&text));
}

static void choices_schema(struct json_out *w, const struct choice *choices)
{
	json_array_open(w, "enum");
	for (const struct choice *it = choices; it->text; it++)
		json_text(w, NULL, it->text);
	json_close(w);
}

static void reference(struct json_out *w, const char *key, const char *shape)
{
	scoped(str_fini) struct str path = STR_EMPTY;

	str_addf(&path, "#/$defs/%s", shape);
	json_object_open(w, key);
	json_text(w, "$ref", str_c(&path));
	json_close(w);
}

static void map_schema(struct json_out *w, const struct type *type)
{
	json_text(w, "type", "object");
	json_object_open(w, "propertyNames");
	json_text(w, "pattern", NAME_PATTERN);
	json_int(w, "maxLength", type->high ? type->high : NAME_BYTES_MAX);
	json_close(w);
	reference(w, "additionalProperties", type->shape->name);
}

static void list_schema(struct json_out *w, const struct type *type)
{
	json_array_open(w, "anyOf");
	if (type->choices) {
		json_object_open(w, NULL);
		choices_schema(w, type->choices);
		json_close(w);
	}
	json_object_open(w, NULL);
	json_text(w, "type", "array");
	if (type->choices) {
		json_object_open(w, "items");
		choices_schema(w, type->choices);
		json_close(w);
	} else {
		reference(w, "items", type->shape->name);
	}
	json_close(w);
	json_close(w);
}

/* "\"type\": \"string\"" of a type's row, as members of the object that is open. */
static void raw_members(struct json_out *w, const char *members)
{
	scoped(str_fini) struct str object = STR_EMPTY;
	scoped(json_decref) json_t *parsed = NULL;
	const char *key;
	json_t *value;

	str_addf(&object, "{%s}", members);
	must(json_read(&parsed, str_c(&object), object.len, NULL) == RC_OK);
	json_object_foreach (parsed, key, value) {
		char *text = json_dumps(value, JSON_ENCODE_ANY);

		must(text);
		json_raw(w, key, text);
		free(text);
	}
}

static void type_schema(struct json_out *w, const struct type *type)
{
	if (type->schema)
		raw_members(w, type->schema);
	else if (type->many == MAP)
		map_schema(w, type);
	else if (type->many == LIST)
		list_schema(w, type);
	else if (type->choices)
		choices_schema(w, type->choices);
	else
		raw_members(w, "");
}

static void default_schema(struct json_out *w, const struct key *key)
{
	const char *text = key->otherwise;

	if (key->presence != KEY_DEFAULT)
		return;
	if (str_eq(text, "true") || str_eq(text, "false"))
		json_bool(w, "default", str_eq(text, "true"));
	else
		json_text(w, "default", text);
}

static void key_schema(struct json_out *w, const struct key *key)
{
	const struct type *type = key->type;
	bool is_shape = type->shape && type->many == ONE && !type->schema;

	json_object_open(w, key->name);
	plain_text(w, "description", key->what);
	default_schema(w, key);
	if (is_shape) {
		json_array_open(w, "anyOf");
		reference(w, NULL, type->shape->name);
		json_close(w);
	} else {
		type_schema(w, type);
	}
	json_close(w);
}

static void required_schema(struct json_out *w, const struct shape *shape)
{
	bool is_open = false;

	for (const struct key *key = shape->keys; key->name; key++) {
		if (key->presence != KEY_REQUIRED)
			continue;
		if (!is_open)
			json_array_open(w, "required");
		is_open = true;
		json_text(w, NULL, key->name);
	}
	if (is_open)
		json_close(w);
}

static void one_of_schema(struct json_out *w, const char *const *words)
{
	json_array_open(w, "oneOf");
	for (; *words; words++) {
		json_object_open(w, NULL);
		json_array_open(w, "required");
		json_text(w, NULL, *words);
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

/* The mapping, as members of the object that is open. */
static void mapping_schema(struct json_out *w, const struct shape *shape)
{
	json_text(w, "type", "object");
	json_object_open(w, "properties");
	for (const struct key *key = shape->keys; key->name; key++)
		key_schema(w, key);
	json_close(w);
	required_schema(w, shape);
	if (shape->one_of)
		one_of_schema(w, shape->one_of);
	if (shape->rest)
		reference(w, "additionalProperties", shape->rest->shape->name);
	else
		json_bool(w, "additionalProperties", false);
}

static void shape_schema(struct json_out *w, const struct shape *shape)
{
	json_object_open(w, shape->name);
	plain_text(w, "description", shape->what);
	if (!shape->brief) {
		mapping_schema(w, shape);
		json_close(w);
		return;
	}
	json_array_open(w, "anyOf");
	json_object_open(w, NULL);
	type_schema(w, shape_key(shape, shape->brief)->type);
	json_close(w);
	json_object_open(w, NULL);
	mapping_schema(w, shape);
	json_close(w);
	json_close(w);
	json_close(w);
}

/* On lines of its own, since it is read in the repo and in diffs. */
static void add_indented(struct str *out, const struct str *compact)
{
	scoped(json_decref) json_t *schema = NULL;
	char *text;

	must(json_read(&schema, str_c(compact), compact->len, NULL) == RC_OK);
	text = json_dumps(schema, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	must(text);
	str_addf(out, "%s\n", text);
	free(text);
}

void lab_json_schema(struct str *out)
{
	scoped(str_fini) struct str compact = STR_EMPTY;
	scoped(map_fini) struct map shapes = MAP_EMPTY;
	struct json_out w;

	collect(&lab_shape, &shapes);
	json_begin(&w, &compact);
	json_object_open(&w, NULL);
	json_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_text(&w, "title", lab_shape.name);
	plain_text(&w, "description", lab_shape.what);
	mapping_schema(&w, &lab_shape);
	json_object_open(&w, "$defs");
	map_each (&shapes, it)
		if (it->value != &lab_shape)
			shape_schema(&w, it->value);
	json_close(&w);
	json_close(&w);
	add_indented(out, &compact);
}

#define CHOICES_SHOWN 8 /* more than these are named as what they are */

static void choices_cell(struct str *out, const struct type *type)
{
	size_t n = 0;

	while (type->choices[n].text)
		n++;
	if (n > CHOICES_SHOWN) {
		str_add(out, type->word);
		return;
	}
	for (size_t i = 0; i < n; i++)
		str_addf(out, "%s`%s`", i ? ", " : "", type->choices[i].text);
	if (type->many == LIST)
		str_add(out, "; one or a list");
}

/* "[http](#http)", "duration", "list of [step](#step)" */
static void type_cell(struct str *out, const struct type *type)
{
	const char *shape = type->shape ? type->shape->name : NULL;

	if (shape && type->many == MAP)
		str_addf(out, "[%s](#%s) by name", shape, shape);
	else if (shape && type->many == LIST)
		str_addf(out, "list of [%s](#%s)", shape, shape);
	else if (shape)
		str_addf(out, "[%s](#%s)", shape, shape);
	else if (type->choices)
		choices_cell(out, type);
	else
		str_add(out, type->word);
}

static void absence_cell(struct str *out, const struct key *key)
{
	if (key->presence == KEY_REQUIRED)
		str_add(out, "**required**");
	else if (key->presence == KEY_DEFAULT)
		str_addf(out, "`%s`", key->otherwise);
	else if (key->presence == KEY_COMPUTED)
		str_add(out, key->otherwise);
}

static void words(struct str *out, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		str_addf(out, "%s`%s`", i == 0 ? "" : list[i + 1] ? ", " : " or ", list[i]);
}

static void shape_section(struct str *out, const struct shape *shape)
{
	str_addf(out, "\n### %s\n\n%s", shape->name, shape->what);
	if (shape->one_of) {
		str_add(out, " Exactly one of ");
		words(out, shape->one_of);
		str_add(out, ".");
	}
	str_add(out, "\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
	for (const struct key *key = shape->keys; key->name; key++) {
		str_addf(out, "| `%s` | ", key->name);
		type_cell(out, key->type);
		str_add(out, " | ");
		absence_cell(out, key);
		str_addf(out, " | %s |\n", key->what);
	}
	if (shape->rest)
		str_addf(out, "| NAME | [%s](#%s) | | any other key is the name of a %s |\n",
			shape->rest->shape->name, shape->rest->shape->name,
			shape->rest->shape->name);
}

void lab_reference_page(struct str *out)
{
	scoped(map_fini) struct map shapes = MAP_EMPTY;

	collect(&lab_shape, &shapes);
	map_each (&shapes, it)
		shape_section(out, it->value);
}
