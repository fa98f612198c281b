/* SPDX-License-Identifier: MIT */
/*
 * terminal.h - the caller's terminal as a window onto a run: what run (at a terminal) and attach show
 */
#ifndef ENC_CLI_TERMINAL_H
#define ENC_CLI_TERMINAL_H

#include "run/run.h"

enum enc_window_end {
	ENC_WINDOW_ENDED, /* the run has a result */
	ENC_WINDOW_LEFT,  /* the user left it: the run goes on */
	ENC_WINDOW_LOST,  /* the terminal is gone: the run goes on */
	ENC_WINDOW_DEAD,  /* the supervisor is gone, without a word */
};

/* Shows the run behind `link` until one of these. tty: the run has a terminal of its own, so ours becomes raw, and what
 * is typed is passed on; else its two streams are shown, and Ctrl-C leaves. own: we started it, and a signal that ends
 * us asks it to end; else it goes on. ret_status: the run's, when it ended;
 * ret_id: its id, or "" when it never started (NULL is fine). The caller's terminal is as it was when this returns. */
enum enc_window_end enc_cli_window(int link, bool tty, bool own, int *ret_status, char ret_id[27]);
bool enc_cli_foreground(void);		  /* stdin is a terminal, and ours to change */
struct winsize enc_cli_window_size(void); /* of stdin's terminal; 24 x 80 when it does not say */

#endif
