/* SPDX-License-Identifier: MIT */
/*
 * test_mem.c - arrays, arenas and growing text at their edges
 */
#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void push_grows_and_zeroes(void **state)
{
	struct {
		int a;
		char b[21];
	} *v = NULL;
	size_t n = 0;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(ENC_PUSH(v, n)->a, 0);
		assert_int_equal(v[n - 1].b[20], 0);
		v[n - 1].a = i;
		v[n - 1].b[20] = 'x';
	}
	assert_int_equal(n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v[i].a, i);
	free(v);
}

static void arena_is_aligned_zeroed_separate(void **state)
{
	struct enc_arena *a = enc_arena_new();
	char *all[200];

	for (size_t i = 0; i < 200; i++) {
		size_t n = i * 37 + 1;

		all[i] = enc_arena_alloc(a, n);
		assert_int_equal((uintptr_t)all[i] % 16, 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(all[i][k], 0);
		memset(all[i], (int)i, n);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t k = 0; k < i * 37 + 1; k++)
			assert_int_equal((unsigned char)all[i][k], i);
	assert_non_null(enc_arena_alloc(a, 0));
	memset(enc_arena_alloc(a, 1 << 20), 1, 1 << 20);
	assert_null(enc_arena_strdup(a, NULL));
	assert_string_equal(enc_arena_strdup(a, ""), "");
	assert_string_equal(enc_arena_strndup(a, "abcdef", 3), "abc");
	assert_string_equal(enc_arena_printf(a, "%d-%s", 7, "x"), "7-x");
	assert_null(enc_arena_free(a));
	assert_null(enc_arena_free(NULL));
}

static void buf_grows_and_ends_with_nul(void **state)
{
	struct enc_buf b = {0};

	enc_buf_add(&b, "", 0);
	assert_string_equal(b.s, "");
	for (int i = 0; i < 5000; i++) {
		enc_buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.s[b.len], 0);
	}
	assert_int_equal(b.len, 5000);
	enc_buf_reset(&b);
	assert_string_equal(b.s, "");
	enc_buf_printf(&b, "%0*d", 3000, 1);
	assert_int_equal(b.len, 3000);
	assert_int_equal(b.s[2999], '1');
	enc_buf_reset(&b);
	enc_buf_add(&b, "a\0b", 3);
	enc_buf_puts(&b, "c");
	assert_memory_equal(b.s, "a\0bc", 5);
	enc_buf_done(&b);
	assert_null(b.s);
	enc_buf_done(&b);
}

static void buf_exact_fit(void **state)
{
	/* every length around the capacities, so that ASan sees a missing byte for the terminator */
	for (size_t n = 500; n < 520; n++) {
		struct enc_buf b = {0};
		char *text = enc_alloc(n + 1);

		memset(text, 'x', n);
		enc_buf_add(&b, text, n);
		enc_buf_printf(&b, "%s", text);
		assert_int_equal(strlen(b.s), 2 * n);
		enc_buf_done(&b);
		free(text);
	}
}

static void strings(void **state)
{
	enc_auto(enc_free_auto) char *a = enc_strdup("abc"), *b = enc_strndup("abc", 2), *c = enc_asprintf("%s!", "x");
	char *moved = enc_strdup("m"), *taken = ENC_TAKE(moved);

	assert_string_equal(a, "abc");
	assert_string_equal(b, "ab");
	assert_string_equal(c, "x!");
	assert_null(moved);
	assert_string_equal(taken, "m");
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(push_grows_and_zeroes),
		cmocka_unit_test(arena_is_aligned_zeroed_separate),
		cmocka_unit_test(buf_grows_and_ends_with_nul),
		cmocka_unit_test(buf_exact_fit),
		cmocka_unit_test(strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
