/* SPDX-License-Identifier: MIT */
/*
 * events.c - the supervisor's own events, and where a run's events go: the record, and --events
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "run/supervise.h"

#define READER_PATIENCE_NS 1000000000ull

/* At most PIPE_BUF bytes at a time, and only when poll(2) promised room for them: a reader that stands still must not
 * stop the supervisor, whose timers are the run's limits. */
static int write_patiently(int fd, const char *data, size_t n)
{
	uint64_t end = enc_now_boot() + READER_PATIENCE_NS;
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	while (n) {
		ssize_t w;

		if (poll(&p, 1, 50) != 1) {
			if (enc_now_boot() > end)
				return -ETIMEDOUT;
			continue;
		}
		w = write(fd, data, n < PIPE_BUF ? n : PIPE_BUF);
		if (w < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (w > 0) {
			data += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

/* After a reader that did not read for a second, or is gone, further events are counted as lost; nothing is written any
 * more, so that at most the last line is torn. The record has them all. */
static int events_sink(const struct enc_event *ev, void *data, struct enc_err *e)
{
	struct enc_supervisor *s = data;
	struct enc_buf b = {0};

	if (s->events_fd < 0)
		return 0;
	if (s->result->lost_events) {
		s->result->lost_events++;
		return 0;
	}
	enc_event_encode(ev, s->q->plan->host->boot_id, &b);
	enc_buf_putc(&b, '\n');
	if (write_patiently(s->events_fd, b.s, b.len) < 0)
		s->result->lost_events++;
	enc_buf_done(&b);
	return 0;
}

/* Where the agent can write it can plant a link, and we may be root: a link is not followed (but for /dev/stderr and
 * its like, which are links themselves), and what is opened for appending is a plain file or a pipe. */
static int open_events_file(const char *where)
{
	int nofollow = strncmp(where, "/dev/", 5) == 0 ? 0 : O_NOFOLLOW;
	int fd = open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | nofollow, 0600);

	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static int open_events(struct enc_supervisor *s, const char *where, struct enc_err *e)
{
	uint64_t fd;

	s->events_fd = -1;
	if (!where)
		return 0;
	if (enc_parse_u64(where, &fd) == 0) {
		int mode = fd <= 1u << 20 ? fcntl((int)fd, F_GETFL) : -1;

		if (mode < 0 || (mode & O_ACCMODE) == O_RDONLY) {
			ENC_FAIL(e, EBADF, "--events %s: descriptor %s is not open for writing", where, where);
			return enc_err_id(e, "E0702", "give an open descriptor, as in: --events 3 3>events.jsonl");
		}
		/* A copy that no exec inherits: the command must not hold the event stream. */
		s->events_fd = fcntl((int)fd, F_DUPFD_CLOEXEC, 3);
	} else {
		s->events_fd = open_events_file(where);
	}
	if (s->events_fd < 0) {
		ENC_FAIL(e, errno, "--events %s: can't be opened for writing: %s", where, strerror(errno));
		return enc_err_id(e, "E0702", "name a file in a directory that you can write, or a descriptor");
	}
	s->events_own = true;
	return 0;
}

int enc_run_open_sinks(struct enc_supervisor *s, struct enc_err *e)
{
	int r = open_events(s, s->q->events, e);

	if (r < 0)
		return r;
	s->bus = enc_bus_new();
	r = enc_record_open(s->q->plan->state_dir, &s->record, e);
	if (r < 0)
		return r;
	enc_bus_sink(s->bus, enc_record_sink, s->record);
	enc_bus_sink(s->bus, events_sink, s);
	return 0;
}

static size_t count_args(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

static void start(const struct enc_supervisor *s, struct enc_event *ev, enum enc_event_type t)
{
	enc_event_init(ev, t, s->result->id, "supervisor");
}

int enc_run_tell_planned(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_event ev;

	start(s, &ev, ENC_EV_RUN_PLANNED);
	enc_ev_str(&ev, ENC_F_PLAN_DIGEST, p->digest);
	enc_ev_str(&ev, ENC_F_MANIFEST, p->policy->path);
	enc_ev_str(&ev, ENC_F_MANIFEST_DIGEST, p->policy->digest);
	enc_ev_str(&ev, ENC_F_NAME, s->q->name);
	enc_ev_bool(&ev, ENC_F_RUNNABLE, p->runnable);
	return enc_bus_publish(s->bus, &ev, e);
}

int enc_run_tell_started(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_event ev;

	start(s, &ev, ENC_EV_RUN_STARTED);
	/* It can be megabytes long: the encoder cuts it, and says so. */
	enc_ev_list(&ev, ENC_F_ARGV, (const char *const *)s->q->argv, count_args(s->q->argv));
	enc_ev_str(&ev, ENC_F_CWD, p->cwd);
	enc_ev_str(&ev, ENC_F_USER, p->ids.name);
	enc_ev_uint(&ev, ENC_F_UID, p->ids.uid);
	enc_ev_str(&ev, ENC_F_MANIFEST_DIGEST, p->policy->digest);
	return enc_bus_publish(s->bus, &ev, e);
}

int enc_run_tell_setup_failed(struct enc_supervisor *s, const struct enc_box_failure *f, struct enc_err *e)
{
	struct enc_event ev;

	start(s, &ev, ENC_EV_SETUP_FAILED);
	enc_ev_str(&ev, ENC_F_STEP, f->step);
	enc_ev_str(&ev, ENC_F_MECHANISM, f->mechanism[0] ? f->mechanism : NULL);
	enc_ev_str(&ev, ENC_F_ERROR, f->text);
	enc_ev_int(&ev, ENC_F_ERRNO, f->error);
	enc_ev_bool(&ev, ENC_F_UNDONE, true);
	return enc_bus_publish(s->bus, &ev, e);
}

int enc_run_tell_limit(struct enc_supervisor *s, const char *clause, uint64_t limit, uint64_t value, struct enc_err *e)
{
	struct enc_event ev;

	start(s, &ev, ENC_EV_LIMIT_HIT);
	enc_ev_str(&ev, ENC_F_CLAUSE, clause);
	enc_ev_uint(&ev, ENC_F_LIMIT, limit);
	enc_ev_uint(&ev, ENC_F_VALUE, value);
	return enc_bus_publish(s->bus, &ev, e);
}

int enc_run_tell_exit(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_run_result *r = s->result;
	struct enc_event ev;

	start(s, &ev, ENC_EV_PROC_EXIT);
	enc_ev_str(&ev, ENC_F_EXE, s->q->argv[0]);
	if (r->exit_code >= 0)
		enc_ev_int(&ev, ENC_F_STATUS, r->exit_code);
	if (r->signal >= 0)
		enc_ev_int(&ev, ENC_F_SIGNAL, r->signal);
	enc_ev_uint(&ev, ENC_F_USER_NS, r->user_ns);
	enc_ev_uint(&ev, ENC_F_SYSTEM_NS, r->system_ns);
	enc_ev_uint(&ev, ENC_F_MAX_RSS, r->max_rss_bytes);
	return enc_bus_publish(s->bus, &ev, e);
}

int enc_run_tell_finished(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_run_result *r = s->result;
	struct enc_event ev;
	struct enc_buf usage = {0};
	struct enc_json j;
	int rc;

	enc_json_init(&j, &usage, 0);
	enc_json_object(&j, NULL);
	enc_json_uint(&j, "wall_ns", r->wall_ns);
	enc_json_uint(&j, "user_ns", r->user_ns);
	enc_json_uint(&j, "system_ns", r->system_ns);
	enc_json_uint(&j, "max_rss", r->max_rss_bytes);
	enc_json_end(&j);
	start(s, &ev, ENC_EV_RUN_FINISHED);
	enc_ev_str(&ev, ENC_F_STATE, enc_run_state_name(r->state));
	enc_ev_int(&ev, ENC_F_EXIT, r->status);
	if (r->signal >= 0)
		enc_ev_int(&ev, ENC_F_SIGNAL, r->signal);
	enc_ev_str(&ev, ENC_F_CLAUSE, r->clause);
	enc_ev_str(&ev, ENC_F_REASON, r->reason);
	enc_ev_json(&ev, ENC_F_USAGE, usage.s);
	rc = enc_bus_publish(s->bus, &ev, e);
	enc_buf_done(&usage);
	return rc;
}
