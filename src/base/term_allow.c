/* SPDX-License-Identifier: MIT */
/*
 * term_allow.c - which control sequences a hostile program may send to somebody's terminal, and how they are undone
 *
 * What is not in a table here is dropped. Left out on purpose: all that is answered (n, c, x, y, q with >, p with $,
 * ?u, ?m, t but the titles' stack), printing (i), what moves blocks or asks for checksums (* $ ' intermediates), VT52
 * and Tektronix modes (they answer to other words), highlight tracking (it waits for an answer), 8-bit answers, modes
 * that report by themselves (2031, 2048), erasing the lines that the caller scrolled back to (3J).
 */
#include <string.h>

#include "base/base.h"
#include "base/term_impl.h"

#define REPEAT_MAX   4096 /* characters that CSI b may draw */
#define KEYBOARD_MAX 4	  /* more pushes would throw out the caller's own (kitty) */
#define TITLES_MAX   4	  /* of ten that xterm keeps */

enum mode_kind { PLAIN, ON /* by default */, ACT /* nothing to undo */, ORIGIN, WRAP, KEYS, REPORT, ALTERNATE };
static const struct mode {
	uint16_t number;
	bool dec;
	enum mode_kind kind;
} modes[] = {
	{2026, true, PLAIN}, /* first: nothing is drawn until it ends */
	{4, false, PLAIN},	 {20, false, KEYS},	  {1, true, KEYS},	{5, true, PLAIN},
	{6, true, ORIGIN},	 {7, true, WRAP},	  {12, true, ACT},	{25, true, ON},
	{45, true, PLAIN},	 {1000, true, REPORT},	  {1002, true, REPORT}, {1003, true, REPORT},
	{1004, true, REPORT},	 {1005, true, KEYS},	  {1006, true, KEYS},	{1015, true, KEYS},
	{1016, true, KEYS},	 {2004, true, KEYS},	  {1048, true, ACT},	{47, true, ALTERNATE},
	{1047, true, ALTERNATE}, {1049, true, ALTERNATE},
};
_Static_assert(ENC_LEN(modes) <= 64, "a bit each");

/* ---- writing ---- */

static void put_csi(const struct enc_term *t, char final, struct enc_buf *out)
{
	enc_buf_puts(out, "\033[");
	if (t->prefix)
		enc_buf_putc(out, t->prefix);
	for (unsigned i = 0; i < t->n_params; i++) {
		if (i)
			enc_buf_putc(out, t->colons >> i & 1 ? ':' : ';');
		if (t->params[i] >= 0)
			enc_buf_printf(out, "%d", t->params[i]);
	}
	if (t->inter)
		enc_buf_putc(out, t->inter);
	enc_buf_putc(out, final);
}

static int param(const struct enc_term *t, unsigned i, int otherwise)
{
	return i < t->n_params && t->params[i] >= 0 ? t->params[i] : otherwise;
}

/* Else nothing may change what the terminal types: a shell would read the mouse, and miss Ctrl-C. */
static bool typed_is_read(const struct enc_term *t)
{
	return t->query != NULL;
}

/* ---- single sequences: true when it is written as it came ---- */

static bool may_erase(struct enc_term *t, struct enc_buf *out)
{
	return param(t, 0, 0) <= 2;
}

static bool may_repeat(struct enc_term *t, struct enc_buf *out)
{
	return param(t, 0, 1) <= REPEAT_MAX;
}

static bool may_set_margins(struct enc_term *t, struct enc_buf *out)
{
	t->undo |= TERM_MARGINS;
	return true;
}

static bool may_set_tabs(struct enc_term *t, struct enc_buf *out)
{
	t->undo |= TERM_TABS;
	return true;
}

/* DECST8C, as it is undone. */
static bool may_reset_tabs(struct enc_term *t, struct enc_buf *out)
{
	return param(t, 0, 0) == 5;
}

static bool may_set_cursor(struct enc_term *t, struct enc_buf *out)
{
	if (param(t, 0, 0) > 6)
		return false;
	t->undo |= TERM_CURSOR_STYLE;
	return true;
}

static bool may_color(struct enc_term *t, struct enc_buf *out)
{
	t->undo |= TERM_SGR;
	return true;
}

static bool may_set_keys(struct enc_term *t, struct enc_buf *out)
{
	if (!typed_is_read(t) || param(t, 0, 0) != 4 || param(t, 1, 0) > 3)
		return false;
	t->undo |= TERM_OTHER_KEYS;
	return true;
}

static bool may_stack_title(struct enc_term *t, struct enc_buf *out)
{
	int what = param(t, 0, 0);

	if ((what != 22 && what != 23) || param(t, 1, 0) > 2 || param(t, 2, 0))
		return false;
	if (what == 22 ? t->titles == TITLES_MAX : !t->titles)
		return false;
	t->titles = (uint8_t)(what == 22 ? t->titles + 1 : t->titles - 1);
	return true;
}

