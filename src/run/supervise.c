/* SPDX-License-Identifier: MIT */
/*
 * supervise.c - a run from its plan to its result
 *
 *     record and run folder -> run.planned -> (refused) -> walls -> (failed-setup) -> run.started -> go -> watch
 *     -> drain, sync, close -> proc.exit, run.finished -> result.json
 *
 * The supervisor allocates and logs, so everything here happens before the clone or after the end; the part between is
 * src/sandbox. Signals that end us are blocked from the beginning: one that comes during set-up is answered when the
 * loop runs, so that nothing half-built is left behind.
 */
#include "run/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"

static const char *const state_names[] = {
	[ENC_RUN_FINISHED] = "finished", [ENC_RUN_TIMED_OUT] = "timed-out", [ENC_RUN_CANCELLED] = "cancelled",
	[ENC_RUN_KILLED] = "killed",	 [ENC_RUN_REFUSED] = "refused",	    [ENC_RUN_FAILED_SETUP] = "failed-setup",
};

const char *enc_run_state_name(enum enc_run_state s)
{
	return state_names[s];
}

void enc_run_end(struct enc_supervisor *s, enum enc_run_state state, const char *clause, const char *reason)
{
	if (s->ended)
		return;
	s->ended = true;
	s->result->state = state;
	s->result->clause = enc_arena_strdup(s->result->arena, clause);
	s->result->reason = enc_arena_strdup(s->result->arena, reason);
}

static int write_plan(struct enc_supervisor *s, struct enc_err *e)
{
	struct enc_buf b = {0};
	struct enc_json j;
	int r;

	enc_json_init(&j, &b, 2);
	enc_plan_json(s->q->plan, &j);
	enc_buf_putc(&b, '\n');
	r = enc_write_file(s->dir, "plan.json", b.s, b.len, 0600, false, e);
	enc_buf_done(&b);
	return r;
}

static int write_result(struct enc_supervisor *s, struct enc_err *e)
{
	struct enc_run_identity who = enc_run_identify(s->q);
	struct enc_buf b = {0};
	struct enc_json j;
	int r;

	enc_json_init(&j, &b, 2);
	enc_run_result_json(&who, s->result, &j);
	enc_buf_putc(&b, '\n');
	r = enc_write_file(s->dir, "result.json", b.s, b.len, 0600, false, e);
	enc_buf_done(&b);
	return r;
}

static int prepare(struct enc_supervisor *s, struct enc_box_failure *fail, struct enc_err *e)
{
	const struct enc_run_request *q = s->q;
	int given[3];
	int r = enc_run_open_io(s, given, e);

	if (r >= 0) {
		struct enc_box_io io = {.stdin_fd = given[0],
					.stdout_fd = given[1],
					.stderr_fd = given[2],
					.argv = q->argv,
					.run = s->result->id,
					.tty = q->tty,
					.size = q->size};

		r = enc_box_prepare(q->plan, &io, &s->box, fail, e);
	}
	for (int i = 0; i < 3; i++)
		enc_close_auto(&given[i]);
	return r < 0 ? r : enc_run_open_terminal(s, e);
}

static int refuse(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	const char *first = NULL;

	for (size_t i = 0; i < p->n_bindings && !first; i++)
		if (!p->bindings[i].bound)
			first = p->bindings[i].clause->id;
	enc_run_end(s, ENC_RUN_REFUSED, first, "a clause of the manifest has no mechanism on this machine");
	s->result->status = 125;
	return ENC_FAIL_ID(e, "E0401", ENOTSUP, "%zu clause%s of the manifest %s no mechanism on this machine",
			   p->n_unbound, p->n_unbound == 1 ? "" : "s", p->n_unbound == 1 ? "has" : "have");
}

static void fail_setup(struct enc_supervisor *s, struct enc_box_failure *fail, struct enc_err *e)
{
	struct enc_err ignored = {0};

	if (!fail->step[0])
		snprintf(fail->step, sizeof(fail->step), "prepare");
	if (!fail->text[0])
		snprintf(fail->text, sizeof(fail->text), "%.200s", e->text);
	(void)enc_run_tell_setup_failed(s, fail, &ignored);
	enc_run_end(s, ENC_RUN_FAILED_SETUP, NULL, e->text);
	if (!e->hint[0])
		enc_err_id(e, "E0501", "enclosure doctor tells what this machine lacks");
	s->result->status = 125;
}

