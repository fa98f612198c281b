/* SPDX-License-Identifier: MIT */
/*
 * plan_fixture.h - a plan over a manifest's text, a tree of files and a machine that has everything
 *
 * Built on policy_fixture.h: "@" is the fixture's root, @/home the home, @/home/ws the workspace and the working
 * directory.
 */
#ifndef ENC_TESTS_PLAN_FIXTURE_H
#define ENC_TESTS_PLAN_FIXTURE_H

#include "plan/plan.h"
#include "policy_fixture.h"

static struct enc_host plan_host;
static struct enc_plan *plan;

static inline void host_with_all(struct enc_host *h)
{
	memset(h, 0, sizeof(*h));
	h->uid = geteuid();
	h->landlock_abi = 7;
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		h->mech[m].status = ENC_ST_SUPPORTED;
	for (int c = 0; c < ENC_CTL__COUNT; c++)
		h->ctl[c] = (struct enc_cgroup_home){.version = 1, .dir = "/sys/fs/cgroup/memory/enclosure"};
}

static inline int shell(const struct fixture *f, const char *command)
{
	char *all = enc_asprintf("cd %s && { %s; }", f->root, command);
	int r = system(all);

	free(all);
	return r;
}

/* A fresh tree, made by a shell command in the fixture's root. */
static inline void tree(const struct fixture *f, const char *command)
{
	assert_int_equal(shell(f, "rm -rf home outside state && mkdir -p home/ws outside state"), 0);
	assert_int_equal(shell(f, command && command[0] ? command : "true"), 0);
}

/* Text with the fixture's root for every "@". */
static inline char *with_root(const struct fixture *f, const char *text)
{
	struct enc_buf b = {0};

	enc_buf_puts(&b, "");
	for (; *text; text++)
		if (*text == '@')
			enc_buf_puts(&b, f->root);
		else
			enc_buf_putc(&b, *text);
	return b.s;
}

/* The plan of the manifest `text`, with this environment (NULL: HOME alone); NULL when there is none: f->e, f->d. */
static inline struct enc_plan *plan_of(struct fixture *f, const char *text, char *const *env, uint64_t timeout_ns)
{
	char *home = enc_asprintf("HOME=%s", f->home);
	char *const own[] = {home, NULL};
	struct enc_plan_request q = {
		.host = &plan_host,
		.state_dir = f->state,
		.cwd = f->ws,
		.environ = env ? env : own,
		.timeout_ns = timeout_ns,
	};

	char *whole = with_root(f, text);

	plan = enc_plan_free(plan);
	if (load_text(f, whole) < 0)
		fail_msg("the manifest is wrong: %s\n%s", f->said.s, text);
	q.policy = f->p;
	enc_err_clear(&f->e);
	if (enc_plan_make(&q, &plan, &f->d, &f->e) < 0)
		plan = NULL;
	free(home);
	free(whole);
	return plan;
}

static inline const char *kind_of(enum enc_mount_kind k)
{
	static const char *const names[] = {
		[ENC_MT_BIND_RO] = "ro",	[ENC_MT_BIND_RW] = "rw",	  [ENC_MT_SCRATCH] = "own",
		[ENC_MT_FILE_SYNC] = "sync",	[ENC_MT_PROTECT] = "protect",	  [ENC_MT_PIN] = "pin",
		[ENC_MT_MASK_DIR] = "mask-dir", [ENC_MT_MASK_FILE] = "mask-file", [ENC_MT_LINK] = "link",
		[ENC_MT_TEXT] = "text",
	};

	return names[k];
}

/* The mounts, one a line, without those of the manifest itself, of generated names and of the machine's own
 * state; then "! ID: MISSING" of each
 * unbound clause; or the error alone. */
static inline char *plan_said(const struct fixture *f)
{
	struct enc_buf b = {0};

	enc_buf_puts(&b, "");
	if (!plan) {
		enc_buf_printf(&b, "%s ", f->e.id);
		put_at(f, &b, f->e.text);
		return b.s;
	}
	for (size_t i = 0; i < plan->n_mounts; i++) {
		const struct enc_mount *m = &plan->mounts[i];

		if (m->kind == ENC_MT_TEXT || strstr(m->path, "/m.yaml") || strcmp(m->path, "/var/lib/enclosure") == 0)
			continue;
		enc_buf_printf(&b, "%s%s ", b.len ? "\n" : "", kind_of(m->kind));
		put_at(f, &b, m->path);
		if (m->kind == ENC_MT_LINK) {
			enc_buf_puts(&b, " -> ");
			put_at(f, &b, m->target);
		}
	}
	for (size_t i = 0; i < plan->n_bindings; i++)
		if (!plan->bindings[i].bound) {
			enc_buf_printf(&b, "\n! %s: ", plan->bindings[i].clause->id);
			put_at(f, &b, plan->bindings[i].missing);
		}
	return b.s;
}

static inline int plan_open(void **state)
{
	host_with_all(&plan_host);
	return fixture_open(state);
}

static inline int plan_close(void **state)
{
	plan = enc_plan_free(plan);
	return fixture_close(state);
}

#endif
