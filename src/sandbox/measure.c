/* SPDX-License-Identifier: MIT */
/*
 * measure.c - a process that takes the dear readings, so that the supervisor never waits for them
 *
 * It reads what the run can make slow (a tree of a million files, a hundred thousand descriptors), answers with one
 * struct on a pipe, and ends; it dies with the supervisor. For an ordinary user it enters the user namespace of the
 * run, whose owner that user is: there it may look into directories that the run has closed to everybody, and at
 * descriptors of processes that do not want to be looked at. It enters the IPC namespace for System V memory.
 */
#include "sandbox/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

static size_t slot_of(const struct measure *m, dev_t dev, ino_t ino)
{
	uint64_t h = ((uint64_t)ino * 0x9e3779b97f4a7c15ull) ^ ((uint64_t)dev * 0xc2b2ae3d27d4eb4full);
	size_t i = (size_t)(h ^ h >> 32) & (m->size - 1);

	while (m->table[i].used && (m->table[i].dev != dev || m->table[i].ino != ino))
		i = (i + 1) & (m->size - 1);
	return i;
}

static void grow(struct measure *m)
{
	struct measured *old = m->table;
	size_t n = m->size;

	m->size = n ? n * 2 : 1024;
	m->table = enc_alloc(m->size * sizeof(*m->table));
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			m->table[slot_of(m, old[i].dev, old[i].ino)] = old[i];
	free(old);
}

struct measured *enc_measure_find(struct measure *m, dev_t dev, ino_t ino, bool *ret_new)
{
	struct measured *e;

	if (m->n >= m->size / 2)
		grow(m);
	e = &m->table[slot_of(m, dev, ino)];
	*ret_new = !e->used;
	if (!e->used) {
		*e = (struct measured){.used = true, .dev = dev, .ino = ino};
		m->n++;
	}
	return e;
}

bool enc_measure_on_disk(const struct measure *m, dev_t dev)
{
	for (size_t i = 0; i < m->n_devs; i++)
		if (m->devs[i] == dev)
			return true;
	return false;
}

bool enc_measure_deleted_on_disk(const struct measure *m, dev_t dev)
{
	return m->overlay ? dev != m->memory && dev != m->space : enc_measure_on_disk(m, dev);
}

/* A grant inside another one is counted with it. */
static bool is_inside_another(const struct enc_plan *p, size_t at)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		if (i != at && p->mounts[i].kind == ENC_MT_BIND_RW &&
		    enc_path_in(p->mounts[at].path, p->mounts[i].path) &&
		    (strcmp(p->mounts[at].path, p->mounts[i].path) != 0 || i < at))
			return true;
	return false;
}

static void measure_disk(struct measure *m, const struct enc_box *b)
{
	const struct enc_plan *p = b->plan;
	char path[4200];

	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == ENC_MT_BIND_RW && !is_inside_another(p, i)) {
			enc_measure_tree(m, p->mounts[i].path);
		} else if (p->mounts[i].kind == ENC_MT_OVERLAY) {
			/* What is changed lies in the run's own layer. */
			(void)snprintf(path, sizeof(path), "%s/runs/%s/overlay", p->state_dir, b->run);
			enc_measure_tree(m, path);
			m->overlay = true;
		}
}

static void measure(struct measure *m, const struct enc_box *b, const pid_t *v, int n)
{
	if (m->what & ENC_MEASURE_DISK)
		measure_disk(m, b);
	enc_measure_held(m, v, n);
	if (m->what & ENC_MEASURE_MEMORY)
		enc_measure_sysv(m);
}

/* More descriptors for deep trees, as far as we may. */
static void raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max < 4096 ? l.rlim_max : 4096;
	(void)setrlimit(RLIMIT_NOFILE, &l); /* what is too deep then is told as incomplete */
}

int enc_measure_open(struct enc_box *b)
{
	static const char *const names[] = {"ipc", "user"};

	if (!b->plan->watch_memory && !b->plan->limits.disk_bytes)
		return 0;
	for (int i = 0; i < (geteuid() == 0 ? 1 : 2); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)b->init, names[i]); /* fits */
		b->spaces[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (b->spaces[i] < 0)
			return -1;
	}
	return 0;
}

/* The user namespace first: its owner may enter the other one by what it gives. */
static bool enter_spaces(const struct enc_box *b)
{
	for (int i = 1; i >= 0; i--)
		if (b->spaces[i] >= 0 && setns(b->spaces[i], 0) < 0)
			return false;
	return true;
}

_Noreturn static void child(const struct enc_box *b, unsigned what, int out, pid_t parent)
{
	struct measure m = {.what = what};
	struct stat st;
	pid_t *v = enc_alloc(MAX_PIDS * sizeof(*v));
	int n = b->reaped ? 0 : enc_processes_list(b, v, MAX_PIDS, 0);

	m.ret.incomplete = n == MAX_PIDS || !enter_spaces(b);
	if (b->space >= 0 && !fstat(b->space, &st))
		m.space = st.st_dev;
	/* After the last change of credentials. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	if (out != 3 && dup2(out, 3) < 0)
		_exit(1);
	if (close_range(4, ~0u, 0) < 0)
		_exit(1);
	raise_files();
	measure(&m, b, v, n);
	_exit(write(3, &m.ret, sizeof(m.ret)) == (ssize_t)sizeof(m.ret) ? 0 : 1);
}

int enc_box_measure(struct enc_box *b, unsigned what, struct enc_err *e)
{
	struct enc_measuring *r = &b->measuring[what & ENC_MEASURE_DISK ? 0 : 1];
	pid_t parent = getpid();
	int p[2];

	if (r->pid)
		return r->fd;
	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) < 0)
		return ENC_FAIL(e, errno, "pipe: %s", strerror(errno));
	r->pid = fork();
	if (r->pid == 0)
		child(b, what, p[1], parent);
	(void)close(p[1]);
	if (r->pid < 0) {
		int code = errno;

		(void)close(p[0]);
		r->pid = 0;
		return ENC_FAIL(e, code, "fork: %s", strerror(code));
	}
	r->fd = p[0];
	return r->fd;
}

static void stop(struct enc_measuring *r)
{
	if (!r->pid)
		return;
	(void)kill(r->pid, SIGKILL); /* our child, and not waited for: it can be no other */
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)close(r->fd);
	*r = (struct enc_measuring){.fd = -1};
}

int enc_box_measured(struct enc_box *b, unsigned what, struct enc_box_usage *ret)
{
	struct enc_measuring *r = &b->measuring[what & ENC_MEASURE_DISK ? 0 : 1];
	ssize_t n;

	if (!r->pid)
		return -ECHILD;
	n = read(r->fd, ret, sizeof(*ret));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	stop(r);
	if (n != (ssize_t)sizeof(*ret))
		return -ECHILD;
	if (what & ENC_MEASURE_MEMORY)
		b->held = ret->held_bytes;
	return 1;
}

void enc_box_measure_stop(struct enc_box *b, unsigned what)
{
	if (what & ENC_MEASURE_DISK)
		stop(&b->measuring[0]);
	if (what & ENC_MEASURE_MEMORY)
		stop(&b->measuring[1]);
}
