/* SPDX-License-Identifier: MIT */
/*
 * box_fixture.h - hand-made plans, and a run of a box from start to end, for test_box.c
 */
#ifndef ENC_TESTS_BOX_FIXTURE_H
#define ENC_TESTS_BOX_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/sandbox.h"
#include "sys/landlock.h"

#define ORDINARY 60998
#define BORROWED 60999 /* an id that nobody has */

struct fixture {
	char dir[64]; /* of the test, world-readable, below /tmp: the box hides it but for its grants */
	struct enc_mount mounts[48];
	struct enc_host host;
	struct enc_plan plan;
	char run[32]; /* run id, names the groups */
	bool root;    /* started by root: grants are idmapped to a borrowed id */
};

struct outcome {
	int prepared, went; /* what these returned */
	struct enc_box_failure failure;
	struct enc_err e;
	struct enc_box_status status;
	struct enc_box_sample sample;
	char out[32768];
	char refused[1024]; /* "class:name " each */
	int synced;
	unsigned kept;
};

/* ---- files ---- */

/* A path below the test's directory. Plans keep these, so one is used again only after many more than a test makes. */
static inline const char *at(struct fixture *f, const char *name)
{
	static char paths[1024][128];
	static unsigned n;
	char *path = paths[n++ % ENC_LEN(paths)];

	(void)snprintf(path, sizeof(paths[0]), "%s%s%s", f->dir, name[0] ? "/" : "", name);
	return path;
}

