/* SPDX-License-Identifier: MIT */
/*
 * record.c - the writer of the record
 *
 * Every line is written under flock(STATE/lock), by one write(2). What stands in the newest segment is trusted only up
 * to its last whole line: a writer that died in the middle, or a machine that lost power, leaves a torn tail; the next
 * writer cuts it off and says so in a `recovery` line of its own. A line that can't be written wholly (full disk) is
 * taken back.
 *
 * The handle keeps the newest segment open. As long as nobody else has appended, which its size tells, a line costs one
 * fstat and one write; else the tail is read again.
 */
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "record/log.h"

#define LOCK_PATIENCE_NS 10000000000ull
#define TAIL_STEP	 65536u
/* More damage than a crash explains is not repaired in silence. */
#define CUT_MAX		 (4u << 20)

struct enc_record {
	int log_dir, lock;
	int fd;		  /* newest segment, or -1 */
	uint64_t segment; /* its first number */
	off_t size;	  /* its size after the last look */
	uint64_t next;	  /* number of the next line */
	bool appended;
	uint64_t first, last; /* appended through this handle */
	char boot[40];
};

static void read_boot_id(char *out, size_t n)
{
	enc_auto(enc_free_auto) char *text = NULL;
	size_t len = 0;

	if (enc_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256, &text, &len, NULL) == 0)
		text[strcspn(text, "\n")] = '\0';
	snprintf(out, n, "%s", text ? text : "unknown");
}

