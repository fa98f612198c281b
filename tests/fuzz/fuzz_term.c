/* SPDX-License-Identifier: MIT */
/*
 * fuzz_term.c - any bytes through the filter of a terminal: only what draws comes out, in whatever pieces they come
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/term_judge.h"
#include "base/term.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct enc_buf *a, const struct enc_buf *b)
{
	if (a->len != b->len || (a->len && memcmp(a->s, b->s, a->len) != 0))
		abort();
}

static void on_query(enum enc_term_query q, void *data)
{
}

/* The first byte says how large the pieces are, and whether somebody reads what the terminal types. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enc_buf whole = {0}, pieces = {0}, twice = {0};
	size_t n = size ? size - 1 : 0, piece = size ? data[0] % 8 + 1u : 1;
	const char *in = (const char *)data + 1;
	enc_term_query_fn reads = size && data[0] & 8 ? NULL : on_query;
	struct enc_term t, u, v;

	enc_term_init(&t, reads, NULL);
	enc_term_init(&u, reads, NULL);
	enc_term_init(&v, reads, NULL);
	enc_term_filter(&t, in, n, &whole);
	for (size_t i = 0; i < n; i += piece) {
		size_t len = n - i < piece ? n - i : piece;
		char *exact = malloc(len); /* so that a read behind the end is seen */

		if (!exact)
			abort();
		memcpy(exact, in + i, len);
		enc_term_filter(&u, exact, len, &pieces);
		free(exact);
	}
	same(&whole, &pieces);
	enc_term_filter(&v, whole.s, whole.len, &twice);
	same(&whole, &twice);
	enc_term_restore(&t, &whole);
	if (whole.len && judge(whole.s, whole.len))
		abort();
	for (size_t i = 0, len; i < whole.len; i += len) {
		size_t max = whole.len - i < ENC_TERM_PIECE ? whole.len - i : ENC_TERM_PIECE;

		len = enc_term_whole(whole.s + i, max);
		if (!len || judge(whole.s + i, len))
			abort();
	}
	(void)enc_term_is_cursor_report(in, n);
	enc_buf_done(&whole);
	enc_buf_done(&pieces);
	enc_buf_done(&twice);
	return 0;
}
