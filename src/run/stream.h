/* SPDX-License-Identifier: MIT */
/*
 * stream.h - one output stream of the command: captured into a file and passed on
 */
#ifndef ENC_RUN_STREAM_H
#define ENC_RUN_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/term.h"

#define ENC_CAPTURE_MAX (256u << 20) /* bytes kept of each stream; the rest is passed on and counted */

struct enc_stream {
	int from;	       /* read end of the command's pipe, or its terminal; -1 when ended */
	int file;	       /* captured into; -1 none */
	int to;		       /* passed on to; -1 none. The caller's. */
	bool socket, pollable; /* kind of `to` */
	bool tty;	       /* it is somebody's terminal: what is shown there passes the filter */
	bool opened;	       /* and `to` is ours */
	uint64_t bytes, captured;
	bool truncated;
	bool at_line_start; /* what was passed on last ended a line */
	int error;	    /* errno that ended capturing */
	int to_error;	    /* errno that ended passing on, but for a reader that left */
	/* What is to be passed on, in buf, or in shown for a terminal. */
	size_t start, len;
	struct enc_loop *loop;
	struct enc_source *reader, *writer;
	size_t (*admit)(void *data, size_t n); /* of n more bytes so many may be kept; fewer: it ends. NULL: all */
	void (*before_write)(void *data);      /* a status line is taken away first */
	/* What was read, before it is passed on; NULL is fine. */
	void (*tap)(struct enc_stream *s, const char *data, size_t n);
	void *data;
	bool held; /* not read, by enc_stream_hold() */
	struct enc_term filter;
	struct enc_buf shown;
	size_t whole; /* in shown: up to there no sequence is cut */
	/* May write to the same terminal: not while a sequence of this one is cut. NULL is fine. */
	const struct enc_stream *beside;
	char buf[65536];
};

/* Starts pumping. The descriptors `from` and `file` become the stream's. */
int enc_stream_start(struct enc_stream *s, struct enc_loop *l, int from, int file, int to, struct enc_err *e);
/* Stop reading the command's output for now, or go on. */
void enc_stream_hold(struct enc_stream *s, bool hold);
/* After the command has ended: read what is still in the pipe, but never wait longer than `ns` for a slow reader. */
void enc_stream_drain(struct enc_stream *s, uint64_t ns);
void enc_stream_done(struct enc_stream *s);

#endif
