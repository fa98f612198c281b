/* SPDX-License-Identifier: MIT */
/*
 * term_osc.c - which strings a hostile program may send to somebody's terminal
 *
 * Titles, links to the web, colours (set, never asked for), the marks of a shell's prompt without options. Everything
 * else is dropped: clipboard, fonts, folders, notifications, files, and what a terminal invents next year. All that is
 * let through begins with a digit: the Linux console reads `ESC ] P` and `ESC ] R` as palettes, without an end.
 */
#include <string.h>

#include "base/base.h"
#include "base/term_impl.h"

#define TITLE_MAX 256
#define TEXT_MAX  2083 /* what browsers take as a link */
_Static_assert(TEXT_MAX + 8 <= ENC_TERM_PIECE, "with its frame");

static bool only(const char *s, size_t n, const char *others)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alnum && (!c || !strchr(others, c)))
			return false;
	}
	return true;
}

static size_t cut(const char *s, size_t n)
{
	if (n <= TITLE_MAX)
		return n;
	n = TITLE_MAX;
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static bool starts(const char *s, size_t n, const char *with)
{
	return n >= strlen(with) && !memcmp(s, with, strlen(with));
}

/* `id=NAME;https://...`, or `;` to end it. */
static bool is_link(struct enc_term *t, const char *s, size_t n)
{
	const char *semicolon = memchr(s, ';', n);
	size_t about = semicolon ? (size_t)(semicolon - s) : 0, target = semicolon ? n - about - 1 : 0;

	if (!semicolon || !only(s, about, "=:-_."))
		return false;
	s = semicolon + 1;
	if (target && !starts(s, target, "https://") && !starts(s, target, "http://"))
		return false;
	if (!only(s, target, "-._~:/?#[]@!$&'()*+,;=%"))
		return false;
	t->undo |= target ? TERM_LINK : 0;
	return true;
}

/* A name or numbers, never `?`, which asks. */
static bool is_color(struct enc_term *t, const char *s, size_t n, const char *others, uint64_t undo)
{
	if (!n || !only(s, n, others))
		return false;
	t->undo |= undo;
	return true;
}

static bool is_mark(const char *s, size_t n)
{
	if (n == 1)
		return *s >= 'A' && *s <= 'D';
	if (n < 3 || n > 6 || !starts(s, n, "D;"))
		return false;
	for (size_t i = 2; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static bool may(struct enc_term *t, unsigned number, const char *s, size_t *n)
{
	switch (number) {
	case 0:
	case 1:
	case 2: *n = cut(s, *n); return true;
	case 4: return is_color(t, s, *n, "#:/., ;", TERM_PALETTE);
	case 8: return is_link(t, s, *n);
	case 10:
	case 11:
	case 12: return is_color(t, s, *n, "#:/., ", (uint64_t)TERM_FOREGROUND << (number - 10));
	case 104: return only(s, *n, ";");
	case 110:
	case 111:
	case 112: return !*n;
	case 133: return is_mark(s, *n);
	default: return false;
	}
}

void enc_term_osc_(struct enc_term *t, struct enc_buf *out)
{
	unsigned number = 0;
	size_t i = 0, n;

	for (; i < t->len && i < 5 && t->osc[i] >= '0' && t->osc[i] <= '9'; i++)
		number = number * 10 + (unsigned)(t->osc[i] - '0');
	if (!i || (i < t->len && t->osc[i] != ';'))
		return;
	i += i < t->len;
	n = t->len - i;
	if ((n > TEXT_MAX && number > 2) || !may(t, number, t->osc + i, &n))
		return;
	enc_buf_printf(out, "\033]%u", number);
	if (n || number < 104)
		enc_buf_putc(out, ';');
	enc_buf_add(out, t->osc + i, n);
	enc_buf_puts(out, "\033\\");
}
