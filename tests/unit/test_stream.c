/* SPDX-License-Identifier: MIT */
/*
 * test_stream.c - a stream passes and keeps every byte, waits for slow readers, and notices lost ones
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "run/stream.h"
#include "term_judge.h"

static int on_stop(struct enc_source *s, uint64_t now, void *data)
{
	enc_loop_quit(data);
	return 0;
}

static void run_for(struct enc_loop *l, unsigned ms)
{
	struct enc_err e = {0};
	struct enc_source *timer;

	assert_int_equal(enc_loop_timer(l, ms * 1000000ull, 0, on_stop, l, &timer, &e), 0);
	assert_int_equal(enc_loop_run(l, &e), 0);
	enc_source_remove(timer);
}

struct fixture {
	struct enc_loop *loop;
	struct enc_stream *s;
	int command; /* write end of the command's pipe */
	int file;    /* what was captured */
};

static void start(struct fixture *f, int to)
{
	struct enc_err e = {0};
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	f->command = p[1];
	f->file = memfd_create("captured", MFD_CLOEXEC);
	assert_int_equal(enc_loop_open(&f->loop, &e), 0);
	f->s = calloc(1, sizeof(*f->s));
	assert_int_equal(enc_stream_start(f->s, f->loop, p[0], dup(f->file), to, &e), 0);
}

static void stop(struct fixture *f)
{
	enc_stream_done(f->s);
	free(f->s);
	enc_loop_close(f->loop);
	close(f->file);
	if (f->command >= 0)
		close(f->command);
}

