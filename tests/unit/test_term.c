/* SPDX-License-Identifier: MIT */
/*
 * test_term.c - what a hostile program prints draws, and can't make a terminal answer
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/term.h"
#include "term_judge.h"

struct asked {
	char text[64];
};

static void on_query(enum enc_term_query q, void *data)
{
	struct asked *a = data;
	size_t n = strlen(a->text);

	if (n + 1 < sizeof(a->text))
		a->text[n] = "cds"[q];
}

static void on_nothing(enum enc_term_query q, void *data)
{
}

/* `piece` bytes at a time. */
static void filter(struct enc_term *t, const char *in, size_t n, size_t piece, struct enc_buf *out)
{
	for (size_t i = 0; i < n; i += piece)
		enc_term_filter(t, in + i, n - i < piece ? n - i : piece, out);
}

static char *printable(const char *s, size_t n)
{
	static char text[2][2048];
	static int which;
	char *to = text[which = !which];
	size_t k = 0;

	for (size_t i = 0; i < n && k + 8 < sizeof(text[0]); i++)
		k += (size_t)sprintf(to + k, s[i] >= ' ' && s[i] < 0x7f ? "%c" : "\\x%02x", (unsigned char)s[i]);
	to[k] = '\0';
	return to;
}

struct row {
	const char *in, *out; /* out NULL: as it came */
	const char *asked;
};

static void check_row(const struct row *r, size_t len, size_t piece)
{
	const char *want = r->out ? r->out : r->in;
	struct asked asked = {{0}};
	struct enc_buf out = {0};
	struct enc_term t;

	enc_term_init(&t, on_query, &asked);
	filter(&t, r->in, len, piece, &out);
	enc_buf_putc(&out, '\0');
	if (strcmp(out.s, want) != 0)
		fail_msg("%s became %s instead of %s", printable(r->in, len), printable(out.s, out.len - 1),
			 printable(want, strlen(want)));
	if (strcmp(asked.text, r->asked ? r->asked : "") != 0)
		fail_msg("%s asked %s", printable(r->in, len), asked.text);
	enc_buf_done(&out);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t piece = 1; piece < 5; piece++)
			check_row(&rows[i], strlen(rows[i].in), piece == 4 ? 4096 : piece);
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_text(void **state)
{
	static const struct row rows[] = {
		{"plain text\r\n\ttab\b\a\v\f\016x\017", NULL},
		{"\u00e4\u20ac\U0001f600 \u2500\ufffd", NULL},
		{"a\005b\001c\002d\003e\004f\006g", "abcdefg"}, /* ENQ is answered */
		{"a\020\021\022\023\024\025\026\027\031\034\035\036\037z", "az"},
		{"a\177b\030c\032d", "abcd"},
		{"a\377b\300\257c\355\240\200d", "a\ufffdb\ufffd\ufffdc\ufffd\ufffdd"}, /* no such characters */
		{"\342\202x\360\237\230", "\ufffdx"},	    /* the last may still be completed */
		{"a\204b\205c\302\205d\302\231e", "abcde"}, /* C1 */
		{"\342\233\n", "\ufffd\n"},
	};
	/* ED A0 80: the surrogate's second byte can't follow ED, and alone it is no character either. */
	CHECK_ROWS(rows);
	check_row(&(struct row){"a\0b", "ab"}, 3, 1);
}

