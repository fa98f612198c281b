/* SPDX-License-Identifier: MIT */
/*
 * test_leave_key.c - a user can leave a window, whatever the program in it made of the terminal
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/leave_key.h"

#define MS 1000000ull

/* How often it was left; `gap` of time before each byte. */
static unsigned type(const char *text, uint64_t gap_ns)
{
	struct enc_leave_key k = {0};
	uint64_t now = 5000 * MS;
	unsigned n = 0;

	for (; *text; text++)
		n += enc_leave_key(&k, *text, now += gap_ns);
	return n;
}

static const struct {
	const char *name, *text;
	unsigned times;
} rows[] = {
	{"three", "\035\035\035", 1},
	{"two", "\035\035", 0},
	{"six", "\035\035\035\035\035\035", 2},
	{"text between", "\035\035x\035", 0},
	{"text of several bytes between", "\035\035\303\244\035", 0},
	{"text before", "\xc3\xa4x\r\035\035\035", 1},
	{"escape and text between", "\035\033O\035\035", 0},
	{"an escape key between", "\035\033\035\035", 1},
	{"kitty", "\033[93;5u\033[93;5u\033[93;5u", 1},
	{"kitty with events", "\033[93;5:1u\033[93;5:3u\033[93;5:1u\033[93;5:3u\033[93;5:1u", 1},
	{"kitty, held", "\033[93;5:1u\033[93;5:2u\033[93;5:2u", 1},
	{"kitty, released", "\033[93;5:3u\033[93;5:3u\033[93;5:3u", 0},
	{"kitty, all keys and their text", "\033[57442;5u\033[93:125;5;29u\033[93::93;5u\033[93;5;29:30u", 1},
	{"kitty, caps and num lock", "\033[93;69u\033[93;133u\033[93;197u", 1},
	{"kitty, other modifiers", "\033[93;1u\033[93u\033[93;6u\033[93;7u\033[93;9u\033[93;0u", 0},
	{"kitty, other keys", "\033[91;5u\033[92;5u\033[9;5u\033[939;5u", 0},
	{"xterm", "\033[27;5;93~\033[27;5;93~\033[27;5;93~", 1},
	{"xterm, others", "\033[27;5;91~\033[27;6;93~\033[26;5;93~\033[27;5~\033[27~\033[~", 0},
	{"in several forms", "\035\033[93;5u\033[27;5;93~", 1},
	{"cursor reports between", "\035\033[5;7R\035\033[5;7R\035", 1},
	{"focus between", "\035\033[O\035\033[I\035", 1},
	{"a mouse between", "\035\033[<35;10;5M\035\033[<0;10;5m\035", 1},
	{"an old mouse between", "\035\033[M !!\035\033[M#]u\035", 1},
	{"an old mouse far off", "\035\033[M \302\200\303\277\035\033[M !!\035", 1},
	{"an old mouse and text", "\035\035\033[M !!x\035", 0},
	{"a mouse of numbers", "\035\033[32;10;5M\035\033[35;10;5M\035", 1},
	{"an answer without an end", "\035\035\033[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0\035", 1},
	{"a long sequence", "\033[93;5;00000000000000000000000000000000000000000000000000000000000000u\035\035", 0},
	{"huge numbers", "\033[99999999999999999999;5u\033[93;99999999999999999999u\035\035", 0},
};

static void test_forms(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (type(rows[i].text, 0) != rows[i].times)
			fail_msg("%s: %u times", rows[i].name, type(rows[i].text, 0));
}

static void test_time(void **state)
{
	struct enc_leave_key k = {0};

	assert_int_equal(type("\035\035\035", 400 * MS), 1);
	assert_int_equal(type("\035\035\035\035\035\035", 600 * MS), 0);
	/* The last three count, whatever came before. */
	assert_false(enc_leave_key(&k, '\035', 1000 * MS));
	assert_false(enc_leave_key(&k, '\035', 1900 * MS));
	assert_false(enc_leave_key(&k, '\035', 2100 * MS));
	assert_true(enc_leave_key(&k, '\035', 2200 * MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_time)};

	return cmocka_run_group_tests_name("leave_key", tests, NULL, NULL);
}
