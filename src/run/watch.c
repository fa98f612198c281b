/* SPDX-License-Identifier: MIT */
/*
 * watch.c - the time between go and the end of the command
 *
 * Every source is a descriptor of one loop: the box's control socket (the command has ended), its pidfd (init has
 * ended), the seccomp listener (refused calls), the two output pipes, signals of ours, and timers. A cause that ends
 * the run decides the state with enc_run_end() and kills the box; the loop ends when init has ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/text.h"
#include "run/supervise.h"

#define SAMPLE_NS	 250000000ull
#define FAST_SAMPLE_NS	 50000000ull   /* memory that is watched, not limited by the kernel */
#define GRACE_NS	 5000000000ull /* after the first Ctrl-C */
#define REFUSALS_AT_ONCE 64

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

static void sample(struct enc_supervisor *s)
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
	sample(data);
	return 0;
}

static int on_second(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;
	struct enc_err e = {0};
	int n = enc_box_sync_files(s->box, &e);

	if (n > 0)
		s->result->synced_files += (uint64_t)n;
	enc_run_progress_tick(s);
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

static int on_grace(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;

	enc_box_kill(s->box);
	return 0;
}

/* The first asks the command to end, the second (or five seconds) ends it. */
static int on_signal(struct enc_source *src, int signo, void *data)
{
	struct enc_supervisor *s = data;
	char text[80];

	snprintf(text, sizeof(text), "by %s", signo == SIGINT ? "Ctrl-C (SIGINT)" : strsignal(signo));
	enc_run_end(s, ENC_RUN_CANCELLED, NULL, text);
	if (s->cancels++ || enc_box_signal(s->box, signo) < 0) {
		enc_box_kill(s->box);
		return 0;
	}
	return enc_loop_timer(s->loop, GRACE_NS, 0, on_grace, s, &s->grace, s->e);
}

static int on_refusal(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_supervisor *s = data;

	for (int i = 0; i < REFUSALS_AT_ONCE; i++) {
		struct enc_refusal what;
		struct enc_err e = {0};
		pid_t pid = 0;
		int r = enc_box_take_refusal(s->box, &what, &pid, &e);

		if (r < 0) {
			enc_source_remove(src);
			return 0;
		}
		if (r == 0)
			return 0;
		s->denials.comm = what.comm;
		r = enc_denials_add(&s->denials, s->bus, s->result->id, what.class_name, what.name, what.error, pid,
				    &e);
		s->denials.comm = NULL;
		if (r < 0)
			return ENC_FAIL(s->e, e.code, "%s", e.text);
	}
	return 0;
}

static int on_control(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_supervisor *s = data;
	int r = enc_box_status(s->box, &s->status, s->e);

	if (r == 0)
		return 0;
	if (r > 0)
		s->command_ended = true;
	enc_source_remove(src);
	enc_loop_quit(s->loop);
	return 0;
}

static int on_init_gone(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_supervisor *s = data;

	if (!s->command_ended && enc_box_status(s->box, &s->status, s->e) > 0)
		s->command_ended = true;
	enc_source_remove(src);
	enc_loop_quit(s->loop);
	return 0;
}

static int add_sources(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_source *src;
	uint64_t every = p->watch_memory ? FAST_SAMPLE_NS : SAMPLE_NS;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (enc_loop_signals(s->loop, &set, on_signal, s, &src, e) < 0 ||
	    enc_loop_fd(s->loop, enc_box_control_fd(s->box), EPOLLIN, on_control, s, &src, e) < 0 ||
	    enc_loop_fd(s->loop, enc_box_pidfd(s->box), EPOLLIN, on_init_gone, s, &src, e) < 0 ||
	    enc_loop_timer(s->loop, every, every, on_sample, s, &src, e) < 0 ||
	    enc_loop_timer(s->loop, 1000000000ull, 1000000000ull, on_second, s, &src, e) < 0)
		return -e->code;
	if (p->limits.time_ns && enc_loop_timer(s->loop, p->limits.time_ns, 0, on_time, s, &src, e) < 0)
		return -e->code;
	if (enc_box_notify_fd(s->box) >= 0 &&
	    enc_loop_fd(s->loop, enc_box_notify_fd(s->box), EPOLLIN, on_refusal, s, &src, e) < 0)
		return -e->code;
	return 0;
}

int enc_run_watch(struct enc_supervisor *s, struct enc_err *e)
{
	int r = add_sources(s, e);

	if (r == 0)
		r = enc_loop_run(s->loop, e);
	/* What the kernel counted up to the end: an OOM kill may have been the last thing that happened. */
	sample(s);
	enc_box_kill(s->box);
	for (int i = 0; i < 2; i++)
		enc_stream_drain(&s->out[i], 2000000000ull);
	enc_run_progress_clear(s);
	return r;
}
