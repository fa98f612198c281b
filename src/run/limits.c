/* SPDX-License-Identifier: MIT */
/*
 * limits.c - the limits of a run, looked at while it goes on
 *
 * What the kernel enforces is only read here, so that a hit is told; what it does not is measured, and ends the run.
 */
#include <stdio.h>

#include "base/text.h"
#include "run/supervise.h"

#define SAMPLE_NS      250000000ull
#define FAST_SAMPLE_NS 50000000ull /* memory that is watched, not limited by the kernel */

static void end_by_limit(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value, const char *why,
			 enum enc_run_state state)
{
	(void)enc_run_tell_limit(s, clause, limit, value, s->e);
	enc_run_end(s, state, clause, why);
	enc_box_kill(s->box);
}

static void check_memory(struct enc_supervisor *s, const struct enc_box_sample *now)
{
	uint64_t limit = s->q->plan->limits.memory_bytes;
	char text[120], size[32];

	if (s->limit_seen[0] || (now->oom_kills == 0 && !now->memory_over))
		return;
	s->limit_seen[0] = true;
	enc_format_size(size, sizeof(size), limit);
	snprintf(text, sizeof(text), "the run used more than its memory limit of %s", size);
	end_by_limit(s, "limits.memory", limit, now->memory_peak_bytes ? now->memory_peak_bytes : now->memory_bytes,
		     text, ENC_RUN_KILLED);
}

static void check_counts(struct enc_supervisor *s, const struct enc_box_sample *now)
{
	const struct enc_limits *l = &s->q->plan->limits;

	if (!s->limit_seen[1] && now->pids_hits) {
		s->limit_seen[1] = true;
		(void)enc_run_tell_limit(s, "limits.pids", l->pids, now->pids, s->e);
	}
	if (!s->limit_seen[2] && now->files_hits) {
		s->limit_seen[2] = true;
		(void)enc_run_tell_limit(s, "limits.files", l->files, l->files, s->e);
	}
}

void enc_run_limits_look(struct enc_supervisor *s)
{
	struct enc_box_sample now = {0};

	enc_box_sample(s->box, &now);
	check_memory(s, &now);
	check_counts(s, &now);
	if (now.memory_peak_bytes < s->seen.memory_peak_bytes)
		now.memory_peak_bytes = s->seen.memory_peak_bytes;
	s->seen = now;
}

static int on_sample(struct enc_source *src, uint64_t now, void *data)
{
	enc_run_limits_look(data);
	return 0;
}

static int on_time(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;
	uint64_t limit = s->q->plan->limits.time_ns;
	char text[120], t[32];

	enc_format_time(t, sizeof(t), limit);
	snprintf(text, sizeof(text), "the run took longer than its time limit of %s", t);
	end_by_limit(s, "limits.time", limit, limit, text, ENC_RUN_TIMED_OUT);
	return 0;
}

int enc_run_limits_start(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	uint64_t every = p->watch_memory ? FAST_SAMPLE_NS : SAMPLE_NS;
	struct enc_source *src;

	if (enc_loop_timer(s->loop, every, every, on_sample, s, &src, e) < 0)
		return -e->code;
	if (p->limits.time_ns && enc_loop_timer(s->loop, p->limits.time_ns, 0, on_time, s, &src, e) < 0)
		return -e->code;
	return 0;
}
