/* SPDX-License-Identifier: MIT */
/*
 * test_user.c - lines of a passwd file, good and bad ones, and names that are numbers
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/user.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/bash\n"
			     "\n"
			     "# a comment\n"
			     "+::::::\n"
			     "short:x:5:5\n"
			     "nouid:x::7::/:/bin/sh\n"
			     "negative:x:-1:7::/:/bin/sh\n"
			     "huge:x:4294967296:7::/:/bin/sh\n"
			     "minusone:x:4294967295:7::/:/bin/sh\n"
			     "hex:x:0x10:7::/:/bin/sh\n"
			     "spaced:x: 8:7::/:/bin/sh\n"
			     ":x:9:9::/:/bin/sh\n"
			     "agent:x:1001:1002:An Agent,,,:/home/agent:/bin/zsh\n"
			     "agent:x:6666:6666::/evil:/evil\n"
			     "noshell:x:1003:1003::/home/n:\n"
			     "last:x:1004:1004::/l:/bin/sh";

static const struct {
	const char *label, *name;
	uid_t uid;
	int want;
	uid_t want_uid;
	gid_t want_gid;
	const char *home, *shell;
} rows[] = {
	{"by name", "root", 0, 1, 0, 0, "/root", "/bin/bash"},
	{"first entry wins", "agent", 0, 1, 1001, 1002, "/home/agent", "/bin/zsh"},
	{"by uid", NULL, 1001, 1, 1001, 1002, "/home/agent", "/bin/zsh"},
	{"empty shell", "noshell", 0, 1, 1003, 1003, "/home/n", ""},
	{"last line without newline", "last", 0, 1, 1004, 1004, "/l", "/bin/sh"},
	{"absent name", "nobody-here", 0, 0, 0, 0, NULL, NULL},
	{"absent uid", NULL, 4242, 0, 0, 0, NULL, NULL},
	{"prefix of a name", "age", 0, 0, 0, 0, NULL, NULL},
	{"name with the colon", "agent:x", 0, 0, 0, 0, NULL, NULL},
	{"empty name", "", 0, 0, 0, 0, NULL, NULL},
	{"compat entry", "+", 0, 0, 0, 0, NULL, NULL},
	{"comment", "# a comment", 0, 0, 0, 0, NULL, NULL},
	{"short line", "short", 0, 0, 0, 0, NULL, NULL},
	{"no uid", "nouid", 0, 0, 0, 0, NULL, NULL},
	{"negative uid", "negative", 0, 0, 0, 0, NULL, NULL},
	{"uid that would wrap to 0", "huge", 0, 0, 0, 0, NULL, NULL},
	{"uid -1", "minusone", 0, 0, 0, 0, NULL, NULL},
	{"hex uid", "hex", 0, 0, 0, 0, NULL, NULL},
	{"space before the uid", "spaced", 0, 0, 0, 0, NULL, NULL},
};

static void lines(void **state)
{
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_arena *a = enc_arena_new();
		struct enc_user u = {0};
		int r = enc_user_find(a, passwd, rows[i].name, rows[i].uid, &u);

		if (r != rows[i].want)
			fail_msg("%s: %d", rows[i].label, r);
		if (r && (u.uid != rows[i].want_uid || u.gid != rows[i].want_gid || strcmp(u.home, rows[i].home) != 0 ||
			  strcmp(u.shell, rows[i].shell) != 0))
			fail_msg("%s: %u:%u %s %s", rows[i].label, u.uid, u.gid, u.home, u.shell);
		enc_arena_free(a);
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = {
		"",	  "no-such-user-here", "-1",   "4294967295", "4294967296", "1001:",	     ":1001",
		"1001:x", "1001:2:3",	       "0x10", " 1001",	     "1001 ",	   "1001:4294967295"};
	struct enc_arena *a = enc_arena_new();
	struct enc_user u;

	for (size_t i = 0; i < ENC_LEN(bad); i++)
		if (enc_user_by_name(a, bad[i], &u) != -ENOENT)
			fail_msg("'%s' was taken as uid %u", bad[i], u.uid);
	assert_int_equal(enc_user_by_name(a, "3999999999", &u), 0);
	assert_int_equal(u.uid, 3999999999u);
	assert_int_equal(u.gid, 3999999999u);
	assert_string_equal(u.name, "3999999999");
	assert_string_equal(u.home, "/");
	assert_int_equal(enc_user_by_name(a, "3999999999:77", &u), 0);
	assert_int_equal(u.uid, 3999999999u);
	assert_int_equal(u.gid, 77);
	assert_int_equal(enc_user_by_name(a, "root", &u), 1);
	assert_int_equal(u.uid, 0);
	assert_int_equal(enc_user_by_name(a, "0:5", &u), 1);
	assert_int_equal(u.gid, 5);
	assert_string_equal(u.name, "root");
	assert_int_equal(enc_user_by_uid(a, 0, &u), 1);
	assert_string_equal(u.name, "root");
	assert_int_equal(enc_user_by_uid(a, 3999999998u, &u), 0);
	enc_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines), cmocka_unit_test(numbers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
