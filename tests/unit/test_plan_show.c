/* SPDX-License-Identifier: MIT */
/*
 * test_plan_show.c - a plan as a person reads it: alike rows in one, what is unbound first and whole, any width
 */
#include "plan_fixture.h"

#include "base/utf8.h"

static struct enc_buf shown;

static const char *show(int columns, bool color)
{
	enc_buf_reset(&shown);
	enc_plan_show(plan, &shown, columns, color);
	assert_true(enc_utf8_ok(shown.s, shown.len));
	return shown.s;
}

static void has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text ? text : "");
}

static void hasnt(const char *text, const char *part)
{
	if (text && strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

/* Columns of the widest line, one a character. */
static size_t widest(const char *text)
{
	size_t most = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n"), width = 0;

		for (size_t i = 0; i < n; i++)
			width += ((unsigned char)line[i] & 0xc0) != 0x80;
		most = width > most ? width : most;
	}
	return most;
}

static void test_alike_rows_are_one(void **state)
{
	struct fixture *f = *state;
	const char *text;

	tree(f, "");
	assert_non_null(plan_of(f,
				"filesystem:\n  write: [$WORKSPACE]\n"
				"  deny: [/n/a, /n/b, {path: /n/c, optional: true}, /n/d]\n"
				"  protect: [{path: x, optional: true}, {path: y, optional: true}]\n"
				"env: {pass: [TERM, LANG, LC_*], set: {A: b}}\n",
				NULL, 0));
	text = show(100, false);
	has(text, "  deny 4 paths ");
	has(text, "\n      /n/a, /n/b, /n/c, /n/d\n");
	hasnt(text, "deny /n/a");
	has(text, "(outside of every grant)");
	/* Two are told each for itself. */
	has(text, "protect x if it is there");
	has(text, "protect y if it is there");
	has(text, "  pass 3 variables ");
	has(text, "\n      TERM, LANG, LC_*\n");
	has(text, "set the variable A");
	hasnt(text, "\033");
	has(show(100, true), "\033[2m      /n/a, ");
	has(show(100, false), "all bound");
}

/* Those that are held in another way, or that say something else, stand apart. */
static void test_only_the_alike(void **state)
{
	struct fixture *f = *state;
	const char *text;

	tree(f, "touch home/ws/a home/ws/b home/ws/c");
	assert_non_null(plan_of(f,
				"filesystem:\n  write: [$WORKSPACE]\n  deny: [/n/a, a, /n/b, b, /n/c, c]\n"
				"  protect: [/n/d]\n",
				NULL, 0));
	text = show(100, false);
	has(text, "\n      /n/a, /n/b, /n/c\n");
	has(text, "\n      a, b, c\n");
	has(text, "protect /n/d");
	if (geteuid() != 0)
		return;
	/* Root's closed folder is shown by an idmapped mount, the others are not. */
	tree(f, "mkdir outside/a outside/b outside/c outside/d && chmod 700 outside/d");
	assert_non_null(plan_of(
		f, "filesystem:\n  write: [$WORKSPACE]\n  read: [@/outside/a, @/outside/b, @/outside/c, @/outside/d]\n",
		NULL, 0));
	text = show(200, false);
	has(text, "read 3 paths");
	has(text, "/outside/d ");
}

static void test_unbound_first_and_whole(void **state)
{
	struct fixture *f = *state;
	char name[700];
	char *manifest;
	const char *text;

	tree(f, "");
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 50 ? 'x' : '/';
	name[sizeof(name) - 1] = '\0';
	manifest = enc_asprintf("filesystem: {read: [%s, /nowhere/1, /nowhere/2, /nowhere/3], write: [$WORKSPACE]}\n",
				name);
	assert_non_null(plan_of(f, manifest, NULL, 0));
	free(manifest);
	text = show(80, false);
	has(text, name);
	has(text,
	    "read /nowhere/1  UNBOUND\n      filesystem.read[1]: /nowhere/1 does not exist\n      next: create it");
	has(text, "read /nowhere/2  UNBOUND");
	has(text, "read /nowhere/3  UNBOUND");
	assert_true(strstr(text, "UNBOUND") < strstr(text, "holds"));
	assert_null(strstr(strstr(text, "holds"), "UNBOUND"));
	has(text, "4 of ");
}

static void test_width(void **state)
{
	struct fixture *f = *state;
	static const int widths[] = {40, 41, 57, 80, 100, 220};

	tree(f, "mkdir -p 'home/ws/\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244'");
	assert_non_null(plan_of(
		f,
		"filesystem:\n  write: [$WORKSPACE]\n"
		"  deny: [\"\303\244\303\266\303\274\303\244\303\266\303\274\303\244\303\266\303\274\303\244\"]\n"
		"  protect:\n"
		"    - {path: \"\303\244\303\266\303\274\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254"
		"\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254"
		"\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254"
		"\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254\342\202\254"
		"\", optional: true}\n"
		"  read: [/usr, /etc]\nlimits: {memory: 1G, files: 99, time: 5m}\n",
		NULL, 0));
	for (size_t i = 0; i < ENC_LEN(widths); i++) {
		const char *text = strstr(show(widths[i], false), "holds");
		const char *end = strstr(text, "\nnetwork");
		char *files = enc_strndup(text, (size_t)(end - text));

		/* Below 80 the mechanisms may stand over; a path or a note never does. */
		if (widths[i] >= 80)
			assert_in_range(widest(files), 40, (unsigned)widths[i]);
		has(files, "\303\244\303\266\303\274");
		free(files);
	}
	hasnt(show(220, false), "~");
	has(show(40, false), "~");
}

static void test_control_bytes(void **state)
{
	struct fixture *f = *state;

	tree(f, "");
	assert_non_null(plan_of(f,
				"filesystem: {write: [$WORKSPACE], deny: [\"/n/\\e]31mred\", \"/n/\\nline\", /n/c]}\n",
				NULL, 0));
	hasnt(show(100, false), "\033");
	has(show(100, false), "/n/\\x1b]31mred, /n/\\x0aline, /n/c\n");
}

static int done(void **state)
{
	enc_buf_done(&shown);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_alike_rows_are_one, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_only_the_alike, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_unbound_first_and_whole, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_width, plan_open, plan_close),
		cmocka_unit_test_setup_teardown(test_control_bytes, plan_open, plan_close),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
