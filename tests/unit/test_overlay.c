/* SPDX-License-Identifier: MIT */
/*
 * test_overlay.c - the diff of two texts against a patch program of the test's own, names as git quotes them, and which
 * files run code later
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "overlay/overlay.h"

/* Applies hunks to `a`: an independent reading of the format. Fails the test where a hunk does not fit. */
static void patch(const char *a, size_t na, const char *diff, struct enc_buf *out)
{
	const char *at = a, *end = a + na;
	size_t line = 0;

	for (const char *d = diff; *d;) {
		size_t from, n_old = 1, n_new = 1;
		int used = 0;

		if (sscanf(d, "@@ -%zu%n", &from, &used) != 1)
			fail_msg("no hunk: %.40s", d);
		d += used;
		if (*d == ',')
			n_old = strtoul(d + 1, (char **)(uintptr_t)&d, 10);
		assert_int_equal(strncmp(d, " +", 2), 0);
		(void)strtoul(d + 2, (char **)(uintptr_t)&d, 10);
		if (*d == ',')
			n_new = strtoul(d + 1, (char **)(uintptr_t)&d, 10);
		d = strchr(d, '\n') + 1;
		while (line < (n_old ? from - 1 : from)) {
			const char *nl = memchr(at, '\n', (size_t)(end - at));

			assert_non_null(nl);
			enc_buf_add(out, at, (size_t)(nl + 1 - at));
			at = nl + 1;
			line++;
		}
		while (n_old || n_new) {
			const char *nl = strchr(d, '\n');
			size_t n = (size_t)(nl - d); /* with the mark, without the newline */
			bool open = strncmp(nl + 1, "\\ No newline", 12) == 0;

			if (*d != '+') {
				if ((size_t)(end - at) < n - 1 || memcmp(at, d + 1, n - 1) != 0)
					fail_msg("does not fit: %.*s", (int)n, d);
				at += n - 1 + !open;
				line++;
				n_old--;
			}
			if (*d != '-') {
				enc_buf_add(out, d + 1, n - 1 + !open);
				n_new--;
			}
			d = nl + 1;
			if (open)
				d = strchr(d, '\n') + 1;
		}
	}
	enc_buf_add(out, at, (size_t)(end - at));
}

static void check(const char *a, size_t na, const char *b, size_t nb)
{
	struct enc_buf diff = {0}, got = {0};
	struct enc_diff_count n = {0};

	enc_buf_add(&diff, "", 0);
	enc_buf_add(&got, "", 0);
	enc_diff_texts(a, na, b, nb, &diff, &n);
	patch(a, na, diff.s, &got);
	if (got.len != nb || memcmp(got.s, b, nb) != 0)
		fail_msg("'%.*s' to '%.*s' by\n%s\ngave '%s'", (int)na, a, (int)nb, b, diff.s, got.s);
	assert_int_equal(diff.len == 0, na == nb && memcmp(a, b, na) == 0);
	enc_buf_done(&diff);
	enc_buf_done(&got);
}

