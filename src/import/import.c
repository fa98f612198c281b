/* SPDX-License-Identifier: MIT */
/*
 * import.c - the begin and the end of an import, its findings and errors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/impl.h"

static const struct {
	const char *name, *code;
} classes[] = {
	[ENC_IMPORT_NOTE] = {"note", "E0903"},		 [ENC_IMPORT_DROPPED] = {"dropped", "E0904"},
	[ENC_IMPORT_TIGHTENED] = {"tightened", "E0905"}, [ENC_IMPORT_APPROXIMATE] = {"approximate", "E0906"},
	[ENC_IMPORT_WEAKER] = {"weaker", "E0907"},
};

const char *enc_import_class_name(enum enc_import_class c)
{
	return c < ENC_IMPORT__COUNT ? classes[c].name : "?";
}

void imp_begin(struct importer *m, const char *program, const struct enc_import_request *q, struct enc_import *ret,
	       struct enc_diags *errors)
{
	memset(m, 0, sizeof(*m));
	memset(ret, 0, sizeof(*ret));
	ret->arena = enc_arena_new();
	enc_diags_init(&ret->findings);
	m->q = q;
	m->r = ret;
	m->errors = errors;
	m->a = ret->arena;
	m->program = program;
}

static void done(struct importer *m)
{
	free(m->rules);
	free(m->read.v);
	free(m->write.v);
	free(m->deny.v);
	free(m->protect.v);
	free(m->hosts);
	free(m->env_not.v);
	free(m->env_pass.v);
	free(m->env_set.v);
	free(m->env_values);
}

int imp_end(struct importer *m)
{
	int r = m->errors->n ? -EINVAL : 0;

	if (r == 0) {
		imp_rules_compile(m);
		imp_env_settle(m);
		enc_diags_sort(&m->r->findings);
		imp_write(m);
		r = m->errors->n ? -EINVAL : 0;
	}
	if (r < 0)
		enc_buf_done(&m->r->manifest);
	done(m);
	return r;
}

void enc_import_done(struct enc_import *r)
{
	enc_buf_done(&r->manifest);
	enc_diags_done(&r->findings);
	r->arena = enc_arena_free(r->arena);
}

static ENC_PRINTF(6, 0) struct enc_diag *put(struct importer *m, struct enc_diags *d, const char *code,
					     const struct enc_mark *at, const char *hint, const char *fmt, va_list ap)
{
	const struct enc_mark whole = {.file = m->q->file};
	struct enc_diag *g;
	char *message = NULL;

	if (vasprintf(&message, fmt, ap) < 0)
		message = NULL;
	g = enc_diag_add(d, code, at ? at : &whole, at ? m->q->text : NULL, "%s", message ? message : fmt);
	free(message);
	if (hint)
		enc_diag_hint(d, g, "%s", hint);
	return g;
}

struct enc_diag *imp_error(struct importer *m, const char *code, const struct enc_mark *at, const char *hint,
			   const char *fmt, ...)
{
	struct enc_diag *g;
	va_list ap;

	va_start(ap, fmt);
	g = put(m, m->errors, code, at, hint, fmt, ap);
	va_end(ap);
	return g;
}

void imp_find(struct importer *m, enum enc_import_class c, const struct enc_mark *at, const char *hint, const char *fmt,
	      ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(m, &m->r->findings, classes[c].code, at, hint, fmt, ap)->level = classes[c].name;
	va_end(ap);
	m->r->count[c]++;
}

const char *imp_from(struct importer *m, const struct enc_mark *at, const char *from)
{
	const char *base = strrchr(m->q->file, '/');

	base = base ? base + 1 : m->q->file;
	if (!at || !at->line || m->q->argv)
		return enc_arena_printf(m->a, "%s: %s", m->program, from);
	return enc_arena_printf(m->a, "%s:%d %s", base, at->line, from);
}

void imp_add(struct importer *m, struct imp_list *l, const char *value, bool optional, const char *comment)
{
	struct imp_item *it;

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].value, value) != 0)
			continue;
		l->v[i].optional &= optional;
		return;
	}
	if (l->n == IMP_ITEMS_MAX) {
		if (!m->errors->n)
			imp_error(m, "E0105", NULL, "import a part of it", "more than %d entries of one kind",
				  IMP_ITEMS_MAX);
		return;
	}
	it = ENC_PUSH(l->v, l->n);
	it->value = value;
	it->optional = optional;
	it->comment = comment;
}
