/* SPDX-License-Identifier: MIT */
/*
 * cmd_apply.c - enclosure apply RUN, enclosure discard RUN: what a run changed is taken over, or thrown away
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/layer.h"
#include "cli/verbs.h"

struct apply_args {
	bool force, code, dry, json;
};

static const struct enc_opt apply_opts[] = {
	{0, "with-code", NULL, ENC_OPT_FLAG, offsetof(struct apply_args, code),
	 "also files that run code later, without asking for each"},
	{0, "force", NULL, ENC_OPT_FLAG, offsetof(struct apply_args, force),
	 "also over what was changed in the workspace since the run started"},
	{'n', "dry-run", NULL, ENC_OPT_FLAG, offsetof(struct apply_args, dry),
	 "say what would be done, and do nothing"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct apply_args, json),
	 "print what became of each change as an object"},
};

enum fate { WANTED, NOT_ASKED_FOR, APPLIED, LEFT_CODE, LEFT_CHANGED, LEFT_UNFIT, FAILED };
static const char *const fates[] = {[WANTED] = "wanted",
				    [NOT_ASKED_FOR] = "not-asked-for",
				    [APPLIED] = "applied",
				    [LEFT_CODE] = "runs-code-later",
				    [LEFT_CHANGED] = "changed-meanwhile",
				    [LEFT_UNFIT] = "not-applicable",
				    [FAILED] = "failed"};

struct work {
	struct enc_cli_layer *l;
	const struct apply_args *a;
	enum fate *fate; /* of each change */
	const char **why;
	size_t n[FAILED + 1];
};