/* A child writes `n` bytes of a pattern into the command's pipe, and ends. */
static pid_t writer(struct fixture *f, size_t n)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(f->s->from);
		(void)signal(SIGPIPE, SIG_DFL);
		for (size_t i = 0; i < n; i++) {
			char c = (char)(i * 7 + i / 251);

			if (write(f->command, &c, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(f->command);
	f->command = -1;
	return pid;
}

static void check_pattern(int fd, size_t n)
{
	char *data = malloc(n + 1);

	assert_int_equal(pread(fd, data, n + 1, 0), n);
	for (size_t i = 0; i < n; i++)
		if (data[i] != (char)(i * 7 + i / 251))
			fail_msg("byte %zu differs", i);
	free(data);
}

static void test_passes_and_keeps(void **state)
{
	struct fixture f;
	int to = memfd_create("to", MFD_CLOEXEC);
	pid_t pid;

	start(&f, to);
	pid = writer(&f, 200000);
	run_for(f.loop, 300);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	enc_stream_drain(f.s, 1000000000ull);
	assert_int_equal(f.s->bytes, 200000);
	assert_false(f.s->truncated);
	check_pattern(to, 200000);
	check_pattern(f.file, 200000);
	close(to);
	stop(&f);
}

/* The reader takes nothing: the loop goes on, and later every byte arrives. */
static void test_slow_reader(void **state)
{
	struct fixture f;
	char part[4096];
	size_t got = 0;
	int p[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	start(&f, p[1]);
	pid = writer(&f, 300000);
	run_for(f.loop, 100);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 500 && got < 300000; i++) {
		while ((n = read(p[0], part, sizeof(part))) > 0)
			for (ssize_t k = 0; k < n; k++, got++)
				if (part[k] != (char)(got * 7 + got / 251))
					fail_msg("byte %zu differs", got);
		run_for(f.loop, 2);
	}
	assert_int_equal(got, 300000);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	check_pattern(f.file, 300000);
	close(p[0]);
	stop(&f);
	close(p[1]);
}

/* The reader is gone: the command gets SIGPIPE, as it would without us. */
static void test_reader_gone(void **state)
{
	struct fixture f;
	int p[2], status;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	start(&f, p[1]);
	close(p[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	pid = writer(&f, 10000000);
	run_for(f.loop, 200);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGPIPE);
	stop(&f);
	close(p[1]);
}

static void test_line_start(void **state)
{
	struct fixture f;
	int to = memfd_create("to", MFD_CLOEXEC);

	start(&f, to);
	assert_true(f.s->at_line_start);
	assert_int_equal(write(f.command, "half", 4), 4);
	run_for(f.loop, 20);
	assert_false(f.s->at_line_start);
	assert_int_equal(write(f.command, " line\n", 6), 6);
	run_for(f.loop, 20);
	assert_true(f.s->at_line_start);
	close(to);
	stop(&f);
}

/* A process that keeps the pipe open can't hold the end of the run up. */
static void test_drain_is_bounded(void **state)
{
	struct fixture f;
	uint64_t before;

	start(&f, -1);
	assert_int_equal(write(f.command, "x", 1), 1);
	before = enc_now_boot();
	enc_stream_drain(f.s, 100000000ull);
	assert_true(enc_now_boot() - before < 5000000000ull);
	assert_int_equal(f.s->bytes, 1);
	stop(&f);
}

static size_t admit_100000(void *data, size_t n)
{
	size_t *left = data, keep = n < *left ? n : *left;

	*left -= keep;
	return keep;
}

/* What is admitted arrives whole, also by a slow reader; then the stream is at its end. */
static void test_admits_no_more(void **state)
{
	struct fixture f;
	size_t left = 100000, got = 0;
	char part[4096];
	int p[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	start(&f, p[1]);
	f.s->admit = admit_100000;
	f.s->data = &left;
	(void)signal(SIGPIPE, SIG_IGN);
	pid = writer(&f, 300000);
	run_for(f.loop, 100);
	(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 200; i++) {
		while ((n = read(p[0], part, sizeof(part))) > 0)
			got += (size_t)n;
		run_for(f.loop, 2);
	}
	assert_int_equal(got, 100000);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	assert_int_equal(f.s->from, -1);
	assert_true(f.s->truncated);
	assert_true(f.s->bytes > 100000);
	check_pattern(f.file, 100000);
	close(p[0]);
	stop(&f);
	close(p[1]);
}

static int open_pty(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	struct termios raw;
	char *name = master < 0 ? NULL : ptsname(master);

	if (!name || grantpt(master) < 0 || unlockpt(master) < 0)
		fail_msg("no terminal: %s", strerror(errno));
	*ret_slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(*ret_slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(*ret_slave, TCSANOW, &raw), 0);
	return master;
}

static void collect(int master, struct enc_buf *b)
{
	char part[4096];
	ssize_t n;

	while ((n = read(master, part, sizeof(part))) > 0)
		enc_buf_add(b, part, (size_t)n);
}

/* A terminal gets what draws, and at the end what undoes it; the file gets all. */
static void test_terminal(void **state)
{
	static const char said[] = "a\033[6n\033]52;c;eA==\a\033[1m\033[?25lb\033P$qm\033\\c";
	struct enc_buf seen = {0};
	char kept[sizeof(said)] = "";
	struct fixture f;
	int slave, master = open_pty(&slave);

	start(&f, slave);
	assert_int_equal(write(f.command, said, sizeof(said) - 1), sizeof(said) - 1);
	close(f.command);
	f.command = -1;
	run_for(f.loop, 20);
	collect(master, &seen);
	assert_string_equal(seen.s, "a\033[1m\033[?25lbc");
	enc_stream_drain(f.s, 1000000000ull);
	collect(master, &seen);
	assert_string_equal(seen.s, "a\033[1m\033[?25lbc\033[?25h\033[0m");
	assert_int_equal(pread(f.file, kept, sizeof(kept), 0), sizeof(said) - 1);
	assert_memory_equal(kept, said, sizeof(said));
	assert_int_equal(fcntl(slave, F_GETFL) & O_NONBLOCK, 0); /* the caller's is as it was */
	enc_buf_done(&seen);
	stop(&f);
	close(slave);
	close(master);
}

/* By a child: a pipe may hold less. */
static pid_t feed(struct fixture *f, const struct enc_buf *b)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(enc_write_all(f->command, b->s, b->len) < 0);
	close(f->command);
	f->command = -1;
	return pid;
}

/* Two streams of one run, one terminal that takes little at a time: they don't meet inside a sequence. */
static void test_terminal_shared(void **state)
{
	struct enc_buf color = {0}, rest = {0}, seen = {0};
	struct fixture f, g;
	int slave, master = open_pty(&slave);
	pid_t children[2];

	for (int i = 0; i < 5000; i++)
		enc_buf_puts(&color, "\033[01;31m\033]0;x\a");
	start(&f, slave);
	start(&g, slave);
	f.s->beside = g.s;
	g.s->beside = f.s;
	for (int i = 0; i < 20000; i++)
		enc_buf_puts(&rest, "6n");
	children[0] = feed(&f, &color);
	children[1] = feed(&g, &rest);
	for (int i = 0; i < 2000 && (f.s->from >= 0 || g.s->from >= 0 || f.s->len || g.s->len); i++) {
		char part[1501];
		ssize_t n;

		/* The one that waits comes first when there is room again. */
		if (i)
			run_for(g.loop, 1);
		run_for(f.loop, 1);
		n = read(master, part, sizeof(part));
		if (n > 0)
			enc_buf_add(&seen, part, (size_t)n);
	}
	assert_int_equal(waitpid(children[0], NULL, 0), children[0]);
	assert_int_equal(waitpid(children[1], NULL, 0), children[1]);
	collect(master, &seen);
	enc_stream_drain(f.s, 1000000000ull);
	enc_stream_drain(g.s, 1000000000ull);
	collect(master, &seen);
	assert_true(seen.len > 20000);
	assert_null(judge(seen.s, seen.len));
	/* They did meet. */
	assert_true(memmem(seen.s, seen.len, "m6n", 3) || memmem(seen.s, seen.len, "\\6n", 3));
	enc_buf_done(&color);
	enc_buf_done(&rest);
	enc_buf_done(&seen);
	stop(&f);
	stop(&g);
	close(slave);
	close(master);
}

/* A terminal that was stopped (Ctrl-S) does not stop the loop. */
static void test_terminal_stopped(void **state)
{
	struct fixture f;
	int slave, master = open_pty(&slave);

	assert_int_equal(tcflow(slave, TCOOFF), 0);
	start(&f, slave);
	for (int i = 0; i < 60; i++)
		assert_int_equal(write(f.command, "0123456789012345678901234567890123456789\n", 41), 41);
	(void)alarm(20);
	run_for(f.loop, 50);
	assert_true(f.s->len > 0);
	enc_stream_drain(f.s, 50000000ull);
	(void)alarm(0);
	stop(&f);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passes_and_keeps), cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_reader_gone),	 cmocka_unit_test(test_line_start),
		cmocka_unit_test(test_drain_is_bounded), cmocka_unit_test(test_admits_no_more),
		cmocka_unit_test(test_terminal),	 cmocka_unit_test(test_terminal_shared),
		cmocka_unit_test(test_terminal_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
