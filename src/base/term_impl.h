/* SPDX-License-Identifier: MIT */
/*
 * term_impl.h - the filter of a terminal: its parser (term.c), and what is let through (term_allow.c, term_osc.c)
 */
#ifndef ENC_BASE_TERM_IMPL_H
#define ENC_BASE_TERM_IMPL_H

#include "base/term.h"

/* Bits of enc_term.undo. Once set they stay until undone: a saved cursor can bring each of them back. */
enum term_undo {
	TERM_SGR = 1u << 0,
	TERM_SHIFT = 1u << 1, /* SO */
	TERM_G0 = 1u << 2,    /* and G1, G2, G3 behind it */
	TERM_MARGINS = 1u << 6,
	TERM_ORIGIN = 1u << 7,
	TERM_NO_WRAP = 1u << 8,
	TERM_KEYPAD = 1u << 9,
	TERM_OTHER_KEYS = 1u << 10,
	TERM_CURSOR_STYLE = 1u << 11,
	TERM_LINK = 1u << 12,
	TERM_PALETTE = 1u << 13,
	TERM_FOREGROUND = 1u << 14, /* and background, cursor behind it */
	TERM_TABS = 1u << 17,
};

/* A control sequence, an escape sequence, a string that is complete: adds it when it is on the list. */
void enc_term_csi_(struct enc_term *t, char final, struct enc_buf *out);
void enc_term_esc_(struct enc_term *t, char final, struct enc_buf *out);
void enc_term_osc_(struct enc_term *t, struct enc_buf *out);

#endif
