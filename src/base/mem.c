/* SPDX-License-Identifier: MIT */
/*
 * mem.c - arena, arrays, text
 */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE 16384u

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

struct enc_arena {
	struct block *head;
};

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "enclosure: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(125);
}

/* nonnull: gcc's sanitizers would add a check for a NULL format, and its warnings then believe in it. */
static __attribute__((nonnull, noinline)) ENC_PRINTF(1, 0) int measure(const char *fmt, va_list ap)
{
	char none[1];

	return vsnprintf(none, sizeof(none), fmt, ap);
}

void *enc_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *enc_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *enc_strndup(const char *s, size_t n)
{
	char *p = enc_alloc(n + 1);

	memcpy(p, s, n);
	return p;
}

char *enc_strdup(const char *s)
{
	return enc_strndup(s, strlen(s));
}

char *enc_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	return s;
}

void enc_free_auto(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof(p));
	free(p);
}

void *enc_push_(void **v, size_t *n, size_t size)
{
	char *slot;

	/* The capacity is the next power of two, so that it needs no field of its own. */
	if ((*n & (*n - 1)) == 0) {
		size_t want = *n ? *n * 2 : 1;

		if (want > SIZE_MAX / size)
			out_of_memory();
		*v = enc_realloc(*v, want * size);
	}
	slot = (char *)*v + (*n)++ * size;
	memset(slot, 0, size);
	return slot;
}

struct enc_arena *enc_arena_new(void)
{
	return enc_alloc(sizeof(struct enc_arena));
}

struct enc_arena *enc_arena_free(struct enc_arena *a)
{
	if (!a)
		return NULL;
	while (a->head) {
		struct block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	free(a);
	return NULL;
}

void *enc_arena_alloc(struct enc_arena *a, size_t size)
{
	struct block *b = a->head;
	void *p;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = (size + 15) & ~(size_t)15;
	if (!b || b->size - b->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = enc_alloc(sizeof(*b) + room);
		b->size = room;
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->used;
	b->used += size;
	return p;
}

char *enc_arena_strndup(struct enc_arena *a, const char *s, size_t n)
{
	char *p = enc_arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *enc_arena_strdup(struct enc_arena *a, const char *s)
{
	return s ? enc_arena_strndup(a, s, strlen(s)) : NULL;
}

char *enc_arena_printf(struct enc_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = measure(fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	p = enc_arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void enc_buf_done(struct enc_buf *b)
{
	free(b->s);
	memset(b, 0, sizeof(*b));
}

void enc_buf_reset(struct enc_buf *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

static void room(struct enc_buf *b, size_t n)
{
	if (n > SIZE_MAX / 4)
		out_of_memory();
	if (b->cap - b->len > n)
		return;
	b->cap = (b->cap ? b->cap : 256) * 2 > b->len + n + 1 ? (b->cap ? b->cap : 256) * 2 : b->len + n + 1;
	b->s = enc_realloc(b->s, b->cap);
}

void enc_buf_add(struct enc_buf *b, const void *data, size_t n)
{
	room(b, n);
	if (n)
		memcpy(b->s + b->len, data, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void enc_buf_puts(struct enc_buf *b, const char *s)
{
	enc_buf_add(b, s, strlen(s));
}

void enc_buf_putc(struct enc_buf *b, char c)
{
	enc_buf_add(b, &c, 1);
}

void enc_buf_printf(struct enc_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = measure(fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	room(b, (size_t)n);
	va_start(ap, fmt);
	(void)vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}
