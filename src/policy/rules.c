/* SPDX-License-Identifier: MIT */
/*
 * rules.c - the shape of the `rules:` block: names and extent of each source and rule
 *
 * The rule language itself is not bound in this version. What is kept here is that no line is lost: every line
 * belongs to a clause, and a clause that nothing binds refuses the run.
 */
#include <ctype.h>
#include <string.h>

#include "policy/impl.h"

struct block {
	const char *name; /* of the rule or source that the lines belong to */
	bool rule;
	int line; /* of the block's text, from 0 */
	unsigned clauses;
};

static bool name_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '-' || ch == '_';
}

static size_t name_len(const char *s)
{
	size_t n = 0;

	while (name_char(s[n]))
		n++;
	return n <= 64 ? n : 0;
}

static void add(struct enc_check *c, const struct enc_key *row, const struct enc_mark *at, const struct block *b,
		const char *line, size_t n)
{
	struct enc_draft *d = enc_set_add(c, row, at);

	d->c.name = b->name;
	d->c.value = enc_arena_strndup(c->l->a, line, n);
	d->c.text = enc_arena_printf(c->l->a, "%s %s: %s", b->rule ? "rule" : "source", b->name, d->c.value);
}

/* The first line of a block: `rule NAME:` or `source NAME = ...`. */
static bool head(struct enc_check *c, const struct enc_key *row, const struct enc_mark *at, const char *s, size_t n,
		 struct block *b)
{
	static const char *const words[] = {"rule", "source"};
	size_t word = 0, len;
	struct enc_diag *g;
	const char *near, *first;

	while (word < n && isalpha((unsigned char)s[word]))
		word++;
	first = enc_arena_strndup(c->l->a, s, word);
	b->rule = strcmp(first, "rule") == 0;
	if (!b->rule && strcmp(first, "source") != 0) {
		near = enc_nearest(first, words, ENC_LEN(words));
		g = enc_load_diag(c->l, "E0218", at, "a line of rules at the margin begins with 'rule' or 'source'");
		if (near)
			enc_diag_hint(c->l->d, g, "did you mean '%s'?", near);
		return false;
	}
	s += word;
	s += strspn(s, " \t");
	len = name_len(s);
	if (!len) {
		enc_load_diag(c->l, "E0218", at, "'%s' needs a name of letters, digits, '-' and '_'", first);
		return false;
	}
	b->name = enc_arena_strndup(c->l->a, s, len);
	b->clauses = 0;
	s += len;
	s += strspn(s, " \t");
	if (*s != (b->rule ? ':' : '=')) {
		enc_load_diag(c->l, "E0218", at, "'%s %s' must be followed by '%c'", first, b->name,
			      b->rule ? ':' : '=');
		return false;
	}
	s++;
	s += strspn(s, " \t");
	len = strcspn(s, "\n");
	if (len && *s != '#') {
		add(c, row, at, b, s, len);
		b->clauses++;
	}
	return true;
}

static void empty_block(struct enc_check *c, const struct enc_mark *at, const struct block *b)
{
	if (b->name && !b->clauses)
		enc_load_diag(c->l, "E0218", at, "%s '%s' says nothing", b->rule ? "rule" : "source", b->name);
}

void enc_rules_emit(struct enc_check *c, const struct enc_key *row, struct enc_item *it)
{
	const char *s = it->node->text;
	struct block b = {0};
	struct enc_mark at = it->node->at, at_head = at;

	/* Lines of a block scalar begin below its key; the reader's mark is the key's value itself. */
	for (int line = 1; *s; line++) {
		size_t n = strcspn(s, "\n"), indent = strspn(s, " \t");

		at.line = it->node->at.line + line;
		at.column = 1;
		at.width = 1;
		if (indent < n && s[indent] != '#') {
			if (indent == 0) {
				empty_block(c, &at_head, &b);
				b.name = NULL;
				at_head = at;
				if (!head(c, row, &at, s, n, &b))
					b = (struct block){.name = NULL, .clauses = 1};
			} else if (!b.name && b.clauses == 0) {
				enc_load_diag(c->l, "E0218", &at, "a clause stands outside of any rule");
			} else if (b.name) {
				add(c, row, &at, &b, s + indent, n - indent);
				b.clauses++;
			}
		}
		s += n + (s[n] == '\n');
	}
	empty_block(c, &at_head, &b);
}
