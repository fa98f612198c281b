/* SPDX-License-Identifier: MIT */
/*
 * toml.c - a reader of TOML 1.0
 *
 * One pass over the text, which ends with NUL. What a table may still get is kept beside its node: one that was written
 * inline, or made by dotted keys, is closed to headers, and a header stands once.
 */
#include "import/toml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX  64
#define VALUES_MAX 20000u
#define BYTES_MAX  (1u << 20)
#define BARE	   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

struct table { /* of a list or a map; the node comes first */
	struct enc_node node;
	size_t cap;
	bool header;  /* [it] was there */
	bool dotted;  /* made by a dotted key */
	bool closed;  /* an inline table, or an array of values */
	bool of_maps; /* [[it]] */
};

struct reader {
	struct enc_arena *a;
	struct enc_diags *d;
	const char *file, *text, *p;
	int line, column;
	size_t values;
};

static struct enc_mark here(const struct reader *r)
{
	return (struct enc_mark){.file = r->file, .line = r->line, .column = r->column, .width = 1};
}

static int refuse_at(struct reader *r, const char *code, const struct enc_mark *at, const char *message,
		     const char *hint)
{
	struct enc_diag *g = enc_diag_add(r->d, code, at, r->text, "%s", message);

	if (hint)
		enc_diag_hint(r->d, g, "%s", hint);
	return -EINVAL;
}

static int refuse(struct reader *r, const char *message, const char *hint)
{
	struct enc_mark at = here(r);

	return refuse_at(r, "E0902", &at, message, hint);
}

static void step(struct reader *r, size_t n)
{
	for (; n && *r->p; n--, r->p++) {
		if (*r->p == '\n') {
			r->line++;
			r->column = 1;
		} else if (((unsigned char)*r->p & 0xc0) != 0x80) {
			r->column++;
		}
	}
}

static void blanks(struct reader *r)
{
	step(r, strspn(r->p, " \t"));
}

/* Blanks, line breaks and comments, as arrays may have them between values. */
static void gap(struct reader *r)
{
	for (;;) {
		step(r, strspn(r->p, " \t\r\n"));
		if (*r->p != '#')
			return;
		step(r, strcspn(r->p, "\n"));
	}
}

static int end_of_line(struct reader *r)
{
	blanks(r);
	if (*r->p == '#')
		step(r, strcspn(r->p, "\n"));
	if (*r->p == '\r' && r->p[1] == '\n')
		step(r, 1);
	if (*r->p && *r->p != '\n')
		return refuse(r, "not valid TOML: the line should end here", "one `key = value` a line");
	step(r, 1);
	return 0;
}

static int count(struct reader *r)
{
	struct enc_mark at = here(r);

	if (++r->values > VALUES_MAX)
		return refuse_at(r, "E0105", &at, "more than 20000 values", "import a part of it");
	return 0;
}

static struct table *new_table(struct reader *r, enum enc_node_kind kind)
{
	struct table *t = enc_arena_alloc(r->a, sizeof(*t));

	t->node.kind = kind;
	t->node.at = here(r);
	return t;
}

static void add(struct reader *r, struct table *t, struct enc_node *key, struct enc_node *value)
{
	struct enc_node *n = &t->node;

	if (n->n == t->cap) {
		struct enc_node **items, **keys;

		t->cap = t->cap ? t->cap * 2 : 4;
		items = enc_arena_alloc(r->a, t->cap * sizeof(*items));
		keys = enc_arena_alloc(r->a, t->cap * sizeof(*keys));
		if (n->n)
			memcpy(items, n->items, n->n * sizeof(*items));
		if (n->n && key)
			memcpy(keys, n->keys, n->n * sizeof(*keys));
		n->items = items;
		n->keys = keys;
	}
	n->keys[n->n] = key;
	n->items[n->n++] = value;
}

