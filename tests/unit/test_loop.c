/* SPDX-License-Identifier: MIT */
/*
 * test_loop.c - descriptors, timers and signals; sources that are removed while they are being served
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "base/text.h"

#define MS 1000000ull

static struct {
	struct enc_loop *loop;
	struct enc_source *a, *b;
	int calls, others;
} t;

static int begin(void **state)
{
	memset(&t, 0, sizeof(t));
	return enc_loop_open(&t.loop, NULL);
}

static int end(void **state)
{
	t.loop = enc_loop_close(t.loop);
	return 0;
}

static int quit(struct enc_source *s, uint64_t now, void *data)
{
	enc_loop_quit(t.loop);
	return 0;
}

static void run_for(uint64_t ms)
{
	struct enc_err e = {0};

	assert_int_equal(enc_loop_timer(t.loop, ms * MS, 0, quit, NULL, NULL, NULL), 0);
	if (enc_loop_run(t.loop, &e) != 0)
		fail_msg("%s", e.text);
}

static int count(struct enc_source *s, int fd, uint32_t events, void *data)
{
	char c;

	t.calls++;
	if (events & EPOLLIN)
		(void)!read(fd, &c, 1);
	return 0;
}

static void descriptors(void **state)
{
	int p[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(enc_loop_fd(t.loop, p[0], EPOLLIN, count, NULL, &t.a, NULL), 0);
	assert_int_equal(write(p[1], "abc", 3), 3);
	run_for(20);
	assert_int_equal(t.calls, 3);
	assert_int_equal(enc_source_events(t.a, 0), 0); /* paused: nothing comes, and no spin on a hangup */
	assert_int_equal(write(p[1], "abc", 3), 3);
	close(p[1]);
	run_for(20);
	assert_int_equal(t.calls, 3);
	assert_int_equal(enc_source_events(t.a, EPOLLIN), 0);
	run_for(20);
	assert_true(t.calls >= 6);
	assert_null(enc_source_remove(t.a));
	assert_int_equal(write(p[0], "", 0), -1);
	assert_int_equal(close(p[0]), 0); /* the descriptor stayed ours */
}

static int remove_both(struct enc_source *s, int fd, uint32_t events, void *data)
{
	t.calls++;
	enc_source_remove(t.a);
	enc_source_remove(t.b);
	return 0;
}

/* Both are ready in one batch; whichever is served first removes both, and the other must not be called. */
static void removal_in_a_callback(void **state)
{
	int p[2], q[2];

	assert_int_equal(pipe(p), 0);
	assert_int_equal(pipe(q), 0);
	assert_int_equal(enc_loop_fd(t.loop, p[0], EPOLLIN, remove_both, NULL, &t.a, NULL), 0);
	assert_int_equal(enc_loop_fd(t.loop, q[0], EPOLLIN, remove_both, NULL, &t.b, NULL), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(write(q[1], "x", 1), 1);
	run_for(20);
	assert_int_equal(t.calls, 1);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
}

static int again(struct enc_source *s, uint64_t now, void *data)
{
	if (++t.calls == 5)
		enc_source_remove(s);
	return 0;
}

static int add_another(struct enc_source *s, uint64_t now, void *data)
{
	t.others++;
	enc_source_remove(s); /* itself, a timer that has fired its only time */
	return enc_loop_timer(t.loop, 0, MS, again, NULL, NULL, NULL);
}

static void timers(void **state)
{
	uint64_t start = enc_now_boot();

	assert_int_equal(enc_loop_timer(t.loop, 0, 0, add_another, NULL, NULL, NULL), 0);
	run_for(60);
	assert_int_equal(t.others, 1);
	assert_int_equal(t.calls, 5);
	assert_true(enc_now_boot() - start >= 60 * MS);
}

static int fail_now(struct enc_source *s, uint64_t now, void *data)
{
	return -EPROTO;
}

static void a_callback_ends_the_loop(void **state)
{
	assert_int_equal(enc_loop_timer(t.loop, MS, 0, fail_now, NULL, &t.a, NULL), 0);
	assert_int_equal(enc_loop_run(t.loop, NULL), -EPROTO);
	enc_source_remove(t.a);
	run_for(5); /* and it can run again */
}

static int on_signal(struct enc_source *s, int signo, void *data)
{
	t.calls |= signo == SIGUSR1 ? 1 : signo == SIGUSR2 ? 2 : 4;
	if (data)
		enc_source_remove(s);
	return 0;
}

static void signals(void **state)
{
	struct enc_source *s;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(enc_loop_signals(t.loop, &set, on_signal, NULL, &s, NULL), 0);
	raise(SIGUSR1);
	raise(SIGUSR2);
	run_for(10);
	assert_int_equal(t.calls, 3);
	enc_source_remove(s);
	/* one that removes itself while another signal waits */
	assert_int_equal(enc_loop_signals(t.loop, &set, on_signal, &t, &s, NULL), 0);
	t.calls = 0;
	raise(SIGUSR1);
	raise(SIGUSR2);
	run_for(10);
	assert_true(t.calls == 1 || t.calls == 2);
}

static void refusals(void **state)
{
	struct enc_err e = {0};

	assert_int_equal(enc_loop_fd(t.loop, -1, EPOLLIN, count, NULL, &t.a, &e), -EBADF);
	assert_non_null(strstr(e.text, "epoll_ctl"));
	assert_int_equal(enc_loop_fd(t.loop, -1, 0, count, NULL, &t.a, NULL), -EBADF);
	assert_null(enc_source_remove(NULL));
	assert_null(enc_loop_close(NULL));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(descriptors), CASE(removal_in_a_callback),
		CASE(timers),	   CASE(a_callback_ends_the_loop),
		CASE(signals),	   CASE(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
