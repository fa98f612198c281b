/* SPDX-License-Identifier: MIT */
/*
 * loop.c - epoll, level-triggered
 *
 * A source that is removed during a dispatch may still stand in the batch that epoll returned; so it is only marked
 * and unlinked, and freed when the batch is done.
 */
#include "base/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

enum kind { FD, TIMER, SIGNALS };

struct enc_source {
	struct enc_loop *loop;
	struct enc_source *next; /* all sources, dead ones included */
	enum kind kind;
	int fd;
	uint32_t events;
	bool own_fd, dead, once, registered;
	union {
		enc_fd_fn on_fd;
		enc_timer_fn on_timer;
		enc_signal_fn on_signal;
	};
	void *data;
};

struct enc_loop {
	int epoll;
	bool quit, dispatching;
	struct enc_source *sources;
};

int enc_loop_open(struct enc_loop **ret, struct enc_err *e)
{
	struct enc_loop *l;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return ENC_FAIL(e, errno, "epoll_create1: %s", strerror(errno));
	l = enc_alloc(sizeof(*l));
	l->epoll = fd;
	*ret = l;
	return 0;
}

static void sweep(struct enc_loop *l)
{
	for (struct enc_source **p = &l->sources; *p;) {
		struct enc_source *s = *p;

		if (!s->dead) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		free(s);
	}
}

struct enc_loop *enc_loop_close(struct enc_loop *l)
{
	if (!l)
		return NULL;
	while (l->sources)
		enc_source_remove(l->sources);
	close(l->epoll);
	free(l);
	return NULL;
}

/* epoll_ctl with EPOLLHUP and EPOLLERR always reported would spin on a paused source, so pausing takes it out. */
static int apply(struct enc_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	int op = !events ? EPOLL_CTL_DEL : s->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (!events && !s->registered)
		return 0;
	if (epoll_ctl(s->loop->epoll, op, s->fd, &ev) < 0)
		return -errno;
	s->registered = events != 0;
	s->events = events;
	return 0;
}

static int add(struct enc_loop *l, struct enc_source *s, int fd, uint32_t events, struct enc_source **ret,
	       struct enc_err *e)
{
	struct epoll_event none = {.events = 0, .data.ptr = s};
	int r;

	s->loop = l;
	s->fd = fd;
	/* A source that begins paused must still be refused when it can't be waited for at all. */
	if (!events) {
		r = epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &none) < 0 ? -errno : 0;
		if (r == 0)
			(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, &none);
	} else {
		r = apply(s, events);
	}
	if (r < 0) {
		if (s->own_fd)
			close(fd);
		free(s);
		return ENC_FAIL(e, -r, "epoll_ctl: %s", strerror(-r));
	}
	s->next = l->sources;
	l->sources = s;
	if (ret)
		*ret = s;
	return 0;
}

int enc_loop_fd(struct enc_loop *l, int fd, uint32_t events, enc_fd_fn fn, void *data, struct enc_source **ret,
		struct enc_err *e)
{
	struct enc_source *s = enc_alloc(sizeof(*s));

	s->kind = FD;
	s->on_fd = fn;
	s->data = data;
	return add(l, s, fd, events, ret, e);
}

int enc_source_events(struct enc_source *s, uint32_t events)
{
	return apply(s, events);
}

static struct timespec spec(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
}

int enc_loop_timer(struct enc_loop *l, uint64_t delay_ns, uint64_t every_ns, enc_timer_fn fn, void *data,
		   struct enc_source **ret, struct enc_err *e)
{
	/* A delay of zero would disarm the timer. */
	struct itimerspec t = {.it_value = spec(delay_ns ? delay_ns : 1), .it_interval = spec(every_ns)};
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	struct enc_source *s;

	if (fd < 0)
		return ENC_FAIL(e, errno, "timerfd_create: %s", strerror(errno));
	if (timerfd_settime(fd, 0, &t, NULL) < 0) {
		int code = errno;

		close(fd);
		return ENC_FAIL(e, code, "timerfd_settime: %s", strerror(code));
	}
	s = enc_alloc(sizeof(*s));
	s->kind = TIMER;
	s->own_fd = true;
	s->once = every_ns == 0;
	s->on_timer = fn;
	s->data = data;
	return add(l, s, fd, EPOLLIN, ret, e);
}

int enc_loop_signals(struct enc_loop *l, const sigset_t *set, enc_signal_fn fn, void *data, struct enc_source **ret,
		     struct enc_err *e)
{
	struct enc_source *s;
	int fd;

	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return ENC_FAIL(e, errno, "sigprocmask: %s", strerror(errno));
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return ENC_FAIL(e, errno, "signalfd: %s", strerror(errno));
	s = enc_alloc(sizeof(*s));
	s->kind = SIGNALS;
	s->own_fd = true;
	s->on_signal = fn;
	s->data = data;
	return add(l, s, fd, EPOLLIN, ret, e);
}

struct enc_source *enc_source_remove(struct enc_source *s)
{
	if (!s || s->dead)
		return NULL;
	(void)apply(s, 0);
	if (s->own_fd)
		close(s->fd);
	s->dead = true;
	if (!s->loop->dispatching)
		sweep(s->loop);
	return NULL;
}

static int dispatch_timer(struct enc_source *s)
{
	uint64_t times;

	if (read(s->fd, &times, sizeof(times)) != sizeof(times))
		return 0;
	if (s->once)
		(void)apply(s, 0);
	return s->on_timer(s, enc_now_boot(), s->data);
}

static int dispatch_signals(struct enc_source *s)
{
	struct signalfd_siginfo info;

	while (!s->dead && read(s->fd, &info, sizeof(info)) == sizeof(info)) {
		int r = s->on_signal(s, (int)info.ssi_signo, s->data);

		if (r < 0)
			return r;
	}
	return 0;
}

static int dispatch(struct enc_source *s, uint32_t events)
{
	if (s->dead || !s->registered)
		return 0;
	switch (s->kind) {
	case FD: return s->on_fd(s, s->fd, events, s->data);
	case TIMER: return dispatch_timer(s);
	case SIGNALS: return dispatch_signals(s);
	}
	return 0;
}

int enc_loop_run(struct enc_loop *l, struct enc_err *e)
{
	struct epoll_event batch[32];
	int r = 0;

	l->quit = false;
	while (!l->quit && r >= 0) {
		int n = epoll_wait(l->epoll, batch, ENC_LEN(batch), -1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ENC_FAIL(e, errno, "epoll_wait: %s", strerror(errno));
		l->dispatching = true;
		for (int i = 0; i < n && r >= 0; i++)
			r = dispatch(batch[i].data.ptr, batch[i].events);
		l->dispatching = false;
		sweep(l);
	}
	return r < 0 ? r : 0;
}

void enc_loop_quit(struct enc_loop *l)
{
	l->quit = true;
}