/* Exit statuses of env(1), nohup(1) and POSIX shells. */
static void fail_exec(struct enc_supervisor *s, int error, struct enc_err *e)
{
	const char *command = s->q->argv[0];
	struct enc_err ignored = {0};
	struct enc_box_failure fail = {.step = "exec", .error = error};

	enc_err_clear(e);
	if (error == ENOENT) {
		ENC_FAIL(e, ENOENT, "the command '%s' was not found inside the enclosure", command);
		enc_err_id(e, "E0601", "is its folder granted by filesystem.read? enclosure policy explain read PATH");
	} else {
		ENC_FAIL(e, error, "the command '%s' can't be executed: %s", command, strerror(error));
		enc_err_id(e, "E0602", "is it an executable file for this machine?");
	}
	snprintf(fail.text, sizeof(fail.text), "%.255s", e->text);
	(void)enc_run_tell_setup_failed(s, &fail, &ignored);
	enc_run_end(s, ENC_RUN_FAILED_SETUP, NULL, e->text);
	s->result->status = error == ENOENT ? 127 : 126;
}

/* The end state when nothing of ours ended the run. */
static void conclude(struct enc_supervisor *s)
{
	struct enc_run_result *r = s->result;
	const struct enc_box_status *st = &s->status;

	if (s->command_ended && st->exited)
		r->exit_code = st->code;
	/* A SIGKILL after we decided the end was ours, and not how the command ended. */
	if (s->command_ended && st->signaled && !(s->ended && st->code == SIGKILL))
		r->signal = st->code;
	if (!s->went)
		; /* ended before it began */
	else if (s->command_ended && (st->exited || st->signaled))
		enc_run_end(s, ENC_RUN_FINISHED, NULL, NULL);
	else
		enc_run_end(s, ENC_RUN_KILLED, "processes-end", "the init of the run died, and the run with it");
	switch (r->state) {
	case ENC_RUN_FINISHED: r->status = r->signal > 0 ? 128 + r->signal : r->exit_code; break;
	case ENC_RUN_TIMED_OUT: r->status = 124; break;
	case ENC_RUN_CANCELLED: r->status = 130; break;
	case ENC_RUN_KILLED: r->status = 137; break;
	case ENC_RUN_REFUSED:
	case ENC_RUN_FAILED_SETUP: break;
	}
}

static uint64_t tv_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

static void take_usage(struct enc_supervisor *s)
{
	struct enc_run_result *r = s->result;
	const struct rusage *u = &s->status.usage;

	r->user_ns = tv_ns(u->ru_utime);
	r->system_ns = tv_ns(u->ru_stime);
	/* cgroups count the whole run; the largest process is what is known without them. */
	r->max_rss_bytes = (uint64_t)u->ru_maxrss * 1024u;
	if (s->limits.seen.memory_peak_bytes > r->max_rss_bytes)
		r->max_rss_bytes = s->limits.seen.memory_peak_bytes;
	for (int i = 0; i < 2; i++) {
		r->out[i].bytes = s->out[i].bytes;
		r->out[i].truncated = s->out[i].truncated;
		if (s->out[i].to_error)
			r->output_error = s->out[i].to_error;
	}
}

static void take_denials(struct enc_supervisor *s)
{
	struct enc_run_result *r = s->result;

	for (size_t i = 0; i < s->denials.n; i++) {
		const struct enc_denial_row *row = &s->denials.rows[i];
		struct enc_denial *d = NULL;

		for (size_t k = 0; k < r->n_denials && !d; k++)
			if (strcmp(r->denials[k].what, row->name) == 0)
				d = &r->denials[k];
		if (!d) {
			d = ENC_PUSH(r->denials, r->n_denials);
			d->clause = row->clause;
			d->what = enc_arena_strdup(r->arena, row->name);
			d->first_real_ns = row->first_real_ns;
		}
		d->count += row->count;
	}
}

/* The last time; and what the owner should know about files that could not be written back. */
static void sync_files(struct enc_supervisor *s)
{
	struct enc_run_result *r = s->result;
	struct enc_err e = {0};
	const char *path;
	unsigned versions;
	int n = enc_box_sync_files(s->box, &e);

	if (n > 0)
		r->synced_files += (uint64_t)n;
	if (n < 0)
		r->note = enc_arena_strdup(r->arena, e.text);
	for (size_t i = 0; enc_box_sync_kept(s->box, i, &path, &versions); i++)
		r->note = enc_arena_printf(r->arena,
					   "%s%s%s was changed outside meanwhile and stays as it is: the run's "
					   "version is in %s/runs/%s/files/",
					   r->note ? r->note : "", r->note ? "; " : "", path, s->q->plan->state_dir,
					   r->id);
}

