/* SPDX-License-Identifier: MIT */
/*
 * test_diag.c - findings: order, source lines, carets, spelling
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/diag.h"

static const struct {
	const char *name, *text;
	struct enc_mark at;
	const char *want;
} prints[] = {
	{"whole",
	 "a: 1\nb:\n  raed: [/usr]\n",
	 {"m.yaml", 3, 3, 4},
	 "m.yaml:3:3: error[E0203]: message\n  3 |   raed: [/usr]\n    |   ^~~~\n  = hint: do this\n"},
	{"no place", NULL, {NULL, 0, 0, 0}, "enclosure: error[E0203]: message\n  = hint: do this\n"},
	{"no text", NULL, {"m.yaml", 3, 1, 1}, "m.yaml:3:1: error[E0203]: message\n  = hint: do this\n"},
	{"last line without newline",
	 "x",
	 {"f", 1, 1, 1},
	 "f:1:1: error[E0203]: message\n  1 | x\n    | ^\n  = hint: do this\n"},
	{"underline stops at the end",
	 "abc\n",
	 {"f", 1, 2, 99},
	 "f:1:2: error[E0203]: message\n  1 | abc\n    |  ^~\n  = hint: do this\n"},
	{"column behind the end",
	 "abc\n",
	 {"f", 1, 4, 1},
	 "f:1:4: error[E0203]: message\n  1 | abc\n    |    ^\n  = hint: do this\n"},
	{"line behind the end", "abc", {"f", 9, 1, 1}, "f:9:1: error[E0203]: message\n  = hint: do this\n"},
	{"tab keeps the caret in place",
	 "\tkey: x\n",
	 {"f", 1, 2, 3},
	 "f:1:2: error[E0203]: message\n  1 | \tkey: x\n    | \t^~~\n  = hint: do this\n"},
	{"control bytes are shown, not sent",
	 "\033[2Jk: x\n",
	 {"f", 1, 5, 1},
	 "f:1:5: error[E0203]: message\n  1 | \\x1b[2Jk: x\n    |        ^\n  = hint: do this\n"},
	{"characters of several bytes",
	 "\xc3\xa9\xe2\x82\xac: \xf0\x9f\x98\x80x\n",
	 {"f", 1, 5, 2},
	 "f:1:5: error[E0203]: message\n  1 | \xc3\xa9\xe2\x82\xac: \xf0\x9f\x98\x80x\n    |     ^~\n  = hint: do "
	 "this\n"},
	{"CRLF", "ab\r\n", {"f", 1, 1, 1}, "f:1:1: error[E0203]: message\n  1 | ab\n    | ^\n  = hint: do this\n"},
};

/* A manifest of one line of 300,000 characters must not go to the terminal as a whole. */
static void long_line(void **state)
{
	enc_auto(enc_free_auto) char *text = enc_alloc(300001);
	struct enc_mark at = {"f", 1, 150001, 3};
	struct enc_diags d;
	struct enc_buf b = {0};
	const char *source, *carets;

	memset(text, '.', 300000);
	memcpy(text + 150000, "BAD", 3);
	enc_diags_init(&d);
	enc_diag_add(&d, "E0203", &at, text, "message");
	enc_diags_print(&d, &b, false);
	assert_true(b.len < 600);
	source = strstr(b.s, "  1 | ");
	assert_non_null(source);
	carets = strchr(source, '\n') + 1;
	assert_memory_equal(source + (strchr(carets, '^') - carets), "BAD", 3);
	assert_memory_equal(strchr(carets, '^'), "^~~\n", 4);
	enc_buf_done(&b);
	enc_diags_done(&d);
}

static void printing(void **state)
{
	for (size_t i = 0; i < ENC_LEN(prints); i++) {
		struct enc_diags d;
		struct enc_buf b = {0};
		struct enc_diag *g;

		enc_diags_init(&d);
		g = enc_diag_add(&d, "E0203", &prints[i].at, prints[i].text, "%s", "message");
		enc_diag_hint(&d, g, "do %s", "this");
		enc_diags_print(&d, &b, false);
		if (strcmp(b.s, prints[i].want) != 0)
			fail_msg("%s:\n%s-- not --\n%s", prints[i].name, b.s, prints[i].want);
		enc_buf_done(&b);
		enc_diags_done(&d);
	}
}

