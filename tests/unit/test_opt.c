/* SPDX-License-Identifier: MIT */
/*
 * test_opt.c - command lines against one table: what is taken, what is refused and in which words
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/opt.h"

struct args {
	const char *manifest;
	uint64_t timeout, count;
	bool json, tee;
	struct enc_opt_list masks;
};

static const struct enc_opt opts[] = {
	{'m', "manifest", "FILE", ENC_OPT_TEXT, offsetof(struct args, manifest), "the manifest"},
	{'t', "timeout", "TIME", ENC_OPT_TIME, offsetof(struct args, timeout), "the time"},
	{0, "count", "N", ENC_OPT_U64, offsetof(struct args, count), "a number"},
	{'j', "json", NULL, ENC_OPT_FLAG, offsetof(struct args, json), "print JSON"},
	{'e', "tee", NULL, ENC_OPT_FLAG, offsetof(struct args, tee), "show too"},
	{0, "mask", "MECHANISM", ENC_OPT_LIST, offsetof(struct args, masks), "without"},
};

static const struct enc_verb verb = {
	.name = "try",
	.summary = "try options",
	.operands = "[--] COMMAND [ARG...]",
	.opts = opts,
	.n_opts = ENC_LEN(opts),
	.args_size = sizeof(struct args),
	.min_operands = 1,
	.max_operands = -1,
	.stop_at_operand = true,
};

static const struct {
	const char *name;
	const char *argv[8];
	int want;	 /* operands, or negative */
	const char *say; /* part of the message */
	const char *hint;
} cases[] = {
	{"operand stops options", {"-j", "cmd", "-x"}, 2, NULL, NULL},
	{"double dash", {"--", "-j"}, 1, NULL, NULL},
	{"value after equals", {"--manifest=a.yaml", "cmd"}, 1, NULL, NULL},
	{"short value joined", {"-ma.yaml", "cmd"}, 1, NULL, NULL},
	{"short flags joined", {"-je", "cmd"}, 1, NULL, NULL},
	{"short flags then value", {"-jm", "a.yaml", "cmd"}, 1, NULL, NULL},
	{"list repeats", {"--mask", "a", "--mask=b", "cmd"}, 1, NULL, NULL},
	{"single dash is an operand", {"-"}, 1, NULL, NULL},
	{"help", {"--json", "--help"}, ENC_OPT_HELP, NULL, NULL},
	{"help behind the operand is the command's", {"cmd", "--help"}, 2, NULL, NULL},
	{"missing value", {"--manifest"}, -EINVAL, "--manifest needs FILE", "try --help"},
	{"missing short value", {"-m"}, -EINVAL, "-m needs FILE", NULL},
	{"empty value", {"--manifest=", "cmd"}, -EINVAL, "not an empty text", NULL},
	{"flag with value", {"--json=yes", "cmd"}, -EINVAL, "--json takes no value (got 'yes')", NULL},
	{"twice", {"--json", "--json", "cmd"}, -EINVAL, "--json was given twice", NULL},
	{"unknown long",
	 {"--manfest", "x", "cmd"},
	 -EINVAL,
	 "unknown option '--manfest'",
	 "did you mean '--manifest'?"},
	{"unknown short", {"-z", "cmd"}, -EINVAL, "unknown option '-z'", NULL},
	{"no time", {"--timeout", "5", "cmd"}, -EINVAL, "'5' is not a time", NULL},
	{"zero time", {"--timeout", "0s", "cmd"}, -EINVAL, "'0s' is not a time", NULL},
	{"no number", {"--count", "-1", "cmd"}, -EINVAL, "'-1' is not a number", NULL},
	{"number too large", {"--count", "18446744073709551616", "cmd"}, -EINVAL, "not a number", NULL},
	{"no operand", {"--json"}, -EINVAL, "an operand is missing", NULL},
};

static int parse(struct enc_arena *arena, size_t i, struct args *a, char **operands, struct enc_err *e)
{
	char *argv[9] = {0};
	int argc = 0;

	memset(a, 0, sizeof(*a));
	for (; argc < 8 && cases[i].argv[argc]; argc++)
		argv[argc] = enc_arena_strdup(arena, cases[i].argv[argc]);
	return enc_opt_parse(&verb, argc, argv, a, operands, e);
}

static void test_cases(void **state)
{
	for (size_t i = 0; i < ENC_LEN(cases); i++) {
		struct args a;
		struct enc_err e = {0};
		char *operands[9];
		enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
		int r = parse(arena, i, &a, operands, &e);

		if (r != cases[i].want)
			fail_msg("%s: got %d (%s), want %d", cases[i].name, r, e.text, cases[i].want);
		if (cases[i].say && !strstr(e.text, cases[i].say))
			fail_msg("%s: message is '%s'", cases[i].name, e.text);
		if (cases[i].hint && !strstr(e.hint, cases[i].hint))
			fail_msg("%s: hint is '%s'", cases[i].name, e.hint);
		if (r == -EINVAL && strcmp(e.id, "E0701") != 0)
			fail_msg("%s: code is '%s'", cases[i].name, e.id);
		free(a.masks.v);
	}
}

static void test_values(void **state)
{
	const char *line[] = {"-t", "90s", "--count=7", "-j", "--mask", "landlock", "--mask=idmap", "run", "-j"};
	char *argv[10] = {0}, *operands[10];
	struct args a = {0};
	struct enc_err e = {0};
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();

	for (size_t i = 0; i < ENC_LEN(line); i++)
		argv[i] = enc_arena_strdup(arena, line[i]);
	assert_int_equal(enc_opt_parse(&verb, ENC_LEN(line), argv, &a, operands, &e), 2);
	assert_int_equal(a.timeout, 90000000000ull);
	assert_int_equal(a.count, 7);
	assert_true(a.json);
	assert_false(a.tee);
	assert_int_equal(a.masks.n, 2);
	assert_string_equal(a.masks.v[1], "idmap");
	assert_string_equal(operands[0], "run");
	assert_string_equal(operands[1], "-j");
	assert_null(operands[2]);
	free(a.masks.v);
}

/* Every verb's table is sound, since parser, help and manual rely on it. */
static void test_tables(void **state)
{
	for (size_t i = 0; enc_verbs[i]; i++) {
		const struct enc_verb *v = enc_verbs[i];
		struct enc_buf b = {0};

		assert_non_null(v->run);
		assert_true(v->n_opts <= 64);
		for (size_t k = 0; k < v->n_opts; k++) {
			const struct enc_opt *o = &v->opts[k];

			if ((o->kind == ENC_OPT_FLAG) != (o->arg == NULL))
				fail_msg("%s --%s: a flag has no argument, others have one", v->name, o->name);
			if (o->offset >= v->args_size)
				fail_msg("%s --%s: offset outside of the arguments", v->name, o->name);
			if (strcmp(o->name, "help") == 0 || o->shortname == 'h')
				fail_msg("%s --%s: help is the parser's", v->name, o->name);
			for (size_t m = 0; m < k; m++)
				if (strcmp(o->name, v->opts[m].name) == 0 ||
				    (o->shortname && o->shortname == v->opts[m].shortname))
					fail_msg("%s: option %s stands twice", v->name, o->name);
		}
		enc_opt_help(v, &b);
		assert_non_null(strstr(b.s, v->summary));
		assert_non_null(strstr(b.s, "Exit status:"));
		enc_buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