static int put_code(struct reader *r, struct enc_buf *b, int digits)
{
	unsigned long c = 0;

	for (int i = 1; i <= digits; i++) {
		char d[2] = {r->p[1], 0}, *end;
		unsigned long v = strtoul(d, &end, 16);

		if (!d[0] || *end || end == d)
			return refuse(r, "not valid TOML: \\u takes 4 digits and \\U 8", NULL);
		c = c * 16 + v;
		step(r, 1);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return refuse(r, "not valid TOML: no such character", NULL);
	if (c < 0x80) {
		enc_buf_putc(b, (char)c);
	} else if (c < 0x800) {
		enc_buf_putc(b, (char)(0xc0 | c >> 6));
		enc_buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		enc_buf_putc(b, (char)(0xe0 | c >> 12));
		enc_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		enc_buf_putc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		enc_buf_putc(b, (char)(0xf0 | c >> 18));
		enc_buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		enc_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		enc_buf_putc(b, (char)(0x80 | (c & 0x3f)));
	}
	return 0;
}

/* After the backslash; r->p is on the character behind it. */
static int escape(struct reader *r, struct enc_buf *b, bool many)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	const char *at = *r->p ? strchr(from, *r->p) : NULL;

	if (many && strchr(" \t\r\n", *r->p) && *r->p) { /* a line that goes on */
		const char *rest = r->p + strspn(r->p, " \t\r");

		if (*rest != '\n')
			return refuse(r, "not valid TOML: nothing may stand behind this backslash", NULL);
		step(r, strspn(r->p, " \t\r\n"));
		return 0;
	}
	if (*r->p == 'u' || *r->p == 'U') {
		int e = put_code(r, b, *r->p == 'u' ? 4 : 8);

		step(r, 1);
		return e;
	}
	if (!at || *r->p == 'e')
		return refuse(r, "not valid TOML: no such escape",
			      "write \\\\ for a backslash, or '...' without escapes");
	enc_buf_putc(b, to[at - from]);
	step(r, 1);
	return 0;
}

/* The closing quotes of a text of many lines: up to two more belong to the text. */
static bool closes(struct reader *r, struct enc_buf *b, char quote)
{
	size_t n = 0;

	while (r->p[n] == quote)
		n++;
	if (n < 3)
		return false;
	for (size_t i = 3; i < n && i < 5; i++)
		enc_buf_putc(b, quote);
	step(r, n < 5 ? n : 5);
	return true;
}

static int body(struct reader *r, struct enc_buf *b, char quote, bool many)
{
	while (*r->p) {
		if (many ? closes(r, b, quote) : *r->p == quote) {
			step(r, many ? 0 : 1);
			return 0;
		}
		if (!many && *r->p == '\n')
			break;
		if (*r->p == '\\' && quote == '"') {
			step(r, 1);
			if (escape(r, b, many) < 0)
				return -EINVAL;
			continue;
		}
		if (((unsigned char)*r->p < 0x20 && !strchr("\t\n\r", *r->p)) || *r->p == 0x7f)
			return refuse(r, "not valid TOML: a control character in a text", NULL);
		enc_buf_putc(b, *r->p);
		step(r, 1);
	}
	return refuse(r, "not valid TOML: a text is not closed", NULL);
}

static int text(struct reader *r, bool key, struct enc_node **ret)
{
	struct enc_mark at = here(r);
	struct enc_buf b = {0};
	char quote = *r->p;
	bool many = r->p[1] == quote && r->p[2] == quote;
	struct enc_node *n;
	int e;

	if (key && many) {
		(void)refuse(r, "not valid TOML: a key is one line", NULL);
		return -EINVAL;
	}
	step(r, many ? 3 : 1);
	if (many && *r->p == '\r' && r->p[1] == '\n')
		step(r, 1);
	if (many && *r->p == '\n')
		step(r, 1);
	enc_buf_add(&b, "", 0);
	e = body(r, &b, quote, many);
	if (e != 0) {
		enc_buf_done(&b);
		return -EINVAL;
	}
	n = enc_arena_alloc(r->a, sizeof(*n));
	n->kind = ENC_NODE_SCALAR;
	n->at = at;
	n->at.width = r->line == at.line ? r->column - at.column : 1;
	n->text = enc_arena_strndup(r->a, b.s, b.len);
	n->len = b.len;
	*ret = n;
	enc_buf_done(&b);
	return 0;
}

static struct enc_node *word(struct reader *r, size_t len)
{
	struct enc_node *n = enc_arena_alloc(r->a, sizeof(*n));

	n->kind = ENC_NODE_SCALAR;
	n->plain = true;
	n->at = here(r);
	n->at.width = (int)len;
	n->text = enc_arena_strndup(r->a, r->p, len);
	n->len = len;
	step(r, len);
	return n;
}

