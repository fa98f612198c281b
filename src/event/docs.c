/* SPDX-License-Identifier: MIT */
/*
 * docs.c - docs/events.md and the JSON schema, from the table
 */
#include <string.h>

#include "event/event.h"
#include "event/table.h"

static const char *const common[][3] = {
	{"v", "integer", "version of the event: 1"},
	{"seq", "integer", "number of the line in the log, from 0, without gaps"},
	{"time", "string", "UTC, RFC 3339 with nanoseconds"},
	{"mono_ns", "integer", "nanoseconds since boot, sleep included"},
	{"boot", "string", "boot id of the kernel"},
	{"run", "string", "id of the run"},
	{"type", "string", "type of the event, from the list below"},
	{"by", "string", "the mechanism or part that saw it"},
};

static const char *const group_names[][2] = {
	{"process", "who did it"},
	{"decision", "what was decided"},
	{"folded", "several events of a kind told by one"},
	{"run", NULL},
	{"setup", NULL},
	{"limit", NULL},
	{"exec", NULL},
	{"exit", NULL},
	{"file", NULL},
	{"net", NULL},
	{"name", "names that were asked for: DNS, HTTP, TLS"},
	{"priv", NULL},
	{"alert", NULL},
	{"call", NULL},
	{"loss", NULL},
};
_Static_assert(1u << (ENC_LEN(group_names) - 1) == ENC_G_LOSS, "a name for each group");

static void put_groups(struct enc_buf *out, uint32_t groups)
{
	bool more = false;

	for (size_t i = 0; i < ENC_LEN(group_names); i++)
		if (groups & 1u << i) {
			enc_buf_printf(out, "%s%s", more ? ", " : "", group_names[i][0]);
			more = true;
		}
}

static void put_types(struct enc_buf *out)
{
	enc_buf_puts(out,
		     "## Types\n\n"
		     "A type marked \"no\" is reserved: its name and fields are fixed, but nothing in this version "
		     "emits it. OCSF is the class uid of the nearest class of OCSF 1.3.\n\n"
		     "| type | meaning | groups of fields | emitted | OCSF |\n|---|---|---|---|---|\n");
	for (int t = 0; t < ENC_EV__COUNT; t++) {
		const struct enc_type_row *r = &enc_event_types[t];

		enc_buf_printf(out, "| `%s` | %s | ", r->name, r->docs);
		put_groups(out, r->groups);
		enc_buf_printf(out, " | %s | ", r->emitted ? "yes" : "no");
		if (r->ocsf)
			enc_buf_printf(out, "%d", r->ocsf);
		enc_buf_puts(out, " |\n");
	}
}

static void put_fields(struct enc_buf *out)
{
	enc_buf_puts(out, "\n## Fields\n\n"
			  "An event has only the fields that are known; which types may have a field is told by the "
			  "groups.\n\n"
			  "| field | meaning | groups | OpenTelemetry |\n|---|---|---|---|\n");
	for (int f = 0; f < ENC_F__COUNT; f++) {
		const struct enc_field_row *r = &enc_event_fields[f];

		enc_buf_printf(out, "| `%s` | %s | ", r->name, r->docs);
		put_groups(out, r->groups);
		enc_buf_printf(out, r->otel[0] ? " | `%s` |\n" : " | %s |\n", r->otel);
	}
}

void enc_event_docs(struct enc_buf *out)
{
	enc_buf_puts(out, "<!-- Made from src/event/event_table.h by `gen-docs events`. Do not edit. -->\n"
			  "# Events\n\n"
			  "One JSON object a line, at most 65,535 bytes. Integers are exact; times that end in `_ns` "
			  "are nanoseconds; sizes are bytes. A byte of a string that is not valid UTF-8 is written as "
			  "`\\u00XX`. Where a line would be longer, its longest strings are cut and `truncated` "
			  "lists the fields that were. The schema is [event.v1.json](schema/event.v1.json).\n\n"
			  "## In every event\n\n| field | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < ENC_LEN(common); i++)
		enc_buf_printf(out, "| `%s` | %s | %s |\n", common[i][0], common[i][1], common[i][2]);
	enc_buf_puts(out, "| `truncated` | list of strings | names of the fields that were cut, if any |\n\n");
	put_types(out);
	put_fields(out);
}

static void schema_type(struct enc_json *j, const char *type)
{
	enc_json_str(j, "type", type);
	if (strcmp(type, "integer") == 0)
		enc_json_int(j, "minimum", 0);
}

static void schema_common(struct enc_json *j)
{
	for (size_t i = 0; i < ENC_LEN(common); i++) {
		enc_json_object(j, common[i][0]);
		if (strcmp(common[i][0], "v") == 0)
			enc_json_int(j, "const", 1);
		else
			schema_type(j, common[i][1]);
		if (strcmp(common[i][0], "type") == 0) {
			enc_json_array(j, "enum");
			for (int t = 0; t < ENC_EV__COUNT; t++)
				enc_json_str(j, NULL, enc_event_types[t].name);
			enc_json_end(j);
		}
		enc_json_str(j, "description", common[i][2]);
		enc_json_end(j);
	}
}

/* Which fields a type may have, as one rule a type: {if type then propertyNames}. */
static void schema_rules(struct enc_json *j)
{
	enc_json_array(j, "allOf");
	for (int t = 0; t < ENC_EV__COUNT; t++) {
		enc_json_object(j, NULL);
		enc_json_object(j, "if");
		enc_json_object(j, "properties");
		enc_json_object(j, "type");
		enc_json_str(j, "const", enc_event_types[t].name);
		enc_json_end(j);
		enc_json_end(j);
		enc_json_end(j);
		enc_json_object(j, "then");
		enc_json_object(j, "propertyNames");
		enc_json_array(j, "enum");
		for (size_t i = 0; i < ENC_LEN(common); i++)
			enc_json_str(j, NULL, common[i][0]);
		enc_json_str(j, NULL, "truncated");
		for (int f = 0; f < ENC_F__COUNT; f++)
			if (enc_event_types[t].groups & enc_event_fields[f].groups)
				enc_json_str(j, NULL, enc_event_fields[f].name);
		enc_json_end(j);
		enc_json_end(j);
		enc_json_end(j);
		enc_json_end(j);
	}
	enc_json_end(j);
}

void enc_event_schema(struct enc_buf *out)
{
	struct enc_json j;

	enc_json_init(&j, out, 1);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	enc_json_str(&j, "$id", "enclosure.event/v1");
	enc_json_str(&j, "title", "An event of Enclosure: one line of the record");
	enc_json_str(&j, "type", "object");
	enc_json_array(&j, "required");
	for (size_t i = 0; i < ENC_LEN(common); i++)
		enc_json_str(&j, NULL, common[i][0]);
	enc_json_end(&j);
	enc_json_object(&j, "properties");
	schema_common(&j);
	enc_json_object(&j, "truncated");
	enc_json_raw(&j, "items", "{\"type\": \"string\"}");
	enc_json_str(&j, "type", "array");
	enc_json_end(&j);
	for (int f = 0; f < ENC_F__COUNT; f++) {
		enc_json_object(&j, enc_event_fields[f].name);
		enc_json_str(&j, "description", enc_event_fields[f].docs);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	schema_rules(&j);
	enc_json_end(&j);
	enc_buf_putc(out, '\n');
}