/* Protected paths that were absent can't be held in this version; that one of them is there now can be told. */
static void tell_planted(struct enc_supervisor *s)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_run_result *r = s->result;
	enc_auto(enc_buf_done) struct enc_buf found = {0};
	struct stat st;

	for (size_t i = 0; i < p->n_bindings; i++)
		if (p->bindings[i].absent && p->bindings[i].clause->kind == ENC_CL_FS_PROTECT &&
		    lstat(p->bindings[i].clause->value, &st) == 0)
			enc_buf_printf(&found, "%s%s", found.len ? ", " : "", p->bindings[i].clause->value);
	if (found.len)
		r->note = enc_arena_printf(r->arena, "%s%smade during the run, look before you use it: %s",
					   r->note ? r->note : "", r->note ? "; " : "", found.s);
}

/* An agent that was killed in the middle of its screen, or meant it, leaves the terminal without echo. */
static void restore_terminal(const struct termios *was)
{
	sigset_t out, old;

	sigemptyset(&out);
	sigaddset(&out, SIGTTOU); /* in the background it would stop us */
	(void)sigprocmask(SIG_BLOCK, &out, &old);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, was); /* gone: then nobody misses it */
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Who looks into the folder sees how far the run is, also when we are too busy to say it. */
static int mark_started(struct enc_supervisor *s, struct enc_err *e)
{
	enc_auto_fd int fd = openat(s->dir, "started", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? ENC_FAIL_ID(e, "E0801", errno, "create started of the run: %s", strerror(errno)) : 0;
}

/* Ctrl-C, or enclosure stop, while the walls went up: then the command is never started. */
static bool end_is_asked(struct enc_supervisor *s)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	char text[80] = "by enclosure stop";
	bool asked = enc_control_stop_waits(s->control);
	sigset_t pending;

	sigemptyset(&pending);
	(void)sigpending(&pending);
	for (size_t i = 0; i < ENC_LEN(ends) && !asked; i++)
		if (sigismember(&pending, ends[i]) == 1) {
			snprintf(text, sizeof(text), "by %s",
				 ends[i] == SIGINT ? "Ctrl-C (SIGINT)" : strsignal(ends[i]));
			asked = true;
		}
	if (!asked)
		return false;
	enc_run_end(s, ENC_RUN_CANCELLED, NULL, text);
	conclude(s);
	return true;
}

static int run_command(struct enc_supervisor *s, struct enc_err *e)
{
	struct enc_box_failure fail = {0};
	int r = prepare(s, &fail, e);

	if (r < 0) {
		fail_setup(s, &fail, e);
		return r;
	}
	/* It can take a while: an end that is asked for meanwhile is seen below. */
	r = enc_run_disk_start(s, e);
	if (r < 0) {
		fail_setup(s, &fail, e);
		return r;
	}
	if (end_is_asked(s))
		return 0;
	r = mark_started(s, e);
	if (r >= 0)
		r = enc_run_tell_started(s, e);
	if (r < 0) {
		fail_setup(s, &fail, e);
		return r;
	}
	r = enc_box_go(s->box, e);
	if (r < 0) {
		fail_exec(s, -r, e);
		return r;
	}
	s->went = true;
	enc_control_started(s->control);
	r = enc_run_watch(s, e);
	if (r < 0)
		enc_run_end(s, ENC_RUN_KILLED, NULL, e->text);
	sync_files(s);
	tell_planted(s);
	conclude(s);
	take_usage(s);
	take_denials(s);
	/* Who asked for the output did not get it: that is no success. */
	if (s->result->output_error && s->result->status == 0)
		s->result->status = 125;
	return 0;
}

/* Before the box: the loop watches descriptors of it. It is not run again, but the clients are still its. */
static void close_streams(struct enc_supervisor *s)
{
	for (int i = 0; i < 2 && s->loop; i++)
		enc_stream_done(&s->out[i]);
}

/* Everything that tells the end. What fails here is the story of *e, unless there was one before. */
static int finish(struct enc_supervisor *s, struct enc_err *e)
{
	struct enc_run_result *r = s->result;
	int rc = 0;

	close_streams(s);
	s->terminal = -1;
	s->box = enc_box_close(s->box);
	r->finished_ns = enc_now_real();
	if (s->went) {
		rc = enc_denials_fold(&s->denials, s->bus, r->id, e);
		if (rc >= 0)
			rc = enc_run_tell_exit(s, e);
	}
	if (rc >= 0)
		rc = enc_run_tell_finished(s, e);
	/* What was decided is on the disk before the result is given; waiting for the disk costs more than all walls.
	 */
	if (rc >= 0 && (r->n_denials || r->state != ENC_RUN_FINISHED))
		rc = enc_record_sync(s->record, e);
	enc_record_range(s->record, &r->first_seq, &r->last_seq);
	if (rc >= 0)
		rc = write_result(s, e);
	enc_control_ended(s->control, r->status);
	return rc;
}

