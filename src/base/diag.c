/* SPDX-License-Identifier: MIT */
/*
 * diag.c - collect findings, print them with their source lines
 */
#include "base/diag.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

#define CLIP_BEFORE 60	/* characters of a long line in front of the place */
#define CLIP_AFTER  100 /* and behind it */

void enc_diags_init(struct enc_diags *d)
{
	memset(d, 0, sizeof(*d));
	d->arena = enc_arena_new();
}

void enc_diags_done(struct enc_diags *d)
{
	free(d->v);
	d->arena = enc_arena_free(d->arena);
	d->v = NULL;
	d->n = 0;
}

static const char *cut_line(struct enc_arena *a, const char *text, int line)
{
	while (text && --line > 0) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return text ? enc_arena_strndup(a, text, strcspn(text, "\r\n")) : NULL;
}

struct enc_diag *enc_diag_add(struct enc_diags *d, const char *code, const struct enc_mark *at, const char *text,
			      const char *fmt, ...)
{
	struct enc_diag *g = ENC_PUSH(d->v, d->n);
	char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&message, fmt, ap) < 0)
		message = NULL;
	va_end(ap);
	g->code = enc_arena_strdup(d->arena, code);
	g->message = enc_arena_strdup(d->arena, message ? message : fmt);
	free(message);
	if (at) {
		g->file = enc_arena_strdup(d->arena, at->file);
		g->line = at->line;
		g->column = at->column;
		g->width = at->width;
		g->source = at->line > 0 ? cut_line(d->arena, text, at->line) : NULL;
	}
	return g;
}

void enc_diag_hint(struct enc_diags *d, struct enc_diag *g, const char *fmt, ...)
{
	char *hint = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&hint, fmt, ap) >= 0) {
		g->hint = enc_arena_strdup(d->arena, hint);
		free(hint);
	}
	va_end(ap);
}

