/* SPDX-License-Identifier: MIT */
/*
 * limits.c - the limits of a run, looked at while it goes on
 *
 * What the kernel enforces is only read here, so that a hit is told; what it does not is measured, and ends the run.
 * A run that is refused processes or descriptors is held by that, and told; one that goes on for a second is a bomb,
 * and is ended. A look takes longer the more processes there are: the next one waits so long that looking takes a fifth
 * of the time at most.
 */
#include "run/limit_watch.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "run/supervise.h"

#define SECOND_NS     1000000000ull
#define LOOK_NS	      (SECOND_NS / 4)
#define FAST_LOOK_NS  (SECOND_NS / 20) /* memory that is watched, not limited by the kernel */
#define CPU_WINDOW    (5 * SECOND_NS)
#define UNSEEN_NS     (SECOND_NS * 3 / 2) /* so long not all processes could be looked at */
#define UNSEEN_LOOKS  3
#define BOMB_NS	      SECOND_NS
#define BOMB_PAUSE_NS (SECOND_NS * 3 / 2)
#define BOMB_HITS     16  /* refused forks: fewer are a program that tries again */
#define IDLE_PART     100 /* processor time below 1/100 of the time counts as none */

/* The event, and the line in the result; once for each clause. */
void enc_run_limits_tell(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value)
{
	struct enc_run_result *r = s->result;
	struct enc_limit_hit *h;

	for (size_t i = 0; i < r->n_limits; i++)
		if (strcmp(r->limits[i].clause, clause) == 0)
			return;
	h = ENC_PUSH(r->limits, r->n_limits);
	*h = (struct enc_limit_hit){.clause = clause, .limit = limit, .value = value, .first_real_ns = enc_now_real()};
	(void)enc_run_tell_limit(s, clause, limit, value, s->e);
}

void enc_run_limits_end(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value, const char *why,
			enum enc_run_state state)
{
	enc_run_limits_tell(s, clause, limit, value);
	enc_run_end(s, state, clause, why);
	enc_box_kill(s->box);
}

static void look_at_memory(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.memory_bytes;
	uint64_t value = now->memory_peak_bytes ? now->memory_peak_bytes : now->memory_bytes;
	char text[120], size[32];

	w->unseen = now->unseen ? w->unseen + 1 : 0;
	if (!now->unseen)
		w->seen_ns = mono;
	if (now->oom_kills || now->memory_over) {
		enc_format_size(size, sizeof(size), limit);
		snprintf(text, sizeof(text), "the run used more than its memory limit of %s", size);
		enc_run_limits_end(s, "limits.memory", limit, value, text, ENC_RUN_KILLED);
	} else if (s->q->plan->watch_memory && !s->command_ended && w->unseen >= UNSEEN_LOOKS &&
		   mono - w->seen_ns > UNSEEN_NS) {
		enc_run_limits_end(s, "limits.memory", limit, value,
				   "the run has more processes than can be watched, so its memory is not known",
				   ENC_RUN_KILLED);
	}
}

/* In a pids group refused forks are counted. Without one the run is over its limit when it has the one process more
 * that is let in. A bomb's processes may pause between their tries (shells do, a second and longer), or die and be
 * replaced: it is over when nothing was refused for a while, or half of the processes are gone. */
static bool pids_are_over(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.pids;
	bool by_group = s->q->plan->use_cgroup_pids;

	if (by_group ? now->pids_hits > w->seen.pids_hits : now->pids > limit)
		w->pids_last_ns = mono;
	return by_group ? mono - w->pids_last_ns < BOMB_PAUSE_NS : now->pids >= limit / 2;
}

static void look_at_pids(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.pids;
	char text[120];

	if (!limit)
		return;
	if (!pids_are_over(s, now, mono) || !w->pids_last_ns) {
		w->pids_since_ns = w->pids_last_ns = 0;
		return;
	}
	if (!w->pids_since_ns) {
		w->pids_since_ns = mono;
		w->pids_hits = w->seen.pids_hits;
		enc_run_limits_tell(s, "limits.pids", limit, now->pids);
	}
	if (s->command_ended || w->pids_last_ns - w->pids_since_ns < BOMB_NS ||
	    (s->q->plan->use_cgroup_pids && now->pids_hits - w->pids_hits < BOMB_HITS))
		return;
	snprintf(text, sizeof(text), "the run went on making processes at its limit of %llu",
		 (unsigned long long)limit);
	enc_run_limits_end(s, "limits.pids", limit, now->pids, text, ENC_RUN_KILLED);
}

