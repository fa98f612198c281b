/* SPDX-License-Identifier: MIT */
/*
 * show.c - a plan for people
 *
 * What is not bound comes first and whole. What is bound alike (thirty denied paths outside of every grant) is one row
 * with the names below it. The object form (show_json.c) has every clause for itself.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "plan/plan.h"

struct page {
	const struct enc_plan *p;
	struct enc_buf *out;
	size_t columns, text; /* of the terminal, of the first column */
	const char *bold, *dim, *red, *off;
};

/* What is shown of a text: control bytes escaped, one column a character. */
static size_t width_of(const char *s, size_t n)
{
	size_t width = 0;

	for (size_t i = 0; i < n; i++)
		width += ((unsigned char)s[i] & 0xc0) != 0x80;
	return width;
}

/* Adds s, cut to `width` columns between two characters; returns its columns. */
static size_t put(struct enc_buf *out, const char *s, size_t width)
{
	struct enc_buf b = {0};
	size_t n = 0, used = 0, all;

	enc_buf_puts(&b, "");
	enc_buf_add_escaped(&b, s, strlen(s));
	all = width_of(b.s, b.len);
	while (n < b.len && (all <= width || used + 1 < width)) {
		size_t len = enc_utf8_len(b.s + n, b.len - n);

		n += len ? len : 1;
		used++;
	}
	enc_buf_add(out, b.s, n);
	if (all > width) {
		enc_buf_puts(out, "~");
		used++;
	}
	enc_buf_done(&b);
	return used;
}

static void spaces(struct enc_buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		enc_buf_putc(out, ' ');
}

/* Words, or names that stay whole, one after the other at this indent; a line is as long as the terminal is wide. */
struct flow {
	const struct page *pg;
	size_t indent, at;
};

static void flow_add(struct flow *f, const char *s, const char *after)
{
	size_t room = f->pg->columns > f->indent ? f->pg->columns - f->indent : 1;
	struct enc_buf b = {0};
	size_t n = put(&b, s, room > strlen(after) ? room - strlen(after) : 1) + strlen(after);

	enc_buf_puts(&b, after);
	if (f->at && f->at + 1 + n > f->pg->columns) {
		enc_buf_putc(f->pg->out, '\n');
		f->at = 0;
	}
	if (f->at) {
		enc_buf_putc(f->pg->out, ' ');
		f->at++;
	} else {
		spaces(f->pg->out, f->indent);
		f->at = f->indent;
	}
	enc_buf_add(f->pg->out, b.s, b.len);
	f->at += n;
	enc_buf_done(&b);
}

static void flow_words(struct flow *f, const char *text)
{
	char *copy = enc_strdup(text), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		flow_add(f, w, "");
	free(copy);
}

static void names_of(uint32_t mechanisms, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		if (mechanisms & 1u << m && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
						enc_mech_name((enum enc_mech)m));
}

/* Text that is wider than its column stands on a line of its own. The note follows where there is room for it. */
static void row(const struct page *pg, const struct enc_binding *b, const char *text)
{
	char mechanisms[200];
	size_t n;

	names_of(b->mechanisms, mechanisms, sizeof(mechanisms));
	spaces(pg->out, 2);
	n = put(pg->out, text, pg->columns - 2);
	if (n > pg->text) {
		enc_buf_puts(pg->out, "\n  ");
		n = 0;
	}
	spaces(pg->out, pg->text - n);
	enc_buf_printf(pg->out, "  %-7s  %-3s  %s", enc_guarantee_name(b->guarantee), b->visible ? "yes" : "-",
		       mechanisms[0] ? mechanisms : "-");
	if (b->note) {
		size_t used = pg->text + 18 + (mechanisms[0] ? strlen(mechanisms) : 1);

		if (used + 4 + strlen(b->note) <= pg->columns) {
			enc_buf_printf(pg->out, "  %s(%s)%s", pg->dim, b->note, pg->off);
		} else {
			struct flow f = {.pg = pg, .indent = 6};

			enc_buf_printf(pg->out, "\n%s", pg->dim);
			flow_words(&f, enc_arena_printf(pg->p->arena, "(%s)", b->note));
			enc_buf_puts(pg->out, pg->off);
		}
	}
	enc_buf_putc(pg->out, '\n');
}

