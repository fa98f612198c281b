/* SPDX-License-Identifier: MIT */
/*
 * test_yaml.c - what is read as a tree, and what is refused at which place with which code
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/yaml.h"

/* A tree as one line: maps {k=v,}, lists [v,], scalars as text, quoted ones in quotes. */
static void dump(const struct enc_node *n, struct enc_buf *b)
{
	if (!n) {
		enc_buf_puts(b, "nothing");
	} else if (n->kind == ENC_NODE_SCALAR) {
		assert_int_equal(strlen(n->text), n->len);
		enc_buf_printf(b, n->plain ? "%s" : "'%s'", n->text);
	} else {
		enc_buf_putc(b, n->kind == ENC_NODE_MAP ? '{' : '[');
		for (size_t i = 0; i < n->n; i++) {
			if (n->kind == ENC_NODE_MAP)
				enc_buf_printf(b, "%s=", n->keys[i]->text);
			dump(n->items[i], b);
			enc_buf_putc(b, ',');
		}
		enc_buf_putc(b, n->kind == ENC_NODE_MAP ? '}' : ']');
	}
}

static const struct {
	const char *name, *text, *want;
} good[] = {
	{"empty", "", "nothing"},
	{"comment only", "# nothing\n", "nothing"},
	{"map", "a: 1\nb: x y\n", "{a=1,b=x y,}"},
	{"lists", "a: [1, [2], []]\nb:\n- x\n- y\n", "{a=[1,[2,],[],],b=[x,y,],}"},
	{"quotes", "a: '1'\nb: \"x\\ty\"\n", "{a='1',b='x\ty',}"},
	{"no types of YAML 1.1", "a: yes\nb: 0x10\nc: null\nd: ~\ne:\nf: 1_000\ng: 12:30:45\n",
	 "{a=yes,b=0x10,c=null,d=~,e=,f=1_000,g=12:30:45,}"},
	{"block text", "a: |\n  one\n  two\n", "{a='one\ntwo\n',}"},
	{"JSON", "{\"a\": [1, true, null], \"b\": {\"c\": \"\\u00e9\"}}", "{a=[1,true,null,],b={c='\xc3\xa9',},}"},
	{"document markers", "---\na: 1\n...\n", "{a=1,}"},
	{"no merge", "<<: 1\n", "{<<=1,}"},
	{"byte order mark",
	 "\xef\xbb\xbf"
	 "a: 1\n",
	 "{a=1,}"},
	{"CRLF", "a: 1\r\nb: 2\r\n", "{a=1,b=2,}"},
	{"scalar alone", "word", "word"},
	{"equal keys in different maps", "a: {x: 1}\nb: {x: 1}\n", "{a={x=1,},b={x=1,},}"},
};

static void reads(void **state)
{
	for (size_t i = 0; i < ENC_LEN(good); i++) {
		struct enc_arena *a = enc_arena_new();
		struct enc_buf b = {0};
		struct enc_node *n;
		struct enc_diags d;

		enc_diags_init(&d);
		if (enc_yaml_parse(a, "f", good[i].text, strlen(good[i].text), &d, &n) != 0)
			fail_msg("%s: refused: %s", good[i].name, d.n ? d.v[0].message : "without a word");
		dump(n, &b);
		if (strcmp(b.s, good[i].want) != 0)
			fail_msg("%s: %s, not %s", good[i].name, b.s, good[i].want);
		assert_int_equal(d.n, 0);
		enc_buf_done(&b);
		enc_diags_done(&d);
		enc_arena_free(a);
	}
}

static const struct {
	const char *name, *text;
	size_t n; /* 0: strlen */
	const char *code;
	int line, column; /* 0: not looked at */
} bad[] = {
	{"unclosed list", "a: [1, 2\nb: 3\n", 0, "E0101", 0, 0},
	{"unclosed quote", "a: 'x\n", 0, "E0101", 0, 0},
	{"tab for indent", "a:\n\t- x\n", 0, "E0101", 2, 1},
	{"bad indent", "a: 1\n  b: 2\n", 0, "E0101", 2, 4},
	{"anchor", "a: &x 1\n", 0, "E0102", 1, 4},
	{"alias", "a: *x\n", 0, "E0102", 1, 4},
	{"alias bomb", "a: &a [x]\nb: [*a, *a]\n", 0, "E0102", 1, 4},
	{"alias as key", "a: 1\n*x : 2\n", 0, "E0107", 2, 1},
	{"anchor at a list", "a: &x [1]\n", 0, "E0102", 1, 4},
	{"anchor at a map", "a: &x {b: 1}\n", 0, "E0102", 1, 4},
	{"anchor at a key", "&x a: 1\n", 0, "E0102", 1, 1},
	{"tag", "a: !!str 1\n", 0, "E0103", 1, 4},
	{"own tag", "a: !python/object:x 1\n", 0, "E0103", 1, 4},
	{"tag at a list", "a: !x [1]\n", 0, "E0103", 1, 4},
	{"directive", "%YAML 1.1\n---\na: 1\n", 0, "E0103", 1, 1},
	{"tag directive", "%TAG ! tag:x,2000:\n---\na: 1\n", 0, "E0103", 1, 1},
	{"double key", "a: 1\nb: 2\na: 3\n", 0, "E0104", 3, 1},
	{"double key deep in", "x:\n  - {b: 1, b: 2}\n", 0, "E0104", 2, 12},
	{"double key, one quoted", "a: 1\n\"a\": 2\n", 0, "E0104", 2, 1},
	{"list as key", "? [1]\n: 2\n", 0, "E0107", 1, 3},
	{"map as key", "{{a: 1}: 2}\n", 0, "E0107", 1, 2},
	{"two documents", "a: 1\n---\nb: 2\n", 0, "E0108", 2, 1},
	{"Latin-1", "a: caf\xe9\n", 0, "E0106", 1, 0},
	{"bad byte in a later line", "a: 1\nb: 2\nc: \xff\n", 0, "E0106", 3, 0},
	{"surrogate", "a: \xed\xa0\x80\n", 0, "E0106", 1, 0},
	{"UTF-16",
	 "\xff\xfe"
	 "a\0:\0 \0001\0",
	 10, "E0106", 1, 0},
	{"NUL", "a: x\0y\n", 7, "E0106", 1, 0},
	{"NUL by escape", "a: \"x\\0y\"\n", 0, "E0106", 1, 4},
	{"NUL by escape in a key", "\"x\\0\": 1\n", 0, "E0106", 1, 1},
	{"escape byte", "a: \033[2J\n", 0, "E0106", 1, 0},
};

