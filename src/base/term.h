/* SPDX-License-Identifier: MIT */
/*
 * term.h - what a hostile program prints, made fit for somebody's terminal
 */
#ifndef ENC_BASE_TERM_H
#define ENC_BASE_TERM_H

#include <stdbool.h>

#include "base/mem.h"

struct enc_term {
	bool escape;
};
enum enc_term_query { ENC_TERM_Q_CURSOR, ENC_TERM_Q_DEVICE, ENC_TERM_Q_STATUS };
typedef void (*enc_term_query_fn)(enum enc_term_query q, void *data);

static inline void enc_term_init(struct enc_term *t, enc_term_query_fn fn, void *data)
{
	*t = (struct enc_term){0};
}

/* Printable ASCII and the controls that move by a line or a column. */
static inline void enc_term_filter(struct enc_term *t, const char *in, size_t n, struct enc_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)in[i];

		if ((c >= 0x20 && c < 0x7f) || (c >= '\b' && c <= '\r'))
			enc_buf_putc(out, in[i]);
	}
}

static inline void enc_term_restore(struct enc_term *t, struct enc_buf *out)
{
}

static inline bool enc_term_is_cursor_report(const char *in, size_t n)
{
	return n > 4 && in[0] == '\033' && in[1] == '[' && in[n - 1] == 'R';
}

#endif