static void hostile_message(void **state)
{
	struct enc_diags d;
	struct enc_buf b = {0};
	struct enc_mark at = {"a\033]0;x\007.yaml", 1, 1, 1};

	enc_diags_init(&d);
	enc_diag_hint(&d, enc_diag_add(&d, "E0101", &at, NULL, "key '%s'", "\033[31m\x9b"), "\r\n%s", "\x7f");
	enc_diags_print(&d, &b, false);
	for (size_t i = 0; i < b.len; i++)
		if (b.s[i] != '\n')
			assert_in_range((unsigned char)b.s[i], 0x20, 0x7e);
	assert_int_equal(d.n, 1);
	enc_buf_reset(&b);
	enc_diags_print(&d, &b, true);
	assert_non_null(strstr(b.s, "\033[0m"));
	enc_buf_done(&b);
	enc_diags_done(&d);
}

static void sorting(void **state)
{
	static const struct enc_mark marks[] = {{"b", 1, 1, 1}, {"a", 10, 1, 1}, {"a", 2, 5, 1}, {"a", 2, 1, 1}};
	struct enc_diags d;

	enc_diags_init(&d);
	enc_diags_sort(&d); /* none: nothing happens */
	for (size_t i = 0; i < ENC_LEN(marks); i++)
		enc_diag_add(&d, "E0101", &marks[i], NULL, "m");
	enc_diag_add(&d, "E0101", NULL, NULL, "m");
	enc_diags_sort(&d);
	assert_null(d.v[0].file);
	for (size_t i = 1; i < 4; i++)
		assert_string_equal(d.v[i].file, "a");
	assert_int_equal(d.v[1].column, 1);
	assert_int_equal(d.v[2].column, 5);
	assert_int_equal(d.v[3].line, 10);
	assert_string_equal(d.v[4].file, "b");
	enc_diags_done(&d);
}

static void json(void **state)
{
	struct enc_mark at = {"f", 2, 3, 1};
	struct enc_buf b = {0};
	struct enc_diags d;
	struct enc_json j;

	enc_diags_init(&d);
	enc_diag_add(&d, "E0104", &at, NULL, "twice")->clause = "env.set";
	enc_json_init(&j, &b, 0);
	enc_json_object(&j, NULL);
	enc_diags_json(&d, &j);
	enc_json_end(&j);
	assert_string_equal(b.s, "{\"errors\":[{\"code\":\"E0104\",\"message\":\"twice\",\"where\":{\"file\":\"f\","
				 "\"line\":2,\"column\":3},\"clause\":\"env.set\",\"hint\":null}]}");
	enc_buf_done(&b);
	enc_diags_done(&d);
}

static void spelling(void **state)
{
	static const char *const words[] = {"read", "write", "deny", "protect", "workspace", "network"};
	static const struct {
		const char *word, *want;
	} rows[] = {
		{"read", "read"},
		{"raed", "read"},
		{"wirte", "write"},
		{"writ", "write"},
		{"dney", "deny"},
		{"workspcae", "workspace"},
		{"wrkspace", "workspace"},
		{"netwrok", "network"},
		{"xyz", NULL},
		{"", NULL},
		{"r", NULL},
		{"protectprotect", NULL},
	};
	char longest[400];

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		const char *got = enc_nearest(rows[i].word, words, ENC_LEN(words));

		if (!rows[i].want ? got != NULL : !got || strcmp(got, rows[i].want) != 0)
			fail_msg("'%s' is taken for %s", rows[i].word, got ? got : "none");
	}
	memset(longest, 'r', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(enc_nearest(longest, words, ENC_LEN(words)));
	assert_null(enc_nearest("read", words, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printing), cmocka_unit_test(long_line), cmocka_unit_test(hostile_message),
		cmocka_unit_test(sorting),  cmocka_unit_test(json),	 cmocka_unit_test(spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
