/* SPDX-License-Identifier: MIT */
/*
 * err.h - one failure, told once
 *
 * A function that can fail returns 0 or a small positive outcome, or a negative errno. The story goes into a
 * struct that the caller owns: no allocation, usable after fork. Name the thing that failed once, add context
 * on the way up with enc_err_note(), print at the top alone. Folders below src/cli never print.
 *
 * `id` is the stable code of base/codes.h ("E0501"); empty means that the caller gives it one on the way up.
 * `hint` is the next action, in words that can be typed.
 */
#ifndef ENC_BASE_ERR_H
#define ENC_BASE_ERR_H

#include "base/base.h"

struct enc_err {
	int code; /* errno value, 0 while unset */
	int line; /* where the failure started, in our sources */
	const char *file;
	char id[8];
	char text[512];
	char hint[256];
};

/* Fill *e (NULL is fine) and return -code. An error that is already set is kept. */
int enc_err_set(struct enc_err *e, int code, const char *file, int line, const char *fmt, ...) ENC_PRINTF(5, 6);
/* Put "CONTEXT: " in front of the text; returns -e->code, or -EIO when e is NULL or unset. */
int enc_err_note(struct enc_err *e, const char *fmt, ...) ENC_PRINTF(2, 3);
/* Give the error its stable code and its hint (fmt may be NULL), unless it has them; returns as enc_err_note(). */
int enc_err_id(struct enc_err *e, const char *id, const char *hint_fmt, ...) ENC_PRINTF(3, 4);
void enc_err_clear(struct enc_err *e);

#define ENC_FAIL(e, code, ...) enc_err_set((e), (code), __FILE__, __LINE__, __VA_ARGS__)
/* The same with a stable code: ENC_FAIL_ID(e, "E0501", errno, "open %s: %s", ...). */
#define ENC_FAIL_ID(e, id, code, ...)                                               \
	__extension__({                                                             \
		int r_ = enc_err_set((e), (code), __FILE__, __LINE__, __VA_ARGS__); \
		(void)enc_err_id((e), (id), NULL);                                  \
		r_;                                                                 \
	})

#endif
