/* SPDX-License-Identifier: MIT */
/*
 * term.c - read a stream as a terminal does
 *
 * The states are those of the DEC parser that all terminals follow (ESC, CAN and SUB end whatever is under way; other
 * controls inside a sequence are obeyed at once). Nothing of a sequence is written before its last byte is there and it
 * was found on the list, and then it is written anew. So a sequence that is dropped can't leave a piece behind that
 * makes another one with its neighbours, and wherever a terminal disagrees with this parser it is about bytes that it
 * never gets.
 *
 * The 8-bit controls (bare, or as U+0080-U+009F) begin the same sequences as ESC does, but those are all dropped.
 */
#include "base/term.h"

#include <string.h>

#include "base/term_impl.h"
#include "base/utf8.h"

#define ESC 0x1b
#define DEL 0x7f

enum state {
	GROUND,
	ESCAPE,
	CSI,
	OSC,
	OSC_ESCAPE, /* ST, unless it isn't */
	STRING,	    /* DCS, SOS, PM, APC: nothing of it is shown */
	NAME,	    /* ESC k of screen: a string that programs end well, and that others don't know */
};

void enc_term_init(struct enc_term *t, enc_term_query_fn fn, void *data)
{
	memset(t, 0, sizeof(*t));
	t->query = fn;
	t->data = data;
}

static void begin(struct enc_term *t, enum state state, bool bad)
{
	t->state = state;
	t->bad = bad;
	t->prefix = t->inter = 0;
	t->n_params = 0;
	t->colons = 0;
	t->len = 0;
}

static void end_osc(struct enc_term *t, struct enc_buf *out)
{
	if (!t->bad)
		enc_term_osc_(t, out);
	t->state = GROUND;
}

static void add_osc(struct enc_term *t, const void *s, size_t n)
{
	if (t->len + n > sizeof(t->osc))
		t->bad = true;
	if (t->bad)
		return;
	memcpy(t->osc + t->len, s, n);
	t->len = (uint16_t)(t->len + n);
}

static void control(struct enc_term *t, char c, struct enc_buf *out)
{
	if (c < '\a' || c > 0x0f)
		return;
	if (c == 0x0e)
		t->undo |= TERM_SHIFT;
	enc_buf_putc(out, c);
}

static void on_control(struct enc_term *t, char c, struct enc_buf *out)
{
	if (c == ESC) {
		if (t->state == OSC)
			t->state = OSC_ESCAPE;
		else
			begin(t, ESCAPE, false);
	} else if (c == 0x18 || c == 0x1a) {
		t->state = GROUND;
	} else if (t->state == OSC) {
		if (c == '\a')
			end_osc(t, out);
		else
			t->bad = true;
	} else if (t->state == NAME) {
		t->state = GROUND;
		control(t, c, out);
	} else if (t->state != STRING) {
		control(t, c, out);
	}
}

static void on_escape(struct enc_term *t, char c, struct enc_buf *out)
{
	if (c < '0') {
		t->bad |= t->inter != 0;
		t->inter = c;
		return;
	}
	t->state = GROUND;
	if (t->inter) {
		if (!t->bad)
			enc_term_esc_(t, c, out);
		return;
	}
	switch (c) {
	case '[': begin(t, CSI, false); break;
	case ']': begin(t, OSC, false); break;
	case 'P':
	case 'X':
	case '^':
	case '_': t->state = STRING; break;
	case 'k': t->state = NAME; break;
	default: enc_term_esc_(t, c, out);
	}
}

static void add_param(struct enc_term *t, char c)
{
	int16_t *last;

	if (!t->n_params)
		t->params[t->n_params++] = -1;
	if (c == ';' || c == ':') {
		if (t->n_params == ENC_TERM_PARAMS) {
			t->bad = true;
			return;
		}
		if (c == ':')
			t->colons |= 1u << t->n_params;
		t->params[t->n_params++] = -1;
		return;
	}
	last = &t->params[t->n_params - 1];
	/* Terminals differ in what they do with more, and none needs it. */
	*last = *last > 3275 ? INT16_MAX : (int16_t)((*last < 0 ? 0 : *last * 10) + (c - '0'));
}

static void on_csi(struct enc_term *t, char c, struct enc_buf *out)
{
	if (c >= '@') {
		t->state = GROUND;
		if (!t->bad)
			enc_term_csi_(t, c, out);
		return;
	}
	if (t->len < ENC_TERM_CSI)
		t->len++;
	else
		t->bad = true;
	if (c < '0') {
		t->bad |= t->inter != 0;
		t->inter = c;
	} else if (c >= '<') {
		t->bad |= t->len > 1;
		t->prefix = c;
	} else if (t->inter) {
		t->bad = true;
	} else {
		add_param(t, c);
	}
}

