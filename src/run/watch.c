/* SPDX-License-Identifier: MIT */
/*
 * watch.c - the time between go and the end of the command
 *
 * Every source is a descriptor of one loop: the box's control socket (the command has ended), its pidfd (init has
 * ended), the seccomp listener (refused calls), the two output pipes, signals of ours, and timers; the limits are
 * looked at in limits.c. A cause that ends the run decides the state with enc_run_end() and kills the box; the loop
 * ends when init has ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/text.h"
#include "run/supervise.h"

#define GRACE_NS	 5000000000ull /* after the first Ctrl-C */
#define REFUSALS_AT_ONCE 64

static int on_second(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;
	struct enc_err e = {0};
	int n = enc_box_sync_files(s->box, &e);

	if (n > 0)
		s->result->synced_files += (uint64_t)n;
	enc_run_progress_tick(s);
	enc_control_tick(s->control);
	return 0;
}

static int on_grace(struct enc_source *src, uint64_t now, void *data)
{
	struct enc_supervisor *s = data;

	enc_box_kill(s->box);
	return 0;
}

int enc_run_cancel(struct enc_supervisor *s, int signo, uint64_t grace_ns, const char *why)
{
	enc_run_end(s, ENC_RUN_CANCELLED, NULL, why);
	if (s->cancels++ || !grace_ns || enc_box_signal(s->box, signo) < 0) {
		enc_box_kill(s->box);
		return 0;
	}
	/* Without a timer nobody would end it. */
	if (enc_loop_timer(s->loop, grace_ns, 0, on_grace, s, &s->grace, s->e) < 0)
		enc_box_kill(s->box);
	return 0;
}

/* The first asks the command to end, the second (or five seconds) ends it. */
static int on_signal(struct enc_source *src, int signo, void *data)
{
	char text[80];

	snprintf(text, sizeof(text), "by %s", signo == SIGINT ? "Ctrl-C (SIGINT)" : strsignal(signo));
	return enc_run_cancel(data, signo, GRACE_NS, text);
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

	if (s->status.stopped)
		enc_control_stopped(s->control);
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
	struct enc_source *src;
	sigset_t set;

	enc_run_end_signals(&set);
	if (enc_loop_signals(s->loop, &set, on_signal, s, &src, e) < 0 ||
	    enc_loop_fd(s->loop, enc_box_control_fd(s->box), EPOLLIN, on_control, s, &src, e) < 0 ||
	    enc_loop_fd(s->loop, enc_box_pidfd(s->box), EPOLLIN, on_init_gone, s, &src, e) < 0 ||
	    enc_loop_timer(s->loop, 1000000000ull, 1000000000ull, on_second, s, &src, e) < 0)
		return -e->code;
	if (enc_box_notify_fd(s->box) >= 0 &&
	    enc_loop_fd(s->loop, enc_box_notify_fd(s->box), EPOLLIN, on_refusal, s, &src, e) < 0)
		return -e->code;
	return enc_run_limits_start(s, e);
}

int enc_run_watch(struct enc_supervisor *s, struct enc_err *e)
{
	int r = add_sources(s, e);

	if (r == 0)
		r = enc_loop_run(s->loop, e);
	/* What the kernel counted up to the end: an OOM kill may have been the last thing that happened. */
	enc_run_limits_look(s);
	enc_box_kill(s->box);
	for (int i = 0; i < 2; i++)
		enc_stream_drain(&s->out[i], 2000000000ull);
	enc_run_disk_last(s);
	enc_run_progress_clear(s);
	return r;
}
