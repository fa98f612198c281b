/* SPDX-License-Identifier: MIT */
/*
 * stream.c - pump one stream: pipe of the command -> captured file, and -> our own stream
 *
 * Our own stdout is shared with other programs, so it is never made non-blocking. A reader that is slow must not stop
 * the supervisor either (limits and refusals are its work), so a write happens only after poll(2) promised room, and
 * takes at most PIPE_BUF bytes: that much a pipe with POLLOUT takes without blocking (pipe(7)). While data waits, the
 * pipe of the command is not read: the command blocks, as it would without us. When our reader goes away the command's
 * pipe is closed, and the command gets SIGPIPE, as it would without us.
 *
 * What goes to a terminal passes the filter of base/term.c; the file has what the command wrote. Two streams that share
 * a terminal must not meet inside a sequence: "ESC [" from one and "6n" from the other would be a question. So a write
 * ends where a sequence does, and when the terminal took less than that, the other stream waits.
 */
#include "run/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static void end_input(struct enc_stream *s)
{
	s->reader = enc_source_remove(s->reader);
	if (s->from >= 0)
		close(s->from);
	s->from = -1;
}

static void end_output(struct enc_stream *s)
{
	s->writer = enc_source_remove(s->writer);
	if (s->opened)
		close(s->to);
	s->opened = false;
	s->to = -1;
	s->len = 0;
}

static const char *waiting(const struct enc_stream *s)
{
	return s->tty ? s->shown.s : s->buf;
}

static size_t portion(const struct enc_stream *s)
{
	size_t n = s->len < PIPE_BUF ? s->len : PIPE_BUF;

	if (!s->tty)
		return n;
	_Static_assert(ENC_TERM_PIECE <= PIPE_BUF, "one fits");
	return s->start < s->whole ? s->whole - s->start : enc_term_whole(s->shown.s + s->start, n);
}

static bool has_room(struct enc_stream *s, int timeout_ms)
{
	struct pollfd p = {.fd = s->to, .events = POLLOUT};

	return poll(&p, 1, timeout_ms) == 1;
}

/* 1 all written or given up, 0 not now. */
static int flush(struct enc_stream *s)
{
	while (s->len && s->to >= 0) {
		size_t n = portion(s);
		ssize_t w;

		if (s->beside && s->beside->start < s->beside->whole) {
			if (s->beside->to >= 0)
				return 0;
			/* It will never say the rest. */
			end_output(s);
			end_input(s);
			return 1;
		}
		if (!has_room(s, 0))
			return 0;
		if (s->before_write)
			s->before_write(s->data);
		w = s->socket ? send(s->to, waiting(s) + s->start, n, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : write(s->to, waiting(s) + s->start, n);
		if (w < 0 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (w < 0) {
			/* The reader is gone, or the disk is full: let the command notice as it would without us. */
			if (errno != EPIPE)
				s->to_error = errno;
			end_output(s);
			end_input(s);
			return 1;
		}
		if (w > 0)
			s->at_line_start = waiting(s)[s->start + (size_t)w - 1] == '\n';
		s->whole = s->start + n;
		s->start += (size_t)w;
		s->len -= (size_t)w;
	}
	s->start = s->len = s->whole = 0;
	return 1;
}

static void capture(struct enc_stream *s, const char *data, size_t n)
{
	s->bytes += n;
	if (s->captured + n > ENC_CAPTURE_MAX) {
		n = ENC_CAPTURE_MAX - s->captured;
		s->truncated = true;
	}
	if (s->file < 0 || !n)
		return;
	int r = enc_write_all(s->file, data, n);
	if (r < 0) {
		s->error = -r;
		s->truncated = true;
		close(s->file);
		s->file = -1;
		return;
	}
	s->captured += n;
}

/* 1 something was read, 0 nothing there now, -1 ended. */
static int take(struct enc_stream *s)
{
	ssize_t n = read(s->from, s->buf, sizeof(s->buf));
	size_t keep;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		end_input(s);
		return -1;
	}
	keep = s->admit ? s->admit(s->data, (size_t)n) : (size_t)n;
	capture(s, s->buf, keep);
	if (s->tap && keep)
		s->tap(s, s->buf, keep);
	s->start = 0;
	s->len = s->to >= 0 ? keep : 0;
	if (s->tty && s->len) {
		enc_buf_reset(&s->shown);
		enc_term_filter(&s->filter, s->buf, keep, &s->shown);
		s->len = s->shown.len;
	}
	if (keep == (size_t)n)
		return 1;
	s->bytes += (size_t)n - keep; /* it was written, and is not there */
	s->truncated = true;
	end_input(s);
	return 1;
}

static int resume(struct enc_stream *s)
{
	if (s->writer)
		(void)enc_source_events(s->writer, 0);
	return s->reader && !s->held ? enc_source_events(s->reader, EPOLLIN) : 0;
}

static int on_writable(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_stream *s = data;

	return flush(s) ? resume(s) : 0;
}

static int on_readable(struct enc_source *src, int fd, uint32_t events, void *data)
{
	struct enc_stream *s = data;

	if (take(s) <= 0 || flush(s))
		return 0;
	/* The reader is slow: wait for it and leave the pipe alone. */
	if (s->reader)
		(void)enc_source_events(s->reader, 0);
	if (s->writer)
		return enc_source_events(s->writer, EPOLLOUT);
	return 0;
}

void enc_stream_hold(struct enc_stream *s, bool hold)
{
	s->held = hold;
	/* While our own reader is behind, its writer decides. */
	if (s->reader && !s->len)
		(void)enc_source_events(s->reader, hold ? 0 : EPOLLIN);
}

/* A terminal with room may still block (Ctrl-S): an open file of our own can be non-blocking. Somebody else's terminal
 * (after su) can't be opened; there it stays as it is. */
static void open_terminal(struct enc_stream *s)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->to);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	s->to = fd;
	s->opened = true;
}