static void diffs_apply(void **state)
{
	static const char *const pairs[][2] = {
		{"", ""},     {"", "a\n"},  {"a\n", ""},
		{"a", "a\n"}, {"a\n", "a"}, {"a\nb\nc\n", "a\nc\n"},
		{"", "\n"},   {"x", "y"},   {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"},
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(pairs); i++)
		check(pairs[i][0], strlen(pairs[i][0]), pairs[i][1], strlen(pairs[i][1]));
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Few kinds of lines, so that they repeat; edits at random; ends with and without newline. */
static void random_diffs_apply(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct enc_buf a = {0}, b = {0};
		unsigned lines = next(&seed) % 60, kinds = 1 + next(&seed) % 20, rate = 1 + next(&seed) % 30;

		enc_buf_add(&a, "", 0);
		enc_buf_add(&b, "", 0);
		for (unsigned i = 0; i < lines; i++) {
			unsigned k = next(&seed) % kinds, what = next(&seed) % rate;

			enc_buf_printf(&a, "line %u\n", k);
			if (what != 0)
				enc_buf_printf(&b, "line %u\n", what == 1 ? next(&seed) % kinds : k);
			if (what == 2)
				enc_buf_printf(&b, "more %u\n", next(&seed) % kinds);
		}
		if (next(&seed) % 4 == 0)
			enc_buf_puts(&a, "open");
		if (next(&seed) % 4 == 0)
			enc_buf_puts(&b, "open");
		check(a.s, a.len, b.s, b.len);
		enc_buf_done(&a);
		enc_buf_done(&b);
	}
}

/* A minimal script: one changed line of a hundred thousand is one line down and one up. */
static void small_and_bounded(void **state)
{
	struct enc_buf a = {0}, b = {0}, out = {0};
	struct enc_diff_count n = {0};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		enc_buf_printf(&a, "%d\n", i);
		enc_buf_printf(&b, "%d\n", i == 50000 ? -1 : i);
	}
	enc_diff_texts(a.s, a.len, b.s, b.len, &out, &n);
	assert_int_equal(n.added, 1);
	assert_int_equal(n.deleted, 1);
	enc_buf_reset(&out);
	enc_buf_reset(&b);
	n = (struct enc_diff_count){0};
	for (int i = 0; i < 100000; i++) /* nothing in common: more than is searched for */
		enc_buf_printf(&b, "x%d\n", i);
	enc_diff_texts(a.s, a.len, b.s, b.len, &out, &n);
	assert_int_equal(n.added, 100000);
	assert_int_equal(n.deleted, 100000);
	enc_buf_done(&a);
	enc_buf_done(&b);
	enc_buf_done(&out);
}

static void names(void **state)
{
	static const char *const rows[][2] = {
		{"plain/name.c", "a/plain/name.c"}, {"with space", "a/with space"},
		{"q\"uote", "\"a/q\\\"uote\""},	    {"back\\slash", "\"a/back\\\\slash\""},
		{"new\nline", "\"a/new\\nline\""},  {"\001", "\"a/\\001\""},
		{"\303\274", "\"a/\\303\\274\""},   {"\177", "\"a/\\177\""},
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		struct enc_buf b = {0};

		enc_diff_path(&b, "a/", rows[i][0]);
		assert_string_equal(b.s, rows[i][1]);
		enc_buf_done(&b);
	}
}

static void runs_later(void **state)
{
	static const struct {
		const char *path, *link;
		bool yes;
	} rows[] = {
		{".git/hooks/pre-commit", NULL, true},
		{"sub/deep/.git/config", NULL, true},
		{".git", NULL, true},
		{"a/.envrc", NULL, true},
		{"package.json", NULL, true},
		{"x/package.json", NULL, true},
		{".github/workflows/ci.yml", NULL, true},
		{".claude/settings.json", NULL, true},
		{"ui/.vscode/tasks.json", NULL, true},
		{".bashrc", NULL, true},
		{"src/main.c", NULL, false},
		{"Makefile", NULL, false},
		{"git/hooks/x", NULL, false},
		{"package.json.md", NULL, false},
		{"my.envrc", NULL, false},
		{".github/README.md", NULL, false},
		{"l", "/etc", true},
		{"l", "..", true},
		{"a/l", "..", false},
		{"a/l", "../..", true},
		{"a/l", "../b/../../x", true},
		{"a/b/l", "../../c", false},
		{"l", "a/b", false},
		{"l", "./a/../b", true}, /* a may be a link itself */
		{".GIT/hooks/x", NULL, true},
		{"sub/.Husky", "../p", true}, /* a link in the place of the folder */
		{".github", "gh", true},
		{".husky", NULL, false},
		{"husky", "p", false},
		{"bare/HEAD", NULL, true},
		{"x.git/config", NULL, true},
		{"src/config", NULL, false},
		{"l", "a/../..", true},
	};

	(void)state;
	for (size_t i = 0; i < ENC_LEN(rows); i++)
		if (!!enc_overlay_runs_later(rows[i].path, rows[i].link) != rows[i].yes)
			fail_msg("%s -> %s", rows[i].path, rows[i].link ? rows[i].link : "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diffs_apply),	     cmocka_unit_test(random_diffs_apply),
		cmocka_unit_test(small_and_bounded), cmocka_unit_test(names),
		cmocka_unit_test(runs_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
