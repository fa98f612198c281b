/* SPDX-License-Identifier: MIT */
/*
 * bombs.c - what takes more and more of something, up to a cap that no machine minds
 *
 *     bomb KIND LIMIT CAP      LIMIT and CAP in what KIND takes: processes, descriptors, or MiB
 *
 * It works when it has reached CAP. At half of LIMIT it writes the time into $ATTACK_DIR/stamp. What is
 * refused it asks for again, for 20 seconds: a bomb is not discouraged.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

#define MIB	 (1u << 20)
#define PATIENCE 20 /* seconds */

static const char *in_dir(const char *dir, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : ".", name);
	return path;
}

static void stamp(void)
{
	int fd = open(in_dir(getenv("ATTACK_DIR"), "stamp"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct timespec t;
	char text[40];

	clock_gettime(CLOCK_REALTIME, &t);
	snprintf(text, sizeof(text), "%lld%09ld\n", (long long)t.tv_sec, t.tv_nsec);
	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static void *filled(void)
{
	static char data[MIB];

	if (!data[0])
		memset(data, 'x', sizeof(data));
	return data;
}

/* ---- one more of a kind: 0, or -errno ---- */

static int more_anonymous(unsigned i)
{
	char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	memset(p, 1, MIB);
	return 0;
}

static int more_shared(unsigned i)
{
	char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	memset(p, 1, MIB);
	return 0;
}

static int more_memfd(unsigned i)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("bomb", 0);
	return outcome(write(fd, filled(), MIB));
}

/* Nobody has it mapped when it is full. It would outlive us outside of a run. */
static int segments[4096];

static int more_sysv(unsigned i)
{
	int id = shmget(IPC_PRIVATE, MIB, 0600);
	void *p = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (p == (void *)-1)
		return -errno;
	segments[i] = id;
	memset(p, 1, MIB);
	return outcome(shmdt(p));
}

static void remove_segments(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		shmctl(segments[i], IPC_RMID, NULL);
}

static int more_tmpfs(unsigned i)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/tmp/bomb", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return outcome(write(fd, filled(), MIB));
}

/* Pages of a file: the kernel takes them back when it wants memory. */
static int more_cache(unsigned i)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(in_dir(getenv("ATTACK_DIR"), "cache"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return outcome(pwrite(fd, filled(), MIB, (off_t)i * MIB));
}

static int more_pipes(unsigned i)
{
	for (int k = 0; k < 16; k++) {
		int p[2];

		if (pipe2(p, O_NONBLOCK) < 0 || write(p[1], filled(), 65536) < 0)
			return -errno;
	}
	return 0;
}

static int more_sockets(unsigned i)
{
	for (unsigned sent = 0; sent < MIB;) {
		int p[2];
		ssize_t n;

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) < 0)
			return -errno;
		while ((n = write(p[0], filled(), 4096)) > 0)
			sent += (unsigned)n;
	}
	return 0;
}

static int more_files(unsigned i)
{
	return outcome(open("/dev/null", O_RDONLY));
}

static int more_output(unsigned i)
{
	return outcome(write(i % 2 ? 2 : 1, filled(), MIB));
}

static int more_disk(unsigned i)
{
	char name[40];
	int fd, r;

	snprintf(name, sizeof(name), "disk.%u", i);
	fd = open(in_dir(getenv("ATTACK_DIR"), name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	r = outcome(fd < 0 ? -1 : write(fd, filled(), MIB));
	close(fd);
	return r;
}

/* In no directory, and held by a descriptor, or by nothing but a mapping. */
static int more_deleted(unsigned i)
{
	static int fd = -1;
	const char *path = in_dir(getenv("ATTACK_DIR"), "deleted");

	if (fd < 0) {
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		unlink(path);
	}
	return outcome(write(fd, filled(), MIB));
}

static int more_mapped(unsigned i)
{
	const char *path = in_dir(getenv("ATTACK_DIR"), "mapped");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), r;
	void *p;

	unlink(path);
	r = outcome(write(fd, filled(), MIB));
	p = r < 0 ? MAP_FAILED : mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0);
	if (r >= 0 && p == MAP_FAILED)
		r = -errno;
	close(fd);
	return r;
}

/* The same, by a process whose /proc files are closed to who has its own user id. */
static int more_memfd_hidden(unsigned i)
{
	prctl(PR_SET_DUMPABLE, 0);
	return more_memfd(i);
}

