/* SPDX-License-Identifier: MIT */
/*
 * prepare.c - a box is made: its launch, the child, the ids; until the walls are up
 *
 * States: prepare (groups, sources, filters, clone3, ids) -> walls up (init waits) -> go -> the command runs ->
 * ended -> closed. A failure before "walls up" leaves through enc_box_close(), as every end does: init is killed,
 * its pid namespace with it, and the groups are removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sandbox/box_impl.h"
#include "sys/kernel.h"
#include "sys/landlock.h"

#define SETUP_MS   60000 /* a step that hangs (a dead network file system) must not hang us */
#define FIRST_FD   64	 /* the control socket lies above what the command may be given by small numbers */
#define MIN_SPACE  (16ULL << 20)
#define MAX_INODES 2000000ULL

#ifdef ENC_TEST_FAULTS
int enc_box_fail_at, enc_box_steps, enc_box_halt_at;
volatile int *enc_box_halt;

int enc_box_fault(void)
{
	enc_box_steps++;
	/* Supervisor and child count on from the clone, each for itself: who comes first is halted. */
	if (enc_box_halt_at == enc_box_steps && !*enc_box_halt) {
		*enc_box_halt = 1;
		for (int i = 0; i < 20000 && *enc_box_halt == 1; i++) /* 10 s: a test that failed lets go */
			(void)usleep(500);
	}
	if (enc_box_steps != enc_box_fail_at)
		return 0;
	errno = EIO;
	return -1;
}
#endif

/* ---- telling what failed ---- */

static int told(struct enc_box_failure *fail, struct enc_err *e, const struct stage *s, int error, const char *more)
{
	struct enc_box_failure f = {.error = error};
	int r;

	(void)snprintf(f.step, sizeof(f.step), "%s", s->step); /* cut where too long */
	(void)snprintf(f.mechanism, sizeof(f.mechanism), "%s", s->mechanism);
	(void)snprintf(f.text, sizeof(f.text), "%s%s%s: %s", s->step, s->what ? " " : "", s->what ? s->what : "",
		       more ? more : strerror(error));
	r = ENC_FAIL(e, error ? error : EIO, "%s", f.text);
	(void)enc_err_id(e, "E0501", NULL); /* gives r again */
	if (fail)
		*fail = f;
	return r;
}

/* ---- making the launch ---- */

/* All that the run may have, or a quarter of the machine: what is written to private directories is memory. */
static void size_space(const struct enc_plan *p, struct launch *l)
{
	struct sysinfo info;
	uint64_t size = MIN_SPACE, inodes;

	if (!sysinfo(&info))
		size = (uint64_t)info.totalram * info.mem_unit / 4;
	if (p->limits.memory_bytes && p->limits.memory_bytes < size)
		size = p->limits.memory_bytes;
	if (size < MIN_SPACE)
		size = MIN_SPACE;
	inodes = size / 1024 < MAX_INODES ? size / 1024 : MAX_INODES; /* an inode costs about a KiB */
	(void)snprintf(l->space_size, sizeof(l->space_size), "%llu", (unsigned long long)size); /* fits */
	(void)snprintf(l->nr_inodes, sizeof(l->nr_inodes), "%llu", (unsigned long long)inodes); /* fits */
}

static void add_path(struct launch *l, size_t *n, char *path)
{
	char **slot = ENC_PUSH(l->exec_paths, *n);

	*slot = path;
}

/* What execve() is tried with, in this order; an empty component of PATH is the working directory, as in a shell. */
static void find_candidates(struct launch *l)
{
	const char *name = l->argv[0], *path = "/usr/local/bin:/usr/bin:/bin";
	size_t n = 0, len;

	for (char *const *v = l->plan->env; *v; v++)
		if (!strncmp(*v, "PATH=", 5))
			path = *v + 5;
	if (strchr(name, '/')) {
		add_path(l, &n, enc_strdup(name));
	} else {
		for (const char *at = path; *name; at += len + 1) {
			len = strcspn(at, ":");
			add_path(l, &n, enc_asprintf("%.*s%s%s", (int)len, at, len ? "/" : "", name));
			if (!at[len])
				break;
		}
	}
	add_path(l, &n, NULL);
}

/* A directory of the host would be a way out of the new root, and so would be a descriptor that is only a path. */
static bool may_be_given(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(fd, &st))
		return false; /* errno tells */
	if (!S_ISDIR(st.st_mode) && !S_ISBLK(st.st_mode) && !(flags & O_PATH))
		return true;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return false;
}

