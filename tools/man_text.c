/* SPDX-License-Identifier: MIT */
/*
 * man_text.c - text as scdoc
 *
 * scdoc gives `*`, `_` and `\` a meaning anywhere, `#`, `-`, `.`, `|`, `[`, `]` and `;` at the begin of a line, `++` at
 * its end. A paragraph is put on one line here, so that only its first character can be at the begin of one.
 */
#include "man_text.h"

#include <ctype.h>
#include <string.h>

static void put(struct enc_buf *out, char c)
{
	bool first = out->len == 0 || out->s[out->len - 1] == '\n' || out->s[out->len - 1] == '\t';

	/* A period at the begin of a line is scdoc's own business: an escaped one would reach roff. */
	if (strchr("*_\\+", c) || (first && strchr("#-|[];", c)))
		enc_buf_putc(out, '\\');
	enc_buf_putc(out, c);
}

void man_escape(struct enc_buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(out, s[i]);
}

static void marked(struct enc_buf *out, char mark, const char *s, size_t n)
{
	enc_buf_putc(out, mark);
	man_escape(out, s, n);
	enc_buf_putc(out, mark);
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Bytes of the option at s, "-m" or "--manifest"; 0: it is none. */
static size_t option_len(const char *s, size_t n)
{
	size_t i = n && s[0] == '-' ? 1 + (n > 1 && s[1] == '-') : 0;
	size_t begin = i;

	if (!i)
		return 0;
	while (i < n && (isalnum((unsigned char)s[i]) || (begin == 2 && s[i] == '-')))
		i++;
	return i > begin && (begin == 2 || i == 2) && isalpha((unsigned char)s[begin]) ? i : 0;
}

static bool is_name(const char *s, size_t n, const char *names)
{
	char word[64];

	if (!names || n < 2 || n > sizeof(word) - 3)
		return false;
	word[0] = ' ';
	memcpy(word + 1, s, n);
	word[n + 1] = ' ';
	word[n + 2] = '\0';
	return strstr(names, word);
}

/* Text between two marks of Markdown at s, which begins with `mark`: its length, or 0 when it is none. */
static size_t marked_len(const char *s, size_t n, const char *mark)
{
	size_t m = strlen(mark);

	if (n <= 2 * m || strncmp(s, mark, m) != 0 || isspace((unsigned char)s[m]))
		return 0;
	for (size_t i = m + 1; i + m <= n; i++)
		if (strncmp(s + i, mark, m) == 0 && !isspace((unsigned char)s[i - 1]))
			return i - m;
	return 0;
}

void man_inline(struct enc_buf *out, const char *s, size_t n, const char *names)
{
	for (size_t i = 0; i < n;) {
		bool begins = i == 0 || !word_char(s[i - 1]);
		size_t k, used;

		if ((k = marked_len(s + i, n - i, "`"))) {
			marked(out, '*', s + i + 1, k);
			used = k + 2;
		} else if ((k = marked_len(s + i, n - i, "**"))) {
			marked(out, '*', s + i + 2, k);
			used = k + 4;
		} else if (begins && (k = marked_len(s + i, n - i, "*"))) {
			marked(out, '_', s + i + 1, k);
			used = k + 2;
		} else if (begins && (k = option_len(s + i, n - i))) {
			marked(out, '*', s + i, k);
			used = k;
		} else {
			for (used = 0; begins && i + used < n && word_char(s[i + used]);)
				used++;
			used = used ? used : 1;
			if (begins && is_name(s + i, used, names))
				marked(out, '_', s + i, used);
			else
				man_escape(out, s + i, used);
		}
		i += used;
	}
}

/* One block as it is read: lines are joined, and put out as one. */
struct flow {
	struct enc_buf *out;
	struct enc_buf text;
	const char *names, *lead;
	bool literal;
};

static void flush(struct flow *f)
{
	if (f->text.len) {
		enc_buf_puts(f->out, f->lead ? f->lead : "");
		man_inline(f->out, f->text.s, f->text.len, f->names);
		enc_buf_puts(f->out, f->lead ? "\n" : "\n\n");
	}
	enc_buf_reset(&f->text);
	f->lead = NULL;
}

static void join(struct flow *f, const char *s, size_t n)
{
	if (f->text.len)
		enc_buf_putc(&f->text, ' ');
	enc_buf_add(&f->text, s, n);
}

static void set_literal(struct flow *f, bool literal)
{
	if (f->literal != literal)
		enc_buf_puts(f->out, literal ? "```\n" : "```\n\n");
	f->literal = literal;
}

static const char *next_line(const char *p, size_t *ret_n)
{
	*ret_n = strcspn(p, "\n");
	return p + *ret_n + (p[*ret_n] == '\n');
}

void man_paragraphs(struct enc_buf *out, const char *text, const char *names)
{
	struct flow f = {.out = out, .names = names};

	for (const char *p = text; p && *p;) {
		const char *line = p;
		size_t n;

		p = next_line(p, &n);
		if (n > 2 && strncmp(line, "  ", 2) == 0) {
			flush(&f);
			set_literal(&f, true);
			enc_buf_add(out, line + 2, n - 2);
			enc_buf_putc(out, '\n');
			continue;
		}
		set_literal(&f, false);
		if (n)
			join(&f, line, n);
		else
			flush(&f);
	}
	set_literal(&f, false);
	flush(&f);
	enc_buf_done(&f.text);
}

/* ## SECTION, in capitals; ### is a subsection. Backticks have no place in a heading. */
static void heading(struct enc_buf *out, const char *line, size_t n)
{
	size_t level = strspn(line, "#");
	bool top = level == 2;

	enc_buf_puts(out, top ? "# " : "## ");
	for (size_t i = level + 1; i < n; i++)
		if (line[i] != '`')
			put(out, top ? (char)toupper((unsigned char)line[i]) : line[i]);
	enc_buf_puts(out, "\n\n");
}

/* Cells of "| a | b |"; `\|` is a pipe of the text. Returns how many. */
static size_t cells(const char *line, size_t n, struct enc_buf *ret, size_t max)
{
	size_t k = 0;

	for (size_t i = 1; i < n && k < max; i++) {
		if (line[i] == '\\' && i + 1 < n && line[i + 1] == '|') {
			enc_buf_putc(&ret[k], line[++i]);
			continue;
		}
		if (line[i] != '|') {
			if (ret[k].len || line[i] != ' ')
				enc_buf_putc(&ret[k], line[i]);
			continue;
		}
		while (ret[k].len && ret[k].s[ret[k].len - 1] == ' ')
			ret[k].s[--ret[k].len] = '\0';
		k++;
	}
	return k;
}

static void cell(struct enc_buf *out, const struct enc_buf *c)
{
	if (c->len)
		man_inline(out, c->s, c->len, NULL);
}

/* What a table of keys has in columns 2, 3 and 4 stands in words below the key. */
static void row(struct enc_buf *out, const char *line, size_t n)
{
	struct enc_buf c[6] = {0};
	size_t k = cells(line, n, c, ENC_LEN(c) - 1);

	if (c[0].len && c[0].s[0] != '`')
		marked(out, '*', c[0].s, c[0].len);
	else
		cell(out, &c[0]);
	if (k == 5) {
		enc_buf_puts(out, " (");
		cell(out, &c[1]);
		enc_buf_puts(out, ")\n\t");
		cell(out, &c[4]);
		if (strcmp(c[2].s, "required") == 0) {
			enc_buf_puts(out, " Required.");
		} else {
			enc_buf_puts(out, " Default: ");
			cell(out, &c[2]);
			enc_buf_putc(out, '.');
		}
		if (c[3].len && strcmp(c[3].s, "-") != 0) {
			enc_buf_puts(out, strncmp(c[3].s, "not ", 4) == 0 ? " It is " : " Enforced by: ");
			cell(out, &c[3]);
			enc_buf_putc(out, '.');
		}
	} else {
		for (size_t i = 1; i < k; i++) {
			enc_buf_puts(out, i == 1 ? "\n\t" : "; ");
			cell(out, &c[i]);
		}
	}
	enc_buf_puts(out, "\n\n");
	for (size_t i = 0; i < ENC_LEN(c); i++)
		enc_buf_done(&c[i]);
}

static void markdown_line(struct flow *f, const char *line, size_t n, bool *in_table)
{
	bool item = n > 2 && strncmp(line, "- ", 2) == 0, table = n && line[0] == '|';

	if (n == 0 || item || table || line[0] == '#')
		flush(f);
	if (n == 0 && f->out->len > 1 && f->out->s[f->out->len - 2] != '\n')
		enc_buf_putc(f->out, '\n'); /* ends a list */
	if (table) {
		/* The head of a table says nothing that its rows don't, and the line of dashes less. */
		if (*in_table && strspn(line, "|-: ") < n)
			row(f->out, line, n);
	} else if (line[0] == '#' && line[1] == '#') {
		heading(f->out, line, n);
	} else if (item) {
		f->lead = "- ";
		join(f, line + 2, n - 2);
	} else if (n && line[0] != '#' && strncmp(line, "<!--", 4) != 0) {
		size_t skip = strspn(line, " ");

		join(f, line + skip, n - skip);
	}
	*in_table = table;
}

void man_markdown(struct enc_buf *out, const char *text)
{
	struct flow f = {.out = out};
	bool in_table = false;

	for (const char *p = text; *p;) {
		const char *line = p;
		size_t n;

		p = next_line(p, &n);
		if (n >= 3 && strncmp(line, "```", 3) == 0) {
			flush(&f);
			set_literal(&f, !f.literal);
		} else if (f.literal) {
			enc_buf_add(out, line, n);
			enc_buf_putc(out, '\n');
		} else {
			markdown_line(&f, line, n, &in_table);
		}
	}
	flush(&f);
	enc_buf_done(&f.text);
}
