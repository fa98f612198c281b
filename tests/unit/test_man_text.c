/* SPDX-License-Identifier: MIT */
/*
 * test_man_text.c - what tables and docs say, as scdoc: marks become marks, and nothing else does
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/man_text.h"

static const struct {
	const char *name, *in, *want;
} lines[] = {
	{"plain", "nothing to see", "nothing to see"},
	{"code", "say `enclosure plan` first", "say *enclosure plan* first"},
	{"marks of scdoc in text", "a_b * c\\d C++", "a\\_b \\* c\\\\d C\\+\\+"},
	{"marks of scdoc in code", "`LC_*` and `**/`", "*LC\\_\\** and *\\*\\*/*"},
	{"emphasis", "is a *clause* with", "is a _clause_ with"},
	{"strong", "it **refuses** then", "it *refuses* then"},
	{"a lone star is no emphasis", "2 * 3 * 4", "2 \\* 3 \\* 4"},
	{"a lone backtick is text", "a ` b", "a ` b"},
	{"options", "as run --timeout, or -m FILE", "as run *--timeout*, or *-m* _FILE_"},
	{"no options", "well-known a-b -- --", "well-known a-b -- --"},
	{"an operand", "RUN is a RUNNER; FILE's", "_RUN_ is a RUNNER; _FILE_'s"},
	{"begins like a list", "- so", "\\- so"},
	{"begins like a heading", "# so", "\\# so"},
	{"begins like a table", "|a [b", "\\|a [b"},
	{"begins like a comment", "; so", "\\; so"},
};

static void test_lines(void **state)
{
	for (size_t i = 0; i < ENC_LEN(lines); i++) {
		struct enc_buf b = {0};

		man_inline(&b, lines[i].in, strlen(lines[i].in), " RUN FILE ");
		if (strcmp(b.s, lines[i].want) != 0)
			fail_msg("%s: got '%s', want '%s'", lines[i].name, b.s, lines[i].want);
		enc_buf_done(&b);
	}
}

static const struct {
	const char *name, *in, *want;
} pages[] = {
	{"paragraphs are put on one line", "one\ntwo\n\nthree\n", "one two\n\nthree\n\n"},
	{"title and comments are left out", "<!-- x -->\n# Title\n\ntext\n", "text\n\n"},
	{"sections", "## How `it` is\n\n### `network`\n", "# HOW IT IS\n\n## network\n\n"},
	{"a list", "- one\n  more\n- two\n\nafter\n", "- one more\n- two\n\nafter\n\n"},
	{"code", "```yaml\na: _b_\n  c\n```\n", "```\na: _b_\n  c\n```\n\n"},
	{"a table of two", "| kind | form |\n|---|---|\n| size | `2G` |\n", "*size*\n\t*2G*\n\n"},
	{"a table of keys",
	 "| key | type, unit | default | mechanism | meaning |\n|---|---|---|---|---|\n"
	 "| `a.b` | `x\\|y` | none | rlimit | What it is. |\n",
	 "*a.b* (*x|y*)\n\tWhat it is. Default: none. Enforced by: rlimit.\n\n"},
	{"a key without mechanism", "|k|t|d|m|x|\n|---|---|---|---|---|\n| `a` | t | required | - | X. |\n",
	 "*a* (t)\n\tX. Required.\n\n"},
	{"an unbound key", "|k|t|d|m|x|\n|-|-|-|-|-|\n| `a` | t | [] | not bound in this version | X. |\n",
	 "*a* (t)\n\tX. Default: []. It is not bound in this version.\n\n"},
};

static void test_pages(void **state)
{
	for (size_t i = 0; i < ENC_LEN(pages); i++) {
		struct enc_buf b = {0};

		man_markdown(&b, pages[i].in);
		if (strcmp(b.s ? b.s : "", pages[i].want) != 0)
			fail_msg("%s: got '%s', want '%s'", pages[i].name, b.s, pages[i].want);
		enc_buf_done(&b);
	}
}

static void test_description(void **state)
{
	struct enc_buf b = {0};

	man_paragraphs(&b, "FILE is\nread.\n  enclosure x *_\n  more\nThen --json.\n\nEnd.", " FILE ");
	assert_string_equal(b.s, "_FILE_ is read.\n\n```\nenclosure x *_\nmore\n```\n\nThen *--json*.\n\nEnd.\n\n");
	enc_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
