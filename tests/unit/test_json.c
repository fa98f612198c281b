/* SPDX-License-Identifier: MIT */
/*
 * test_json.c - the JSON writer: nesting, escapes, bytes that are not UTF-8
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} strings[] = {
	{"plain", "abc", 3, "\"abc\""},
	{"empty", "", 0, "\"\""},
	{"quote and backslash", "a\"b\\", 4, "\"a\\\"b\\\\\""},
	{"newline and tab", "a\nb\tc", 5, "\"a\\nb\\tc\""},
	{"carriage return", "\r", 1, "\"\\u000d\""},
	{"escape", "\033[31m", 5, "\"\\u001b[31m\""},
	{"NUL inside", "a\0b", 3, "\"a\\u0000b\""},
	{"DEL", "\x7f", 1, "\"\\u007f\""},
	{"two bytes", "\xc3\xa9", 2, "\"\xc3\xa9\""},
	{"three bytes", "\xe2\x82\xac", 3, "\"\xe2\x82\xac\""},
	{"four bytes", "\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
	{"lonely tail", "\x80", 1, "\"\\u0080\""},
	{"cut two bytes", "\xc3", 1, "\"\\u00c3\""},
	{"cut three bytes", "\xe2\x82", 2, "\"\\u00e2\\u0082\""},
	{"cut four bytes", "\xf0\x9f\x98", 3, "\"\\u00f0\\u009f\\u0098\""},
	{"overlong slash", "\xc0\xaf", 2, "\"\\u00c0\\u00af\""},
	{"overlong three", "\xe0\x80\xaf", 3, "\"\\u00e0\\u0080\\u00af\""},
	{"overlong four", "\xf0\x80\x80\xaf", 4, "\"\\u00f0\\u0080\\u0080\\u00af\""},
	{"surrogate", "\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\""},
	{"above U+10FFFF", "\xf4\x90\x80\x80", 4, "\"\\u00f4\\u0090\\u0080\\u0080\""},
	{"last code point", "\xf4\x8f\xbf\xbf", 4, "\"\xf4\x8f\xbf\xbf\""},
	{"bad byte between good ones",
	 "a\xff"
	 "b",
	 3, "\"a\\u00ffb\""},
};

static void escapes(void **state)
{
	for (size_t i = 0; i < ENC_LEN(strings); i++) {
		struct enc_buf b = {0};
		struct enc_json j;
		/* an exact copy, so that ASan sees a read behind the end */
		char *copy = enc_alloc(strings[i].n ? strings[i].n : 1);

		memcpy(copy, strings[i].in, strings[i].n);
		enc_json_init(&j, &b, 0);
		enc_json_strn(&j, NULL, copy, strings[i].n);
		if (strcmp(b.s, strings[i].want) != 0)
			fail_msg("%s: %s, not %s", strings[i].name, b.s, strings[i].want);
		enc_buf_done(&b);
		enc_free_auto(&copy);
	}
}

static void write_all_kinds(struct enc_json *j)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "s", "x");
	enc_json_str(j, "none", NULL);
	enc_json_int(j, "min", INT64_MIN);
	enc_json_uint(j, "max", UINT64_MAX);
	enc_json_bool(j, "yes", true);
	enc_json_null(j, "nil");
	enc_json_raw(j, "raw", "{\"a\":1}");
	enc_json_array(j, "list");
	enc_json_int(j, NULL, 1);
	enc_json_object(j, NULL);
	enc_json_end(j);
	enc_json_array(j, NULL);
	enc_json_end(j);
	enc_json_end(j);
	enc_json_end(j);
}

static void nesting(void **state)
{
	struct enc_buf b = {0};
	struct enc_json j;

	enc_json_init(&j, &b, 0);
	write_all_kinds(&j);
	assert_string_equal(b.s, "{\"s\":\"x\",\"none\":null,\"min\":-9223372036854775808,"
				 "\"max\":18446744073709551615,\"yes\":true,\"nil\":null,\"raw\":{\"a\":1},"
				 "\"list\":[1,{},[]]}");
	enc_buf_reset(&b);
	enc_json_init(&j, &b, 2);
	enc_json_object(&j, NULL);
	enc_json_array(&j, "a");
	enc_json_int(&j, NULL, 1);
	enc_json_int(&j, NULL, 2);
	enc_json_end(&j);
	enc_json_object(&j, "o");
	enc_json_end(&j);
	enc_json_end(&j);
	assert_string_equal(b.s, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}");
	enc_buf_done(&b);
}

static void paths(void **state)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{"/a", "{\"p\":\"/a\"}"},
		{NULL, "{\"p\":null}"},
		{"/\xff", "{\"p\":\"/\\u00ff\",\"p_raw\":\"L/8=\"}"},
		{"\xff", "{\"p\":\"\\u00ff\",\"p_raw\":\"/w==\"}"},
		{"ab\xff", "{\"p\":\"ab\\u00ff\",\"p_raw\":\"YWL/\"}"},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_buf b = {0};
		struct enc_json j;

		enc_json_init(&j, &b, 0);
		enc_json_object(&j, NULL);
		enc_json_path(&j, "p", rows[i].path);
		enc_json_end(&j);
		assert_string_equal(b.s, rows[i].want);
		enc_buf_done(&b);
	}
}

static void deep(void **state)
{
	struct enc_buf b = {0};
	struct enc_json j;

	enc_json_init(&j, &b, 0);
	for (int i = 0; i < 32; i++)
		enc_json_array(&j, NULL);
	for (int i = 0; i < 32; i++)
		enc_json_end(&j);
	assert_int_equal(b.len, 64);
	enc_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(nesting),
		cmocka_unit_test(paths),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
