/* SPDX-License-Identifier: MIT */
/*
 * diag.h - many findings about a text at once: file:line:col, source line, caret, stable code, hint
 *
 * A reader goes on after an error and collects all of them here. The list owns its strings.
 */
#ifndef ENC_BASE_DIAG_H
#define ENC_BASE_DIAG_H

#include "base/json.h"
#include "base/mem.h"

struct enc_mark { /* a place in a text; line and column count from 1, 0 means unknown; columns are characters */
	const char *file;
	int line, column;
	int width; /* characters to underline, at least 1 */
};

struct enc_diag {
	const char *code;  /* base/codes.h, "E0107" */
	const char *level; /* a word in place of "error", or NULL */
	const char *message;
	const char *file;
	int line, column, width;
	const char *source; /* the source line without its newline, or NULL */
	const char *clause; /* clause id, or NULL */
	const char *hint;   /* what to write or do instead, or NULL */
};

struct enc_diags {
	struct enc_arena *arena;
	struct enc_diag *v;
	size_t n;
};

void enc_diags_init(struct enc_diags *d);
void enc_diags_done(struct enc_diags *d);
/* Adds one and returns it, so that the caller can set clause and hint (arena strings of d). `text` is the whole
 * file, from which the source line is cut, or NULL. */
struct enc_diag *enc_diag_add(struct enc_diags *d, const char *code, const struct enc_mark *at, const char *text,
			      const char *fmt, ...) ENC_PRINTF(5, 6);
void enc_diag_hint(struct enc_diags *d, struct enc_diag *g, const char *fmt, ...) ENC_PRINTF(3, 4);
/* Sort by file, line, column. */
void enc_diags_sort(struct enc_diags *d);
/* For people; control bytes of the source are escaped. `color` adds SGR sequences.
 *     enclosure.yaml:4:9: error[E0203]: unknown key 'raed'
 *       4 |   raed: [/usr]
 *         |   ^~~~
 *         = hint: did you mean 'read'?                                                              */
void enc_diags_print(const struct enc_diags *d, struct enc_buf *out, bool color);
/* An array `errors` of the open object: {code, message, where{file,line,column}, clause, hint}. */
void enc_diags_json(const struct enc_diags *d, struct enc_json *j);

/* The nearest of `words` (n of them) to `word` by edit distance, at most 2 edits and a third of its length
 * (at least 1); NULL when none is near. */
const char *enc_nearest(const char *word, const char *const *words, size_t n);

#endif