/* Whole, and with what can be done. */
static void unbound_row(const struct page *pg, const struct enc_binding *b)
{
	struct flow f = {.pg = pg, .indent = 6};

	spaces(pg->out, 2);
	(void)put(pg->out, b->clause->text, SIZE_MAX);
	enc_buf_printf(pg->out, "  %sUNBOUND%s\n", pg->red, pg->off);
	flow_words(&f, enc_arena_printf(pg->p->arena, "%s: %s", b->clause->id, b->missing));
	enc_buf_putc(pg->out, '\n');
	if (!b->next)
		return;
	f.at = 0;
	flow_words(&f, enc_arena_printf(pg->p->arena, "next: %s", b->next));
	enc_buf_putc(pg->out, '\n');
}

/* How many clauses of one kind are told in one row: "deny 23 paths". NULL: this kind stands by itself. */
static const char *many(enum enc_clause_kind kind)
{
	switch ((int)kind) {
	case ENC_CL_FS_READ: return "read %zu paths";
	case ENC_CL_FS_WRITE: return "write %zu paths";
	case ENC_CL_FS_DENY: return "deny %zu paths";
	case ENC_CL_FS_PROTECT: return "protect %zu paths";
	case ENC_CL_ENV_PASS: return "pass %zu variables";
	case ENC_CL_ENV_SET: return "set %zu variables";
	default: return NULL;
	}
}

/* The clause without its verb: ~/.ssh, LC_* */
static const char *name_of(const struct page *pg, const struct enc_clause *c)
{
	static const char tail[] = " if it is there";
	const char *s = strchr(c->text, ' ');
	size_t n;

	if (c->kind == ENC_CL_ENV_PASS)
		return c->value;
	if (c->kind == ENC_CL_ENV_SET)
		return c->name;
	s = s ? s + 1 : c->text;
	n = strlen(s);
	if (c->optional && n > strlen(tail) && strcmp(s + n - strlen(tail), tail) == 0)
		n -= strlen(tail);
	return enc_arena_strndup(pg->p->arena, s, n);
}

static bool alike(const struct enc_binding *a, const struct enc_binding *b)
{
	return b->bound && a->clause->kind == b->clause->kind && a->mechanisms == b->mechanisms &&
	       a->guarantee == b->guarantee && a->visible == b->visible &&
	       strcmp(a->note ? a->note : "", b->note ? b->note : "") == 0;
}