static inline void put_file(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	int fd = open(at(f, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static inline const char *get_file(struct fixture *f, const char *name, char *out, size_t size)
{
	int fd = open(at(f, name), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	out[n < 0 ? 0 : n] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return n < 0 ? "(absent)" : out;
}

/* The test's own program, to be run inside as a probe. */
static inline void copy_self(struct fixture *f)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to;
	char part[65536];
	ssize_t n;

	to = open(at(f, "ro/probe"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(from >= 0 && to >= 0);
	while ((n = read(from, part, sizeof(part))) > 0)
		assert_int_equal(write(to, part, (size_t)n), n);
	assert_int_equal(fchmod(to, 0755), 0);
	(void)close(from);
	(void)close(to);
}

static inline void remove_tree(const char *dir)
{
	char command[160];

	(void)snprintf(command, sizeof(command), "chmod -R u+rwx %s && rm -rf %s", dir, dir);
	assert_int_equal(system(command), 0);
}

/* ---- plans ---- */

static inline struct enc_mount *add(struct fixture *f, enum enc_mount_kind kind, const char *path, const char *target)
{
	struct enc_mount *m = &f->mounts[f->plan.n_mounts++];
	struct stat st;

	*m = (struct enc_mount){.kind = kind, .path = path, .target = target, .mode = 0700, .clause = -1};
	if (kind == ENC_MT_SCRATCH || kind == ENC_MT_LINK || kind == ENC_MT_TEXT)
		return m;
	assert_int_equal(lstat(path, &st), 0);
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	m->is_dir = S_ISDIR(st.st_mode);
	m->uid = st.st_uid;
	m->gid = st.st_gid;
	m->mode = st.st_mode & 07777;
	m->idmap = f->root && kind == ENC_MT_BIND_RW;
	return m;
}

/* Where the v2 hierarchy is: alone, or beside v1 on a hybrid machine; NULL when there is none for us. */
static inline const char *v2_root(void)
{
	if (!access("/sys/fs/cgroup/cgroup.controllers", R_OK))
		return access("/sys/fs/cgroup/cgroup.procs", W_OK) ? NULL : "/sys/fs/cgroup";
	return access("/sys/fs/cgroup/unified/cgroup.procs", W_OK) ? NULL : "/sys/fs/cgroup/unified";
}

/* Lets the plan use a controller, as the host's probe would; false: not on this machine, or not as this user. */
static inline bool use_controller(struct fixture *f, enum enc_controller c, const char *name)
{
	struct enc_cgroup_home *home = &f->host.ctl[c];
	const char *v2 = v2_root();
	char text[64];

	(void)snprintf(text, sizeof(text), "/sys/fs/cgroup/%s/cgroup.procs", name);
	if (!f->root || !v2)
		return false;
	if (!access(text, W_OK)) {
		home->version = 1;
		(void)snprintf(home->dir, sizeof(home->dir), "/sys/fs/cgroup/%s/enclosure", name);
		return true;
	}
	(void)snprintf(text, sizeof(text), "echo +%s > %s/cgroup.subtree_control", name, v2);
	if (system(text) != 0)
		return false;
	home->version = 2;
	(void)snprintf(home->dir, sizeof(home->dir), "%s/enclosure", v2);
	return true;
}

static inline void plan_init(struct fixture *f)
{
	static const char *const tops[] = {"/bin", "/lib", "/lib64", "/sbin"};
	static char path[] = "PATH=/usr/bin:/bin:/usr/sbin", home[] = "HOME=/home/agent";
	static char *env[] = {path, home, NULL};
	uid_t uid = f->root ? BORROWED : getuid();
	gid_t gid = f->root ? BORROWED : getgid();

	memset(&f->plan, 0, sizeof(f->plan));
	memset(&f->host, 0, sizeof(f->host));
	f->host.landlock_abi = enc_sys_landlock_abi();
	if (f->root && v2_root())
		(void)snprintf(f->host.cgroup2_dir, sizeof(f->host.cgroup2_dir), "%s/enclosure", v2_root());
	f->plan = (struct enc_plan){.host = &f->host,
				    .mounts = f->mounts,
				    .use_landlock = f->host.landlock_abi > 0,
				    .use_notify = true,
				    .net_none = true,
				    .env = env,
				    .cwd = "/",
				    .state_dir = at(f, "state")};
	f->plan.ids = (struct enc_ids){.uid = uid, .gid = gid, .inside_uid = uid, .inside_gid = gid};
	add(f, ENC_MT_BIND_RO, "/usr", NULL);
	add(f, ENC_MT_BIND_RO, "/etc", NULL);
	for (size_t i = 0; i < ENC_LEN(tops); i++) {
		static char targets[4][64];
		ssize_t n = readlink(tops[i], targets[i], sizeof(targets[i]) - 1);

		if (n > 0)
			add(f, ENC_MT_LINK, tops[i], targets[i]);
		else if (!access(tops[i], F_OK))
			add(f, ENC_MT_BIND_RO, tops[i], NULL);
	}
	add(f, ENC_MT_SCRATCH, "/home/agent", NULL);
	add(f, ENC_MT_BIND_RO, at(f, "ro"), NULL);
	add(f, ENC_MT_BIND_RW, at(f, "ws"), NULL);
}

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->root = geteuid() == 0;
	(void)snprintf(f->run, sizeof(f->run), "test-box-%d", (int)getpid());
	strcpy(f->dir, "/tmp/enc-box-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chmod(f->dir, 0755), 0);
	assert_int_equal(mkdir(at(f, "ro"), 0755), 0);
	assert_int_equal(mkdir(at(f, "ws"), 0755), 0);
	assert_int_equal(mkdir(at(f, "state"), 0700), 0);
	assert_int_equal(mkdir(at(f, "ws/a"), 0755), 0);
	assert_int_equal(mkdir(at(f, "ws/a/secret"), 0755), 0);
	assert_int_equal(mkdir(at(f, "ws/hooks"), 0755), 0);
	put_file(f, "ro/file", "read me\n", 0644);
	put_file(f, "ws/a/secret/key", "hush\n", 0644);
	put_file(f, "ws/token", "hush\n", 0644);
	put_file(f, "ws/hooks/pre", "hook\n", 0644);
	put_file(f, "outside", "outside\n", 0644);
	put_file(f, "conf.json", "{}\n", 0640);
	copy_self(f);
	plan_init(f);
}

static inline void fixture_done(struct fixture *f)
{
	remove_tree(f->dir);
}

/* ---- a run ---- */

static inline void take_refusals(struct enc_box *b, struct outcome *o)
{
	struct enc_refusal r;
	pid_t pid;

	while (enc_box_notify_fd(b) >= 0 && enc_box_take_refusal(b, &r, &pid, NULL) > 0) {
		size_t n = strlen(o->refused);

		(void)snprintf(o->refused + n, sizeof(o->refused) - n, "%s:%s ", r.class_name, r.name);
	}
}

/* One look: 10 ms, or until something happens. A descriptor at its end is not asked again. */
static inline void look(struct enc_box *b, int *out, struct outcome *o)
{
	struct pollfd p[3] = {{enc_box_control_fd(b), POLLIN, 0}, {enc_box_notify_fd(b), POLLIN, 0}, {*out, POLLIN, 0}};
	size_t n = strlen(o->out);
	ssize_t r;

	(void)poll(p, 3, 10);
	take_refusals(b, o);
	if (!p[2].revents)
		return;
	r = read(*out, o->out + n, sizeof(o->out) - 1 - n);
	if (r <= 0)
		*out = -1;
}

/* Until the command has ended; at most 20 s. */
static inline void watch(struct fixture *f, struct enc_box *b, int out, struct outcome *o)
{
	time_t end = time(NULL) + 20;

	while (enc_box_status(b, &o->status, &o->e) == 0 && time(NULL) < end) {
		look(b, &out, o);
		if (f->plan.watch_memory && !o->sample.memory_over) {
			enc_box_sample(b, &o->sample);
			if (o->sample.memory_over)
				enc_box_kill(b);
		}
	}
	if (enc_box_status(b, &o->status, &o->e) != 1)
		fail_msg("the command has not ended after 20 s");
	for (int i = 0; i < 10 && out >= 0; i++) /* what is still in the pipe */
		look(b, &out, o);
}

static inline struct outcome *run_kept(struct fixture *f, char *const *argv, const int *keep, size_t n_keep)
{
	static struct outcome o;
	struct enc_box_io io = {.argv = argv, .run = f->run, .keep = keep, .n_keep = n_keep};
	struct enc_box *b = NULL;
	const char *path;
	int out[2];

	memset(&o, 0, sizeof(o));
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	io.stdin_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	io.stdout_fd = io.stderr_fd = out[1];
	o.prepared = enc_box_prepare(&f->plan, &io, &b, &o.failure, &o.e);
	(void)close(out[1]);
	if (!o.prepared) {
		o.went = enc_box_go(b, &o.e);
		watch(f, b, out[0], &o);
		if (!f->plan.watch_memory)
			enc_box_sample(b, &o.sample);
		enc_err_clear(&o.e);
		o.synced = enc_box_sync_files(b, &o.e);
		(void)enc_box_sync_kept(b, 0, &path, &o.kept);
		b = enc_box_close(b);
	}
	(void)close(out[0]);
	(void)close(io.stdin_fd);
	return &o;
}

static inline struct outcome *run_argv(struct fixture *f, char *const *argv)
{
	return run_kept(f, argv, NULL, 0);
}

static inline struct outcome *run_sh(struct fixture *f, const char *script)
{
	char text[2048];
	char *argv[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, text, NULL};

	(void)snprintf(text, sizeof(text), "%s", script);
	return run_argv(f, argv);
}

static inline struct outcome *run_probe(struct fixture *f, const char *probe, const char *arg)
{
	char path[128], name[64], more[256];
	char *argv[] = {path, (char[]){"--probe"}, name, more, NULL};

	(void)snprintf(path, sizeof(path), "%s/ro/probe", f->dir);
	(void)snprintf(name, sizeof(name), "%s", probe);
	(void)snprintf(more, sizeof(more), "%s", arg ? arg : "");
	return run_argv(f, argv);
}

/* ---- what is left ---- */

static inline int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 2048; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static inline void assert_nothing_left(struct fixture *f, int fds, const char *when)
{
	char path[512];
	int status;

	if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD)
		fail_msg("%s: a process is left", when);
	if (count_fds() != fds)
		fail_msg("%s: %d descriptors instead of %d", when, count_fds(), fds);
	if (f->host.cgroup2_dir[0]) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->host.cgroup2_dir, f->run);
		if (!access(path, F_OK))
			fail_msg("%s: %s is left", when, path);
	}
	for (int i = 0; i < ENC_CTL__COUNT; i++) {
		if (!f->host.ctl[i].version)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", f->host.ctl[i].dir, f->run);
		if (!access(path, F_OK))
			fail_msg("%s: %s is left", when, path);
	}
}

static inline size_t mount_table(char *out, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t n = file ? fread(out, 1, size - 1, file) : 0;

	if (file)
		(void)fclose(file);
	out[n] = '\0';
	return n;
}

/* Again as an ordinary user: by exec of ourselves, since a process that has changed its ids can't map others'. */
static inline int as_ordinary(char **argv)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), status = 1;
	char *env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
	pid_t pid = fork();

	if (!pid) {
		if (setgroups(0, NULL) || setresgid(ORDINARY, ORDINARY, ORDINARY) ||
		    setresuid(ORDINARY, ORDINARY, ORDINARY))
			_exit(99);
		(void)fexecve(self, argv, env);
		_exit(98);
	}
	(void)waitpid(pid, &status, 0);
	(void)close(self);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

#endif
