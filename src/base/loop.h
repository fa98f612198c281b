/* SPDX-License-Identifier: MIT */
/*
 * loop.h - a small epoll loop: descriptors, timers, signals
 *
 * Level-triggered. Single thread. A callback may add and remove any source, itself included: a removed source
 * is freed after the dispatch of the current batch. A callback returns 0 to go on, or a negative errno that ends
 * enc_loop_run() with that value (the error struct is the callback's own business, through its data).
 */
#ifndef ENC_BASE_LOOP_H
#define ENC_BASE_LOOP_H

#include <signal.h>
#include <stdint.h>

#include "base/err.h"

struct enc_loop;
struct enc_source;
typedef int (*enc_fd_fn)(struct enc_source *s, int fd, uint32_t events, void *data);
typedef int (*enc_timer_fn)(struct enc_source *s, uint64_t now_boot_ns, void *data);
typedef int (*enc_signal_fn)(struct enc_source *s, int signo, void *data);

int enc_loop_open(struct enc_loop **ret, struct enc_err *e);
struct enc_loop *enc_loop_close(struct enc_loop *l); /* removes every source; descriptors of callers stay open */
ENC_AUTO_DEFINE(struct enc_loop, enc_loop_close)
/* The descriptor stays the caller's; the source must be removed before it is closed. events: EPOLLIN, EPOLLOUT,
 * EPOLLPRI. */
int enc_loop_fd(struct enc_loop *l, int fd, uint32_t events, enc_fd_fn fn, void *data, struct enc_source **ret,
		struct enc_err *e);
int enc_source_events(struct enc_source *s, uint32_t events); /* change; 0 pauses */
/* CLOCK_BOOTTIME; first after `delay_ns`, then every `every_ns` (0: once). */
int enc_loop_timer(struct enc_loop *l, uint64_t delay_ns, uint64_t every_ns, enc_timer_fn fn, void *data,
		   struct enc_source **ret, struct enc_err *e);
/* Blocks the signals of `set` in this thread and reads them by signalfd. */
int enc_loop_signals(struct enc_loop *l, const sigset_t *set, enc_signal_fn fn, void *data, struct enc_source **ret,
		     struct enc_err *e);
struct enc_source *enc_source_remove(struct enc_source *s); /* NULL is fine; returns NULL */
/* Until enc_loop_quit() or a callback's error. */
int enc_loop_run(struct enc_loop *l, struct enc_err *e);
void enc_loop_quit(struct enc_loop *l);

#endif