static void on_ascii(struct enc_term *t, char c, struct enc_buf *out)
{
	if (t->state == OSC_ESCAPE) {
		if (c == '\\') {
			end_osc(t, out);
			return;
		}
		begin(t, ESCAPE, false);
	}
	if (c < ' ') {
		on_control(t, c, out);
		return;
	}
	if (c == DEL)
		return;
	switch ((enum state)t->state) {
	case GROUND: enc_buf_putc(out, c); break;
	case ESCAPE: on_escape(t, c, out); break;
	case CSI: on_csi(t, c, out); break;
	case OSC: add_osc(t, &c, 1); break;
	case OSC_ESCAPE:
	case STRING:
	case NAME: break;
	}
}

/* An 8-bit control, bare or as a character. */
static void on_c1(struct enc_term *t, unsigned char c, struct enc_buf *out)
{
	if (t->state == OSC && c == 0x9c) {
		end_osc(t, out);
		return;
	}
	if (t->state == OSC || t->state == STRING || t->state == NAME) {
		t->bad = true;
		if (c == 0x9c)
			t->state = GROUND;
		return;
	}
	switch (c) {
	case 0x9b: begin(t, CSI, true); break;
	case 0x9d: begin(t, OSC, true); break;
	case 0x90:
	case 0x98:
	case 0x9e:
	case 0x9f: t->state = STRING; break;
	default: t->state = GROUND;
	}
}

static void on_character(struct enc_term *t, const unsigned char *s, size_t n, struct enc_buf *out)
{
	if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) {
		on_c1(t, s[1], out);
		return;
	}
	if (t->state == OSC) {
		add_osc(t, s, n);
	} else if (t->state != STRING && t->state != NAME) {
		t->state = GROUND; /* no sequence has such a character: it was none */
		enc_buf_add(out, s, n);
	}
}

static void on_invalid(struct enc_term *t, struct enc_buf *out)
{
	static const unsigned char replacement[] = {0xef, 0xbf, 0xbd};

	if (t->state == OSC)
		t->bad = true;
	on_character(t, replacement, sizeof(replacement), out);
}

/* Bytes of the character that begins with `c`; 0 when none does. */
static size_t length(unsigned char c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* May `c` follow what is there? By the ranges of RFC 3629 section 4. */
static bool follows(const struct enc_term *t, unsigned char c)
{
	if (t->n_character == 1)
		switch (t->character[0]) {
		case 0xe0: return c >= 0xa0 && c <= 0xbf;
		case 0xed: return c >= 0x80 && c <= 0x9f;
		case 0xf0: return c >= 0x90 && c <= 0xbf;
		case 0xf4: return c >= 0x80 && c <= 0x8f;
		default: break;
		}
	return (c & 0xc0) == 0x80;
}

static void on_byte(struct enc_term *t, unsigned char c, struct enc_buf *out)
{
	if (t->n_character) {
		if (follows(t, c)) {
			t->character[t->n_character++] = c;
			if (t->n_character == length(t->character[0])) {
				t->n_character = 0;
				on_character(t, t->character, length(t->character[0]), out);
			}
			return;
		}
		t->n_character = 0;
		on_invalid(t, out);
	}
	if (c < 0x80) {
		on_ascii(t, (char)c, out);
		return;
	}
	if (t->state == OSC_ESCAPE)
		begin(t, ESCAPE, false);
	if (length(c))
		t->character[t->n_character++] = c;
	else if (c < 0xa0)
		on_c1(t, c, out);
	else
		on_invalid(t, out);
}

void enc_term_filter(struct enc_term *t, const char *in, size_t n, struct enc_buf *out)
{
	for (size_t i = 0; i < n; i++)
		on_byte(t, (unsigned char)in[i], out);
}

/* Bytes of the piece that s begins with; 0 when its end is not there. */
static size_t piece(const char *s, size_t n)
{
	const char *end;

	if (*s != ESC)
		return enc_utf8_len(s, n);
	if (n < 2)
		return 0;
	if (s[1] == ']') {
		end = memmem(s, n, "\033\\", 2);
		return end ? (size_t)(end - s) + 2 : 0;
	}
	if (s[1] == '[') {
		for (size_t i = 2; i < n; i++)
			if (s[i] >= '@')
				return i + 1;
		return 0;
	}
	if (s[1] >= '0')
		return 2;
	return n < 3 ? 0 : 3;
}

size_t enc_term_whole(const char *s, size_t n)
{
	size_t i = 0, len;

	while (i < n && (len = piece(s + i, n - i)) > 0)
		i += len;
	return i;
}

static size_t digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i <= 5 ? i : 0;
}

bool enc_term_is_cursor_report(const char *in, size_t n)
{
	size_t row, column;

	if (n < 6 || in[0] != ESC || in[1] != '[')
		return false;
	row = digits(in + 2, n - 2);
	if (!row || 2 + row >= n || in[2 + row] != ';')
		return false;
	column = digits(in + row + 3, n - row - 3);
	return column && n == row + column + 4 && in[n - 1] == 'R';
}