static int check_io(const struct enc_box_io *io, struct stage *s)
{
	int standard[3] = {io->stdin_fd, io->stdout_fd, io->stderr_fd};

	if (enc_stage(s, "arguments", "seccomp", NULL))
		return -1;
	errno = EINVAL;
	if (!io->argv || !io->argv[0] || !io->run || !io->run[0] || strlen(io->run) > 32 || strchr(io->run, '/') ||
	    io->run[0] == '.')
		return -1;
	for (size_t i = 0; i < io->n_keep; i++)
		if (io->keep[i] < 3 || io->keep[i] >= FIRST_FD * 16)
			return -1;
	s->step = "descriptors";
	s->mechanism = "mount-namespace";
	for (int i = 0; i < 3; i++)
		if (standard[i] >= 0 && !may_be_given(standard[i])) /* -1: /dev/null */
			return -1;
	for (size_t i = 0; i < io->n_keep; i++)
		if (!may_be_given(io->keep[i]))
			return -1;
	return 0;
}

/* A pipe belongs to who made it; the run opens its own output again by /dev/stdout. Only pipes without a name: a
 * FIFO's owner would change on the disk. */
static int give_pipes(const struct enc_plan *p, const struct enc_box_io *io)
{
	int standard[3] = {io->stdin_fd, io->stdout_fd, io->stderr_fd};
	struct statfs fs;

	for (int i = 0; i < 3; i++) {
		if (standard[i] < 0 || fstatfs(standard[i], &fs) || fs.f_type != PIPEFS_MAGIC)
			continue;
		if (fchown(standard[i], p->ids.uid, p->ids.gid))
			return -1;
	}
	return 0;
}

static void launch_init(struct launch *l, const struct enc_plan *p, const struct enc_box_io *io)
{
	*l = (struct launch){.plan = p,
			     .privileged = geteuid() == 0,
			     .ctl = -1,
			     .overlay = -1,
			     .landlock_abi = p->use_landlock ? enc_sys_landlock_abi() : 0,
			     .filters = enc_filters(p->use_notify),
			     .in = io->stdin_fd,
			     .out = io->stdout_fd,
			     .err = io->stderr_fd,
			     .tty = io->tty,
			     .size = io->size,
			     .keep = io->keep,
			     .n_keep = io->n_keep,
			     .argv = io->argv,
			     .stage = {.step = "start", .mechanism = "user-namespace"}};
	l->umask = umask(0);
	(void)umask(l->umask);
	l->tree = enc_alloc((p->n_mounts + 1) * sizeof(*l->tree));
	for (size_t i = 0; i <= p->n_mounts; i++)
		l->tree[i] = -1;
	size_space(p, l);
	find_candidates(l);
}

static void launch_done(struct launch *l)
{
	for (size_t i = 0; i < l->plan->n_mounts; i++)
		enc_close_auto(&l->tree[i]);
	for (size_t i = 0; i < l->n_masks; i++)
		free(l->masks[i].path);
	for (char **v = l->exec_paths; *v; v++)
		free(*v);
	free(l->tree);
	free(l->own_layer);
	free(l->masks);
	free(l->exec_paths);
	enc_close_auto(&l->ctl);
	enc_close_auto(&l->overlay);
}

/* ---- the child ---- */

static int open_control(struct enc_box *b, struct launch *l)
{
	int pair[2], one = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	b->ctl = pair[0];
	/* Away from 0, 1, 2 and from the numbers of kept descriptors, which are below. */
	l->ctl = fcntl(pair[1], F_DUPFD_CLOEXEC, FIRST_FD * 16);
	if (l->ctl < 0 && errno == EINVAL) /* RLIMIT_NOFILE is below that: then no descriptor is above it */
		l->ctl = fcntl(pair[1], F_DUPFD_CLOEXEC, 3);
	(void)close(pair[1]);
	if (l->ctl < 0)
		return -1;
	for (size_t i = 0; i < l->n_keep; i++)
		if (l->keep[i] == l->ctl) {
			errno = EMFILE;
			return -1;
		}
	return setsockopt(b->ctl, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
}

static int clone_child(struct enc_box *b, struct launch *l)
{
	int group = enc_groups_into(b), pidfd = -1;
	struct enc_clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (l->plan->net_none)
		args.flags |= CLONE_NEWNET;
	if (group >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)group;
	}
	pid = enc_sys_clone3(&args);
	if (pid < 0)
		return -1;
	if (!pid) {
		(void)close(b->ctl); /* else its end would never be seen */
		enc_launch_child(l);
	}
	b->init = pid;
	b->pidfd = pidfd;
	return 0;
}

static int write_proc(pid_t pid, const char *file, const char *text)
{
	char path[64];
	enc_auto_fd int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file); /* fits */
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Exactly one user and one group exist in there. */
static int map_ids(const struct enc_box *b, const struct launch *l)
{
	const struct enc_ids *ids = &b->plan->ids;
	char map[64];

	if (ids->uid == 0 || ids->gid == 0) {
		errno = EPERM; /* root of the machine never runs a command, whatever a plan says */
		return -1;
	}
	/* The kernel wants it of an ordinary user; a privileged child drops its groups instead. */
	if (!l->privileged && write_proc(b->init, "setgroups", "deny"))
		return -1;
	(void)snprintf(map, sizeof(map), "%u %u 1\n", ids->inside_gid, ids->gid); /* fits */
	if (write_proc(b->init, "gid_map", map))
		return -1;
	(void)snprintf(map, sizeof(map), "%u %u 1\n", ids->inside_uid, ids->uid); /* fits */
	return write_proc(b->init, "uid_map", map);
}

