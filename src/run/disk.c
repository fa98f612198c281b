/* SPDX-License-Identifier: MIT */
/*
 * disk.c - the dear readings: when they are taken, and what follows from them
 *
 * A walk over the writable grants may take a second, so it is taken by a process of its own, and not all the time: soon
 * when the free space says that the limit may have been passed, else so rarely that it takes a twentieth of the time.
 * The first one is taken before the command starts: only what is added counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"
#include "run/supervise.h"

#define SECOND_NS   1000000000ull
#define FIRST_MS    60000	     /* a tree that takes longer can't be watched */
#define LAST_MS	    1000	     /* and twice what the one before took */
#define PATIENCE_NS (60 * SECOND_NS) /* the same, later */
#define SOON_NS	    (SECOND_NS / 10)
#define SELDOM_NS   (60 * SECOND_NS)
#define MEMORY_NS   (SECOND_NS / 2)
#define BLIND_MAX   3 /* readings in a row that could not see everything */

/* Asking a network file system for its free space can wait for the network: those are walked by the clock alone. */
static bool answers_at_once(const struct statfs *fs)
{
	static const unsigned long far[] = {NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,  SMB2_SUPER_MAGIC, FUSE_SUPER_MAGIC,
					    V9FS_MAGIC,	     CEPH_SUPER_MAGIC, AFS_FS_MAGIC,	 CODA_SUPER_MAGIC};

	for (size_t i = 0; i < ENC_LEN(far); i++)
		if ((unsigned long)fs->f_type == far[i])
			return false;
	return true;
}

static void add_file_system(struct enc_disk_watch *w, const char *path)
{
	int fd = w->n_fs < ENC_LEN(w->fs) ? open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW) : -1;
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && fstatfs(fd, &fs) == 0 && answers_at_once(&fs)) {
		bool known = false;

		for (size_t i = 0; i < w->n_fs; i++)
			known |= w->fs[i].dev == st.st_dev;
		if (!known) {
			w->fs[w->n_fs].dev = st.st_dev;
			w->fs[w->n_fs++].fd = fd;
			return;
		}
	}
	(void)close(fd);
}

/* Those of the writable grants and of the run's own layer, each once. */
static void find_file_systems(struct enc_supervisor *s)
{
	const struct enc_plan *p = s->q->plan;

	for (size_t i = 0; i < p->n_mounts; i++)
		if (p->mounts[i].kind == ENC_MT_BIND_RW)
			add_file_system(&s->disk, p->mounts[i].path);
		else if (p->mounts[i].kind == ENC_MT_OVERLAY)
			add_file_system(&s->disk, p->state_dir);
}

static uint64_t free_bytes(const struct enc_disk_watch *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->n_fs; i++) {
		struct statfs fs;

		if (!fstatfs(w->fs[i].fd, &fs))
			sum += (uint64_t)fs.f_bfree * (uint64_t)fs.f_bsize;
	}
	return sum;
}

/* What we keep of the run's output is on the disk because of it too. */
static uint64_t grown(const struct enc_supervisor *s)
{
	uint64_t now = s->disk.bytes > s->disk.base ? s->disk.bytes - s->disk.base : 0;

	for (size_t i = 0; i < ENC_LEN(s->out); i++)
		now += s->out[i].captured;
	return now;
}

static void end_by_disk(struct enc_supervisor *s, const char *why)
{
	enc_run_limits_end(s, "limits.disk", s->q->plan->limits.disk_bytes, grown(s), why, ENC_RUN_KILLED);
}

static void judge_disk(struct enc_supervisor *s, const struct enc_box_usage *u)
{
	struct enc_disk_watch *w = &s->disk;
	uint64_t limit = s->q->plan->limits.disk_bytes;
	char text[160], size[32];

	w->bytes = u->disk_bytes;
	w->blind = u->incomplete && !w->base_incomplete ? w->blind + 1 : 0;
	if (grown(s) > limit) {
		enc_format_size(size, sizeof(size), limit);
		snprintf(text, sizeof(text), "the run added more to the disk than its limit of %s", size);
		end_by_disk(s, text);
	} else if (u->too_deep) {
		end_by_disk(s, "the run made directories too deep to measure what they take on the disk");
	} else if (w->blind >= BLIND_MAX) {
		end_by_disk(s, "what the run takes on the disk can't be measured any more");
	}
}

static int on_measured(struct enc_source *src, int fd, uint32_t events, void *data);

static void begin(struct enc_supervisor *s, struct enc_reading *r, uint64_t mono)
{
	struct enc_err e = {0};
	int fd = enc_box_measure(s->box, r->what, &e);

	r->begun_ns = r->ended_ns = mono;
	if (r->what == ENC_MEASURE_DISK)
		s->disk.free_then = free_bytes(&s->disk);
	/* No process can be had now: the next look tries again. */
	if (fd < 0 || enc_loop_fd(s->loop, fd, EPOLLIN, on_measured, s, &r->source, &e) < 0)
		enc_box_measure_stop(s->box, r->what);
	else
		r->runs = true;
}

static void end(struct enc_supervisor *s, struct enc_reading *r, bool died)
{
	uint64_t mono = enc_now_mono();
	struct enc_box_usage u = {0};

	r->source = enc_source_remove(r->source);
	r->runs = false;
	died |= enc_box_measured(s->box, r->what, &u) <= 0;
	r->took_ns = mono - r->begun_ns;
	r->ended_ns = mono;
	if (died)
		u.incomplete = true;
	if (r->what == ENC_MEASURE_DISK) {
		if (died)
			u.disk_bytes = s->disk.bytes;
		judge_disk(s, &u);
	}
}

