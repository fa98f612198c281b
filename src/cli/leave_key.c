/* SPDX-License-Identifier: MIT */
/*
 * leave_key.c - the way out of a window, which the program behind it can't close
 *
 * The program may choose how the terminal says a key (kitty's keyboard, xterm's modifyOtherKeys): then Ctrl-] is no
 * longer one byte. It may also make the terminal speak between two presses: mouse, focus, where its cursor is. So the
 * key is known in each of its forms, and a control sequence between two presses counts for nothing; only what was typed
 * as text does. Nothing is taken out of what is typed.
 */
#include "cli/leave_key.h"

#include <string.h>

#define KEY	     ']'
#define KEY_BYTE     0x1d
#define CTRL	     4u	   /* bits of what stands in a sequence as 1 + bits */
#define MODIFIERS    0x3fu /* without caps lock and num lock */
#define RELEASED     3
#define MOUSE_LENGTH 3 /* characters behind ESC [ M */

enum { TEXT, ESCAPE, SEQUENCE };

/* The first number of parameter `i`, or of its part `part` behind colons; -1 there is none. */
static int number(const struct enc_leave_key *k, unsigned i, unsigned part)
{
	size_t at = 0;
	int n = -1;

	for (; at < k->len && i; at++)
		i -= k->sequence[at] == ';';
	for (; at < k->len && part && k->sequence[at] != ';'; at++)
		part -= k->sequence[at] == ':';
	if (i || part)
		return -1;
	for (; at < k->len && k->sequence[at] >= '0' && k->sequence[at] <= '9' && n < 100000; at++)
		n = (n < 0 ? 0 : n * 10) + (k->sequence[at] - '0');
	return n;
}

/* `ESC [ 93 ; modifiers : event u` (kitty) or `ESC [ 27 ; modifiers ; 93 ~` (xterm). */
static bool is_key(const struct enc_leave_key *k, char final)
{
	int modifiers = number(k, 1, 0);

	if (modifiers < 1 || (((unsigned)modifiers - 1) & MODIFIERS) != CTRL)
		return false;
	if (final == '~')
		return number(k, 0, 0) == 27 && number(k, 2, 0) == KEY;
	return final == 'u' && number(k, 0, 0) == KEY && number(k, 1, 1) != RELEASED;
}

static bool pressed(struct enc_leave_key *k, uint64_t now)
{
	while (k->n && now - k->typed_ns[0] > ENC_LEAVE_NS)
		memmove(k->typed_ns, k->typed_ns + 1, --k->n * sizeof(k->typed_ns[0]));
	k->typed_ns[k->n++] = now;
	if (k->n < ENC_LEAVE_TIMES)
		return false;
	k->n = 0;
	return true;
}

static bool on_sequence(struct enc_leave_key *k, char c, uint64_t now)
{
	if (c < '@') {
		/* A key has no more: the rest is somebody's answer. */
		if (k->len < sizeof(k->sequence))
			k->sequence[k->len++] = c;
		return false;
	}
	k->state = TEXT;
	if (c == 'M' && !k->len)
		k->skip = MOUSE_LENGTH;
	return k->len < sizeof(k->sequence) && is_key(k, c) && pressed(k, now);
}

bool enc_leave_key(struct enc_leave_key *k, char c, uint64_t now_ns)
{
	if (c == KEY_BYTE) {
		k->state = TEXT;
		k->skip = 0;
		return pressed(k, now_ns);
	}
	if (c == '\033') {
		k->state = ESCAPE;
		k->len = 0;
		k->skip = 0;
		return false;
	}
	if ((c & 0xc0) == 0x80)
		return false; /* of a character of several bytes the first counts */
	if (k->skip) {
		k->skip--;
		return false;
	}
	if (k->state == SEQUENCE)
		return on_sequence(k, c, now_ns);
	if (k->state == ESCAPE && c == '[') {
		k->state = SEQUENCE;
		return false;
	}
	k->state = TEXT;
	k->n = 0;
	return false;
}
