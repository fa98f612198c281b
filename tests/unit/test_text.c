/* SPDX-License-Identifier: MIT */
/*
 * test_text.c - numbers with units, times, ids, digests, globs, paths, escaping, whole files
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"

typedef int (*parse_fn)(const char *s, uint64_t *ret);

static const struct {
	parse_fn fn;
	const char *text;
	int want;
	uint64_t value;
} numbers[] = {
	{enc_parse_u64, "0", 0, 0},
	{enc_parse_u64, "18446744073709551615", 0, UINT64_MAX},
	{enc_parse_u64, "18446744073709551616", -ERANGE, 0},
	{enc_parse_u64, "99999999999999999999999", -ERANGE, 0},
	{enc_parse_u64, "", -EINVAL, 0},
	{enc_parse_u64, "-1", -EINVAL, 0},
	{enc_parse_u64, "+1", -EINVAL, 0},
	{enc_parse_u64, " 1", -EINVAL, 0},
	{enc_parse_u64, "1 ", -EINVAL, 0},
	{enc_parse_u64, "0x1", -EINVAL, 0},
	{enc_parse_u64, "1.5", -EINVAL, 0},
	{enc_parse_u64, "\xd9\xa1", -EINVAL, 0}, /* an Arabic digit */
	{enc_parse_size, "512", 0, 512},
	{enc_parse_size, "512K", 0, 512u << 10},
	{enc_parse_size, "2G", 0, 2ull << 30},
	{enc_parse_size, "1T", 0, 1ull << 40},
	{enc_parse_size, "16777215T", 0, 16777215ull << 40},
	{enc_parse_size, "16777216T", -ERANGE, 0},
	{enc_parse_size, "1k", -EINVAL, 0},
	{enc_parse_size, "1KB", -EINVAL, 0},
	{enc_parse_size, "K", -EINVAL, 0},
	{enc_parse_time, "500ms", 0, 500000000ull},
	{enc_parse_time, "30s", 0, 30000000000ull},
	{enc_parse_time, "10m", 0, 600000000000ull},
	{enc_parse_time, "2h", 0, 7200000000000ull},
	{enc_parse_time, "7d", 0, 604800000000000ull},
	{enc_parse_time, "30", -EINVAL, 0},
	{enc_parse_time, "1h30m", -EINVAL, 0},
	{enc_parse_time, "99999999999d", -ERANGE, 0},
	{enc_parse_percent, "200%", 0, 200},
	{enc_parse_percent, "200", -EINVAL, 0},
	{enc_parse_percent, "%", -EINVAL, 0},
};

static void units(void **state)
{
	for (size_t i = 0; i < ENC_LEN(numbers); i++) {
		uint64_t v = 0;
		int r = numbers[i].fn(numbers[i].text, &v);

		if (r != numbers[i].want || (r == 0 && v != numbers[i].value))
			fail_msg("row %zu, '%s': %d, %llu", i, numbers[i].text, r, (unsigned long long)v);
	}
}