static bool may_push_keyboard(struct enc_term *t, struct enc_buf *out)
{
	uint8_t *n = &t->keyboards[t->alternate != 0];

	if (!typed_is_read(t) || *n == KEYBOARD_MAX)
		return false;
	++*n;
	return true;
}

static bool may_pop_keyboard(struct enc_term *t, struct enc_buf *out)
{
	uint8_t *n = &t->keyboards[t->alternate != 0];
	int pops = param(t, 0, 1);

	if (!pops)
		pops = 1;
	if (pops > *n)
		pops = *n;
	*n = (uint8_t)(*n - pops);
	if (pops)
		enc_buf_printf(out, "\033[<%du", pops);
	return false;
}

/* On an entry of the stream's own, so that it can be undone. */
static bool may_set_keyboard(struct enc_term *t, struct enc_buf *out)
{
	uint8_t *n = &t->keyboards[t->alternate != 0];

	if (!typed_is_read(t))
		return false;
	if (!*n) {
		enc_buf_puts(out, "\033[>0u");
		++*n;
	}
	return true;
}

static bool ask(struct enc_term *t, enum enc_term_query q)
{
	if (t->query)
		t->query(q, t->data);
	return false;
}

static bool may_ask_status(struct enc_term *t, struct enc_buf *out)
{
	int what = param(t, 0, 0);

	return what == 5 || what == 6 ? ask(t, what == 6 ? ENC_TERM_Q_CURSOR : ENC_TERM_Q_STATUS) : false;
}

static bool may_ask_device(struct enc_term *t, struct enc_buf *out)
{
	return param(t, 0, 0) ? false : ask(t, ENC_TERM_Q_DEVICE);
}

static void undo_keyboard(struct enc_term *t, struct enc_buf *out)
{
	uint8_t *n = &t->keyboards[t->alternate != 0];

	if (*n)
		enc_buf_printf(out, "\033[<%uu", *n);
	*n = 0;
}

/* ---- modes ---- */

static void note_mode(struct enc_term *t, unsigned i, bool on, struct enc_buf *out)
{
	uint64_t bit = 1ull << i;

	switch (modes[i].kind) {
	case ACT: break;
	case ORIGIN: t->undo |= on ? TERM_ORIGIN : 0; break;
	case WRAP: t->undo |= on ? 0 : TERM_NO_WRAP; break;
	case ALTERNATE:
		/* What is pushed on that screen could not be undone from the other one. */
		if (t->alternate && !on)
			undo_keyboard(t, out);
		t->alternate = on ? (uint8_t)(i + 1) : 0;
		break;
	case ON: on = !on; /* fall through */
	case PLAIN:
	case KEYS:
	case REPORT: t->modes = on ? t->modes | bit : t->modes & ~bit; break;
	}
}

static bool may_set_modes(struct enc_term *t, bool on, struct enc_buf *out)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < t->n_params; i++)
		for (unsigned k = 0; k < ENC_LEN(modes); k++) {
			if (modes[k].number != t->params[i] || modes[k].dec != (t->prefix == '?'))
				continue;
			if ((modes[k].kind == KEYS || modes[k].kind == REPORT) && !typed_is_read(t))
				break;
			note_mode(t, k, on, out);
			t->params[kept++] = t->params[i];
			break;
		}
	t->n_params = (uint8_t)kept;
	return kept > 0;
}

static bool may_set(struct enc_term *t, struct enc_buf *out)
{
	return may_set_modes(t, true, out);
}

static bool may_reset(struct enc_term *t, struct enc_buf *out)
{
	return may_set_modes(t, false, out);
}

/* ---- the list ---- */

static const struct row {
	char prefix, inter;
	const char *finals;
	uint8_t max; /* parameters */
	bool (*may)(struct enc_term *t, struct enc_buf *out);
} rows[] = {
	{0, 0, "Hf", 2, NULL},
	{0, 0, "ABCDEFGIZ`adeLMPX@KS", 1, NULL},
	{0, 0, "g", 1, may_set_tabs},
	{'?', 0, "W", 1, may_reset_tabs},
	{0, 0, "T", 1, NULL}, /* with five it is highlight tracking */
	{0, 0, "su", 0, NULL},
	{0, 0, "J", 1, may_erase},
	{'?', 0, "JK", 1, may_erase},
	{0, 0, "b", 1, may_repeat},
	{0, 0, "m", ENC_TERM_PARAMS, may_color},
	{'>', 0, "m", 2, may_set_keys},
	{0, 0, "r", 2, may_set_margins},
	{0, ' ', "q", 1, may_set_cursor},
	{0, '!', "p", 0, NULL},
	{0, 0, "h", ENC_TERM_PARAMS, may_set},
	{0, 0, "l", ENC_TERM_PARAMS, may_reset},
	{'?', 0, "h", ENC_TERM_PARAMS, may_set},
	{'?', 0, "l", ENC_TERM_PARAMS, may_reset},
	{0, 0, "t", 3, may_stack_title},
	{'>', 0, "u", 1, may_push_keyboard},
	{'<', 0, "u", 1, may_pop_keyboard},
	{'=', 0, "u", 2, may_set_keyboard},
	{0, 0, "n", 1, may_ask_status},
	{0, 0, "c", 1, may_ask_device},
};