int enc_stream_start(struct enc_stream *s, struct enc_loop *l, int from, int file, int to, struct enc_err *e)
{
	struct stat st;

	s->loop = l;
	s->from = from;
	s->file = file;
	s->to = to;
	s->at_line_start = true;
	enc_term_init(&s->filter, NULL, NULL); /* nobody would type the answers */
	if (to >= 0 && fstat(to, &st) == 0) {
		s->socket = S_ISSOCK(st.st_mode);
		s->tty = isatty(to);
		if (s->tty)
			open_terminal(s);
		/* epoll refuses regular files and directories; they never block. */
		s->pollable = !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
	}
	if (to >= 0 && s->pollable) {
		struct enc_err ignored = {0};

		/* A device that can't be polled (/dev/null) always has room. */
		if (enc_loop_fd(l, s->to, 0, on_writable, s, &s->writer, &ignored) < 0)
			s->pollable = false;
	}
	return enc_loop_fd(l, from, EPOLLIN, on_readable, s, &s->reader, e);
}

/* Waits for our reader, but not beyond `end`. */
static void flush_until(struct enc_stream *s, uint64_t end)
{
	while (s->len && !flush(s) && enc_now_boot() < end)
		(void)has_room(s, 50);
}

void enc_stream_drain(struct enc_stream *s, uint64_t ns)
{
	uint64_t end = enc_now_boot() + ns;

	while ((s->from >= 0 || s->len) && enc_now_boot() < end) {
		flush_until(s, end);
		if (!s->len && s->from >= 0 && take(s) == 0) {
			struct pollfd p = {.fd = s->from, .events = POLLIN};

			(void)poll(&p, 1, 50);
		}
	}
	end_input(s);
	if (s->tty && s->to >= 0 && !s->len) {
		enc_buf_reset(&s->shown);
		enc_term_restore(&s->filter, &s->shown);
		s->len = s->shown.len;
		flush_until(s, end);
	}
}

void enc_stream_done(struct enc_stream *s)
{
	end_input(s);
	end_output(s);
	enc_buf_done(&s->shown);
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
}