int enc_record_open(const char *state_dir, struct enc_record **ret, struct enc_err *e)
{
	enc_auto(enc_record_close_auto) struct enc_record *r = enc_alloc(sizeof(*r));
	enc_auto_fd int dir = -1;

	r->log_dir = r->lock = r->fd = -1;
	dir = enc_state_open_dir(AT_FDCWD, state_dir, true, e);
	if (dir < 0)
		return dir;
	r->log_dir = enc_state_open_dir(dir, "log", true, e);
	if (r->log_dir < 0)
		return enc_err_note(e, "%s", state_dir);
	r->lock = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (r->lock < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open %s/lock: %s", state_dir, strerror(errno));
	read_boot_id(r->boot, sizeof(r->boot));
	*ret = ENC_TAKE(r);
	return 0;
}

struct enc_record *enc_record_close(struct enc_record *r)
{
	if (!r)
		return NULL;
	enc_close_auto(&r->fd);
	enc_close_auto(&r->lock);
	enc_close_auto(&r->log_dir);
	free(r);
	return NULL;
}

/* A stopped writer must not stop every other supervisor, whose timers are limits: the wait has an end. */
static int lock(struct enc_record *r, struct enc_err *e)
{
	uint64_t end = enc_now_boot() + LOCK_PATIENCE_NS;
	struct timespec pause = {.tv_nsec = 20000};

	while (flock(r->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ENC_FAIL_ID(e, "E0801", errno, "lock the record: %s", strerror(errno));
		if (enc_now_boot() > end)
			return ENC_FAIL_ID(e, "E0801", ETIMEDOUT, "lock the record: another writer holds it too long");
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

static int broken(struct enc_record *r, int code, const char *what, struct enc_err *e)
{
	char name[ENC_SEGMENT_NAME];

	enc_log_name(r->segment, name);
	return ENC_FAIL_ID(e, "E0801", code, "%s log/%s: %s", what, name, strerror(code));
}

static int open_segment(struct enc_record *r, uint64_t first, int flags, struct enc_err *e)
{
	char name[ENC_SEGMENT_NAME];
	struct stat st;

	enc_close_auto(&r->fd);
	enc_log_name(first, name);
	r->segment = first;
	r->fd = openat(r->log_dir, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return broken(r, errno, "open", e);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return broken(r, EPERM, "not a file of ours:", e);
	if (flags & O_CREAT)
		(void)fsync(r->log_dir); /* the name; the lines are synced by enc_record_sync() */
	return 0;
}

/* The last newline before `end`, or -1. */
static int find_newline(int fd, off_t end, off_t *ret)
{
	char part[4096];

	while (end > 0) {
		size_t want = end < (off_t)sizeof(part) ? (size_t)end : sizeof(part);
		ssize_t n = pread(fd, part, want, end - (off_t)want);
		const char *hit;

		if (n != (ssize_t)want)
			return n < 0 ? -errno : -EIO;
		hit = memrchr(part, '\n', want);
		end -= (off_t)want;
		if (hit) {
			*ret = end + (hit - part);
			return 0;
		}
	}
	*ret = -1;
	return 0;
}

/* The line of bytes [from, to) as a number; 1, 0 when it is not a line of ours, or -errno. */
static int read_seq(int fd, off_t from, off_t to, uint64_t *ret)
{
	char line[ENC_EVENT_MAX];
	ssize_t n;

	if (to - from > ENC_EVENT_MAX)
		return 0;
	n = pread(fd, line, (size_t)(to - from), from);
	if (n != to - from)
		return n < 0 ? -errno : -EIO;
	return enc_log_seq(line, (size_t)n, ret);
}

/* Where the last whole line ends, and the number behind it. */
static int find_end(struct enc_record *r, off_t size, off_t *ret_end, uint64_t *ret_next, struct enc_err *e)
{
	off_t end = size, before = -1;
	uint64_t seq = 0;
	int rc = find_newline(r->fd, end, &end);

	while (rc == 0 && end >= 0) {
		rc = find_newline(r->fd, end, &before);
		if (rc == 0)
			rc = read_seq(r->fd, before + 1, end, &seq);
		if (rc > 0) {
			*ret_end = end + 1;
			*ret_next = seq + 1;
			return size - *ret_end > (off_t)CUT_MAX ? broken(r, EBADMSG, "too much damage in", e) : 0;
		}
		end = before;
	}
	if (rc < 0)
		return broken(r, -rc, "read", e);
	*ret_end = 0;
	*ret_next = r->segment;
	return size > (off_t)CUT_MAX ? broken(r, EBADMSG, "too much damage in", e) : 0;
}

/* Find the newest segment and its end anew; *ret_cut is what had to be cut off. */
static int look(struct enc_record *r, uint64_t *ret_cut, struct enc_err *e)
{
	enc_auto(enc_free_auto) uint64_t *v = NULL;
	struct stat st;
	off_t end = 0;
	size_t n = 0;
	int rc = enc_log_segments(r->log_dir, &v, &n, e);

	*ret_cut = 0;
	if (rc < 0)
		return rc;
	rc = open_segment(r, n ? v[n - 1] : 0, n ? 0 : O_CREAT | O_EXCL, e);
	if (rc < 0)
		return rc;
	if (fstat(r->fd, &st) < 0)
		return broken(r, errno, "stat", e);
	rc = find_end(r, st.st_size, &end, &r->next, e);
	if (rc < 0)
		return rc;
	if (end < st.st_size && ftruncate(r->fd, end) < 0)
		return broken(r, errno, "cut", e);
	*ret_cut = (uint64_t)(st.st_size - end);
	r->size = end;
	return 0;
}

/* One line and its newline, wholly or not at all. */
static int append(struct enc_record *r, const struct enc_event *ev, struct enc_err *e)
{
	struct enc_buf line = {0};
	int rc;

	if (r->size >= (off_t)ENC_SEGMENT_BYTES) {
		if (fdatasync(r->fd) < 0)
			return broken(r, errno, "sync", e);
		rc = open_segment(r, r->next, O_CREAT | O_EXCL, e);
		if (rc < 0)
			return rc;
		r->size = 0;
	}
	enc_event_encode(ev, r->boot, &line);
	enc_buf_putc(&line, '\n');
	rc = enc_write_all(r->fd, line.s, line.len);
	if (rc < 0) {
		/* Should the cut fail as well, the next writer finds a torn tail and cuts it. */
		(void)!ftruncate(r->fd, r->size);
		r->size = -1;
		rc = broken(r, -rc, "write", e);
	} else {
		r->size += (off_t)line.len;
		r->first = r->appended ? r->first : r->next;
		r->last = r->next++;
		r->appended = true;
	}
	enc_buf_done(&line);
	return rc;
}

static int append_recovery(struct enc_record *r, const char *run, uint64_t cut, struct enc_err *e)
{
	struct enc_event ev;
	char what[80], name[ENC_SEGMENT_NAME];

	enc_log_name(r->segment, name);
	snprintf(what, sizeof(what), "torn tail of log/%s", name);
	enc_event_init(&ev, ENC_EV_RECOVERY, run, "record");
	enc_ev_str(&ev, ENC_F_WHICH, what);
	enc_ev_uint(&ev, ENC_F_BYTES, cut);
	ev.real_ns = enc_now_real();
	ev.mono_ns = enc_now_boot();
	ev.seq = r->next;
	return append(r, &ev, e);
}

static bool untouched(const struct enc_record *r)
{
	struct stat st;

	return r->fd >= 0 && r->size >= 0 && r->size < (off_t)ENC_SEGMENT_BYTES && fstat(r->fd, &st) == 0 &&
	       st.st_size == r->size && st.st_nlink > 0;
}

static int append_locked(struct enc_record *r, struct enc_event *ev, struct enc_err *e)
{
	uint64_t cut = 0;
	int rc = untouched(r) ? 0 : look(r, &cut, e);

	if (rc == 0 && cut)
		rc = append_recovery(r, ev->run, cut, e);
	if (rc < 0)
		return rc;
	ev->seq = r->next;
	return append(r, ev, e);
}

int enc_record_sink(const struct enc_event *ev, void *data, struct enc_err *e)
{
	/* The publisher's event is not const; sinks after this one see its number, sinks in general change nothing. */
	struct enc_event *own = (struct enc_event *)(uintptr_t)ev;
	struct enc_record *r = data;
	int rc = lock(r, e);

	if (rc < 0)
		return rc;
	rc = append_locked(r, own, e);
	(void)flock(r->lock, LOCK_UN);
	return rc;
}

int enc_record_sync(struct enc_record *r, struct enc_err *e)
{
	if (r->fd >= 0 && fdatasync(r->fd) < 0)
		return broken(r, errno, "sync", e);
	return 0;
}

void enc_record_range(const struct enc_record *r, uint64_t *ret_first, uint64_t *ret_last)
{
	*ret_first = r && r->appended ? r->first : 1;
	*ret_last = r && r->appended ? r->last : 0;
}