static int more_deleted_hidden(unsigned i)
{
	prctl(PR_SET_DUMPABLE, 0);
	return more_deleted(i);
}

/* In a directory that is closed to everybody, its maker included. */
static int more_closed(unsigned i)
{
	static int fd = -1;
	char path[4096];

	if (fd < 0) {
		snprintf(path, sizeof(path), "%s", in_dir(getenv("ATTACK_DIR"), "closed"));
		mkdir(path, 0700);
		fd = openat(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "big", O_WRONLY | O_CREAT | O_CLOEXEC,
			    0600);
		chmod(path, 0);
	}
	return outcome(write(fd, filled(), MIB));
}

static int more_empty(unsigned i)
{
	char name[40];
	int fd;

	for (unsigned k = 0; k < 2048; k++) { /* an inode and a name are about half a KiB */
		snprintf(name, sizeof(name), "empty.%u", i * 2048 + k);
		fd = open(in_dir(getenv("ATTACK_DIR"), name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	return 0;
}

static const struct kind {
	const char *name;
	int (*more)(unsigned i);
} kinds[] = {
	{"anonymous", more_anonymous},
	{"shared", more_shared},
	{"memfd", more_memfd},
	{"sysv", more_sysv},
	{"tmpfs", more_tmpfs},
	{"cache", more_cache},
	{"pipes", more_pipes},
	{"sockets", more_sockets},
	{"files", more_files},
	{"output", more_output},
	{"disk", more_disk},
	{"deleted", more_deleted},
	{"memfd-hidden", more_memfd_hidden},
	{"deleted-hidden", more_deleted_hidden},
	{"mapped", more_mapped},
	{"closed", more_closed},
	{"empty", more_empty},
};

/* ---- a fork bomb: every process goes on forking ---- */

struct swarm {
	atomic_uint made, stamped;
};

static int fork_all(struct swarm *s, unsigned limit, unsigned cap, time_t end)
{
	pid_t top = getpid();

	while (atomic_load(&s->made) < cap && time(NULL) < end) {
		pid_t pid = fork();

		if (pid < 0) {
			usleep(1000);
			continue;
		}
		if (pid == 0 && atomic_fetch_add(&s->made, 1) + 1 >= limit / 2 && !atomic_exchange(&s->stamped, 1))
			stamp();
		if (pid == 0)
			usleep(2000);
	}
	while (wait(NULL) > 0)
		;
	if (getpid() != top)
		_exit(0);
	return atomic_load(&s->made) >= cap ? 0 : -EAGAIN;
}

static int fork_bomb(unsigned limit, unsigned cap)
{
	struct swarm *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int status;

	if (s == MAP_FAILED)
		return CANT_TRY;
	pid = fork();
	if (pid == 0)
		_exit(fork_all(s, limit, cap, time(NULL) + PATIENCE) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return CANT_TRY;
	return atomic_load(&s->made) >= cap ? 0 : -EAGAIN;
}

static int bomb(int argc, char **argv)
{
	unsigned limit = argc == 3 ? (unsigned)atoi(argv[1]) : 0, cap = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	time_t end = time(NULL) + PATIENCE;
	const struct kind *k = kinds;
	int r = 0;

	if (!cap || cap > 4096)
		return CANT_TRY;
	if (strcmp(argv[0], "fork") == 0)
		return fork_bomb(limit, cap);
	while (k < kinds + sizeof(kinds) / sizeof(*kinds) && strcmp(k->name, argv[0]) != 0)
		k++;
	if (k == kinds + sizeof(kinds) / sizeof(*kinds))
		return CANT_TRY;
	for (unsigned i = 0; i < cap;) {
		if (i == limit / 2)
			stamp();
		r = k->more(i);
		if (r >= 0) {
			i++;
			continue;
		}
		if (time(NULL) >= end)
			return r;
		usleep(1000);
	}
	r = 0;
	/* What it has it keeps for a while. */
	if (cap > limit)
		usleep(1500000);
	if (k->more == more_sysv)
		remove_segments(cap);
	return r;
}

/* clang-format off */
const struct attack bomb_attacks[] = {
	{.name = "bomb", .group = "bombs", .act = bomb, .expect = {EAGAIN, EMFILE, ENOMEM}, .needs = BY_USER},
	{.name = NULL},
};
/* clang-format on */