/* A number, true, false, a date: not looked at closely, since nothing that is imported is a date. */
static int bare(struct reader *r, struct enc_node **ret)
{
	size_t len = strspn(r->p, BARE "+.:");
	bool date = len == 10 && r->p[4] == '-' && r->p[7] == '-';

	if (date && r->p[len] == ' ' && r->p[len + 1] >= '0' && r->p[len + 1] <= '2')
		len += 1 + strspn(r->p + len + 1, BARE "+.:");
	if (!len || !((*r->p >= '0' && *r->p <= '9') || *r->p == '+' || *r->p == '-' ||
		      (len == 4 && strncmp(r->p, "true", 4) == 0) || (len == 5 && strncmp(r->p, "false", 5) == 0) ||
		      (len == 3 && (strncmp(r->p, "inf", 3) == 0 || strncmp(r->p, "nan", 3) == 0))))
		return refuse(r, "not valid TOML: this is no value", len ? "put a text in quotes" : NULL);
	*ret = word(r, len);
	return 0;
}

static int value(struct reader *r, int depth, struct enc_node **ret);

static int array(struct reader *r, int depth, struct enc_node **ret)
{
	struct table *t = new_table(r, ENC_NODE_LIST);

	t->closed = true;
	step(r, 1);
	for (;;) {
		struct enc_node *item = NULL;

		gap(r);
		if (*r->p == ']')
			break;
		if (value(r, depth + 1, &item) < 0)
			return -EINVAL;
		add(r, t, NULL, item);
		gap(r);
		if (*r->p == ',')
			step(r, 1);
		else if (*r->p != ']')
			return refuse(r, "not valid TOML: a comma or ] is missing", NULL);
	}
	step(r, 1);
	*ret = &t->node;
	return 0;
}

static int key(struct reader *r, struct enc_node **ret)
{
	size_t len = strspn(r->p, BARE);

	if (*r->p == '"' || *r->p == '\'')
		return text(r, true, ret);
	if (!len) {
		(void)refuse(r, "not valid TOML: a key is missing", NULL);
		return -EINVAL;
	}
	*ret = word(r, len);
	return 0;
}

static struct enc_node *get(struct table *t, const struct enc_node *k)
{
	for (size_t i = 0; i < t->node.n; i++)
		if (t->node.keys[i]->len == k->len && memcmp(t->node.keys[i]->text, k->text, k->len) == 0)
			return t->node.items[i];
	return NULL;
}

static int twice(struct reader *r, const struct enc_node *k)
{
	return refuse_at(r, "E0104", &k->at, "this key or table stands twice", "keep one");
}

static struct table *as_table(struct enc_node *n)
{
	return (struct table *)(void *)n;
}

/* The table that a name leads to, made if it is not there. `header`: on the way of a [header]. */
static int enter(struct reader *r, struct table **t, struct enc_node *k, bool header)
{
	struct enc_node *n = get(*t, k);
	struct table *to;

	if (!n) {
		to = new_table(r, ENC_NODE_MAP);
		to->node.at = k->at;
		to->dotted = !header;
		add(r, *t, k, &to->node);
		*t = to;
		return count(r);
	}
	if (n->kind == ENC_NODE_SCALAR)
		return twice(r, k);
	to = as_table(n);
	if (n->kind == ENC_NODE_LIST && to->of_maps && header)
		to = as_table(n->items[n->n - 1]);
	else if (n->kind == ENC_NODE_LIST || to->closed || (!header && (to->header || !to->dotted)))
		return twice(r, k);
	*t = to;
	return 0;
}

static int pair(struct reader *r, struct table *t, int depth)
{
	struct enc_node *k = NULL, *v = NULL;

	for (int dots = 0;; dots++) {
		if (key(r, &k) < 0)
			return -EINVAL;
		blanks(r);
		if (*r->p != '.')
			break;
		if (dots + depth >= DEPTH_MAX)
			return refuse(r, "nested more than 64 deep", NULL);
		step(r, 1);
		blanks(r);
		if (enter(r, &t, k, false) < 0)
			return -EINVAL;
	}
	if (*r->p != '=')
		return refuse(r, "not valid TOML: = is missing behind the key", NULL);
	if (get(t, k))
		return twice(r, k);
	step(r, 1);
	blanks(r);
	if (value(r, depth + 1, &v) < 0)
		return -EINVAL;
	add(r, t, k, v);
	return 0;
}