static void look_at_files(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.files;
	char text[120];

	if (!now->files_hits) {
		w->files_since_ns = 0;
		return;
	}
	if (!w->files_since_ns)
		w->files_since_ns = mono;
	enc_run_limits_tell(s, "limits.files", limit, limit);
	if (mono - w->files_since_ns < BOMB_NS)
		return;
	snprintf(text, sizeof(text), "a process stayed at the limit of %llu open files", (unsigned long long)limit);
	enc_run_limits_end(s, "limits.files", limit, limit, text, ENC_RUN_KILLED);
}

static uint64_t percent(uint64_t cpu_ns, uint64_t ns)
{
	return ns ? cpu_ns * 100 / ns : 0;
}

/* Keeps the points of the last window and compares over all of it. */
static void watch_cpu(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.cpu_percent, value;
	size_t oldest = (w->cpu_at + 1) % ENC_CPU_POINTS;
	char text[120];

	if (mono - w->cpu[w->cpu_at].ns < CPU_WINDOW / (ENC_CPU_POINTS - 2))
		return;
	w->cpu_at = oldest;
	w->cpu[oldest].ns = mono;
	w->cpu[oldest].cpu_ns = now->cpu_ns;
	/* The shortest stretch that is as long as the window. */
	for (size_t i = 1; i < ENC_CPU_POINTS; i++) {
		size_t at = (w->cpu_at + ENC_CPU_POINTS - i) % ENC_CPU_POINTS;

		if (!w->cpu[at].ns)
			return;
		if (mono - w->cpu[at].ns < CPU_WINDOW)
			continue;
		value = percent(now->cpu_ns - w->cpu[at].cpu_ns, mono - w->cpu[at].ns);
		if (value <= limit)
			return;
		snprintf(text, sizeof(text),
			 "the run used %llu%% of a core for five seconds, more than its limit of %llu%%",
			 (unsigned long long)value, (unsigned long long)limit);
		enc_run_limits_end(s, "limits.cpu", limit, value, text, ENC_RUN_KILLED);
		return;
	}
}

static void look_at_cpu(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.cpu_percent, value;

	if (s->q->plan->watch_cpu) {
		if (!s->command_ended)
			watch_cpu(s, now, mono);
	} else if (now->cpu_throttled) {
		/* In some period it was reached; since the last look as a whole it may have been less. */
		value = percent(now->cpu_ns - w->seen.cpu_ns, mono - w->mono_ns);
		enc_run_limits_tell(s, "limits.cpu", limit, value > limit ? value : limit);
	}
}

/* Output that our own reader has not taken yet is not the run's idleness. */
static bool waits_for_reader(const struct enc_supervisor *s)
{
	for (size_t i = 0; i < ENC_LEN(s->out); i++)
		if (s->out[i].len || s->out[i].held)
			return true;
	return false;
}

/* Processor time is measured in slices, since a look is too short to tell a program that waits and looks around from
 * one that works. */
static void look_at_idle(struct enc_supervisor *s, const struct enc_box_sample *now, uint64_t mono)
{
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.idle_ns, slice = limit / 8 < 10 * SECOND_NS ? limit / 8 : 10 * SECOND_NS;
	bool busy = now->cpu_ns - w->slice_cpu_ns > slice / IDLE_PART;
	char text[120], t[32];

	if (!limit)
		return;
	if (busy || w->output_bytes != w->slice_output || waits_for_reader(s))
		w->active_ns = mono;
	if (busy || mono - w->slice_ns >= slice || w->output_bytes != w->slice_output) {
		w->slice_ns = mono;
		w->slice_cpu_ns = now->cpu_ns;
		w->slice_output = w->output_bytes;
	}
	if (mono - w->active_ns < limit)
		return;
	enc_format_time(t, sizeof(t), limit);
	snprintf(text, sizeof(text), "the run did nothing for its idle limit of %s", t);
	enc_run_limits_end(s, "limits.idle", limit, mono - w->active_ns, text, ENC_RUN_TIMED_OUT);
}