static void test_draws(void **state)
{
	static const struct row rows[] = {
		{"\033[A\033[2B\033[3C\033[4D\033[E\033[5F\033[6G\033[7;8H\033[H\033[;5f\033[3d\033[2e\033[4a\033[5`",
		 NULL},
		{"\033[J\033[1J\033[2J\033[K\033[2K\033[?J\033[?1K\033[3L\033[M\033[2P\033[4X\033[@\033[2S\033[T\033["
		 "g\033[3g\033[Z\033[I",
		 NULL},
		{"\033[3b\033[4096b", NULL},
		{"\033[m\033[0m\033[1;31m\033[38;5;196m\033[38:2::1:2:3m\033[4:3m", NULL},
		{"\033[01;031m", "\033[1;31m"},
		{"\033[>4;2m\033[>4m", NULL},
		{"\033[3;20r\033[r\033[s\033[u", NULL},
		{"\033[4h\033[4l\033[20h\033[20l", NULL},
		{"\033[?1049h\033[?25l\033[?1;7h\033[?2004h\033[?1000;1006h\033[?12l\033[?2026h\033[?2026l\033[?1004h",
		 NULL},
		{"\033[2 q\033[ q\033[!p", NULL},
		{"\033[22;0;0t\033[23;0;0t\033[22;2t\033[22;1t\033[23;2t\033[23;1t", NULL},
		{"\033[>1u\033[=5;1u\033[<u", "\033[>1u\033[=5;1u\033[<1u"},
		{"\0337\0338\033D\033E\033H\033M\033=\033>\033(0\033)B\033*A\033+0\033#8", NULL},
		{"\033]0;a title \u00e4\033\\\033]1;i\033\\\033]2;\033\\", NULL},
		{"\033]0;bell\a\033]2;c1\302\234\033]2;raw\234x", "\033]0;bell\033\\\033]2;c1\033\\\033]2;raw\033\\x"},
		{"\033]8;;https://a.example/b?c=d#e\033\\text\033]8;;\033\\\033]8;id=x1;http://h/\033\\\033]8;;\033\\",
		 NULL},
		{"\033]10;red\033\\\033]11;#112233\033\\\033]12;rgb:1/2/3\033\\\033]4;1;#fff;2;rgb:00/00/00\033\\",
		 NULL},
		{"\033]104\033\\\033]104;1;2\033\\\033]110\033\\\033]111\033\\\033]112\033\\", NULL},
		{"\033]133;A\033\\\033]133;D\033\\\033]133;D;127\033\\", NULL},
	};

	CHECK_ROWS(rows);
}

static void test_questions(void **state)
{
	static const struct row rows[] = {
		{"a\033[6nb\033[06nc\033[5nd", "abcd", "ccs"},
		{"\033[c\033[0c\033[00c\033Zx", "x", "dddd"},
		{"\033[6;1nx\033[7nx\033[nx\033[0nx", "xxxx"},
	};

	CHECK_ROWS(rows);
}

/* Each of these is answered, or worse, by some terminal. */
static void test_dropped(void **state)
{
	static const struct row rows[] = {
		{"\033[?6n\033[?15n\033[?25n\033[?26n\033[?53n\033[?62n\033[?75n\033[?996n.", "."},
		{"\033[>c\033[>0c\033[=c\033[?1c\033[1c.", "."},
		{"\033[x\033[0x\033[1x\033[1;1;1;1;1;1*y\033[4;1y.", "."},
		{"\033[?1$p\033[4$p\033[>q\033[>0q\033[?u\033[?4m\033[>1;2m\033[?m.", "."},
		{"\033[14t\033[18t\033[20t\033[21t\033[19t\033[11t\033[13t\033[8;1;1t\033[1t\033[t\033[22;3t.", "."},
		{"\033[5i\033[4i\033[?5i\033[i.", "."},
		{"\033[1;2;3;4;5T\033[>2T\033[?1;1;0S.", "."},
		{"\033[?1001h\033[?38h\033[?2l\033[?2h\033[?1007h\033[?2031h\033[?2048h\033[?69h\033[?3h\033[?"
		 "1001l\033[12h.",
		 "."},
		{"\033[?1;2h\033[?25;2048;7l\033[h\033[?h.", "\033[?1h\033[?25;7l."},
		{"\033[?1W\033[5W\033[?W\033[?1s\033[?1r\033[1$r\033[1;2s\033[1u\033[1;2u.", "."},
		{"\033[1'|\033[1'z\033[1'{\033[1\"q\033[61\"p\033[1#p\033[#q\033[1'}\033[1 @\033[1 "
		 "A\033[1$w\033[2$w\033[1+T.",
		 "."},
		{"\033[3J\033[?3J.", "."},
		{"\033[9 q\033[1;2A\033[5000b.", "."},
		{"\033P$qm\033\\\033P+q544e\033\\\033P1;1|00/41\033\\\033Pq#0;1\033\\\033P1p1\030.", "."},
		{"\033_Gi=31,s=1;AAAA\033\\\033^pm\033\\\033Xsos\a\n\005x\033\\.", "."},
		{"\033]52;c;bHMK\a\033]52;c;?\a\033]052;c;bHMK\033\\\033]50;?\a\033]7;file:///"
		 "\a\033]9;4\a\033]777;n;a;b\a\033]1337;File=:\a.",
		 "."},
		{"\033]3;?x\a\033]5;0;?\a\033]13;?\a\033]17;red\a\033]20\a\033]21;a=?\a\033]22;hand\a\033]60\a\033]99;;"
		 "x\a\033]5522;x\a\033]l x\033\\\033]L\033\\.",
		 "."},
		{"\033]10;?\a\033]11;?\033\\\033]10;red;?\a\033]4;1;?\a\033]4;1;red;2;?\a\033]12;?\a\033]104;?\a\033]"
		 "110;?\a\033]10;a;b;c\a.",
		 "."},
		{"\033]8;;file:///etc/passwd\a\033]8;;javascript:1\a\033]8;id=\xc3\xa4;http://x\a\033]8;;http://a "
		 "b\a\033]8\a.",
		 "."},
		{"\033]133;A;click_events=1\a\033]133;P;k=i\a\033]133;D;a\a\033]133\a\033]Pffffff\033\\\033]"
		 "R\033\\\033];x\a\033]\a.",
		 "."},
		{"\033]0;a\nb\033\\\033]0;a\005\033\\\033]0;\377\033\\\033]0;\302\231\033\\.", "."},
		{"\033 F\033 "
		 "G\033%@\033%G\033#3\033(C\033(%5\033-A\033!!x\033$B\033N\033O\0331\0336\0339\033l\033n\033|\033\\.",
		 "."},
		{"\033kname\033\\\033kname\nnext", "\nnext"},
		{"\0331\033q\033z\033[<0;1;1M\033[<1m\033[=1c\033[>1p\033[>1t\033[~\033[1~\033[1^\033[{\033[]\033[[.",
		 "."},
	};

	CHECK_ROWS(rows);
}

