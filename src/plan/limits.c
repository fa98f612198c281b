/* SPDX-License-Identifier: MIT */
/*
 * limits.c - each limit bound to what holds it here, with what that can't do
 *
 * A control group holds memory, processes and processor time in the kernel. Where this user can have none, processes
 * are held by RLIMIT_NPROC in the run's user namespace, and the rest is watched: the supervisor measures, and ends the
 * run that is above. What is watched is contained, not prevented, and needs the pid namespace, by which a run ends.
 */
#include <stdio.h>

#include "base/text.h"
#include "plan/impl.h"

/* Bound to the controller's group, if this user can make one. */
static bool by_group(struct enc_planner *w, struct enc_binding *b, enum enc_controller c)
{
	const struct enc_cgroup_home *at = &w->q->host->ctl[c];
	enum enc_mech m = at->version == 2 ? ENC_MECH_CGROUP_V2 : ENC_MECH_CGROUP_V1;

	if (!at->version || !enc_plan_has(w, m))
		return false;
	enc_plan_bound(b, 1u << m, ENC_G_PREVENT);
	return true;
}

/* Bound to measuring and ending. */
static bool by_watching(struct enc_planner *w, struct enc_binding *b, const char *note)
{
	if (!enc_plan_need(w, b, ENC_MECH_PID_NAMESPACE))
		return false;
	enc_plan_bound(b, ENC_BIT(PID_NAMESPACE), ENC_G_CONTAIN);
	b->note = note;
	return true;
}

static void bind_memory(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.memory_bytes = b->clause->number;
	w->p->use_cgroup_memory = by_group(w, b, ENC_CTL_MEMORY);
	if (!w->p->use_cgroup_memory)
		w->p->watch_memory = by_watching(
			w, b,
			"no memory cgroup for this user: its processes' memory and private files are watched, and the "
			"run killed above it; page cache can be reclaimed and is not counted, nor what is only in "
			"flight between its processes");
}

static void bind_pids(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.pids = b->clause->number;
	w->p->use_cgroup_pids = by_group(w, b, ENC_CTL_PIDS);
	if (w->p->use_cgroup_pids || !enc_plan_need(w, b, ENC_MECH_RLIMIT) ||
	    !enc_plan_need(w, b, ENC_MECH_USER_NAMESPACE))
		return;
	w->p->use_rlimit_pids = true;
	enc_plan_bound(b, ENC_BIT(RLIMIT) | ENC_BIT(USER_NAMESPACE), ENC_G_CONTAIN);
	b->note = "no pids cgroup for this user: counted in the user namespace, one more than the limit at most, by "
		  "which a run that goes on at it is told, and ended";
}

static void bind_cpu(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.cpu_percent = b->clause->number;
	w->p->use_cgroup_cpu = by_group(w, b, ENC_CTL_CPU);
	if (w->p->use_cgroup_cpu)
		b->note = "slowed to it, not ended";
	else
		w->p->watch_cpu = by_watching(
			w, b,
			"no cpu cgroup for this user: not slowed, but ended when the average of five seconds is above "
			"it; processes that nobody waits for are counted while they are seen");
}

static void bind_files(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.files = b->clause->number;
	if (!enc_plan_need(w, b, ENC_MECH_RLIMIT))
		return;
	enc_plan_bound(b, ENC_BIT(RLIMIT), ENC_G_PREVENT);
	b->note = "of each process; hits are sampled every 0.25 s, and a process that stays at it for a second ends "
		  "the run";
}

static void bind_time(struct enc_planner *w, struct enc_binding *b)
{
	uint64_t timeout = w->q->timeout_ns;
	char t[32];

	w->p->limits.time_ns = b->clause->number;
	if (!by_watching(w, b, NULL))
		return;
	if (timeout && timeout < b->clause->number) {
		w->p->limits.time_ns = timeout;
		enc_format_time(t, sizeof(t), timeout);
		b->note = enc_plan_text(w, "shortened by --timeout to %s", t);
	} else if (timeout > b->clause->number) {
		b->note = "--timeout is longer: this one holds";
	}
}

static void bind_idle(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.idle_ns = b->clause->number;
	(void)by_watching(w, b, "less than 1 % of a core counts as none; the time that the machine sleeps does not");
}

static void bind_output(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.output_bytes = b->clause->number;
	(void)by_watching(w, b, "what is beyond it is neither passed on nor kept");
}

static void bind_disk(struct enc_planner *w, struct enc_binding *b)
{
	w->p->limits.disk_bytes = b->clause->number;
	(void)by_watching(w, b,
			  "watched: what can be written is walked before the start and again as it grows, and the run "
			  "killed above it; files that are only in flight between its processes are not seen");
}

void enc_plan_bind_limit(struct enc_planner *w, struct enc_binding *b)
{
	b->visible = true; /* a hit is an event, whatever holds the limit */
	switch ((int)b->clause->kind) {
	case ENC_CL_LIMIT_MEMORY: bind_memory(w, b); return;
	case ENC_CL_LIMIT_PIDS: bind_pids(w, b); return;
	case ENC_CL_LIMIT_CPU: bind_cpu(w, b); return;
	case ENC_CL_LIMIT_TIME: bind_time(w, b); return;
	case ENC_CL_LIMIT_IDLE: bind_idle(w, b); return;
	case ENC_CL_LIMIT_OUTPUT: bind_output(w, b); return;
	case ENC_CL_LIMIT_FILES: bind_files(w, b); return;
	case ENC_CL_LIMIT_DISK: bind_disk(w, b); return;
	}
}