static int inline_table(struct reader *r, int depth, struct enc_node **ret)
{
	struct table *t = new_table(r, ENC_NODE_MAP);

	step(r, 1);
	blanks(r);
	while (*r->p != '}') {
		if (pair(r, t, depth) < 0)
			return -EINVAL;
		blanks(r);
		if (*r->p == '}')
			break;
		if (*r->p != ',')
			return refuse(r, "not valid TOML: a comma or } is missing", "an inline table is one line");
		step(r, 1);
		blanks(r);
		if (*r->p == '}')
			return refuse(r, "not valid TOML: no comma stands before }", NULL);
	}
	step(r, 1);
	t->closed = true;
	*ret = &t->node;
	return 0;
}

static int value(struct reader *r, int depth, struct enc_node **ret)
{
	if (count(r) < 0)
		return -EINVAL;
	if (depth > DEPTH_MAX) {
		struct enc_mark at = here(r);

		return refuse_at(r, "E0105", &at, "lists and tables are nested more than 64 deep", NULL);
	}
	switch (*r->p) {
	case '"':
	case '\'': return text(r, false, ret);
	case '[': return array(r, depth, ret);
	case '{': return inline_table(r, depth, ret);
	default: return bare(r, ret);
	}
}

/* [a.b] and [[a.b]] */
static int header(struct reader *r, struct table *top, struct table **ret)
{
	bool list = r->p[1] == '[';
	struct table *t = top;
	struct enc_node *k = NULL, *n;

	step(r, list ? 2 : 1);
	for (int depth = 0;; depth++) {
		blanks(r);
		if (key(r, &k) < 0)
			return -EINVAL;
		blanks(r);
		if (*r->p != '.')
			break;
		if (depth >= DEPTH_MAX)
			return refuse(r, "nested more than 64 deep", NULL);
		step(r, 1);
		if (enter(r, &t, k, true) < 0)
			return -EINVAL;
	}
	if (*r->p != ']' || (list && r->p[1] != ']'))
		return refuse(r, "not valid TOML: ] is missing", NULL);
	step(r, list ? 2 : 1);
	n = get(t, k);
	if (list) {
		struct table *l = n ? as_table(n) : new_table(r, ENC_NODE_LIST), *item = new_table(r, ENC_NODE_MAP);

		if (n && (n->kind != ENC_NODE_LIST || !l->of_maps))
			return twice(r, k);
		l->of_maps = true;
		if (!n)
			add(r, t, k, &l->node);
		item->header = true;
		add(r, l, NULL, &item->node);
		*ret = item;
		return count(r);
	}
	if (n && (n->kind != ENC_NODE_MAP || as_table(n)->header || as_table(n)->closed || as_table(n)->dotted))
		return twice(r, k);
	if (!n && enter(r, &t, k, true) < 0)
		return -EINVAL;
	*ret = n ? as_table(n) : t;
	(*ret)->header = true;
	(*ret)->node.at = k->at;
	return 0;
}

static int document(struct reader *r, struct table *top)
{
	struct table *t = top;

	while (*r->p) {
		gap(r);
		if (!*r->p)
			break;
		if (*r->p == '[' ? header(r, top, &t) < 0 : pair(r, t, 0) < 0)
			return -EINVAL;
		if (end_of_line(r) < 0)
			return -EINVAL;
	}
	return 0;
}

int imp_toml_parse(struct enc_arena *a, const char *file, const char *txt, size_t len, struct enc_diags *d,
		   struct enc_node **ret)
{
	struct reader r = {.a = a, .d = d, .line = 1, .column = 1};
	struct enc_mark start;
	struct table *top;

	*ret = NULL;
	r.file = enc_arena_strdup(a, file);
	start = here(&r);
	if (len > BYTES_MAX)
		return refuse_at(&r, "E0105", &start, "the file is larger than 1 MiB", NULL);
	if (memchr(txt, 0, len) || !enc_utf8_ok(txt, len))
		return refuse_at(&r, "E0106", &start, "the text is not valid UTF-8, or holds NUL", NULL);
	r.text = r.p = enc_arena_strndup(a, txt, len);
	top = new_table(&r, ENC_NODE_MAP);
	if (strncmp(r.p, "\xef\xbb\xbf", 3) == 0)
		r.p += 3;
	if (document(&r, top) < 0)
		return -EINVAL;
	*ret = &top->node;
	return 0;
}