void enc_term_csi_(struct enc_term *t, char final, struct enc_buf *out)
{
	if (t->colons && (final != 'm' || t->prefix))
		return;
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		const struct row *r = &rows[i];

		if (r->prefix != t->prefix || r->inter != t->inter || !strchr(r->finals, final))
			continue;
		if (t->n_params <= r->max && (!r->may || r->may(t, out)))
			put_csi(t, final, out);
		return;
	}
}

/* A full reset would take what the caller has set; what the stream has set, and the screen, is enough. */
static void reset(struct enc_term *t, struct enc_buf *out)
{
	enc_term_restore(t, out);
	enc_buf_puts(out, "\033[!p\033[H\033[2J");
}

void enc_term_esc_(struct enc_term *t, char final, struct enc_buf *out)
{
	static const char sets[] = "()*+";
	const char *g;

	if (!t->inter) {
		if (final == 'Z')
			ask(t, ENC_TERM_Q_DEVICE);
		else if (final == 'c')
			reset(t, out);
		else if (strchr(typed_is_read(t) ? "78DEHM=>" : "78DEHM", final))
			enc_buf_printf(out, "\033%c", final);
		if (final == 'H')
			t->undo |= TERM_TABS;
		if (final == '=' && typed_is_read(t))
			t->undo |= TERM_KEYPAD;
		else if (final == '>')
			t->undo &= ~(uint64_t)TERM_KEYPAD;
		return;
	}
	g = strchr(sets, t->inter);
	if (g ? !strchr("B0A", final) : t->inter != '#' || final != '8')
		return;
	if (g)
		t->undo |= (uint64_t)TERM_G0 << (g - sets);
	enc_buf_printf(out, "\033%c%c", t->inter, final);
}

/* ---- undoing ---- */

bool enc_term_reports(const struct enc_term *t)
{
	for (unsigned i = 0; i < ENC_LEN(modes); i++)
		if (modes[i].kind == REPORT && t->modes >> i & 1)
			return true;
	return false;
}

static void undo_modes(struct enc_term *t, struct enc_buf *out)
{
	for (unsigned i = 0; i < ENC_LEN(modes); i++)
		if (t->modes >> i & 1)
			enc_buf_printf(out, "\033[%s%u%c", modes[i].dec ? "?" : "", modes[i].number,
				       modes[i].kind == ON ? 'h' : 'l');
	t->modes = 0;
}

/* Both put the cursor into a corner. Where it was can be kept for margins alone: the origin is saved with it. */
static void undo_margins(struct enc_term *t, struct enc_buf *out)
{
	if (t->undo & TERM_ORIGIN)
		enc_buf_puts(out, "\033[?6l\033[r\033[999;1H");
	else if (t->undo & TERM_MARGINS)
		enc_buf_puts(out, "\0337\033[r\0338");
}

void enc_term_restore(struct enc_term *t, struct enc_buf *out)
{
	static const struct {
		uint64_t bit;
		const char *text;
	} plain[] = {
		{TERM_NO_WRAP, "\033[?7h"},
		{TERM_KEYPAD, "\033>"},
		{TERM_OTHER_KEYS, "\033[>4m"},
		{TERM_SHIFT, "\017"},
		{TERM_G0, "\033(B"},
		{TERM_G0 << 1, "\033)B"},
		{TERM_G0 << 2, "\033*B"},
		{TERM_G0 << 3, "\033+B"},
		{TERM_LINK, "\033]8;;\033\\"},
		{TERM_PALETTE, "\033]104\033\\"},
		{TERM_FOREGROUND, "\033]110\033\\"},
		{TERM_FOREGROUND << 1, "\033]111\033\\"},
		{TERM_FOREGROUND << 2, "\033]112\033\\"},
		{TERM_TABS, "\033[?5W"},
		{TERM_CURSOR_STYLE, "\033[0 q"},
		{TERM_SGR, "\033[0m"},
	};

	undo_modes(t, out);
	if (t->alternate) {
		undo_keyboard(t, out);
		enc_buf_printf(out, "\033[?%ul", modes[t->alternate - 1].number);
		t->alternate = 0;
	}
	undo_keyboard(t, out);
	undo_margins(t, out);
	for (size_t i = 0; i < ENC_LEN(plain); i++)
		if (t->undo & plain[i].bit)
			enc_buf_puts(out, plain[i].text);
	for (; t->titles; t->titles--)
		enc_buf_puts(out, "\033[23;0t");
	t->undo = 0;
}
