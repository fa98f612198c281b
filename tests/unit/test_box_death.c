/* SPDX-License-Identifier: MIT */
/*
 * test_box_death.c - the supervisor is killed before each step of the set-up, its own and the child's, and while the
 * command runs: nothing runs on, nothing ran that should not have, nothing stays mounted
 *
 * Started by root it runs twice, the second time as an ordinary user.
 */
#include <sys/mman.h>
#include <sys/prctl.h>

#include "box_fixture.h"

#include "box_probe.h"
#include "sandbox/box_impl.h"

#define MAX_STEPS  300
#define PATIENCE_S 10

static struct fixture fx;

static int fresh(void **state)
{
	(void)state;
	fixture_init(&fx);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	fixture_done(&fx);
	return 0;
}

/* All kinds of mounts, limits and a terminal: each is a step. */
static void plan_much(void)
{
	fx.plan.n_mounts -= 2;
	add(&fx, ENC_MT_SCRATCH, fx.dir, NULL)->mode = 0755;
	add(&fx, ENC_MT_FILE_SYNC, at(&fx, "conf.json"), NULL);
	add(&fx, ENC_MT_BIND_RW, at(&fx, "ws"), NULL);
	add(&fx, ENC_MT_PIN, at(&fx, "ws/a"), NULL);
	add(&fx, ENC_MT_MASK_DIR, at(&fx, "ws/a/secret"), NULL);
	add(&fx, ENC_MT_PROTECT, at(&fx, "ws/hooks"), NULL);
	fx.plan.limits = (struct enc_limits){.memory_bytes = 512 << 20, .pids = 50, .files = 100};
	fx.plan.use_cgroup_memory = use_controller(&fx, ENC_CTL_MEMORY, "memory");
	fx.plan.use_cgroup_pids = use_controller(&fx, ENC_CTL_PIDS, "pids");
}

/* A supervisor of its own: prepares, lets go, and would wait for the end. */
static _Noreturn void supervise(int step)
{
	char mark[300], *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, mark, NULL};
	struct enc_box_io io = {
		.stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1, .argv = argv, .run = fx.run, .tty = true};
	struct enc_box_failure failure;
	struct enc_err e = {0};
	struct enc_box *b;

	(void)snprintf(mark, sizeof(mark), "touch %s/ws/ran; sleep 1000", fx.dir);
	enc_box_steps = 0;
	enc_box_halt_at = step;
	if (enc_box_prepare(&fx.plan, &io, &b, &failure, &e) || enc_box_go(b, &e))
		_exit(1);
	*enc_box_halt = 3; /* every step is done: the command runs */
	for (;;)
		(void)pause();
}

static void await_halt(pid_t supervisor, int step)
{
	time_t end = time(NULL) + PATIENCE_S;
	int status;

	while (!*enc_box_halt && time(NULL) < end) {
		if (waitpid(supervisor, &status, WNOHANG) == supervisor)
			fail_msg("step %d: the supervisor ended by itself, status %#x", step, status);
		(void)usleep(500);
	}
	if (!*enc_box_halt)
		fail_msg("step %d was not reached", step);
}

/* We are the reaper of whatever loses its parent: when nobody is left to wait for, everything is dead. */
static void await_death(int step)
{
	time_t end = time(NULL) + PATIENCE_S;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0) {
		if (!pid)
			(void)usleep(500);
		if (time(NULL) > end)
			fail_msg("step %d: a process lives on", step);
	}
	assert_int_equal(errno, ECHILD);
}

static bool command_ran(void)
{
	return !access(at(&fx, "ws/ran"), F_OK);
}

/* Who is killed leaves its empty groups to the next run, which takes them away; here it is us. */
static void take_groups(void)
{
	if (fx.host.cgroup2_dir[0])
		enc_box_remove_group(fx.host.cgroup2_dir, fx.run);
	for (int i = 0; i < ENC_CTL__COUNT; i++)
		if (fx.host.ctl[i].version)
			enc_box_remove_group(fx.host.ctl[i].dir, fx.run);
}

static void killed_at_every_step(void **state)
{
	static char before[65536], after[65536];
	int fds = count_fds(), step = 1, last = 0;

	(void)state;
	enc_box_halt = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(enc_box_halt, MAP_FAILED);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	plan_much();
	(void)mount_table(before, sizeof(before));
	for (; !last && step < MAX_STEPS; step++) {
		char name[40];
		pid_t pid;

		*enc_box_halt = 0;
		(void)unlink(at(&fx, "ws/ran"));
		pid = fork();
		if (!pid)
			supervise(step);
		await_halt(pid, step);
		last = *enc_box_halt == 3;
		/* The control: the last time nothing was halted, and the command does run. */
		for (int i = 0; last && i < 2000 && !command_ran(); i++)
			(void)usleep(500);
		assert_int_equal(kill(pid, SIGKILL), 0);
		*enc_box_halt = 2; /* whoever was halted goes on, without a supervisor */
		await_death(step);
		if (command_ran() != last)
			fail_msg("step %d: the command %s", step, last ? "never ran" : "ran without a supervisor");
		take_groups();
		(void)snprintf(name, sizeof(name), "killed at step %d", step);
		assert_nothing_left(&fx, fds, name);
		(void)mount_table(after, sizeof(after));
		assert_string_equal(before, after);
	}
	assert_true(last && step > 40);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	(void)munmap((void *)(uintptr_t)enc_box_halt, 4096);
}

static int all(const char *who)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(killed_at_every_step, fresh, clean),
	};

	return cmocka_run_group_tests_name(who, tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	int r = probe_main(argc, argv);

	if (r >= 0)
		_exit(r);
	if (geteuid() != 0)
		return all("as an ordinary user");
	r = all("as root");
	return as_ordinary(argv) + r;
}