/* Bytes that a terminal obeys or ignores inside a sequence, and sequences that are broken. */
static void test_tricks(void **state)
{
	static const struct row rows[] = {
		{"\033[\n6\a\tn.", "\n\a\t.", "c"},
		{"\033[1\n;2\bH", "\n\b\033[1;2H"},
		{"\033\n[\0056n.", "\n.", "c"},
		{"\033[\0336n.\033[\033[1mx", "n.\033[1mx"},
		{"\033[5\030n\033[5\032n\033\030[5n", "nn[5n"},
		{"\033\033[3m\033\177[4\177m", "\033[3m\033[4m"},
		{"\033[?\033[x\033[6n6n", "6n", "c"},
		{"\033[1?6n\033[6?n\033[??6n\033[6!n\033[! 6p\033[ 1q\033[:6n\033[1:2H.", "."},
		{"\033[\u00e4m\033\u00e4c\033[3\377m.", "\u00e4m\u00e4c\ufffdm."},
		{"\2336n\302\2336n\23331mx\302\23331mx", "xx"},
		{"\220$qm\234a\302\220$qm\302\234b\23552;c;?\ac\302\2350;x\302\234d\237x\033\\e\236\033\\f\230z\234g",
		 "abcdefg"},
		{"\033[\2336n\033\2336n.", "."},
		{"\033[99999999999999999999H\033[1;70000H", "\033[32767H\033[1;32767H"},
		{"\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m", NULL},
		{"\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1m.", "."},
		/* An ESC ends a string, and begins what follows. */
		{"\033]0;t\033[1mx\033P\033[2mx\033]0;t\033\033\\x\033]0;t\030x", "\033[1mx\033[2mxxx"},
		{"\033Ptmux;\033\033]52;c;bHMK\a\033\\.\033P\033]52;c;x\a\033\\.", ".."},
		{"\033P\342\234\234\033\\.\033]2;\342\234\234\033\\.", ".\033]2;\342\234\234\033\\."},
		{"\033]0;t\342\033\\.\033]0;t\033\342\234\234.", ".\342\234\234."},
		/* What the stream did not push it can't pop. */
		{"\033[<u\033[<9u\033[23t\033[23;0;0t\033[>1u\033[<9u\033[<u.", "\033[>1u\033[<1u."},
		{"\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[=3u", "\033[>1u\033[>1u\033[>1u\033[>1u\033[=3u"},
		{"\033[=1;1u", "\033[>0u\033[=1;1u"},
		{"\033[?1049h\033[>1u\033[?1049l\033[<u", "\033[?1049h\033[>1u\033[<1u\033[?1049l"},
		{"\033c", "\033[!p\033[H\033[2J"},
		{"\033[?1003h\033[1m\033c", "\033[?1003h\033[1m\033[?1003l\033[0m\033[!p\033[H\033[2J"},
	};

	CHECK_ROWS(rows);
}

