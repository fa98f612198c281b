/* SPDX-License-Identifier: MIT */
/*
 * json.c - a streaming JSON writer
 */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

void enc_json_init(struct enc_json *j, struct enc_buf *out, int indent)
{
	memset(j, 0, sizeof(*j));
	j->out = out;
	j->indent = indent;
}

static void quoted(struct enc_buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	enc_buf_putc(b, '"');
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t len = enc_utf8_len(s + i, n - i);

		if (c == '"' || c == '\\') {
			enc_buf_putc(b, '\\');
			enc_buf_putc(b, (char)c);
		} else if (c == '\n') {
			enc_buf_puts(b, "\\n");
		} else if (c == '\t') {
			enc_buf_puts(b, "\\t");
		} else if (c < 0x20 || c == 0x7f || len == 0) {
			char u[7] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], 0};

			enc_buf_puts(b, u);
		} else {
			enc_buf_add(b, s + i, len);
			i += len;
			continue;
		}
		i++;
	}
	enc_buf_putc(b, '"');
}

static void newline(struct enc_json *j)
{
	if (!j->indent)
		return;
	enc_buf_putc(j->out, '\n');
	for (int i = 0; i < j->depth * j->indent; i++)
		enc_buf_putc(j->out, ' ');
}

static void begin(struct enc_json *j, const char *key)
{
	if (j->more[j->depth])
		enc_buf_putc(j->out, ',');
	if (j->depth)
		newline(j);
	j->more[j->depth] = true;
	if (key) {
		quoted(j->out, key, strlen(key));
		enc_buf_puts(j->out, j->indent ? ": " : ":");
	}
}

static void open_level(struct enc_json *j, const char *key, char c)
{
	begin(j, key);
	enc_buf_putc(j->out, c);
	j->depth++;
	assert(j->depth <= 32);
	j->more[j->depth] = false;
	j->closer[j->depth] = c == '{' ? '}' : ']';
}

void enc_json_object(struct enc_json *j, const char *key)
{
	open_level(j, key, '{');
}

void enc_json_array(struct enc_json *j, const char *key)
{
	open_level(j, key, '[');
}

void enc_json_end(struct enc_json *j)
{
	bool some = j->more[j->depth];
	char c = j->closer[j->depth];

	assert(j->depth > 0);
	j->depth--;
	if (some)
		newline(j);
	enc_buf_putc(j->out, c);
}

void enc_json_strn(struct enc_json *j, const char *key, const char *value, size_t n)
{
	begin(j, key);
	quoted(j->out, value, n);
}

void enc_json_str(struct enc_json *j, const char *key, const char *value)
{
	if (value)
		enc_json_strn(j, key, value, strlen(value));
	else
		enc_json_null(j, key);
}

void enc_json_int(struct enc_json *j, const char *key, int64_t value)
{
	begin(j, key);
	enc_buf_printf(j->out, "%" PRId64, value);
}

void enc_json_uint(struct enc_json *j, const char *key, uint64_t value)
{
	begin(j, key);
	enc_buf_printf(j->out, "%" PRIu64, value);
}

void enc_json_bool(struct enc_json *j, const char *key, bool value)
{
	enc_json_raw(j, key, value ? "true" : "false");
}

void enc_json_null(struct enc_json *j, const char *key)
{
	enc_json_raw(j, key, "null");
}

void enc_json_raw(struct enc_json *j, const char *key, const char *json)
{
	begin(j, key);
	enc_buf_puts(j->out, json);
}

static void base64(struct enc_buf *b, const char *s, size_t n)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)(unsigned char)s[i] << 16;

		if (left > 1)
			v |= (uint32_t)(unsigned char)s[i + 1] << 8;
		if (left > 2)
			v |= (unsigned char)s[i + 2];
		enc_buf_putc(b, set[v >> 18]);
		enc_buf_putc(b, set[v >> 12 & 63]);
		enc_buf_putc(b, left > 1 ? set[v >> 6 & 63] : '=');
		enc_buf_putc(b, left > 2 ? set[v & 63] : '=');
	}
}

void enc_json_path(struct enc_json *j, const char *key, const char *path)
{
	struct enc_buf raw = {0}, name = {0};

	enc_json_str(j, key, path);
	if (!path || enc_utf8_ok(path, strlen(path)))
		return;
	enc_buf_printf(&name, "%s_raw", key);
	base64(&raw, path, strlen(path));
	enc_json_str(j, name.s, raw.s);
	enc_buf_done(&name);
	enc_buf_done(&raw);
}
