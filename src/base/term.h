/* SPDX-License-Identifier: MIT */
/*
 * term.h - what a hostile program prints, made fit for somebody's terminal
 *
 * A terminal is a program that takes orders: some make it answer, and what it answers is typed into whoever reads it.
 * So the stream is parsed as terminals do, and only what is known to draw is written again, in one canonical form.
 * Everything else is dropped whole: no byte of the stream can become input, a clipboard or a file of the terminal.
 * The terminal is taken to read UTF-8; the stream can't switch it to anything else.
 */
#ifndef ENC_BASE_TERM_H
#define ENC_BASE_TERM_H

#include <stdbool.h>

#include "base/mem.h"

#define ENC_TERM_PARAMS 32   /* in one control sequence */
#define ENC_TERM_CSI	256  /* bytes of one */
#define ENC_TERM_OSC	4096 /* bytes of a title, a link, a colour */
#define ENC_TERM_PIECE	2112 /* bytes of what is written at once */

/* What full-screen programs ask and can't do without. It never reaches the terminal; who shows it may answer. */
enum enc_term_query {
	ENC_TERM_Q_CURSOR, /* CSI 6n */
	ENC_TERM_Q_DEVICE, /* CSI c */
	ENC_TERM_Q_STATUS, /* CSI 5n */
};
typedef void (*enc_term_query_fn)(enum enc_term_query q, void *data);

struct enc_term {
	enc_term_query_fn query;
	void *data;
	/* the parser */
	uint8_t state;
	unsigned char character[4]; /* UTF-8, not complete yet */
	uint8_t n_character;
	char prefix, inter; /* of a control sequence; 0 none */
	bool bad;	    /* it will be dropped whole */
	uint8_t n_params;
	int16_t params[ENC_TERM_PARAMS]; /* -1 left out */
	uint32_t colons;		 /* bit i: parameter i stands behind a colon */
	uint16_t len;			 /* of a control sequence or in osc[] */
	char osc[ENC_TERM_OSC];
	/* what the stream turned on, to be undone */
	uint64_t modes, undo;
	uint8_t alternate;	      /* row of the mode that entered the alternate screen, + 1 */
	uint8_t keyboards[2], titles; /* pushed: on each screen; titles */
};

/* `fn` may be NULL: who shows the stream does not read what the terminal types. Then questions are dropped, and all
 * that makes the terminal report or changes what its keys say. */
void enc_term_init(struct enc_term *t, enc_term_query_fn fn, void *data);
/* Adds what may be shown. A sequence may come in any number of pieces. */
void enc_term_filter(struct enc_term *t, const char *in, size_t n, struct enc_buf *out);
/* Adds what undoes what the stream turned on, and nothing more. A sequence that has begun goes on. */
void enc_term_restore(struct enc_term *t, struct enc_buf *out);
/* Bytes at the beginning of what the filter wrote that don't end inside a sequence or a character. No piece of it is
 * longer than ENC_TERM_PIECE. */
size_t enc_term_whole(const char *s, size_t n);
/* Is a mode on that makes the terminal write by itself (mouse, focus)? What it wrote may still be under way. */
bool enc_term_reports(const struct enc_term *t);
/* Is this an answer to CSI 6n, and nothing else: ESC [ row ; column R? */
bool enc_term_is_cursor_report(const char *in, size_t n);

#endif
