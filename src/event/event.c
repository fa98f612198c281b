/* SPDX-License-Identifier: MIT */
/*
 * event.c - build an event, encode it, pass it to the sinks
 */
#include "event/event.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "event/table.h"

const struct enc_type_row enc_event_types[] = {
#define ROW(id, name_, groups_, emitted_, ocsf_, docs_) \
	[ENC_EV_##id] = {.name = (name_), .docs = (docs_), .groups = (groups_), .emitted = (emitted_), .ocsf = (ocsf_)},
	ENC_EVENT_TYPES(ROW)
#undef ROW
};

const struct enc_field_row enc_event_fields[] = {
#define ROW(id, name_, groups_, otel_, docs_) \
	[ENC_F_##id] = {.name = (name_), .otel = (otel_), .docs = (docs_), .groups = (groups_)},
	ENC_EVENT_FIELDS(ROW)
#undef ROW
};

const char *enc_event_name(enum enc_event_type t)
{
	return enc_event_types[t].name;
}

const char *enc_field_name(enum enc_field f)
{
	return enc_event_fields[f].name;
}

void enc_event_init(struct enc_event *ev, enum enc_event_type t, const char *run, const char *by)
{
	memset(ev, 0, sizeof(*ev));
	ev->type = t;
	ev->run = run;
	ev->by = by;
}

static struct enc_value *add(struct enc_event *ev, enum enc_field f)
{
	struct enc_value *v = &ev->v[ev->n];

	assert(ev->n < ENC_EVENT_FIELDS_MAX);
	assert(enc_event_types[ev->type].groups & enc_event_fields[f].groups);
	for (size_t i = 0; i < ev->n; i++)
		assert(ev->v[i].field != f);
	ev->n++;
	v->field = f;
	return v;
}

void enc_ev_str(struct enc_event *ev, enum enc_field f, const char *s)
{
	struct enc_value *v = s ? add(ev, f) : NULL;

	if (v) {
		v->kind = ENC_V_STR;
		v->s = s;
		v->n = strlen(s);
	}
}

void enc_ev_int(struct enc_event *ev, enum enc_field f, int64_t i)
{
	struct enc_value *v = add(ev, f);

	v->kind = ENC_V_INT;
	v->i = i;
}

void enc_ev_uint(struct enc_event *ev, enum enc_field f, uint64_t u)
{
	struct enc_value *v = add(ev, f);

	v->kind = ENC_V_UINT;
	v->u = u;
}

void enc_ev_bool(struct enc_event *ev, enum enc_field f, bool b)
{
	struct enc_value *v = add(ev, f);

	v->kind = ENC_V_BOOL;
	v->b = b;
}

void enc_ev_list(struct enc_event *ev, enum enc_field f, const char *const *list, size_t n)
{
	struct enc_value *v = add(ev, f);

	v->kind = ENC_V_LIST;
	v->list = list;
	v->n = n;
}

void enc_ev_json(struct enc_event *ev, enum enc_field f, const char *json)
{
	struct enc_value *v = json ? add(ev, f) : NULL;

	if (v) {
		v->kind = ENC_V_JSON;
		v->s = json;
		v->n = strlen(json);
	}
}

/* At most `max` bytes, without a part of a character at the end. */
static size_t cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	for (size_t i = 0; i < 3 && i < max && ((unsigned char)s[max - i] & 0xc0) == 0x80; i++)
		if (enc_utf8_len(s + max - i - 1, n - (max - i - 1)) > i + 1)
			return max - i - 1;
	return max;
}

/* Strings of more than `max` bytes are cut; true when one was. */
static bool put_value(struct enc_json *j, const struct enc_value *v, size_t max)
{
	const char *key = enc_event_fields[v->field].name;
	bool was_cut = false;
	size_t items;

	switch (v->kind) {
	case ENC_V_STR: enc_json_strn(j, key, v->s, cut(v->s, v->n, max)); return v->n > max;
	case ENC_V_INT: enc_json_int(j, key, v->i); break;
	case ENC_V_UINT: enc_json_uint(j, key, v->u); break;
	case ENC_V_BOOL: enc_json_bool(j, key, v->b); break;
	case ENC_V_JSON:
		/* Half an object is none. */
		enc_json_raw(j, key, v->n > max ? "null" : v->s);
		return v->n > max;
	case ENC_V_LIST:
		/* A list of empty strings has a length too: at most 64 items once strings are cut hard. */
		items = max < 1024 && v->n > 64 ? 64 : v->n;
		was_cut = items < v->n;
		enc_json_array(j, key);
		for (size_t i = 0; i < items; i++) {
			size_t n = strlen(v->list[i]);

			enc_json_strn(j, NULL, v->list[i], cut(v->list[i], n, max));
			was_cut |= n > max;
		}
		enc_json_end(j);
		break;
	}
	return was_cut;
}

static void encode(const struct enc_event *ev, const char *boot, size_t max, struct enc_buf *out)
{
	const char *short_of[ENC_EVENT_FIELDS_MAX];
	size_t n_short = 0;
	char when[40];
	struct enc_json j;

	enc_format_rfc3339(when, sizeof(when), ev->real_ns);
	enc_json_init(&j, out, 0);
	enc_json_object(&j, NULL);
	enc_json_int(&j, "v", 1);
	enc_json_uint(&j, "seq", ev->seq);
	enc_json_str(&j, "time", when);
	enc_json_uint(&j, "mono_ns", ev->mono_ns);
	enc_json_str(&j, "boot", boot);
	enc_json_str(&j, "run", ev->run);
	enc_json_str(&j, "type", enc_event_types[ev->type].name);
	enc_json_str(&j, "by", ev->by);
	for (size_t i = 0; i < ev->n; i++)
		if (put_value(&j, &ev->v[i], max))
			short_of[n_short++] = enc_event_fields[ev->v[i].field].name;
	if (n_short) {
		enc_json_array(&j, "truncated");
		for (size_t i = 0; i < n_short; i++)
			enc_json_str(&j, NULL, short_of[i]);
		enc_json_end(&j);
	}
	enc_json_end(&j);
}

void enc_event_encode(const struct enc_event *ev, const char *boot, struct enc_buf *out)
{
	size_t start = out->len;

	/* Every byte may become six (\u00XX), so the limit is found by trying. */
	for (size_t max = ENC_EVENT_MAX; max > 16; max /= 2) {
		out->len = start;
		encode(ev, boot, max, out);
		if (out->len - start <= ENC_EVENT_MAX)
			return;
	}
}

struct sink {
	enc_sink_fn fn;
	void *data;
};

struct enc_bus {
	struct sink *sinks;
	size_t n;
};

struct enc_bus *enc_bus_new(void)
{
	return enc_alloc(sizeof(struct enc_bus));
}

struct enc_bus *enc_bus_free(struct enc_bus *b)
{
	if (b)
		free(b->sinks);
	free(b);
	return NULL;
}

void enc_bus_sink(struct enc_bus *b, enc_sink_fn fn, void *data)
{
	*ENC_PUSH(b->sinks, b->n) = (struct sink){fn, data};
}

int enc_bus_publish(struct enc_bus *b, struct enc_event *ev, struct enc_err *e)
{
	int result = 0;

	if (!ev->real_ns)
		ev->real_ns = enc_now_real();
	if (!ev->mono_ns)
		ev->mono_ns = enc_now_boot();
	for (size_t i = 0; i < b->n; i++) {
		int r = b->sinks[i].fn(ev, b->sinks[i].data, e);

		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}