static void take_dirs(struct enc_box *b, const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i == n - 1) {
			b->space = fds[i];
		} else if (i < b->n_sync) {
			struct sync_file *f = &b->sync[i];

			f->box_dir = fds[i];
			(void)fstatat(f->box_dir, f->name, &f->box, AT_SYMLINK_NOFOLLOW); /* else: changed */
		} else {
			(void)close(fds[i]);
		}
	}
}

/* One message of init during set-up: 1 ready, 0 go on, -1 with errno and *s. */
static int take_message(struct enc_box *b, struct stage *s, struct wire *w)
{
	struct pollfd p = {.fd = b->ctl, .events = POLLIN};
	int fds[MAX_SYNC + 1];
	size_t n = ENC_LEN(fds);
	int r = poll(&p, 1, SETUP_MS);

	if (r <= 0) {
		errno = r ? errno : ETIMEDOUT;
		return r && errno == EINTR ? 0 : -1;
	}
	r = enc_wire_recv(b->ctl, w, fds, &n, NULL);
	if (r == 1 && w->kind == WIRE_DIRS) {
		take_dirs(b, fds, n);
		return 0;
	}
	if (r == 1 && w->kind == WIRE_TERMINAL && n == 1 && b->terminal < 0) {
		b->terminal = fds[0];
		return 0;
	}
	if (r == 1 && w->kind == WIRE_READY && n == (b->plan->use_notify ? 1 : 0)) {
		b->listener = n ? fds[0] : -1;
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
	if (r == 1 && w->kind == WIRE_FAIL) {
		*s = (struct stage){w->step, w->mechanism, w->text[0] ? w->text : NULL};
		errno = w->error;
	} else {
		errno = r < 0 ? -r : r ? EPROTO : ECHILD; /* ECHILD: it died without a word */
	}
	return -1;
}

static int put_up(struct enc_box *b, struct launch *l, const struct enc_box_io *io, struct wire *w)
{
	struct stage *s = &l->stage;
	struct wire mapped = {.kind = WIRE_MAPPED};
	bool scope = enc_scope_wanted(b->plan);
	int r;

	if (!scope && enc_groups_make(b, s))
		return -1;
	if (enc_sources_make(b, l))
		return -1;
	if (enc_stage(s, "pipes", "user-namespace", NULL) || (l->privileged && give_pipes(b->plan, io)))
		return -1;
	if (enc_stage(s, "control socket", "user-namespace", NULL) || open_control(b, l))
		return -1;
	if (enc_stage(s, "namespaces", "user-namespace", NULL) || clone_child(b, l))
		return -1;
	enc_close_auto(&l->ctl);
	/* A scope is given to a process that exists. It waits for the next message. */
	if (scope && (enc_scope_make(b, s) || enc_groups_make(b, s)))
		return -1;
	if (enc_stage(s, "join cgroups", "cgroup-v1", NULL) || enc_groups_join(b, b->init))
		return -1;
	if (enc_stage(s, "id maps", "user-namespace", NULL) || map_ids(b, l))
		return -1;
	if (enc_stage(s, "measuring", "user-namespace", NULL) || enc_measure_open(b))
		return -1;
	r = enc_wire_send(b->ctl, &mapped, NULL, 0);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	if (enc_stage(s, "walls", "user-namespace", NULL))
		return -1;
	while (!(r = take_message(b, s, w)))
		;
	return r < 0 ? -1 : 0;
}

int enc_box_prepare(const struct enc_plan *p, const struct enc_box_io *io, struct enc_box **ret,
		    struct enc_box_failure *fail, struct enc_err *e)
{
	enc_auto(enc_box_close_auto) struct enc_box *b = enc_alloc(sizeof(*b));
	struct launch l;
	struct wire w = {0};
	int r;

	*b = (struct enc_box){
		.plan = p, .pidfd = -1, .ctl = -1, .listener = -1, .terminal = -1, .space = -1, .spaces = {-1, -1}};
	launch_init(&l, p, io);
	r = check_io(io, &l.stage);
	if (!r) {
		(void)snprintf(b->run, sizeof(b->run), "%s", io->run); /* checked to fit */
		r = put_up(b, &l, io, &w);
	}
	if (r < 0)
		r = told(fail, e, &l.stage, errno,
			 errno == EINVAL && !strcmp(l.stage.mechanism, "idmap")
				 ? "its file system can't be idmapped; name a `user:` that may use it"
			 : b->scope_why[0] ? b->scope_why
					   : NULL);
	launch_done(&l);
	if (r < 0)
		return r;
	*ret = ENC_TAKE(b);
	return 0;
}
