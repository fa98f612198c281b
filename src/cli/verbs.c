/* SPDX-License-Identifier: MIT */
/*
 * verbs.c - the list of verbs, and the way from argv to one of them
 */
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/opt.h"

/* One a line, so that a new one is a line. */
/* clang-format off */
const struct enc_verb *const enc_verbs[] = {
	&enc_verb_init,
	&enc_verb_run,
	&enc_verb_ps,
	&enc_verb_attach,
	&enc_verb_stop,
	&enc_verb_wait,
	&enc_verb_result,
	&enc_verb_logs,
	&enc_verb_diff,
	&enc_verb_apply,
	&enc_verb_discard,
	&enc_verb_plan,
	&enc_verb_policy_check,
	&enc_verb_policy_show,
	&enc_verb_policy_explain,
	&enc_verb_import_srt,
	&enc_verb_import_codex,
	&enc_verb_import_bwrap,
	&enc_verb_trust,
	&enc_verb_capabilities,
	&enc_verb_doctor,
	NULL,
};
/* clang-format on */

static void overall_help(struct enc_buf *out)
{
	enc_buf_puts(out, "enclosure - run an AI agent inside a boundary that was planned before\n\nusage: enclosure "
			  "VERB [OPTION...]\n\nVerbs:\n");
	for (size_t i = 0; enc_verbs[i]; i++)
		enc_buf_printf(out, "  %-16s %s\n", enc_verbs[i]->name, enc_verbs[i]->summary);
	enc_buf_puts(out, "\nOptions:\n  -h, --help       show this help\n      --version    show the version\n"
			  "\nenclosure VERB --help, enclosure help VERB and man enclosure-VERB tell more. Begin with:\n"
			  "  enclosure doctor                    is this machine ready?\n"
			  "  enclosure plan                      what would be enforced here, and how?\n"
			  "  enclosure run -- COMMAND [ARG...]   run it inside\n");
}

static int no_verb(const char *what, const char *near)
{
	struct enc_err e = {0};

	ENC_FAIL(&e, EINVAL, "there is no verb '%s'", what);
	if (near)
		enc_err_id(&e, "E0701", "did you mean 'enclosure %s'?", near);
	else
		enc_err_id(&e, "E0701", "enclosure --help");
	return enc_cli_error(&e, false, 64);
}

/* "policy check" is two words of argv; *ret_words says how many were used. */
static const struct enc_verb *find(int argc, char **argv, int *ret_words)
{
	char two[64];

	snprintf(two, sizeof(two), "%s %s", argv[0], argc > 1 ? argv[1] : "");
	for (size_t i = 0; enc_verbs[i]; i++) {
		*ret_words = 1 + (strchr(enc_verbs[i]->name, ' ') != NULL);
		if (strcmp(enc_verbs[i]->name, *ret_words == 1 ? argv[0] : two) == 0)
			return enc_verbs[i];
	}
	return NULL;
}

static int unknown(int argc, char **argv)
{
	const char *names[32];
	char two[64];
	size_t n = 0;

	for (; enc_verbs[n]; n++)
		names[n] = enc_verbs[n]->name;
	snprintf(two, sizeof(two), "%.20s %.40s", argv[0], argc > 1 ? argv[1] : "");
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(argv[0]);

		if (strncmp(names[i], argv[0], len) == 0 && names[i][len] == ' ')
			return no_verb(two, argc > 1 ? enc_nearest(two, names, n) : names[i]);
	}
	return no_verb(argv[0], enc_nearest(argv[0], names, n));
}

static int print_help(const struct enc_verb *v)
{
	struct enc_buf b = {0};
	int r;

	enc_opt_help(v, &b);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}

/* help VERB; of a group ("policy") all of its verbs. */
static int help_of(int argc, char **argv)
{
	size_t len = strlen(argv[0]);
	int words, r = -1;
	const struct enc_verb *v = find(argc, argv, &words);

	if (v)
		return print_help(v);
	for (size_t i = 0; argc == 1 && enc_verbs[i] && r <= 0; i++) {
		if (strncmp(enc_verbs[i]->name, argv[0], len) != 0 || enc_verbs[i]->name[len] != ' ')
			continue;
		r = r < 0 ? 0 : enc_write_all(STDOUT_FILENO, "\n", 1);
		r = print_help(enc_verbs[i]);
	}
	return r < 0 ? unknown(argc, argv) : r;
}

static bool wants_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int run_verb(const struct enc_verb *v, int argc, char **argv)
{
	enc_auto(enc_free_auto) void *args = enc_alloc(v->args_size ? v->args_size : 1);
	enc_auto(enc_free_auto) char **operands = enc_alloc((size_t)(argc + 1) * sizeof(*operands));
	struct enc_err e = {0};
	int n = enc_opt_parse(v, argc, argv, args, operands, &e);

	if (n == ENC_OPT_HELP)
		return print_help(v);
	if (n < 0)
		return enc_cli_error(&e, wants_json(argc, argv), v->usage_status ? v->usage_status : 64);
	return v->run(v, args, n, operands);
}

/* 0, 1 and 2 are always open, so that no file that we open later is taken for one of them. */
static int check_streams(void)
{
	bool closed_out = fcntl(STDOUT_FILENO, F_GETFD) < 0;

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			_exit(125);
	return closed_out ? -EBADF : 0;
}

int enc_cli_main(int argc, char **argv)
{
	const struct enc_verb *v;
	struct enc_buf b = {0};
	int words, r;

	r = check_streams();
	if (r == 0 && argc < 2) {
		overall_help(&b);
		(void)enc_write_all(STDERR_FILENO, b.s, b.len);
		enc_buf_done(&b);
		return 64;
	}
	v = argc >= 2 ? find(argc - 1, argv + 1, &words) : NULL;
	if (r < 0) {
		struct enc_err e = {0};

		ENC_FAIL(&e, EBADF, "standard output is closed");
		enc_err_id(&e, "E0702", "redirect it, to /dev/null if it is not wanted");
		return enc_cli_error(&e, false, v && v->usage_status ? v->usage_status : 2);
	}
	if (strcmp(argv[1], "help") == 0 && argc > 2)
		return help_of(argc - 2, argv + 2);
	if (!v && argc == 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_of(1, argv + 1);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
		overall_help(&b);
	else if (strcmp(argv[1], "--version") == 0)
		enc_buf_puts(&b, "enclosure " ENC_VERSION "\n");
	else
		return v ? run_verb(v, argc - 1 - words, argv + 1 + words) : unknown(argc - 1, argv + 1);
	r = enc_cli_out(&b);
	enc_buf_done(&b);
	return r;
}