static int on_measured(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_supervisor *s = data;

	for (size_t i = 0; i < ENC_LEN(s->disk.readings); i++)
		if (s->disk.readings[i].source == src)
			end(s, &s->disk.readings[i], false);
	return 0;
}

static uint64_t clamp(uint64_t v, uint64_t least, uint64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* By the free space, which others use too: it may say yes too often, and hardly ever no. */
static bool may_be_over(const struct enc_supervisor *s)
{
	uint64_t then = s->disk.free_then, now = free_bytes(&s->disk);

	return grown(s) + (then > now ? then - now : 0) > s->q->plan->limits.disk_bytes;
}

/* A run that had no processor time since the last reading has made nothing, or hides it well: then it comes later. */
static bool is_due(const struct enc_supervisor *s, const struct enc_reading *r, uint64_t cpu_ns, uint64_t mono)
{
	uint64_t since = mono - r->ended_ns, rest = cpu_ns == r->cpu_ns ? 4 : 1;

	if (r->what == ENC_MEASURE_MEMORY)
		return since >= clamp(4 * r->took_ns, MEMORY_NS * rest, SECOND_NS * rest);
	if (since >= clamp(20 * r->took_ns, SECOND_NS * rest, SELDOM_NS))
		return true;
	return since >= clamp(r->took_ns, SOON_NS, SELDOM_NS) && may_be_over(s);
}

void enc_run_disk_look(struct enc_supervisor *s, uint64_t cpu_ns, uint64_t mono)
{
	for (size_t i = 0; i < ENC_LEN(s->disk.readings); i++) {
		struct enc_reading *r = &s->disk.readings[i];

		if (r->what && !r->runs && is_due(s, r, cpu_ns, mono)) {
			r->cpu_ns = cpu_ns;
			begin(s, r, mono);
		} else if (r->runs && mono - r->begun_ns > PATIENCE_NS) {
			enc_box_measure_stop(s->box, r->what);
			end(s, r, true);
		}
	}
}

/* Of a command that has ended by itself: what it left may be more than it was allowed. */
void enc_run_disk_last(struct enc_supervisor *s)
{
	struct enc_reading *r = &s->disk.readings[0];
	uint64_t patience_ms = LAST_MS + 2 * r->took_ns / 1000000;
	struct pollfd p = {.events = POLLIN};
	struct enc_box_usage u;
	struct enc_err e = {0};

	for (size_t i = 0; i < ENC_LEN(s->disk.readings); i++) {
		s->disk.readings[i].source = enc_source_remove(s->disk.readings[i].source);
		enc_box_measure_stop(s->box, s->disk.readings[i].what);
	}
	if (!r->what || s->ended || !may_be_over(s))
		return;
	p.fd = enc_box_measure(s->box, r->what, &e);
	if (p.fd >= 0 && poll(&p, 1, patience_ms < FIRST_MS ? (int)patience_ms : FIRST_MS) > 0 &&
	    enc_box_measured(s->box, r->what, &u) > 0) {
		s->disk.bytes = u.disk_bytes;
		if (grown(s) > s->q->plan->limits.disk_bytes)
			enc_run_limits_tell(s, "limits.disk", s->q->plan->limits.disk_bytes, grown(s));
	}
	enc_box_measure_stop(s->box, r->what);
}

/* Waits, before the command runs. */
static int first_walk(struct enc_supervisor *s, struct enc_reading *r, struct enc_err *e)
{
	struct enc_box_usage u = {0};
	struct pollfd p = {.events = POLLIN};
	int n;

	r->begun_ns = enc_now_mono();
	p.fd = enc_box_measure(s->box, r->what, e);
	if (p.fd < 0)
		return p.fd;
	do {
		n = poll(&p, 1, FIRST_MS);
	} while (n < 0 && errno == EINTR);
	if (n <= 0 || enc_box_measured(s->box, r->what, &u) <= 0) {
		enc_box_measure_stop(s->box, r->what);
		return ENC_FAIL_ID(e, "E0501", ETIMEDOUT,
				   "limits.disk: the writable grants can't be measured within a minute");
	}
	if (u.too_deep)
		return ENC_FAIL_ID(e, "E0501", ELOOP,
				   "limits.disk: a writable grant has directories too deep to measure");
	r->ended_ns = enc_now_mono();
	r->took_ns = r->ended_ns - r->begun_ns;
	s->disk.base = s->disk.bytes = u.disk_bytes;
	s->disk.base_incomplete = u.incomplete;
	return 0;
}

int enc_run_disk_start(struct enc_supervisor *s, struct enc_err *e)
{
	const struct enc_plan *p = s->q->plan;
	struct enc_disk_watch *w = &s->disk;

	if (p->watch_memory) {
		w->readings[1].what = ENC_MEASURE_MEMORY;
		w->readings[1].ended_ns = enc_now_mono();
	}
	if (!p->limits.disk_bytes)
		return 0;
	w->readings[0].what = ENC_MEASURE_DISK;
	find_file_systems(s);
	w->free_then = free_bytes(w);
	return first_walk(s, &w->readings[0], e);
}

void enc_run_disk_done(struct enc_supervisor *s)
{
	for (size_t i = 0; i < s->disk.n_fs; i++)
		(void)close(s->disk.fs[i].fd);
	s->disk.n_fs = 0;
}