static void test_long(void **state)
{
	struct enc_buf in = {0}, out = {0};
	struct enc_term t;

	/* A control sequence of 256 bytes, and one byte more. */
	for (int more = 0; more < 2; more++) {
		enc_buf_reset(&in);
		enc_buf_reset(&out);
		enc_buf_puts(&in, "\033[");
		for (int i = 0; i < ENC_TERM_CSI + more; i++)
			enc_buf_putc(&in, '0');
		enc_buf_puts(&in, "mx");
		enc_term_init(&t, NULL, NULL);
		enc_term_filter(&t, in.s, in.len, &out);
		assert_string_equal(out.s, more ? "x" : "\033[0mx");
	}
	/* A title is cut between characters; a string that is too long is none. */
	for (size_t n = 200; n <= 5000; n += 4800) {
		enc_buf_reset(&in);
		enc_buf_reset(&out);
		enc_buf_puts(&in, "\033]0;.");
		for (size_t i = 0; i < n; i++)
			enc_buf_puts(&in, "\u00e4");
		enc_buf_puts(&in, "\ax");
		enc_term_init(&t, NULL, NULL);
		enc_term_filter(&t, in.s, in.len, &out);
		assert_int_equal(out.len, n == 200 ? 4 + 255 + 2 + 1 : 1);
		assert_int_equal(out.s[out.len - 1], 'x');
	}
	/* Without an end: nothing, whatever its length, until CAN. */
	enc_buf_reset(&out);
	enc_term_init(&t, NULL, NULL);
	enc_term_filter(&t, "\033P", 2, &out);
	for (int i = 0; i < 10000; i++)
		enc_term_filter(&t, "0123456789\a\n", 12, &out);
	assert_int_equal(out.len, 0);
	enc_term_filter(&t, "\030x", 2, &out);
	assert_string_equal(out.s, "x");
	enc_buf_done(&in);
	enc_buf_done(&out);
}

static void test_restore(void **state)
{
	static const struct row rows[] = {
		{"plain \033[3;4H\033[2K", ""},
		{"\033[?25l\033[?25h\033[?1049h\033[?1049l\033[?1000h\033[?1000l\033=\033>", ""},
		{"\033[?2026h", "\033[?2026l"},
		{"\033[?25l\033[?1h\033=", "\033[?1l\033[?25h\033>"},
		{"\033[?1000;1002;1003;1004;1005;1006;1015h",
		 "\033[?1000l\033[?1002l\033[?1003l\033[?1004l\033[?1005l\033[?1006l\033[?1015l"},
		{"\033[?2004h\033[4h\033[20h", "\033[4l\033[20l\033[?2004l"},
		{"\033[>1u\033[?1049h\033[>2u\033[>3u", "\033[<2u\033[?1049l\033[<1u"},
		{"\033[?47h", "\033[?47l"},
		{"\033[3;5r", "\0337\033[r\0338"},
		{"\033[?6h\033[?7l", "\033[?6l\033[r\033[999;1H\033[?7h"},
		{"\t\033[3g\033[8C\033H\t", "\033[?5W"},
		{"\033[31m\033(0\016", "\017\033(B\033[0m"},
		{"\033[>4;1m\033[3 q", "\033[>4m\033[0 q"},
		{"\033]8;;http://a\a\033]4;1;red\a\033]10;red\a\033]11;red\a\033]12;red\a",
		 "\033]8;;\033\\\033]104\033\\\033]110\033\\\033]111\033\\\033]112\033\\"},
		{"\033]8;;file:\a\033]4;1;?\a\033]10;?\a\033[7 q\033[>5;1m\033[>4;9m", ""},
		{"\033[22t\033[22;2t\033[23;2t", "\033[23;0t"},
	};
	struct enc_buf out = {0}, again = {0};
	struct enc_term t;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enc_term_init(&t, on_nothing, NULL);
		enc_term_filter(&t, rows[i].in, strlen(rows[i].in), &again);
		enc_buf_reset(&out);
		enc_term_restore(&t, &out);
		if (strcmp(out.len ? out.s : "", rows[i].out) != 0)
			fail_msg("after %s: %s", printable(rows[i].in, strlen(rows[i].in)), printable(out.s, out.len));
		/* Once. */
		enc_buf_reset(&out);
		enc_term_restore(&t, &out);
		assert_int_equal(out.len, 0);
	}
	enc_term_filter(&t, "\033[?1000h", 8, &out);
	assert_true(enc_term_reports(&t));
	enc_term_restore(&t, &out);
	assert_false(enc_term_reports(&t));
	enc_buf_done(&out);
	enc_buf_done(&again);
}

