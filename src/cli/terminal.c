/* SPDX-License-Identifier: MIT */
/*
 * terminal.c - the caller's terminal as a window onto a run
 *
 * What the run prints is hostile: it passes the filter of base/term.c, which lets through what draws and nothing that
 * makes a terminal answer. The three questions that full-screen programs can't do without are answered here: two with
 * fixed words, and where the cursor is by asking the terminal ourselves. An answer that is still under way when the run
 * ends is waited for and thrown away, so that nothing is left in the input of whoever reads the terminal next.
 *
 * The supervisor is another process in a session of its own. This one can be stopped, resized, hung up and killed, and
 * the run and its limits go on.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/term.h"
#include "base/text.h"
#include "cli/leave_key.h"

#define ANSWER_NS  2000000000ull /* a terminal that has not said where its cursor is by then never will */
#define TYPED_MAX  1024		 /* bytes at once */
#define REPORT_MAX 24

struct window {
	int link, signals;
	bool tty, own, raw, done;
	struct termios was;
	struct enc_term filter[2]; /* stdout (or the terminal), stderr */
	struct enc_buf out;
	struct enc_leave_key leave;
	unsigned asked; /* where the cursor is; so many answers are missing */
	uint64_t asked_ns;
	char report[REPORT_MAX]; /* what may be the answer */
	size_t n_report;
	enum enc_window_end end;
	int status;
	char id[27];
};

struct winsize enc_cli_window_size(void)
{
	struct winsize w = {0};

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_row || !w.ws_col)
		w = (struct winsize){.ws_row = 24, .ws_col = 80};
	return w;
}

static void finish(struct window *w, enum enc_window_end end)
{
	if (!w->done)
		w->end = end;
	w->done = true;
}

/* ---- our terminal ---- */

bool enc_cli_foreground(void)
{
	return isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void go_raw(struct window *w)
{
	struct termios raw;

	if (!w->tty || (!w->raw && tcgetattr(STDIN_FILENO, &w->was) < 0))
		return;
	raw = w->was;
	cfmakeraw(&raw);
	w->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void show(struct window *w, int fd)
{
	if (w->out.len && enc_write_all(fd, w->out.s, w->out.len) < 0)
		finish(w, ENC_WINDOW_LOST);
	enc_buf_reset(&w->out);
}

/* One typed byte: is it part of the answer that we wait for? */
static void watch_report(struct window *w, char c)
{
	if (c == '\033')
		w->n_report = 0;
	else if (!w->n_report)
		return;
	if (w->n_report == sizeof(w->report)) {
		w->n_report = 0;
		return;
	}
	w->report[w->n_report++] = c;
	if (enc_term_is_cursor_report(w->report, w->n_report)) {
		w->asked--;
		w->n_report = 0;
	}
}

/* What was asked for is read and dropped before the terminal is somebody else's again. */
static void await_report(struct window *w)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char c;

	while (w->asked && enc_now_boot() - w->asked_ns < ANSWER_NS)
		if (poll(&p, 1, 50) == 1) {
			if (read(STDIN_FILENO, &c, 1) != 1)
				break;
			watch_report(w, c);
		}
	w->asked = 0;
	w->n_report = 0;
}

static void ask_cursor(struct window *w)
{
	static const char where[] = "\033[6n";

	w->asked++;
	w->asked_ns = enc_now_boot();
	w->n_report = 0;
	enc_buf_add(&w->out, where, sizeof(where) - 1);
}

/* What the run turned on in the terminal is turned off. */
static void undo(struct window *w)
{
	for (int i = 0; i < 2; i++) {
		enc_term_restore(&w->filter[i], &w->out);
		show(w, STDOUT_FILENO + i);
	}
}

static void leave_raw(struct window *w)
{
	bool reports = enc_term_reports(&w->filter[0]);

	if (!w->raw)
		return;
	undo(w);
	/* A report of the mouse may be under way, which no shell should read: it comes before this answer. */
	if (reports && !w->asked) {
		ask_cursor(w);
		show(w, STDOUT_FILENO);
	}
	await_report(w);
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &w->was); /* gone: then nobody misses it */
	w->raw = false;
}

/* ---- to the run ---- */

static void tell(struct window *w, const struct enc_link_msg *m)
{
	int r = enc_link_send(w->link, m, 0);

	if (r == -EPIPE || r == -ECONNRESET)
		finish(w, ENC_WINDOW_DEAD);
}

static void type(struct window *w, const char *text, size_t n)
{
	struct enc_link_msg m = {.kind = ENC_LINK_INPUT, .len = (uint32_t)n};

	memcpy(m.data, text, n);
	tell(w, &m);
}

static void tell_size(struct window *w)
{
	struct winsize size = enc_cli_window_size();
	struct enc_link_msg m = {.kind = ENC_LINK_RESIZE, .rows = size.ws_row, .cols = size.ws_col};

	tell(w, &m);
}

static void on_query(enum enc_term_query q, void *data)
{
	static const char device[] = "\033[?62;22c", status[] = "\033[0n";
	struct window *w = data;

	switch (q) {
	case ENC_TERM_Q_DEVICE: type(w, device, sizeof(device) - 1); break;
	case ENC_TERM_Q_STATUS: type(w, status, sizeof(status) - 1); break;
	case ENC_TERM_Q_CURSOR:
		/* One at a time; the answer comes as typed text and is passed on as such. */
		if (w->raw && (!w->asked || enc_now_boot() - w->asked_ns >= ANSWER_NS))
			ask_cursor(w);
		break;
	}
}

