/* SPDX-License-Identifier: MIT */
/*
 * bind.c - every clause that is neither path nor limit, and what every run has without a clause
 *
 * One row a kind. What has no row that binds it is unbound, with what is missing in words: a manifest never means less
 * than it says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/impl.h"

static void later(struct enc_planner *w, struct enc_binding *b, const char *what, const char *next)
{
	enc_plan_missing(w, b, next, "%s not bound in this version", what);
}

static void bind_net_mode(struct enc_planner *w, struct enc_binding *b)
{
	switch (w->q->policy->net_mode) {
	case ENC_NET_NONE:
		w->p->net_none = true;
		if (enc_plan_need(w, b, ENC_MECH_NET_NAMESPACE))
			enc_plan_bound(b, ENC_BIT(NET_NAMESPACE), ENC_G_PREVENT);
		return;
	case ENC_NET_OPEN:
		enc_plan_bound(b, 0, ENC_G_PREVENT);
		b->note = w->q->host->landlock_abi >= 6
				  ? "the host's network as it is: nothing is held back; /etc/resolv.conf can be read"
				  : "the host's network as it is, its abstract UNIX sockets too (Landlock's ABI 6 is "
				    "missing); "
				    "/etc/resolv.conf can be read";
		return;
	case ENC_NET_PROXY:
		w->p->net_none = true;
		later(w, b, "network mode proxy is", "write mode: none or mode: open");
		return;
	}
}

static void bind_user(struct enc_planner *w, struct enc_binding *b)
{
	if (enc_plan_need(w, b, ENC_MECH_USER_NAMESPACE))
		enc_plan_bound(b, ENC_BIT(USER_NAMESPACE), ENC_G_PREVENT);
}

/* The variables of others stand in /proc/PID/environ: the pid namespace hides the processes that have them. */
static void bind_env(struct enc_planner *w, struct enc_binding *b)
{
	if (enc_plan_need(w, b, ENC_MECH_PID_NAMESPACE))
		enc_plan_bound(b, ENC_BIT(PID_NAMESPACE), ENC_G_PREVENT);
}

static void bind_workspace(struct enc_planner *w, struct enc_binding *b)
{
	if (w->q->policy->workspace_mode == ENC_WS_OVERLAY) {
		enc_plan_bind_overlay(w, b);
		return;
	}
	enc_plan_bound(b, 0, ENC_G_PREVENT);
	b->note = "changes are made in place";
}

static void bind_one(struct enc_planner *w, struct enc_binding *b)
{
	static const char remove[] = "remove the clause";

	switch (b->clause->kind) {
	case ENC_CL_NET_MODE: bind_net_mode(w, b); return;
	case ENC_CL_LIMIT_MEMORY:
	case ENC_CL_LIMIT_PIDS:
	case ENC_CL_LIMIT_CPU:
	case ENC_CL_LIMIT_TIME:
	case ENC_CL_LIMIT_IDLE:
	case ENC_CL_LIMIT_OUTPUT:
	case ENC_CL_LIMIT_FILES:
	case ENC_CL_LIMIT_DISK: enc_plan_bind_limit(w, b); return;
	case ENC_CL_USER: bind_user(w, b); return;
	case ENC_CL_ENV_PASS:
	case ENC_CL_ENV_SET: bind_env(w, b); return;
	case ENC_CL_FS_WORKSPACE: bind_workspace(w, b); return;
	case ENC_CL_NET_ALLOW:
	case ENC_CL_NET_CREDENTIAL:
	case ENC_CL_NET_EXPOSE: later(w, b, "network rules are", remove); return;
	case ENC_CL_EXEC_ALLOW:
	case ENC_CL_EXEC_DENY: later(w, b, "exec clauses are", remove); return;
	case ENC_CL_RATE: later(w, b, "rates are", remove); return;
	case ENC_CL_BUDGET: later(w, b, "budgets are", remove); return;
	case ENC_CL_KILL: later(w, b, "kill switches are", remove); return;
	case ENC_CL_ASK: later(w, b, "ask is", remove); return;
	case ENC_CL_RULE: later(w, b, "rules are", remove); return;
	case ENC_CL_RECORD: later(w, b, "settings of the record are", remove); return;
	case ENC_CL_FS_READ:
	case ENC_CL_FS_WRITE:
	case ENC_CL_FS_DENY:
	case ENC_CL_FS_PROTECT:
	case ENC_CL_BUILTIN:
	case ENC_CL__COUNT: return;
	}
}