static int compare(const void *va, const void *vb)
{
	const struct enc_diag *a = va, *b = vb;
	int r = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (r)
		return r;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

void enc_diags_sort(struct enc_diags *d)
{
	if (d->n > 1)
		qsort(d->v, d->n, sizeof(*d->v), compare);
}

/* Spaces and carets under the source line, in characters as libyaml counts them; tabs stay tabs, and an escaped byte is
 * four columns wide. */
static void carets(const struct enc_diag *g, struct enc_buf *out)
{
	const char *s = g->source, *end = s + strlen(s);
	int width = g->width > 0 ? g->width : 1;

	for (int i = 1; i < g->column && s < end; i++) {
		size_t len = enc_utf8_len(s, (size_t)(end - s));
		bool escaped = len == 0 || (unsigned char)*s < 0x20 || *s == 0x7f;

		enc_buf_puts(out, *s == '\t' ? "\t" : escaped ? "    " : " ");
		s += len ? len : 1;
	}
	enc_buf_putc(out, '^');
	for (int i = 0; i < width && s < end; i++) {
		size_t len = enc_utf8_len(s, (size_t)(end - s));

		if (i)
			enc_buf_putc(out, '~');
		s += len ? len : 1;
	}
}

/* A line of any length is shown as what stands around the place: *g gets another source and column, text in b. */
static void clip(struct enc_diag *g, struct enc_buf *b)
{
	const char *s = g->source, *end = s + strlen(s);
	int from = g->column > CLIP_BEFORE ? g->column - CLIP_BEFORE : 1;

	if ((size_t)(end - s) <= CLIP_BEFORE + CLIP_AFTER)
		return;
	if (from > 1) {
		enc_buf_puts(b, "...");
		g->column = CLIP_BEFORE + 1 + 3;
	}
	for (int i = 1; s < end && i < from + CLIP_BEFORE + CLIP_AFTER; i++) {
		size_t len = enc_utf8_len(s, (size_t)(end - s));

		len = len ? len : 1;
		if (i >= from)
			enc_buf_add(b, s, len);
		s += len;
	}
	enc_buf_puts(b, s < end ? "..." : "");
	g->source = b->s;
}

static void source_line(const struct enc_diag *whole, struct enc_buf *out, const char *bold, const char *off)
{
	struct enc_buf clipped = {0};
	struct enc_diag shown = *whole, *g = &shown;

	clip(g, &clipped);
	const char *s = g->source;
	char number[16];
	int pad = snprintf(number, sizeof(number), "%d", g->line);

	enc_buf_printf(out, "  %s | ", number);
	while (*s) {
		size_t n = strcspn(s, "\t");

		enc_buf_add_escaped(out, s, n);
		s += n;
		if (*s == '\t') {
			enc_buf_putc(out, '\t');
			s++;
		}
	}
	enc_buf_printf(out, "\n  %*s | %s", pad, "", bold);
	carets(g, out);
	enc_buf_printf(out, "%s\n", off);
	enc_buf_done(&clipped);
}

static void print_one(const struct enc_diag *g, struct enc_buf *out, bool color)
{
	const char *red = color ? "\033[1;31m" : "", *bold = color ? "\033[1m" : "", *off = color ? "\033[0m" : "";

	enc_buf_puts(out, bold);
	if (g->file)
		enc_buf_add_escaped(out, g->file, strlen(g->file));
	else
		enc_buf_puts(out, "enclosure");
	if (g->line > 0)
		enc_buf_printf(out, ":%d:%d", g->line, g->column > 0 ? g->column : 1);
	enc_buf_printf(out, ": %s%s%s[%s]%s: ", off, red, g->level ? g->level : "error", g->code, off);
	enc_buf_add_escaped(out, g->message, strlen(g->message));
	enc_buf_putc(out, '\n');
	if (g->source)
		source_line(g, out, red, off);
	if (g->hint) {
		enc_buf_puts(out, "  = hint: ");
		enc_buf_add_escaped(out, g->hint, strlen(g->hint));
		enc_buf_putc(out, '\n');
	}
}

void enc_diags_print(const struct enc_diags *d, struct enc_buf *out, bool color)
{
	for (size_t i = 0; i < d->n; i++)
		print_one(&d->v[i], out, color);
}

void enc_diags_json(const struct enc_diags *d, struct enc_json *j)
{
	enc_json_array(j, "errors");
	for (size_t i = 0; i < d->n; i++) {
		const struct enc_diag *g = &d->v[i];

		enc_json_object(j, NULL);
		enc_json_str(j, "code", g->code);
		enc_json_str(j, "message", g->message);
		enc_json_object(j, "where");
		enc_json_str(j, "file", g->file);
		enc_json_int(j, "line", g->line);
		enc_json_int(j, "column", g->column);
		enc_json_end(j);
		enc_json_str(j, "clause", g->clause);
		enc_json_str(j, "hint", g->hint);
		enc_json_end(j);
	}
	enc_json_end(j);
}

#define WORD_MAX 63

/* Optimal string alignment distance: insert, delete, replace, swap neighbours. */
static size_t distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t rows[3][WORD_MAX + 1];

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (size_t k = 0; k <= nb; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= nb; k++) {
			size_t best = last[k - 1] + (a[i - 1] != b[k - 1]);

			if (last[k] + 1 < best)
				best = last[k] + 1;
			if (now[k - 1] + 1 < best)
				best = now[k - 1] + 1;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && before[k - 2] + 1 < best)
				best = before[k - 2] + 1;
			now[k] = best;
		}
	}
	return rows[na % 3][nb];
}

const char *enc_nearest(const char *word, const char *const *words, size_t n)
{
	size_t limit = strlen(word) / 3, best = WORD_MAX;
	const char *found = NULL;

	limit = limit < 1 ? 1 : limit > 2 ? 2 : limit;
	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);

		if (d <= limit && d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