static void refuses(void **state)
{
	for (size_t i = 0; i < ENC_LEN(bad); i++) {
		size_t n = bad[i].n ? bad[i].n : strlen(bad[i].text);
		struct enc_arena *a = enc_arena_new();
		char *copy = enc_alloc(n);
		struct enc_node *node = NULL;
		struct enc_diags d;

		memcpy(copy, bad[i].text, n);
		enc_diags_init(&d);
		if (enc_yaml_parse(a, "f", copy, n, &d, &node) != -EINVAL || node || d.n == 0)
			fail_msg("%s: not refused", bad[i].name);
		if (strcmp(d.v[0].code, bad[i].code) != 0 || (bad[i].line && d.v[0].line != bad[i].line) ||
		    (bad[i].column && d.v[0].column != bad[i].column))
			fail_msg("%s: %s at %d:%d (%s), not %s at %d:%d", bad[i].name, d.v[0].code, d.v[0].line,
				 d.v[0].column, d.v[0].message, bad[i].code, bad[i].line, bad[i].column);
		assert_string_equal(d.v[0].file, "f");
		enc_diags_done(&d);
		enc_arena_free(a);
		free(copy);
	}
}

/* 0, or the refusal's code in `code`. */
static int try(const struct enc_buf *b, char code[8])
{
	struct enc_arena *a = enc_arena_new();
	struct enc_node *node;
	struct enc_diags d;
	int r;

	enc_diags_init(&d);
	r = enc_yaml_parse(a, "f", b->s, b->len, &d, &node);
	snprintf(code, 8, "%s", d.n ? d.v[0].code : "");
	enc_diags_done(&d);
	enc_arena_free(a);
	return r;
}

static void sizes(void **state)
{
	static const struct {
		const char *name, *head, *part, *tail;
		size_t fits, too_much;
	} rows[] = {
		{"depth of lists", "", "[", "", 64, 65},
		{"values", "[", "1,", "]", 99998, 100000},
		{"bytes", "a: ", "x", "", (1u << 20) - 3, (1u << 20) - 2},
	};

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		for (int over = 0; over < 2; over++) {
			size_t n = over ? rows[i].too_much : rows[i].fits;
			struct enc_buf b = {0};
			char code[8];
			int r;

			enc_buf_puts(&b, rows[i].head);
			for (size_t k = 0; k < n; k++)
				enc_buf_puts(&b, rows[i].part);
			for (size_t k = 0; i == 0 && k < n; k++)
				enc_buf_putc(&b, ']');
			enc_buf_puts(&b, rows[i].tail);
			r = try(&b, code);
			if (over ? r != -EINVAL || strcmp(code, "E0105") != 0 : r != 0)
				fail_msg("%s, %zu: %d %s", rows[i].name, n, r, code);
			enc_buf_done(&b);
		}
	}
}

/* A map of many keys costs no quadratic time: this would take minutes. */
static void many_keys(void **state)
{
	struct enc_buf b = {0};
	char code[8];

	for (int i = 0; i < 49000; i++)
		enc_buf_printf(&b, "k%d: 1\n", i);
	assert_int_equal(try(&b, code), 0);
	enc_buf_puts(&b, "k7: 1\n");
	assert_int_equal(try(&b, code), -EINVAL);
	assert_string_equal(code, "E0104");
	enc_buf_done(&b);
}

static void marks_and_lookup(void **state)
{
	static const char text[] = "one: 1\ntwo:\n  - x\n  - \"a b\"\n";
	struct enc_arena *a = enc_arena_new();
	const struct enc_node *two;
	struct enc_node *n;
	struct enc_diags d;

	enc_diags_init(&d);
	assert_int_equal(enc_yaml_parse(a, "f", text, strlen(text), &d, &n), 0);
	assert_string_equal(enc_node_str(n, "one"), "1");
	assert_null(enc_node_str(n, "two"));
	assert_null(enc_node_get(n, "three"));
	assert_null(enc_node_get(NULL, "x"));
	two = enc_node_get(n, "two");
	assert_null(enc_node_get(two, "x"));
	assert_int_equal(n->keys[1]->at.line, 2);
	assert_int_equal(two->items[1]->at.line, 4);
	assert_int_equal(two->items[1]->at.column, 5);
	assert_int_equal(two->items[1]->at.width, 5);
	enc_diags_done(&d);
	enc_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),     cmocka_unit_test(refuses),		 cmocka_unit_test(sizes),
		cmocka_unit_test(many_keys), cmocka_unit_test(marks_and_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
