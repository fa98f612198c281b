/* SPDX-License-Identifier: MIT */
/*
 * text.c - two texts as a unified diff (git's form)
 *
 * Lines are compared by hash and bytes; the edit script is Myers' (An O(ND) Difference Algorithm, 1986), with the trace
 * of every round kept, which is why rounds are bounded: texts that differ by more are shown as replaced between their
 * common beginning and end. That is as true, only longer.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "overlay/overlay.h"

#define CONTEXT	   3
#define MAX_ROUNDS 2000

struct line {
	const char *s;
	size_t n; /* with its newline, if it has one */
	uint64_t hash;
};
struct text {
	struct line *v;
	size_t n;
};

static void split(const char *s, size_t n, struct text *ret)
{
	for (size_t at = 0; at < n;) {
		const char *end = memchr(s + at, '\n', n - at);
		size_t len = end ? (size_t)(end - s) + 1 - at : n - at;
		struct line *l = ENC_PUSH(ret->v, ret->n);

		l->s = s + at;
		l->n = len;
		l->hash = 1469598103934665603u; /* FNV-1a */
		for (size_t i = 0; i < len; i++)
			l->hash = (l->hash ^ (unsigned char)l->s[i]) * 1099511628211u;
		at += len;
	}
}

static bool equal(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* For each line of a and b whether it is in both: found between lo and the ends, which are alike. */
struct match {
	const struct text *a, *b;
	bool *in_a, *in_b; /* the line stays */
};

/* The trace of Myers' greedy algorithm over a[lo..alen), b[lo..blen); marks what stays. False: too different. */
static bool myers(struct match *m, size_t lo, size_t a_end, size_t b_end)
{
	long n = (long)(a_end - lo), k_max = n + (long)(b_end - lo), rounds = k_max < MAX_ROUNDS ? k_max : MAX_ROUNDS;
	long mlen = (long)(b_end - lo), width = 2 * rounds + 3, off = rounds + 1, d = 0, x = 0, y = 0;
	long *v = enc_alloc((size_t)width * sizeof(*v)), **trace = enc_alloc((size_t)(rounds + 1) * sizeof(*trace));
	bool found = false;

	for (d = 0; d <= rounds && !found; d++) {
		trace[d] = enc_alloc((size_t)(2 * d + 3) * sizeof(**trace));
		memcpy(trace[d], v + off - d - 1, (size_t)(2 * d + 3) * sizeof(**trace));
		for (long k = -d; k <= d && !found; k += 2) {
			x = k == -d || (k != d && v[off + k - 1] < v[off + k + 1]) ? v[off + k + 1]
										   : v[off + k - 1] + 1;
			y = x - k;
			while (x < n && y < mlen && equal(&m->a->v[lo + (size_t)x], &m->b->v[lo + (size_t)y])) {
				x++;
				y++;
			}
			v[off + k] = x;
			found = x >= n && y >= mlen;
		}
	}
	/* Back along the trace: diagonal steps are lines that stay. */
	for (long r = d - 1; found && r >= 0; r--) {
		long *was = trace[r] + r + 1, k = x - y;
		long from = k == -r || (k != r && was[k - 1] < was[k + 1]) ? k + 1 : k - 1, px = r ? was[from] : 0,
		     py = px - from;

		if (!r)
			px = py = 0;
		while (x > px && y > py) {
			x--;
			y--;
			m->in_a[lo + (size_t)x] = m->in_b[lo + (size_t)y] = true;
		}
		x = px;
		y = py;
	}
	for (long r = 0; r < d; r++)
		free(trace[r]);
	free(trace);
	free(v);
	return found;
}

static void match(struct match *m)
{
	size_t lo = 0, a_end = m->a->n, b_end = m->b->n;

	while (lo < a_end && lo < b_end && equal(&m->a->v[lo], &m->b->v[lo])) {
		m->in_a[lo] = m->in_b[lo] = true;
		lo++;
	}
	while (a_end > lo && b_end > lo && equal(&m->a->v[a_end - 1], &m->b->v[b_end - 1]))
		m->in_a[--a_end] = m->in_b[--b_end] = true;
	if (lo < a_end && lo < b_end)
		(void)myers(m, lo, a_end, b_end);
}

static void put_line(struct enc_buf *out, char mark, const struct line *l)
{
	assert(l); /* a line of a text that has some */
	enc_buf_putc(out, mark);
	enc_buf_add(out, l->s, l->n);
	if (!l->n || l->s[l->n - 1] != '\n')
		enc_buf_puts(out, "\n\\ No newline at end of file\n");
}

static void put_range(struct enc_buf *out, char mark, size_t from, size_t n)
{
	/* An empty range names the line before it; one line needs no count. */
	enc_buf_printf(out, "%c%zu", mark, n ? from + 1 : from);
	if (n != 1)
		enc_buf_printf(out, ",%zu", n);
}

/* Lines a[i..ai), b[j..bj) as one hunk. */
static void put_hunk(const struct match *m, size_t i, size_t ai, size_t j, size_t bj, struct enc_buf *out,
		     struct enc_diff_count *count)
{
	enc_buf_puts(out, "@@ ");
	put_range(out, '-', i, ai - i);
	enc_buf_putc(out, ' ');
	put_range(out, '+', j, bj - j);
	enc_buf_puts(out, " @@\n");
	while (i < ai || j < bj) {
		if (i < ai && !m->in_a[i]) {
			put_line(out, '-', &m->a->v[i++]);
			count->deleted++;
		} else if (j < bj && !m->in_b[j]) {
			put_line(out, '+', &m->b->v[j++]);
			count->added++;
		} else if (i < ai) {
			put_line(out, ' ', &m->a->v[i++]);
			j++;
		} else {
			break; /* both texts have what stays, so this is not reached */
		}
	}
}

/* From the first changed line, with context, until more than twice the context is unchanged. */
static void put_hunks(const struct match *m, struct enc_buf *out, struct enc_diff_count *count)
{
	size_t i = 0, j = 0, na = m->a->n, nb = m->b->n;

	while (i < na || j < nb) {
		size_t start_a, start_b, same = 0;

		if (i < na && j < nb && m->in_a[i] && m->in_b[j]) {
			i++;
			j++;
			continue;
		}
		start_a = i < CONTEXT ? 0 : i - CONTEXT;
		start_b = j - (i - start_a);
		while ((i < na || j < nb) && same <= 2 * CONTEXT) {
			bool both = i < na && j < nb && m->in_a[i] && m->in_b[j];

			same = both ? same + 1 : 0;
			if (both) {
				i++;
				j++;
			} else if (i < na && !m->in_a[i]) {
				i++;
			} else {
				j++;
			}
		}
		same = same > CONTEXT ? same - CONTEXT : 0; /* of the unchanged at the end, what is too many */
		put_hunk(m, start_a, i - same, start_b, j - same, out, count);
	}
}

void enc_diff_texts(const char *a, size_t na, const char *b, size_t nb, struct enc_buf *out, struct enc_diff_count *ret)
{
	struct text ta = {0}, tb = {0};
	struct match m = {.a = &ta, .b = &tb};

	split(a, na, &ta);
	split(b, nb, &tb);
	m.in_a = enc_alloc(ta.n + 1);
	m.in_b = enc_alloc(tb.n + 1);
	match(&m);
	put_hunks(&m, out, ret);
	free(m.in_a);
	free(m.in_b);
	free(ta.v);
	free(tb.v);
}

/* git's quote.c: a name with a control character, a quote, a backslash or a byte above ASCII stands in quotes. */
void enc_diff_path(struct enc_buf *out, const char *prefix, const char *path)
{
	static const char letters[] = "abtnvfr";
	bool odd = false;

	for (const unsigned char *c = (const unsigned char *)path; *c; c++)
		odd = odd || *c < 0x20 || *c >= 0x7f || *c == '"' || *c == '\\';
	if (odd)
		enc_buf_putc(out, '"');
	enc_buf_puts(out, prefix);
	for (const unsigned char *c = (const unsigned char *)path; *c; c++) {
		if (!odd || (*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\'))
			enc_buf_putc(out, (char)*c);
		else if (*c == '"' || *c == '\\')
			enc_buf_printf(out, "\\%c", *c);
		else if (*c >= 7 && *c <= 13)
			enc_buf_printf(out, "\\%c", letters[*c - 7]);
		else
			enc_buf_printf(out, "\\%03o", *c);
	}
	if (odd)
		enc_buf_putc(out, '"');
}