/* Where nobody reads what the terminal types, nothing changes that: no report, no key that is said in another way. */
static void test_unread(void **state)
{
	static const struct row rows[] = {
		{"\033[?1000h\033[?1002h\033[?1003h\033[?1004h\033[?1005h\033[?1006h\033[?1015h\033[?1016h\033[?2004h.",
		 "."},
		{"\033[>1u\033[=31;1u\033[<u\033[>4;2m\033[>4m\033=\033>\033[?1h\033[20h\033[?1l.", "."},
		{"\033[?1049;1000;25h\033[?1004;25l", "\033[?1049;25h\033[?25l"},
		{"\033[6n\033[c\033[5n\033Z.", "."},
		{"\033[4h\033[?7l\033[?2026h\033[?5h\033[2;3r\033[1m\033]0;t\033\\", NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *want = rows[i].out ? rows[i].out : rows[i].in;
		struct enc_buf out = {0};
		struct enc_term t;

		enc_term_init(&t, NULL, NULL);
		enc_term_filter(&t, rows[i].in, strlen(rows[i].in), &out);
		if (strcmp(out.s, want) != 0)
			fail_msg("%s became %s", printable(rows[i].in, strlen(rows[i].in)), printable(out.s, out.len));
		assert_false(enc_term_reports(&t));
		enc_buf_done(&out);
	}
}

static void test_cursor_report(void **state)
{
	static const char *yes[] = {"\033[1;1R", "\033[24;80R", "\033[99999;00001R"};
	static const char *no[] = {"",		 "\033[R",	   "\033[1R",	     "\033[;R",
				   "\033[1;R",	 "\033[;1R",	   "\033[1;1",	     "\033[1;1RR",
				   "x\033[1;1R", "\033[?1;1R",	   "\033[1;1;1R",    "\033[1;1n",
				   "\033[1 ;1R", "\033[123456;1R", "\033[1;123456R", "[1;1R",
				   "\033O1;1R",	 "\033[rm;xR"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(enc_term_is_cursor_report(yes[i], strlen(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(enc_term_is_cursor_report(no[i], strlen(no[i])));
	assert_false(enc_term_is_cursor_report("\033[1;1R", 5));
}

/* ---- whatever comes ---- */

static uint64_t seed = 88172645463325252ull;

static unsigned any(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % below;
}

/* Pieces of sequences, so that most of them are nearly right. */
static size_t hostile(char *to, size_t max)
{
	static const char *pieces[] = {"\033", "\033[",	 "\033[?",   "\033]", "\033P",	     "\033_",	 "\033\\",
				       "\a",   "\030",	 "\n",	     "\005",  "\233",	     "\302\233", "\220",
				       "\235", "\234",	 "\302\234", "?",     ">",	     "=",	 "<",
				       ";",    ":",	 "6",	     "5",     "1",	     "1049",	 "1000",
				       "25",   "2026",	 "22",	     "23",    "4",	     "n",	 "c",
				       "m",    "h",	 "l",	     "u",     "t",	     "p",	 "q",
				       "$",    "!",	 " ",	     "(",     "0",	     "B",	 "J",
				       "H",    "b",	 "T",	     "52;c;", "8;;http://x", "0;title",	 "10;red",
				       "11;?", "\u00e4", "\342\234", "\377",  "Z",	     "x"};
	size_t n = 0;

	while (n < max) {
		const char *p = pieces[any(sizeof(pieces) / sizeof(pieces[0]))];
		size_t len = strlen(p);

		if (any(12) == 0) {
			to[n++] = (char)any(256);
			continue;
		}
		if (n + len > max)
			break;
		memcpy(to + n, p, len);
		n += len;
	}
	return n;
}

static void test_random(void **state)
{
	struct enc_buf whole = {0}, pieces = {0}, twice = {0};
	unsigned drawn = 0;
	char in[160];

	for (int round = 0; round < 60000; round++) {
		size_t n = hostile(in, 1 + any(sizeof(in)));
		struct enc_term t, u, v;
		enc_term_query_fn reads = any(4) ? on_nothing : NULL;
		const char *bad;

		enc_buf_reset(&whole);
		enc_buf_reset(&pieces);
		enc_buf_reset(&twice);
		enc_term_init(&t, reads, NULL);
		enc_term_init(&u, reads, NULL);
		enc_term_init(&v, reads, NULL);
		enc_term_filter(&t, in, n, &whole);
		filter(&u, in, n, 1 + any(4), &pieces);
		enc_term_filter(&v, whole.s, whole.len, &twice);
		if (whole.len != pieces.len || (whole.len && memcmp(whole.s, pieces.s, whole.len) != 0))
			fail_msg("in pieces %s is another: %s", printable(in, n), printable(pieces.s, pieces.len));
		if (whole.len != twice.len || (whole.len && memcmp(whole.s, twice.s, whole.len) != 0))
			fail_msg("%s again is another: %s", printable(whole.s, whole.len),
				 printable(twice.s, twice.len));
		enc_term_restore(&t, &whole);
		bad = judge(whole.s, whole.len);
		if (bad)
			fail_msg("%s became %s: %s", printable(in, n), printable(whole.s, whole.len), bad);
		drawn += whole.len && memchr(whole.s, '\033', whole.len);
	}
	assert_true(drawn > 10000); /* the judge had something to judge */
	enc_buf_done(&whole);
	enc_buf_done(&pieces);
	enc_buf_done(&twice);
}

/* The judge is no rubber stamp. */
static void test_judge(void **state)
{
	static const char *bad[] = {"\033[6n",
				    "\033[5n",
				    "\033[c",
				    "\033[>c",
				    "\033[?1$p",
				    "\033[>q",
				    "\033[?u",
				    "\033[21t",
				    "\033[5i",
				    "\033P$qm\033\\",
				    "\033_Gx\033\\",
				    "\033]52;c;x\033\\",
				    "\033]10;?\033\\",
				    "\033]0;x",
				    "\033[",
				    "\033",
				    "\005",
				    "\302\233x",
				    "\2336n",
				    "\033Z",
				    "\033 G",
				    "\033[?2l",
				    "\033[?2048h",
				    "\033[1;2;3;4;5T",
				    "\033]0;x\a",
				    "\033[3\nm",
				    "\033]8;;file:///\033\\",
				    "\377",
				    "\033c",
				    "\033[?4m",
				    "\033[3J"};
	static const char *good = "x\033[1;31mred\033[0m\033]0;t\033\\\033(B\u00e4\n\033]8;;http://x/?[a]\033\\";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!judge(bad[i], strlen(bad[i])))
			fail_msg("the judge let %s pass", printable(bad[i], strlen(bad[i])));
	assert_null(judge(good, strlen(good)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	      cmocka_unit_test(test_draws),  cmocka_unit_test(test_questions),
		cmocka_unit_test(test_dropped),	      cmocka_unit_test(test_tricks), cmocka_unit_test(test_long),
		cmocka_unit_test(test_restore),	      cmocka_unit_test(test_judge),  cmocka_unit_test(test_random),
		cmocka_unit_test(test_cursor_report), cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