static bool yes(void)
{
	char line[64];

	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* Somebody at a terminal is asked; nobody else can be. */
static bool may_run_code(const struct work *w, const struct enc_change *c)
{
	struct enc_buf b = {0};
	bool r;

	if (w->a->code || w->a->dry)
		return w->a->code;
	if (w->a->json || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	enc_buf_printf(&b, "%s ",
		       c->kind == ENC_CHANGE_DELETED ? "delete"
		       : c->kind == ENC_CHANGE_ADDED ? "add"
						     : "change");
	enc_diff_path(&b, "", c->path);
	enc_buf_printf(&b, ", which runs code later (%s)? [y/N] ", c->later);
	(void)enc_write_all(STDERR_FILENO, b.s, b.len);
	enc_buf_done(&b);
	r = yes();
	return r;
}

static void set(struct work *w, size_t i, enum fate fate, const char *why)
{
	w->fate[i] = fate;
	w->why[i] = why ? enc_arena_strdup(w->l->run.arena, why) : NULL;
	w->n[fate]++;
}

/* Both halves of a name that became something else, or neither: what is deleted would be missed. */
static size_t other_half(const struct enc_changes *c, size_t i)
{
	if (i + 1 < c->n && strcmp(c->v[i].path, c->v[i + 1].path) == 0)
		return i + 1;
	return i && strcmp(c->v[i].path, c->v[i - 1].path) == 0 ? i - 1 : i;
}

static int to_path(const void *key, const void *change)
{
	return strcmp(key, ((const struct enc_change *)change)->path);
}

/* A folder that is made for something that is wanted is wanted, too, and that what was in its place goes. */
static void want_parents(struct work *w)
{
	const struct enc_changes *c = &w->l->changes;

	for (size_t i = 0; i < c->n; i++) {
		enc_auto(enc_free_auto) char *path = w->fate[i] == WANTED ? enc_strdup(c->v[i].path) : NULL;

		for (char *slash = path ? strrchr(path, '/') : NULL; slash; slash = strrchr(path, '/')) {
			const struct enc_change *at;
			size_t k;

			*slash = '\0';
			at = bsearch(path, c->v, c->n, sizeof(*c->v), to_path);
			k = at ? (size_t)(at - c->v) : 0;
			if (!at || (at->kind == ENC_CHANGE_MODIFIED && other_half(c, k) == k))
				continue;
			if (w->fate[k] == NOT_ASKED_FOR)
				w->fate[k] = WANTED;
			if (w->fate[other_half(c, k)] == NOT_ASKED_FOR)
				w->fate[other_half(c, k)] = WANTED;
		}
	}
}

static int choose(struct work *w, char **paths, struct enc_err *e)
{
	const struct enc_changes *c = &w->l->changes;

	for (size_t i = 0; i < c->n; i++)
		w->fate[i] = paths[0] ? NOT_ASKED_FOR : WANTED;
	for (; *paths; paths++) {
		const char *path = enc_cli_layer_path(w->l, *paths, e);
		bool any = false;

		if (!path)
			return -EINVAL;
		for (size_t i = 0; i < c->n; i++)
			if (enc_change_in(&c->v[i], path)) {
				w->fate[i] = WANTED;
				any = true;
			}
		if (!any) {
			ENC_FAIL(e, ENOENT, "the run changed nothing at %s", *paths);
			(void)enc_err_id(e, "E0701", "enclosure diff --stat %s lists its changes", w->l->run.id);
			return -EINVAL;
		}
	}
	want_parents(w);
	return 0;
}

static void one(struct work *w, struct enc_applier *applier, size_t i)
{
	const struct enc_change *c = &w->l->changes.v[i];
	struct enc_err e = {0};
	int r;

	if (w->a->dry) {
		set(w, i,
		    c->trouble			   ? FAILED
		    : c->later && !w->a->code	   ? LEFT_CODE
		    : c->meanwhile && !w->a->force ? LEFT_CHANGED
						   : WANTED,
		    c->trouble);
		return;
	}
	r = enc_apply(applier, c, &e);
	if (r < 0)
		set(w, i,
		    r == -ESTALE || r == -ENOTEMPTY   ? LEFT_CHANGED
		    : r == -EOPNOTSUPP && !c->trouble ? LEFT_UNFIT
						      : FAILED,
		    e.text);
	else
		set(w, i, APPLIED, NULL);
}

static void ask_for_code(struct work *w)
{
	const struct enc_changes *c = &w->l->changes;

	for (size_t i = 0; i < c->n; i++) {
		size_t k = other_half(c, i);

		if (w->fate[i] != WANTED || !c->v[i].later || may_run_code(w, &c->v[i]))
			continue;
		set(w, i, LEFT_CODE, c->v[i].later);
		if (k != i && w->fate[k] == WANTED)
			set(w, k, LEFT_CODE, c->v[i].later);
	}
}

/* A file that took the place of a folder can only come when the folder is gone: deletions first, the deep before the
 * shallow, then the rest in the order of paths. */
static void all(struct work *w)
{
	const struct enc_changes *c = &w->l->changes;
	struct enc_applier *applier = w->a->dry ? NULL : enc_applier_new(&w->l->o, c, w->a->force);

	ask_for_code(w);
	for (size_t i = c->n; i-- > 0;)
		if (w->fate[i] == WANTED && c->v[i].kind == ENC_CHANGE_DELETED)
			one(w, applier, i);
	for (size_t i = 0; i < c->n; i++)
		if (w->fate[i] == WANTED && c->v[i].kind != ENC_CHANGE_DELETED) {
			one(w, applier, i);
			/* What was not replaced is still there. */
			if (c->v[i].replaces && w->fate[i] != APPLIED && w->fate[i - 1] == APPLIED)
				set(w, i - 1, w->fate[i], w->why[i]);
		}
	(void)enc_applier_free(applier);
}

static void print_words(const struct work *w, struct enc_buf *b)
{
	const struct enc_changes *c = &w->l->changes;

	for (size_t i = 0; i < c->n; i++) {
		if (w->fate[i] == NOT_ASKED_FOR)
			continue;
		enc_buf_printf(b, "%s  %c  ",
			       w->fate[i] == APPLIED  ? "applied"
			       : w->fate[i] == WANTED ? "would  "
			       : w->fate[i] == FAILED ? "FAILED "
						      : "left   ",
			       c->v[i].kind);
		enc_diff_path(b, "", c->v[i].path);
		if (w->fate[i] == LEFT_CODE)
			enc_buf_printf(b, "  runs code later: %s", w->why[i]);
		else if (w->fate[i] == LEFT_CHANGED)
			enc_buf_puts(b, "  changed in the workspace since the run started");
		else if (w->why[i])
			enc_buf_printf(b, "  %s", w->why[i]);
		enc_buf_putc(b, '\n');
	}
	if (!c->n)
		enc_buf_puts(b, "nothing to apply: the workspace has what the run had\n");
	if (w->n[LEFT_CODE])
		enc_buf_printf(b,
			       "look at what runs code later (enclosure diff %.10s PATH), then: enclosure apply "
			       "--with-code %.10s PATH...\n",
			       w->l->run.id, w->l->run.id);
	if (w->n[LEFT_CHANGED])
		enc_buf_printf(b, "enclosure apply --force %.10s PATH... writes over what was changed\n", w->l->run.id);
}

static void print_object(const struct work *w, struct enc_buf *b)
{
	const struct enc_changes *c = &w->l->changes;
	struct enc_json j;

	enc_json_init(&j, b, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.apply/v1");
	enc_json_str(&j, "run", w->l->run.id);
	enc_json_path(&j, "workspace", w->l->about.overlay.path);
	enc_json_bool(&j, "dry_run", w->a->dry);
	enc_json_array(&j, "changes");
	for (size_t i = 0; i < c->n; i++) {
		char kind[2] = {(char)c->v[i].kind, '\0'};

		enc_json_object(&j, NULL);
		enc_json_path(&j, "path", c->v[i].path);
		enc_json_str(&j, "kind", kind);
		enc_json_str(&j, "fate", fates[w->fate[i]]);
		enc_json_str(&j, "why", w->why[i]);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_end(&j);
	enc_buf_putc(b, '\n');
}

/* Its layer changes under a run that goes on. */
static int check_ended(const struct enc_cli_layer *l, struct enc_err *e)
{
	if (l->about.life >= ENC_LIFE_ENDED)
		return 0;
	ENC_FAIL(e, EBUSY, "run %s still goes on", l->run.id);
	return enc_err_id(e, "E0803", "enclosure wait %s, or enclosure stop %s", l->run.id, l->run.id);
}

static int run_apply(struct enc_cli_layer *l, const struct apply_args *a, char **paths, struct enc_err *e)
{
	struct work w = {.l = l, .a = a};
	struct enc_buf b = {0};
	int r;

	w.fate = enc_arena_alloc(l->run.arena, (l->changes.n + 1) * sizeof(*w.fate));
	w.why = enc_arena_alloc(l->run.arena, (l->changes.n + 1) * sizeof(*w.why));
	r = choose(&w, paths, e);
	if (r < 0)
		return r;
	all(&w);
	if (a->json)
		print_object(&w, &b);
	else
		print_words(&w, &b);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r ? r : w.n[FAILED] ? 2 : w.n[LEFT_CODE] || w.n[LEFT_CHANGED] || w.n[LEFT_UNFIT] ? 1 : 0;
}

static int status_of(int r)
{
	return r == -EINVAL ? 64 : r == -ENOENT || r == -ENODATA || r == -EBUSY ? 1 : 2;
}

static int cmd_apply(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct apply_args *a = args;
	struct enc_cli_layer l;
	struct enc_err e = {0};
	int r = enc_cli_layer_open(&l, argv[0], &e);

	if (r >= 0)
		r = check_ended(&l, &e);
	if (r >= 0 && !a->dry)
		r = enc_cli_layer_lock(&l, &e);
	if (r >= 0)
		r = run_apply(&l, a, argv + 1, &e);
	enc_cli_layer_close(&l);
	return r < 0 ? enc_cli_error(&e, a->json, status_of(r)) : r;
}

const struct enc_verb enc_verb_apply = {
	.name = "apply",
	.summary = "take over what a run changed in a workspace that was kept apart",
	.operands = "RUN [PATH...]",
	.description = "All of it, or what is at or below each PATH. Each file is replaced at once; no link is "
		       "followed on the way.\n"
		       "What was changed in the workspace since the run started is left, unless --force. Files that "
		       "run code without\n"
		       "being called by name (git hooks, a shell's start, CI, package scripts, settings of editors and "
		       "agents, links\n"
		       "that lead out) are asked for one by one at a terminal, and left without one, unless "
		       "--with-code. Set-id bits\n"
		       "are never taken over. The run's layer stays: enclosure discard removes it. An apply that is "
		       "killed leaves at most\n"
		       "one file .enclosure-apply-ID, which the next one replaces.",
	.opts = apply_opts,
	.n_opts = ENC_LEN(apply_opts),
	.args_size = sizeof(struct apply_args),
	.min_operands = 1,
	.max_operands = -1,
	.run = cmd_apply,
	.exits = "0 all was applied, 1 something was left, no such run, or it still goes on, 2 something failed, 64 "
		 "usage.",
	.examples = "enclosure apply -n last\tWhat would be taken over, and what would be left.\n"
		    "enclosure apply last src docs\tOnly what is below these.\n",
};

/* ---- discard ---- */

struct discard_args {
	bool json;
};

static const struct enc_opt discard_opts[] = {
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct discard_args, json), "print what was removed as an object"},
};

static int print_discarded(const char *id, bool json)
{
	struct enc_buf b = {0};
	struct enc_json j;
	int r;

	enc_json_init(&j, &b, 2);
	if (json) {
		enc_json_object(&j, NULL);
		enc_json_str(&j, "schema", "enclosure.discard/v1");
		enc_json_str(&j, "run", id);
		enc_json_end(&j);
		enc_buf_putc(&b, '\n');
	} else {
		enc_buf_printf(&b, "%s discarded\n", id);
	}
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}

static int cmd_discard(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct discard_args *a = args;
	struct enc_cli_layer l = {.o = {.upper = -1, .lower = -1}, .lock = -1};
	struct enc_err e = {0};
	struct stat st;
	int r = enc_cli_run_open(&l.run, argv[0], &e);

	if (r >= 0)
		r = enc_cli_run_about(&l.run, &l.about, &e);
	if (r >= 0)
		r = check_ended(&l, &e);
	if (r >= 0 && fstatat(l.run.dir, "overlay", &st, AT_SYMLINK_NOFOLLOW) < 0) {
		ENC_FAIL(&e, ENODATA, "run %s has no layer to discard", l.run.id);
		(void)enc_err_id(&e, "E0804", NULL);
		r = -ENODATA;
	}
	if (r >= 0)
		r = enc_cli_layer_lock(&l, &e);
	if (r >= 0)
		r = enc_overlay_discard(l.run.dir, "overlay", &e);
	if (r >= 0)
		r = print_discarded(l.run.id, a->json);
	enc_cli_layer_close(&l);
	return r < 0 ? enc_cli_error(&e, a->json, status_of(r)) : r;
}

const struct enc_verb enc_verb_discard = {
	.name = "discard",
	.summary = "throw away what a run changed in a workspace that was kept apart",
	.operands = "RUN",
	.description = "The run's layer is removed; the workspace, the run's output, its result and its events stay.",
	.opts = discard_opts,
	.n_opts = ENC_LEN(discard_opts),
	.args_size = sizeof(struct discard_args),
	.min_operands = 1,
	.max_operands = 1,
	.run = cmd_discard,
	.exits = "0 removed, 1 no such run, none with a layer, or it still goes on, 2 can't tell, 64 usage.",
};
