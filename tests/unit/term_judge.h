/* SPDX-License-Identifier: MIT */
/*
 * term_judge.h - does a text for a terminal hold only what draws? Written from what terminals answer to, with regular
 * expressions and apart from the filter that it judges: no state, no streaming, one sequence after the other.
 */
#ifndef ENC_TEST_TERM_JUDGE_H
#define ENC_TEST_TERM_JUDGE_H

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define JUDGE_MODES "(1|5|6|7|12|25|45|47|1000|1002|1003|1004|1005|1006|1015|1016|1047|1048|1049|2004|2026)"
static const char *const judge_allowed[] = {
	"^\033\\[[0-9]*(;[0-9]*)?[Hfr]",
	"^\033\\[[0-9]*[A-GIZ`adeLMPX@gKSTb]",
	"^\033\\[[su]",
	"^\033\\[\\??[0-2]?J",
	"^\033\\[\\?[0-9]*K",
	"^\033\\[[0-9;:]*m",
	"^\033\\[>4(;[0-3]?)?m",
	"^\033\\[[0-6]? q",
	"^\033\\[!p",
	"^\033\\[\\?5W",
	"^\033\\[(4|20)(;(4|20))*[hl]",
	"^\033\\[\\?" JUDGE_MODES "(;" JUDGE_MODES ")*[hl]",
	"^\033\\[2[23](;[0-2]?(;0?)?)?t",
	"^\033\\[[<>][0-9]*u",
	"^\033\\[=[0-9]*(;[0-9]*)?u",
	"^\033[78DEHM=>]",
	"^\033[()*+][B0A]",
	"^\033#8",
	"^\033\\][012];[^\001-\037\177]*\033\\\\",
	"^\033\\]8;[-A-Za-z0-9=:._]*;(https?://[]!#-;=?-Z_a-z~[]*)?\033\\\\",
	"^\033\\](4|1[012]);[A-Za-z0-9#:/., ;]+\033\\\\",
	"^\033\\](104(;[0-9A-Za-z;]*)?|11[012])\033\\\\",
	"^\033\\]133;([A-D]|D;[0-9]+)\033\\\\",
};
#define JUDGE_N (sizeof(judge_allowed) / sizeof(judge_allowed[0]))

static size_t judge_sequence(const char *s)
{
	static regex_t compiled[JUDGE_N];
	static int ready;
	regmatch_t m;

	for (size_t i = 0; !ready && i < JUDGE_N; i++)
		if (regcomp(&compiled[i], judge_allowed[i], REG_EXTENDED) != 0)
			abort();
	ready = 1;
	for (size_t i = 0; i < JUDGE_N; i++)
		if (regexec(&compiled[i], s, 1, &m, 0) == 0)
			return (size_t)m.rm_eo;
	return 0;
}

/* NULL, or what is wrong with it. `s` is terminated. */
static const char *judge(const char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\033') {
			len = judge_sequence(s + i);
			if (!len)
				return "a sequence that is not on the list";
		} else if (c < 0x20) {
			len = 1;
			if (!c || !strchr("\a\b\t\n\v\f\r\016\017", c))
				return "a control";
		} else {
			len = enc_utf8_len(s + i, n - i);
			if (c == 0x7f || !len)
				return "no character";
			if (len == 2 && c == 0xc2 && (unsigned char)s[i + 1] < 0xa0)
				return "an 8-bit control";
		}
	}
	return NULL;
}

#endif
