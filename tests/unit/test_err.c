/* SPDX-License-Identifier: MIT */
/*
 * test_err.c - errors: the first one is kept, context goes in front, long texts are cut
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void set_keeps_the_first(void **state)
{
	struct enc_err e = {0};

	assert_int_equal(ENC_FAIL(&e, ENOENT, "open %s", "/x"), -ENOENT);
	assert_int_equal(ENC_FAIL(&e, EPERM, "second"), -EPERM);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.text, "open /x");
	assert_string_equal(e.file ? strrchr(e.file, '/') : "", "/test_err.c");
	assert_true(e.line > 0);
}

static void null_and_zero(void **state)
{
	struct enc_err e = {0};

	assert_int_equal(ENC_FAIL(NULL, ENOENT, "x"), -ENOENT);
	assert_int_equal(enc_err_note(NULL, "x"), -EIO);
	assert_int_equal(enc_err_note(&e, "x"), -EIO);
	assert_int_equal(enc_err_id(&e, "E0501", NULL), -EIO);
	assert_string_equal(e.id, "");
	/* a success code must not turn a failure into a success */
	assert_int_equal(ENC_FAIL(&e, 0, "failed with errno 0"), -EIO);
	assert_int_equal(e.code, EIO);
}

static void notes_go_in_front(void **state)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, EACCES, "refused");
	assert_int_equal(enc_err_note(&e, "rule %d", 4), -EACCES);
	assert_int_equal(enc_err_note(&e, "box '%s'", "ci"), -EACCES);
	assert_string_equal(e.text, "box 'ci': rule 4: refused");
}

/* A short context must not cost a long text its end. */
static void a_note_keeps_the_text(void **state)
{
	struct enc_err e = {0};
	char text[451], want[512];

	memset(text, 'x', 450);
	text[449] = 'z';
	text[450] = '\0';
	ENC_FAIL(&e, EIO, "%s", text);
	enc_err_note(&e, "file");
	(void)snprintf(want, sizeof(want), "file: %s", text);
	assert_string_equal(e.text, want);
}

static void id_and_hint_are_given_once(void **state)
{
	struct enc_err e = {0};

	assert_int_equal(ENC_FAIL_ID(&e, "E0501", EPERM, "x"), -EPERM);
	assert_int_equal(enc_err_id(&e, "E0601", "try %s", "this"), -EPERM);
	assert_int_equal(enc_err_id(&e, "E0601", "try that"), -EPERM);
	assert_string_equal(e.id, "E0501");
	assert_string_equal(e.hint, "try this");
	enc_err_clear(&e);
	assert_int_equal(e.code, 0);
	assert_string_equal(e.id, "");
}

static void long_texts_are_cut(void **state)
{
	struct enc_err e = {0};
	char big[2000];

	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ENC_FAIL(&e, EIO, "%s", big);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	enc_err_note(&e, "%s", big);
	enc_err_id(&e, "E05011234567890", "%s", big);
	assert_true(strlen(e.text) < sizeof(e.text));
	assert_int_equal(strlen(e.id), sizeof(e.id) - 1);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
}

static void close_keeps_errno(void **state)
{
	int fd = -1;

	errno = ERANGE;
	enc_close_auto(&fd);
	fd = 100000; /* nothing is open there: close fails */
	enc_close_auto(&fd);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_the_first),	      cmocka_unit_test(null_and_zero),
		cmocka_unit_test(notes_go_in_front),	      cmocka_unit_test(a_note_keeps_the_text),
		cmocka_unit_test(id_and_hint_are_given_once), cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(close_keeps_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