static void rates(void **state)
{
	static const char *const bad[] = {"3", "3/", "/1m", "0/1m", "3/0s", "3/1", "3/1m ", "-3/1m", "3//1m"};
	uint64_t n, ns;

	assert_int_equal(enc_parse_rate("3/1m", &n, &ns), 0);
	assert_int_equal(n, 3);
	assert_int_equal(ns, 60000000000ull);
	assert_int_equal(enc_parse_rate("20/10s", &n, &ns), 0);
	for (size_t i = 0; i < ENC_LEN(bad); i++)
		if (enc_parse_rate(bad[i], &n, &ns) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(enc_parse_rate("99999999999999999999/1s", &n, &ns), -ERANGE);
}

static void formats(void **state)
{
	static const struct {
		void (*fn)(char *out, size_t n, uint64_t v);
		uint64_t v;
		const char *want;
	} rows[] = {
		{enc_format_size, 0, "0"},
		{enc_format_size, 1023, "1023"},
		{enc_format_size, 1024, "1K"},
		{enc_format_size, 1536, "1.5K"},
		{enc_format_size, 512u << 10, "512K"},
		{enc_format_size, 3ull << 29, "1.5G"},
		{enc_format_size, 5ull << 40, "5T"},
		{enc_format_size, UINT64_MAX, "16777215T"},
		{enc_format_time, 0, "0ms"},
		{enc_format_time, 340000000ull, "340ms"},
		{enc_format_time, 999999999ull, "999ms"},
		{enc_format_time, 1234567890ull, "1.2s"},
		{enc_format_time, 59999999999ull, "59.9s"},
		{enc_format_time, 125000000000ull, "2m05s"},
		{enc_format_time, 7500000000000ull, "2h05m"},
		{enc_format_rfc3339, 0, "1970-01-01T00:00:00.000000000Z"},
		{enc_format_rfc3339, 1763700244123456789ull, "2025-11-21T04:44:04.123456789Z"},
		{enc_format_rfc3339, 1709164799999999999ull, "2024-02-28T23:59:59.999999999Z"},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		char out[40];

		rows[i].fn(out, sizeof(out), rows[i].v);
		if (strcmp(out, rows[i].want) != 0)
			fail_msg("row %zu: %s, not %s", i, out, rows[i].want);
	}
}

static void ulids(void **state)
{
	static const char *const bad[] = {"",
					  "01",
					  "01kbexample00000000000tes",
					  "01kbexample00000000000testx",
					  "81kbexample00000000000test",
					  "01kbexamplei0000000000test",
					  "01KBEXAMPLE00000000000TEST",
					  "../../../../../etc/passwd.."};
	char a[27], b[27], before[27] = "";

	for (int i = 0; i < 100; i++) {
		enc_ulid(a);
		enc_ulid(b);
		assert_true(enc_ulid_ok(a) && enc_ulid_ok(b));
		assert_string_not_equal(a, b);
		assert_true(strncmp(before, a, 10) <= 0); /* time first: ids sort by it */
		memcpy(before, a, 27);
	}
	assert_true(enc_ulid_ok("7zzzzzzzzzzzzzzzzzzzzzzzzz"));
	for (size_t i = 0; i < ENC_LEN(bad); i++)
		if (enc_ulid_ok(bad[i]))
			fail_msg("'%s' was taken", bad[i]);
}

static void sha256(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex[65], *million = enc_alloc(1000000);
	struct enc_sha256 c;
	uint8_t sum[32], whole[32];

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		enc_sha256_hex(rows[i].text, strlen(rows[i].text), hex);
		assert_string_equal(hex, rows[i].want);
	}
	memset(million, 'a', 1000000);
	enc_sha256_hex(million, 1000000, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	/* in pieces of every size around the block */
	for (size_t piece = 1; piece < 130; piece++) {
		enc_sha256_init(&c);
		enc_sha256_add(&c, million, 1000);
		enc_sha256_end(&c, whole);
		enc_sha256_init(&c);
		for (size_t at = 0; at < 1000; at += piece)
			enc_sha256_add(&c, million + at, at + piece > 1000 ? 1000 - at : piece);
		enc_sha256_end(&c, sum);
		assert_memory_equal(sum, whole, 32);
	}
	free(million);
}

static const struct {
	const char *pattern, *path;
	bool want;
} globs[] = {
	{"a", "a", true},
	{"a", "b", false},
	{"a", "ab", false},
	{"", "", true},
	{"*", "", true},
	{"*", "abc", true},
	{"*", "a/b", false},
	{"*.c", "x.c", true},
	{"*.c", "x.cc", false},
	{"*.c", "d/x.c", false},
	{"/a/*/c", "/a/b/c", true},
	{"/a/*/c", "/a/b/b/c", false},
	{"/a/*/c", "/a//c", true},
	{"**/.env", ".env", true},
	{"**/.env", "a/.env", true},
	{"**/.env", "a/b/c/.env", true},
	{"**/.env", "a/x.env", false},
	{"**/.env", "a/.env/b", false},
	{"/a/**", "/a/b/c", true},
	{"/a/**", "/a/", true},
	{"/a/**", "/ab", false},
	{"/a/**/z", "/a/z", true},
	{"/a/**/z", "/a/b/c/z", true},
	{"/a/**/z", "/a/bz", false},
	{"**", "any/thing", true},
	{"a**b", "a/x/b", true},
	{"a**/b", "ab", false},
	{"a**/b", "ax/y/b", true},
	{"**/", "a", false},
	{"?", "a", true},
	{"?", "/", false},
	{"?", "", false},
	{"[abc]", "b", true},
	{"[abc]", "d", false},
	{"[a-c]x", "bx", true},
	{"[!a-c]", "d", true},
	{"[!a-c]", "b", false},
	{"[^a]", "b", true},
	{"[!a]", "/", false},
	{"[]]", "]", true},
	{"[a-]", "-", true},
	{"[", "[", true},
	{"[ab", "[ab", true},
	{"*a*b*c", "xxaxxbxxc", true},
	{"*a*b*c", "xxaxxcxxb", false},
	{"**/*.pem", "k/a.pem", true},
	{"**/*.pem", "a.pem", true},
	{"**/id_*", "home/.ssh/id_rsa", true},
	{"**/a/**/b", "x/a/y/b", true},
	{"**/a/**/b", "a/b", true},
	{"**/a/*/b", "a/x/a/y/b", true},
	{"/h/**/.git/hooks", "/h/p/q/.git/hooks", true},
	{"**/a*/b", "ax/c/ay/b", true},
};

static void glob_table(void **state)
{
	for (size_t i = 0; i < ENC_LEN(globs); i++)
		if (enc_glob_match(globs[i].pattern, globs[i].path) != globs[i].want)
			fail_msg("'%s' on '%s': not %d", globs[i].pattern, globs[i].path, globs[i].want);
	assert_true(enc_glob_has_magic("a*") && enc_glob_has_magic("?") && enc_glob_has_magic("[x]"));
	assert_false(enc_glob_has_magic("/plain/path.c"));
}

/* The obvious matcher, exponential and right, as the judge of all short patterns over all short paths. */
static bool obvious(const char *start, const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (p[0] == '*' && p[1] == '*') {
		if (p[2] == '/' && (p == start || p[-1] == '/')) {
			for (const char *q = s;; q++) {
				if ((q == s || q[-1] == '/') && obvious(start, p + 3, q))
					return true;
				if (!*q)
					return false;
			}
		}
		for (const char *q = s;; q++) {
			if (obvious(start, p + 2, q))
				return true;
			if (!*q)
				return false;
		}
	}
	if (*p == '*') {
		for (const char *q = s;; q++) {
			if (obvious(start, p + 1, q))
				return true;
			if (!*q || *q == '/')
				return false;
		}
	}
	return *s && (*p == '?' ? *s != '/' : *p == *s) && obvious(start, p + 1, s + 1);
}

static void spell(unsigned n, const char *set, size_t base, char *out)
{
	while (n) {
		*out++ = set[(n - 1) % base];
		n = (n - 1) / (unsigned)base;
	}
	*out = '\0';
}

static void glob_against_the_obvious(void **state)
{
	char p[16], s[16];

	for (unsigned i = 0; i < 6000; i++)
		for (unsigned k = 0; k < 400; k++) {
			spell(i, "a*/?", 4, p);
			spell(k, "a/b", 3, s);
			if (strstr(p, "***"))
				continue;
			if (enc_glob_match(p, s) != obvious(p, p, s))
				fail_msg("'%s' on '%s': not %d", p, s, obvious(p, p, s));
		}
}

static void glob_is_not_exponential(void **state)
{
	char p[4096] = "", *s = enc_alloc(100001);

	for (int i = 0; i < 200; i++)
		strcat(p, "*a");
	strcat(p, "b");
	memset(s, 'a', 100000);
	assert_false(enc_glob_match(p, s));
	p[0] = '\0';
	for (int i = 0; i < 200; i++)
		strcat(p, "**/a*");
	strcat(p, "b");
	for (int i = 1; i < 100000; i += 2)
		s[i] = '/';
	assert_false(enc_glob_match(p, s));
	free(s);
}

static void paths(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"/", "/"},
		{"//", "/"},
		{"/.", "/"},
		{"/..", "/"},
		{"/../../a", "/a"},
		{"/a/", "/a"},
		{"/a//b", "/a/b"},
		{"/a/./b", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/b/..", "/a"},
		{"/a/b/../..", "/"},
		{"/...", "/..."},
		{"/a/.b", "/a/.b"},
		{"/a/..b", "/a/..b"},
		{"/a/b../c", "/a/b../c"},
		{"a", NULL},
		{"", NULL},
		{"./a", NULL},
		{"/a/b/../../../c", "/c"},
	};
	static const struct {
		const char *path, *dir;
		bool want;
	} in[] = {
		{"/a", "/a", true}, {"/a/b", "/a", true}, {"/ab", "/a", false}, {"/a", "/a/b", false},
		{"/a", "/", true},  {"/", "/", true},	  {"/", "/a", false},
	};
	struct enc_arena *a = enc_arena_new();

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		const char *got = enc_path_clean(a, rows[i].in);

		if (!rows[i].want ? got != NULL : !got || strcmp(got, rows[i].want) != 0)
			fail_msg("'%s': %s", rows[i].in, got ? got : "none");
	}
	for (size_t i = 0; i < ENC_LEN(in); i++)
		if (enc_path_in(in[i].path, in[i].dir) != in[i].want)
			fail_msg("%s in %s: not %d", in[i].path, in[i].dir, in[i].want);
	enc_arena_free(a);
}