static int begin(struct enc_supervisor *s, struct enc_err *e)
{
	int r = enc_state_new_run(s->q->plan->state_dir, s->result->id, s->q->name, &s->dir, e);

	if (r >= 0)
		r = write_plan(s, e);
	if (r >= 0)
		r = enc_run_write_about(s, e);
	if (r >= 0)
		r = enc_loop_open(&s->loop, e);
	if (r >= 0)
		r = enc_control_open(s, &s->control, e);
	if (r >= 0)
		r = enc_run_open_sinks(s, e);
	if (r >= 0)
		r = enc_run_tell_planned(s, e);
	return r < 0 && !e->id[0] ? enc_err_id(e, "E0801", NULL) : r;
}

/* What the caller ignores (nohup, a shell's background) is not for us: a signalfd would see it all the same. */
void enc_run_end_signals(sigset_t *ret)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction now;

	sigemptyset(ret);
	for (size_t i = 0; i < ENC_LEN(ends); i++)
		if (sigaction(ends[i], NULL, &now) < 0 || now.sa_handler != SIG_IGN)
			sigaddset(ret, ends[i]);
}

/* One more Ctrl-C than it took is not for who prints the result. */
static void restore_signals(const sigset_t *old)
{
	static const struct timespec none = {0};
	sigset_t set;

	enc_run_end_signals(&set);
	while (sigtimedwait(&set, NULL, &none) > 0)
		;
	(void)sigprocmask(SIG_SETMASK, old, NULL);
}

static void block_signals(sigset_t *ret_old)
{
	sigset_t set;

	enc_run_end_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, ret_old);
	/* Both come back as errors of write(2). */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* What could not be begun was told to its caller, and is no run whose supervisor died. */
static void forget(struct enc_supervisor *s)
{
	static const char *const files[] = {"control", "run.json", "plan.json", "name"};

	if (s->dir < 0)
		return;
	for (size_t i = 0; i < ENC_LEN(files); i++)
		(void)unlinkat(s->dir, files[i], 0);
	enc_state_drop_run(s->q->plan->state_dir, s->result->id);
}

static void release(struct enc_supervisor *s)
{
	close_streams(s);
	s->control = enc_control_close(s->control);
	s->loop = enc_loop_close(s->loop);
	s->box = enc_box_close(s->box);
	s->bus = enc_bus_free(s->bus);
	s->record = enc_record_close(s->record);
	enc_denials_done(&s->denials);
	enc_run_disk_done(s);
	if (s->events_own)
		close(s->events_fd);
	if (s->dir >= 0)
		close(s->dir);
}

int enc_run(const struct enc_run_request *q, struct enc_run_result **ret, struct enc_err *e)
{
	struct enc_supervisor *s = enc_alloc(sizeof(*s));
	struct enc_run_result *result = enc_alloc(sizeof(*result));
	uint64_t boot = enc_now_boot();
	struct enc_err told = {0};
	struct termios terminal = {0};
	bool at_terminal = tcgetattr(STDIN_FILENO, &terminal) == 0;
	sigset_t old;
	int r;

	result->arena = enc_arena_new();
	result->exit_code = result->signal = -1;
	result->status = 125;
	result->state = ENC_RUN_FAILED_SETUP;
	result->started_ns = enc_now_real();
	enc_ulid(result->id);
	s->q = q;
	s->result = result;
	s->dir = s->events_fd = s->terminal = -1;
	s->out[0].from = s->out[0].file = s->out[0].to = s->out[1].from = s->out[1].file = s->out[1].to = -1;
	s->size = q->size;
	s->began_ns = boot;
	s->e = &told;
	s->last_output_ns = boot;

	block_signals(&old);
	r = begin(s, e);
	if (r >= 0) {
		if (q->plan->runnable)
			(void)run_command(s, e);
		else
			(void)refuse(s, e);
		struct enc_err last = {0};

		result->wall_ns = enc_now_boot() - boot;
		r = finish(s, &last);
		if (r < 0) {
			enc_err_clear(e);
			ENC_FAIL(e, last.code, "%s", last.text);
			enc_err_id(e, last.id[0] ? last.id : "E0801", "%s", last.hint);
		}
	} else {
		forget(s);
	}
	release(s);
	if (at_terminal)
		restore_terminal(&terminal);
	free(s);
	restore_signals(&old);
	if (r < 0) {
		enc_run_result_free(result);
		return r;
	}
	*ret = result;
	return 0;
}

struct enc_run_result *enc_run_result_free(struct enc_run_result *r)
{
	if (!r)
		return NULL;
	free(r->denials);
	free(r->limits);
	enc_arena_free(r->arena);
	free(r);
	return NULL;
}
