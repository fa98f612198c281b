/* SPDX-License-Identifier: MIT */
/*
 * policy_fixture.h - a home with a project in it, manifests written into them, and what loading one says
 */
#ifndef ENC_TESTS_POLICY_FIXTURE_H
#define ENC_TESTS_POLICY_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "policy/impl.h"

/* ROOT/home is the home, ROOT/home/ws the project, ROOT/state the state directory, ROOT/etc/ceiling.yaml the ceiling.
 */
struct fixture {
	char root[64], home[80], ws[96], state[80], ceiling[96];
	struct enc_policy_where where;
	struct enc_policy *p;
	struct enc_diags d;
	struct enc_err e;
	struct enc_buf said; /* one finding a line: FILE:LINE:COL CODE MESSAGE [| HINT], ROOT replaced by "@" */
};

/* Text with every occurrence of the fixture's root written as "@". */
static inline void put_at(const struct fixture *f, struct enc_buf *b, const char *s)
{
	size_t n = strlen(f->root);

	while (s && *s) {
		if (strncmp(s, f->root, n) == 0) {
			enc_buf_putc(b, '@');
			s += n;
		} else {
			enc_buf_putc(b, *s++);
		}
	}
}

static inline void put_file(const struct fixture *f, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fputs(text, file) >= 0, 1);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static inline void put_dir(const struct fixture *f, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline int fixture_open_in(void **state, const char *dir)
{
	struct fixture *f = enc_alloc(sizeof(*f));

	snprintf(f->root, sizeof(f->root), "%s/enc-policy-XXXXXX", dir);
	if (!mkdtemp(f->root))
		return -1;
	snprintf(f->home, sizeof(f->home), "%s/home", f->root);
	snprintf(f->ws, sizeof(f->ws), "%s/home/ws", f->root);
	snprintf(f->state, sizeof(f->state), "%s/state", f->root);
	snprintf(f->ceiling, sizeof(f->ceiling), "%s/etc/ceiling.yaml", f->root);
	put_dir(f, "home");
	put_dir(f, "home/ws");
	put_dir(f, "etc");
	put_dir(f, "state");
	f->where = (struct enc_policy_where){.cwd = f->ws, .home = f->home, .uid = geteuid()};
	*state = f;
	return 0;
}

static inline int fixture_open(void **state)
{
	return fixture_open_in(state, "/tmp");
}

static inline void fixture_reset(struct fixture *f)
{
	f->p = enc_policy_free(f->p);
	if (f->d.arena)
		enc_diags_done(&f->d);
	enc_buf_done(&f->said);
	enc_err_clear(&f->e);
}

static inline int fixture_close(void **state)
{
	struct fixture *f = *state;
	char *command = enc_asprintf("rm -rf %s", f->root);
	int r = system(command);

	fixture_reset(f);
	free(command);
	free(f);
	return r;
}

static inline int load(struct fixture *f, const char *manifest)
{
	int r;

	fixture_reset(f);
	enc_diags_init(&f->d);
	f->where.manifest = manifest;
	r = enc_policy_load_under(&f->where, f->ceiling, &f->p, &f->d, &f->e);
	for (size_t i = 0; i < f->d.n; i++) {
		const struct enc_diag *g = &f->d.v[i];

		if (i)
			enc_buf_putc(&f->said, '\n');
		put_at(f, &f->said, g->file);
		enc_buf_printf(&f->said, ":%d:%d %s ", g->line, g->column, g->code);
		put_at(f, &f->said, g->message);
		if (g->hint) {
			enc_buf_puts(&f->said, " | ");
			put_at(f, &f->said, g->hint);
		}
	}
	if (r < 0 && !f->d.n) {
		enc_buf_printf(&f->said, "%s ", f->e.id);
		put_at(f, &f->said, f->e.text);
		enc_buf_puts(&f->said, " | ");
		put_at(f, &f->said, f->e.hint);
	}
	return r;
}

/* The manifest `text` below "enclosure: 1", named by -m. */
static inline int load_text(struct fixture *f, const char *text)
{
	char *whole = enc_asprintf("enclosure: 1\n%s", text);
	int r;

	put_file(f, "home/ws/m.yaml", whole);
	free(whole);
	r = load(f, "m.yaml");
	return r;
}

/* The clause, or one without id and with empty texts. */
static inline const struct enc_clause *clause(const struct fixture *f, const char *id)
{
	static const struct enc_clause none = {.text = "", .value = "", .at = {.file = ""}};

	for (size_t i = 0; f->p && i < f->p->n_clauses; i++)
		if (strcmp(f->p->clauses[i].id, id) == 0)
			return &f->p->clauses[i];
	return &none;
}

/* "ID TEXT" of every clause but the network's default and the manifest's own, in order. */
static inline char *clauses(const struct fixture *f)
{
	struct enc_buf b = {0};

	for (size_t i = 0; f->p && i < f->p->n_clauses; i++) {
		const struct enc_clause *c = &f->p->clauses[i];

		if (strncmp(c->id, "manifest[", 9) == 0 || c->at.line == 0)
			continue;
		if (b.len)
			enc_buf_putc(&b, '\n');
		enc_buf_printf(&b, "%s ", c->id);
		put_at(f, &b, c->text);
	}
	enc_buf_puts(&b, "");
	return b.s ? b.s : enc_strdup("");
}

#endif