static bool is_path(const struct enc_clause *c)
{
	return c->kind == ENC_CL_FS_READ || c->kind == ENC_CL_FS_WRITE || c->kind == ENC_CL_FS_DENY ||
	       c->kind == ENC_CL_FS_PROTECT;
}

void enc_plan_bind_rest(struct enc_planner *w)
{
	const struct enc_policy *policy = w->q->policy;

	/* Without a word about the network there is none. */
	w->p->net_none = policy->net_mode != ENC_NET_OPEN;
	for (size_t i = 0; i < policy->n_clauses; i++)
		if (!is_path(&policy->clauses[i]))
			bind_one(w, enc_plan_add(w, &policy->clauses[i]));
}

static struct enc_binding *builtin(struct enc_planner *w, const char *id, const char *text)
{
	struct enc_clause *c = enc_arena_alloc(w->p->arena, sizeof(*c));

	c->kind = ENC_CL_BUILTIN;
	c->id = id;
	c->text = text;
	c->at.file = "built-in";
	return enc_plan_add(w, c);
}

static void bind_builtin(struct enc_planner *w, const char *id, const char *text, enum enc_mech m, uint32_t more)
{
	struct enc_binding *b = builtin(w, id, text);

	if (enc_plan_need(w, b, m))
		enc_plan_bound(b, 1u << m | more, ENC_G_PREVENT);
}

static bool shows_sys(const struct enc_planner *w)
{
	for (size_t i = 0; i < w->n_grants; i++)
		if (w->grants[i].at.exists && enc_path_in(w->grants[i].at.path, "/sys"))
			return true;
	return false;
}

void enc_plan_bind_builtin(struct enc_planner *w)
{
	const struct enc_policy *policy = w->q->policy;
	bool notify = enc_plan_has(w, ENC_MECH_SECCOMP_NOTIFY), landlock = enc_plan_has(w, ENC_MECH_LANDLOCK);
	uint32_t second = landlock ? ENC_BIT(LANDLOCK) : 0;
	struct enc_binding *b;

	w->p->use_landlock = landlock;
	w->p->use_notify = notify;
	if (!enc_policy_get(policy, ENC_CL_NET_MODE))
		bind_builtin(w, "network", "no network, since none is granted", ENC_MECH_NET_NAMESPACE, 0);
	bind_builtin(w, "files", "nothing is visible that is not granted; private /tmp, /dev and home",
		     ENC_MECH_MOUNT_NAMESPACE, second);
	bind_builtin(w, "system-calls", "no mounts, namespaces, io_uring, bpf, keys, raw sockets, set-id bits",
		     ENC_MECH_SECCOMP, notify ? ENC_BIT(SECCOMP_NOTIFY) : 0);
	b = &w->p->bindings[w->p->n_bindings - 1];
	b->visible = b->bound && notify;
	bind_builtin(w, "capabilities", "no capability, no new privileges, never uid 0 of the host",
		     ENC_MECH_USER_NAMESPACE, 0);
	bind_builtin(w, "kernel-files", "/proc/sys and the like read-only; no /sys, no cgroup files",
		     ENC_MECH_MOUNT_NAMESPACE, second);
	b = &w->p->bindings[w->p->n_bindings - 1];
	if (b->bound && shows_sys(w))
		b->note = "but the part of /sys that filesystem.read grants";
	/* Closed by the launcher itself, which needs nothing of the machine for it. */
	enc_plan_bound(builtin(w, "descriptors", "no descriptor but 0, 1, 2"), 0, ENC_G_PREVENT);
	bind_builtin(w, "processes-end", "every process of the run ends with it", ENC_MECH_PID_NAMESPACE, 0);
	bind_builtin(w, "die-with-supervisor", "the run ends when its supervisor does", ENC_MECH_PID_NAMESPACE, 0);
}