static void escaping(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"plain \\ text", "plain \\ text"},
		{"\033[2J", "\\x1b[2J"},
		{"\n\t\x7f", "\\x0a\\x09\\x7f"},
		{"\xc3\xa9", "\xc3\xa9"},
		{"\xff", "\\xff"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"},
		{"\xe2\x82", "\\xe2\\x82"},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_buf b = {0};

		enc_buf_add_escaped(&b, rows[i].in, strlen(rows[i].in));
		if (strcmp(b.s, rows[i].want) != 0)
			fail_msg("row %zu: %s", i, b.s);
		enc_buf_done(&b);
	}
}

static void files(void **state)
{
	char dir[] = "/tmp/enc-text-XXXXXX", *text = NULL;
	struct enc_err e = {0};
	struct stat st;
	size_t n;
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_int_equal(enc_write_file(fd, "f", "a\0b", 3, 0600, true, &e), 0);
	assert_int_equal(fstatat(fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(enc_read_file(fd, "f", 3, &text, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(text, "a\0b", 4);
	free(text);
	assert_int_equal(enc_read_file(fd, "f", 2, &text, &n, &e), -EFBIG);
	enc_err_clear(&e);
	assert_int_equal(enc_read_file(fd, "absent", 2, &text, &n, &e), -ENOENT);
	assert_int_equal(enc_read_file(fd, ".", 2, &text, &n, NULL), -EISDIR);
	/* a FIFO must not hang the reader; a link at the place of the target is replaced, not followed */
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	assert_int_equal(enc_read_file(fd, "fifo", 10, &text, &n, NULL), 0);
	assert_int_equal(n, 0);
	free(text);
	assert_int_equal(symlinkat("f", fd, "link"), 0);
	assert_int_equal(enc_write_file(fd, "link", "new", 3, 0600, false, NULL), 0);
	assert_int_equal(enc_read_file(fd, "f", 3, &text, &n, NULL), 0);
	assert_memory_equal(text, "a\0b", 3);
	free(text);
	assert_int_equal(enc_write_file(fd, "no/dir", "x", 1, 0600, false, NULL), -ENOENT);
	unlinkat(fd, "f", 0);
	unlinkat(fd, "fifo", 0);
	unlinkat(fd, "link", 0);
	close(fd);
	assert_int_equal(rmdir(dir), 0); /* no temporary file stayed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(rates),
		cmocka_unit_test(formats),
		cmocka_unit_test(ulids),
		cmocka_unit_test(sha256),
		cmocka_unit_test(glob_table),
		cmocka_unit_test(glob_against_the_obvious),
		cmocka_unit_test(glob_is_not_exponential),
		cmocka_unit_test(paths),
		cmocka_unit_test(escaping),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