static void group(const struct page *pg, size_t first, size_t n, bool *done)
{
	const struct enc_binding *v = pg->p->bindings;
	struct flow f = {.pg = pg, .indent = 6};
	char title[48];
	size_t left = n;

	/* The formats are those of many(). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(title, sizeof(title), many(v[first].clause->kind), n);
#pragma GCC diagnostic pop
	row(pg, &v[first], title);
	enc_buf_puts(pg->out, pg->dim);
	for (size_t i = first; i < pg->p->n_bindings; i++)
		if (!done[i] && alike(&v[first], &v[i])) {
			done[i] = true;
			flow_add(&f, name_of(pg, v[i].clause), --left ? "," : "");
		}
	enc_buf_printf(pg->out, "%s\n", pg->off);
}

static void bound_row(const struct page *pg, size_t i, bool *done)
{
	const struct enc_binding *v = pg->p->bindings;
	size_t n = 0;

	if (done[i])
		return;
	for (size_t k = i; many(v[i].clause->kind) && k < pg->p->n_bindings; k++)
		n += !done[k] && alike(&v[i], &v[k]);
	if (n >= 3) {
		group(pg, i, n, done);
		return;
	}
	row(pg, &v[i], v[i].clause->text);
	done[i] = true;
}

static const char *section_of(const struct enc_clause *c)
{
	switch (c->kind) {
	case ENC_CL_FS_READ:
	case ENC_CL_FS_WRITE:
	case ENC_CL_FS_DENY:
	case ENC_CL_FS_PROTECT:
	case ENC_CL_FS_WORKSPACE: return "files";
	case ENC_CL_NET_MODE:
	case ENC_CL_NET_ALLOW:
	case ENC_CL_NET_CREDENTIAL:
	case ENC_CL_NET_EXPOSE: return "network";
	case ENC_CL_EXEC_ALLOW:
	case ENC_CL_EXEC_DENY: return "exec";
	case ENC_CL_ENV_PASS:
	case ENC_CL_ENV_SET:
	case ENC_CL_USER: return "identity and environment";
	case ENC_CL_LIMIT_MEMORY:
	case ENC_CL_LIMIT_PIDS:
	case ENC_CL_LIMIT_CPU:
	case ENC_CL_LIMIT_TIME:
	case ENC_CL_LIMIT_IDLE:
	case ENC_CL_LIMIT_OUTPUT:
	case ENC_CL_LIMIT_FILES:
	case ENC_CL_LIMIT_DISK: return "limits";
	case ENC_CL_RATE:
	case ENC_CL_BUDGET:
	case ENC_CL_KILL:
	case ENC_CL_ASK:
	case ENC_CL_RULE:
	case ENC_CL_RECORD: return "conduct";
	case ENC_CL_BUILTIN:
	case ENC_CL__COUNT: return "in every run";
	}
	return "";
}

static const char *const sections[] = {"files",	 "network", "exec",	   "identity and environment",
				       "limits", "conduct", "in every run"};

/* What the mechanisms leave of the terminal, at most; a text that is wider takes a line more. */
static size_t text_width(const struct enc_plan *p, size_t columns)
{
	size_t widest = 20, most, mechanisms = 10;
	char names[200];

	for (size_t i = 0; i < p->n_bindings; i++) {
		names_of(p->bindings[i].mechanisms, names, sizeof(names));
		mechanisms = strlen(names) > mechanisms ? strlen(names) : mechanisms;
	}
	most = columns > mechanisms + 38 ? columns - mechanisms - 18 : 20;
	for (size_t i = 0; i < p->n_bindings; i++) {
		const char *text = p->bindings[i].clause->text;
		size_t n = width_of(text, strlen(text));

		if (p->bindings[i].bound && n > widest && n <= most)
			widest = n;
	}
	return widest;
}

static void head(const struct page *pg)
{
	const struct enc_plan *p = pg->p;

	enc_buf_printf(pg->out, "%splan%s for ", pg->bold, pg->off);
	enc_buf_add_escaped(pg->out, p->policy->path, strlen(p->policy->path));
	enc_buf_puts(pg->out, " (");
	enc_buf_add_escaped(pg->out, p->policy->found, strlen(p->policy->found));
	enc_buf_puts(pg->out, ")\n  workspace  ");
	enc_buf_add_escaped(pg->out, p->policy->workspace, strlen(p->policy->workspace));
	enc_buf_puts(pg->out, "\n  runs as    ");
	enc_buf_add_escaped(pg->out, p->ids.name, strlen(p->ids.name));
	enc_buf_printf(pg->out, ", uid %u (", p->ids.uid);
	enc_buf_add_escaped(pg->out, p->ids.why, strlen(p->ids.why));
	enc_buf_puts(pg->out, ")\n");
	if (!p->n_unbound)
		return;
	enc_buf_printf(pg->out, "\n%snot bound%s\n", pg->bold, pg->off);
	for (size_t i = 0; i < p->n_bindings; i++)
		if (!p->bindings[i].bound)
			unbound_row(pg, &p->bindings[i]);
}

void enc_plan_show(const struct enc_plan *p, struct enc_buf *out, int columns, bool color)
{
	struct page pg = {
		.p = p,
		.out = out,
		.columns = columns < 40 ? 40 : (size_t)columns,
		.bold = color ? "\033[1m" : "",
		.dim = color ? "\033[2m" : "",
		.red = color ? "\033[31m" : "",
		.off = color ? "\033[0m" : "",
	};
	bool *done = enc_alloc(p->n_bindings + 1);

	pg.text = text_width(p, pg.columns);
	head(&pg);
	enc_buf_printf(out, "\n  %s%-*s  %-7s  %-3s  %s%s\n", pg.bold, (int)pg.text, "clause", "holds", "see",
		       "mechanisms", pg.off);
	for (size_t s = 0; s < ENC_LEN(sections); s++) {
		bool any = false;

		for (size_t i = 0; i < p->n_bindings; i++) {
			if (!p->bindings[i].bound || strcmp(section_of(p->bindings[i].clause), sections[s]) != 0)
				continue;
			if (!any)
				enc_buf_printf(out, "%s%s%s\n", pg.bold, sections[s], pg.off);
			any = true;
			bound_row(&pg, i, done);
		}
	}
	free(done);
	if (p->runnable)
		enc_buf_printf(out,
			       "\n%zu clauses, all bound. holds: what is guaranteed; see: a denial makes an event.\n",
			       p->n_bindings);
	else
		enc_buf_printf(out, "\n%zu of %zu clauses are unbound: a run would be refused.\n", p->n_unbound,
			       p->n_bindings);
}