size_t enc_run_limits_output(void *supervisor, size_t n)
{
	struct enc_supervisor *s = supervisor;
	struct enc_limit_watch *w = &s->limits;
	uint64_t limit = s->q->plan->limits.output_bytes, before = w->output_bytes;
	char text[120], size[32];

	w->output_bytes += n;
	if (!limit || w->output_bytes <= limit)
		return n;
	enc_format_size(size, sizeof(size), limit);
	snprintf(text, sizeof(text), "the run wrote more than its output limit of %s", size);
	enc_run_limits_end(s, "limits.output", limit, w->output_bytes, text, ENC_RUN_KILLED);
	return before < limit ? (size_t)(limit - before) : 0;
}

void enc_run_limits_look(struct enc_supervisor *s)
{
	struct enc_limit_watch *w = &s->limits;
	struct enc_box_sample now = {0};
	uint64_t mono = enc_now_mono();

	enc_box_finish(s->box);
	enc_box_sample(s->box, &now);
	if (now.memory_peak_bytes < w->seen.memory_peak_bytes)
		now.memory_peak_bytes = w->seen.memory_peak_bytes;
	if (now.cpu_ns < w->seen.cpu_ns)
		now.cpu_ns = w->seen.cpu_ns; /* the group is gone */
	if (!w->mono_ns) {		     /* somebody asks before the command was started */
		w->seen = now;
		return;
	}
	look_at_memory(s, &now, mono);
	look_at_pids(s, &now, mono);
	look_at_cpu(s, &now, mono);
	/* The last look, after the end, tells what the kernel counted, and ends nothing any more. */
	if (!s->command_ended) {
		look_at_files(s, &now, mono);
		look_at_idle(s, &now, mono);
		enc_run_disk_look(s, now.cpu_ns, mono);
	}
	w->seen = now;
	w->mono_ns = mono;
}

static uint64_t look_every(const struct enc_plan *p)
{
	uint64_t every = p->watch_memory ? FAST_LOOK_NS : LOOK_NS;

	if (p->limits.idle_ns && p->limits.idle_ns / 4 < every)
		every = p->limits.idle_ns / 4 > FAST_LOOK_NS ? p->limits.idle_ns / 4 : FAST_LOOK_NS;
	return every;
}

static int on_look(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;
	uint64_t every = look_every(s->q->plan), begun = enc_now_mono(), took;

	s->limits.timer = enc_source_remove(src); /* it fires once, and the next one has another delay */
	enc_run_limits_look(s);
	took = enc_now_mono() - begun;
	if (every < 4 * took)
		every = 4 * took < SECOND_NS ? 4 * took : SECOND_NS;
	return enc_loop_timer(s->loop, every, 0, on_look, s, &s->limits.timer, s->e);
}

static int on_time(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;
	uint64_t limit = s->q->plan->limits.time_ns;
	char text[120], t[32];

	enc_format_time(t, sizeof(t), limit);
	snprintf(text, sizeof(text), "the run took longer than its time limit of %s", t);
	enc_run_limits_end(s, "limits.time", limit, limit, text, ENC_RUN_TIMED_OUT);
	return 0;
}

int enc_run_limits_start(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_limit_watch *w = &s->limits;
	struct enc_source *src;

	w->mono_ns = w->seen_ns = w->active_ns = w->slice_ns = w->cpu[0].ns = enc_now_mono();
	if (enc_loop_timer(s->loop, look_every(p), 0, on_look, s, &w->timer, e) < 0)
		return -e->code;
	if (p->limits.time_ns && enc_loop_timer(s->loop, p->limits.time_ns, 0, on_time, s, &src, e) < 0)
		return -e->code;
	return 0;
}