static void on_input(struct window *w)
{
	char text[TYPED_MAX];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text));
	uint64_t now = enc_now_boot();

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		finish(w, ENC_WINDOW_LOST);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (w->asked)
			watch_report(w, text[i]);
		if (enc_leave_key(&w->leave, text[i], now))
			finish(w, ENC_WINDOW_LEFT);
	}
	if (!w->done)
		type(w, text, (size_t)n);
}

/* ---- from the run ---- */

/* As the terminal's own Ctrl-Z: all of the job, so that a script around us is stopped too, and not at all where nobody
 * could continue it (ssh -t), which the kernel sees to. False then. */
static bool stop_job(void)
{
	sigset_t tstp, waiting;

	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	(void)sigprocmask(SIG_UNBLOCK, &tstp, NULL);
	(void)kill(0, SIGTSTP); /* takes away a SIGCONT that is waiting; a new one tells that we were stopped */
	(void)sigprocmask(SIG_BLOCK, &tstp, NULL);
	sigemptyset(&waiting);
	(void)sigpending(&waiting);
	return sigismember(&waiting, SIGCONT) == 1;
}

/* The command was stopped from its keyboard: so is this window, as any job of the caller's shell. */
static void suspend(struct window *w)
{
	struct enc_link_msg m = {.kind = ENC_LINK_CONTINUE};

	if (!w->tty)
		return;
	leave_raw(w);
	/* In the background the terminal is somebody else's: there is no window until it is ours again. */
	while (stop_job() && !enc_cli_foreground() && isatty(STDIN_FILENO))
		;
	go_raw(w);
	tell_size(w);
	tell(w, &m);
}

static void on_message(struct window *w)
{
	struct enc_link_msg m;
	int r = enc_link_recv(w->link, &m, 0), i;

	if (r <= 0) {
		finish(w, ENC_WINDOW_DEAD);
		return;
	}
	switch (m.kind) {
	case ENC_LINK_OUTPUT:
		i = m.value == 1;
		if (isatty(STDOUT_FILENO + i))
			enc_term_filter(&w->filter[i], m.data, m.len, &w->out);
		else
			enc_buf_add(&w->out, m.data, m.len);
		show(w, STDOUT_FILENO + i);
		break;
	case ENC_LINK_STARTED: snprintf(w->id, sizeof(w->id), "%.*s", (int)m.len, m.data); break;
	case ENC_LINK_STOPPED: suspend(w); break;
	case ENC_LINK_ENDED:
		w->status = m.value;
		finish(w, ENC_WINDOW_ENDED);
		break;
	default: break;
	}
}

static void on_signal(struct window *w)
{
	struct signalfd_siginfo info;
	struct enc_link_msg stop = {.kind = ENC_LINK_STOP, .v = {5000000000ull}};

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGWINCH: tell_size(w); break;
	case SIGTSTP: suspend(w); break;
	case SIGCONT:
		if (enc_cli_foreground()) {
			go_raw(w);
			tell_size(w);
		}
		break;
	case SIGHUP: finish(w, ENC_WINDOW_LOST); break;
	case SIGINT:
	case SIGTERM:
	case SIGQUIT:
		if (!w->own) { /* only who looks is asked to go */
			finish(w, ENC_WINDOW_LEFT);
			break;
		}
		stop.value = (int32_t)info.ssi_signo;
		tell(w, &stop);
		break;
	default: break;
	}
}

static void open_signals(struct window *w, sigset_t *ret_old)
{
	static const int wanted[] = {SIGWINCH, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGTSTP, SIGCONT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ENC_LEN(wanted); i++)
		sigaddset(&set, wanted[i]);
	(void)sigprocmask(SIG_BLOCK, &set, ret_old);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* Comes back as an error of write(2). In the background, tcsetattr() must not stop us for good. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTTOU, SIG_IGN);
}

enum enc_window_end enc_cli_window(int link, bool tty, bool own, int *ret_status, char ret_id[27])
{
	struct window w = {.link = link, .tty = tty, .own = own, .status = 2};
	sigset_t old;

	open_signals(&w, &old);
	for (int i = 0; i < 2; i++)
		enc_term_init(&w.filter[i], tty && !i ? on_query : NULL, &w);
	go_raw(&w);
	while (!w.done) {
		struct pollfd p[3] = {{.fd = link, .events = POLLIN},
				      {.fd = w.signals, .events = POLLIN},
				      {.fd = w.tty ? STDIN_FILENO : -1, .events = POLLIN}};

		if (poll(p, 3, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			on_signal(&w);
		if (p[2].revents && !w.done)
			on_input(&w);
		if (p[0].revents && !w.done)
			on_message(&w);
	}
	leave_raw(&w);
	undo(&w);
	close(w.signals);
	enc_buf_done(&w.out);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	*ret_status = w.status;
	if (ret_id)
		memcpy(ret_id, w.id, sizeof(w.id));
	return w.end;
}
