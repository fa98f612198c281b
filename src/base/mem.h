/* SPDX-License-Identifier: MIT */
/*
 * mem.h - memory: an arena, growing arrays, growing text
 *
 * When memory is out the program ends with one line on stderr and status 125: before a run nothing has
 * started, and during a run the death of the supervisor takes the run with it (fail closed).
 * Nothing here may be used between clone and exec.
 */
#ifndef ENC_BASE_MEM_H
#define ENC_BASE_MEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

void *enc_alloc(size_t size);		 /* zeroed, never NULL */
void *enc_realloc(void *p, size_t size); /* never NULL */
char *enc_strdup(const char *s);
char *enc_strndup(const char *s, size_t n);
char *enc_asprintf(const char *fmt, ...) ENC_PRINTF(1, 2);
void enc_free_auto(void *pp); /* for enc_auto(enc_free_auto) on any T * */

/* Append one element to `T *v; size_t n;` and return a pointer to it, zeroed. Grows by doubling; v is from
 * malloc and n alone tells its capacity (the next power of two), so never shrink n by hand. */
#define ENC_PUSH(v, n) ((__typeof__(v))enc_push_((void **)&(v), &(n), sizeof(*(v))))
void *enc_push_(void **v, size_t *n, size_t size);

/* An arena: allocations that live and die together. */
struct enc_arena;
struct enc_arena *enc_arena_new(void);
struct enc_arena *enc_arena_free(struct enc_arena *a); /* returns NULL; NULL is fine */
ENC_AUTO_DEFINE(struct enc_arena, enc_arena_free)
void *enc_arena_alloc(struct enc_arena *a, size_t size);    /* zeroed, aligned to 16 */
char *enc_arena_strdup(struct enc_arena *a, const char *s); /* NULL gives NULL */
char *enc_arena_strndup(struct enc_arena *a, const char *s, size_t n);
char *enc_arena_printf(struct enc_arena *a, const char *fmt, ...) ENC_PRINTF(2, 3);

/* Growing text; s is always terminated once anything was added. Zero-initialise; enc_buf_done() frees. */
struct enc_buf {
	char *s;
	size_t len, cap;
};
void enc_buf_done(struct enc_buf *b);
void enc_buf_add(struct enc_buf *b, const void *data, size_t n);
void enc_buf_puts(struct enc_buf *b, const char *s);
void enc_buf_putc(struct enc_buf *b, char c);
void enc_buf_printf(struct enc_buf *b, const char *fmt, ...) ENC_PRINTF(2, 3);
void enc_buf_reset(struct enc_buf *b); /* len = 0, memory is kept */

#endif
