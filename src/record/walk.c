/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the reader of the record
 *
 * Takes no lock: a line that is being written has no newline yet and is not seen. In any segment but the newest a tail
 * without newline, and anywhere a line that is not one of ours, is damage and ends the walk with -EBADMSG.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "record/log.h"
#include "record/record.h"

struct walk {
	uint64_t first, last, segment;
	enc_line_fn fn;
	void *data;
	bool past; /* the last number asked for has been seen */
};

static int damaged(const struct walk *w, const char *what, struct enc_err *e)
{
	char name[ENC_SEGMENT_NAME];

	enc_log_name(w->segment, name);
	return ENC_FAIL_ID(e, "E0801", EBADMSG, "log/%s: %s", name, what);
}

/* Gives the whole lines of b to fn and keeps the rest. */
static int take_lines(struct walk *w, struct enc_buf *b, struct enc_err *e)
{
	size_t at = 0;
	char *end;
	int r = 0;

	while (r == 0 && !w->past && (end = memchr(b->s + at, '\n', b->len - at)) != NULL) {
		char *line = b->s + at;
		size_t len = (size_t)(end - line);
		uint64_t seq;

		if (!enc_log_seq(line, len, &seq))
			return damaged(w, "a line is not one of the record", e);
		at += len + 1;
		*end = '\0';
		w->past = seq >= w->last;
		if (seq >= w->first && seq <= w->last)
			r = w->fn(seq, line, len, w->data);
	}
	memmove(b->s, b->s + at, b->len - at);
	b->len -= at;
	if (b->len > ENC_EVENT_MAX)
		return damaged(w, "a line is too long", e);
	return r;
}

static int walk_segment(struct walk *w, int log_dir, bool newest, struct enc_err *e)
{
	char name[ENC_SEGMENT_NAME], part[32768];
	enc_auto_fd int fd = -1;
	struct enc_buf b = {0};
	ssize_t n = 0;
	int r = 0;

	enc_log_name(w->segment, name);
	fd = openat(log_dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open log/%s: %s", name, strerror(errno));
	while (r == 0 && !w->past && (n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = ENC_FAIL_ID(e, "E0801", errno, "read log/%s: %s", name, strerror(errno));
			break;
		}
		enc_buf_add(&b, part, (size_t)n);
		r = take_lines(w, &b, e);
	}
	if (r == 0 && !w->past && b.len && !newest)
		r = damaged(w, "the last line is not whole", e);
	enc_buf_done(&b);
	return r;
}

int enc_record_walk(const char *state_dir, uint64_t first, uint64_t last, enc_line_fn fn, void *data, struct enc_err *e)
{
	struct walk w = {.first = first, .last = last, .fn = fn, .data = data};
	enc_auto_fd int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), log_dir = -1;
	enc_auto(enc_free_auto) uint64_t *v = NULL;
	size_t n = 0;
	int r = 0;

	if (dir >= 0)
		log_dir = openat(dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (log_dir < 0 && errno == ENOENT)
		return 0; /* nothing was ever recorded */
	if (log_dir < 0)
		return ENC_FAIL_ID(e, "E0801", errno, "open %s/log: %s", state_dir, strerror(errno));
	r = enc_log_segments(log_dir, &v, &n, e);
	for (size_t i = 0; r == 0 && !w.past && i < n && v[i] <= last; i++) {
		if (i + 1 < n && v[i + 1] <= first)
			continue;
		w.segment = v[i];
		r = walk_segment(&w, log_dir, i + 1 == n, e);
	}
	return r;
}
