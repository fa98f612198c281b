/* SPDX-License-Identifier: MIT */
/*
 * opt.c - options and help out of a verb's table
 *
 * Long options take "--name VALUE" and "--name=VALUE", short ones "-m VALUE" and "-mVALUE"; flags of one letter can be
 * joined. "--" ends options. An option that was given twice and is no list is an error: two answers to one question.
 */
#include "cli/opt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct parse {
	const struct enc_verb *verb;
	char *args;
	bool seen[64];
	struct enc_err *e;
};

static const char *shown(const struct enc_opt *o, char *buf, size_t n)
{
	snprintf(buf, n, "--%s", o->name);
	return buf;
}

#define BAD(p, ...) \
	(ENC_FAIL((p)->e, EINVAL, __VA_ARGS__), enc_err_id((p)->e, "E0701", "enclosure %s --help", (p)->verb->name))

static int store(struct parse *p, const struct enc_opt *o, const char *value)
{
	size_t index = (size_t)(o - p->verb->opts);
	char name[40];
	void *slot = p->args + o->offset;
	struct enc_opt_list *list;
	int r = 0;

	if (p->seen[index] && o->kind != ENC_OPT_LIST)
		return BAD(p, "%s was given twice", shown(o, name, sizeof(name)));
	p->seen[index] = true;

	switch (o->kind) {
	case ENC_OPT_FLAG: *(bool *)slot = true; break;
	case ENC_OPT_TEXT:
		if (!*value)
			return BAD(p, "%s needs %s, not an empty text", shown(o, name, sizeof(name)), o->arg);
		*(const char **)slot = value;
		break;
	case ENC_OPT_LIST:
		list = slot;
		*ENC_PUSH(list->v, list->n) = value;
		break;
	case ENC_OPT_TIME:
		r = enc_parse_time(value, slot);
		if (r == 0 && *(uint64_t *)slot == 0)
			r = -EINVAL;
		if (r < 0)
			return BAD(p, "%s: '%s' is not a time such as 500ms, 30s, 10m or 2h",
				   shown(o, name, sizeof(name)), value);
		break;
	case ENC_OPT_U64:
		if (enc_parse_u64(value, slot) < 0)
			return BAD(p, "%s: '%s' is not a number", shown(o, name, sizeof(name)), value);
		break;
	}
	return 0;
}

static const struct enc_opt *find_long(const struct enc_verb *v, const char *name, size_t n)
{
	for (size_t i = 0; i < v->n_opts; i++)
		if (strlen(v->opts[i].name) == n && memcmp(v->opts[i].name, name, n) == 0)
			return &v->opts[i];
	return NULL;
}

static const struct enc_opt *find_short(const struct enc_verb *v, char c)
{
	for (size_t i = 0; i < v->n_opts; i++)
		if (v->opts[i].shortname == c)
			return &v->opts[i];
	return NULL;
}

static int unknown_long(struct parse *p, const char *arg, size_t n)
{
	const char *names[64];
	char word[64];
	const char *near;

	for (size_t i = 0; i < p->verb->n_opts; i++)
		names[i] = p->verb->opts[i].name;
	snprintf(word, sizeof(word), "%.*s", (int)n, arg + 2);
	near = enc_nearest(word, names, p->verb->n_opts);
	ENC_FAIL(p->e, EINVAL, "unknown option '--%s'", word);
	if (near)
		return enc_err_id(p->e, "E0701", "did you mean '--%s'?", near);
	return enc_err_id(p->e, "E0701", "enclosure %s --help", p->verb->name);
}

/* Returns how many further arguments were used (0 or 1), or negative. */
static int take_long(struct parse *p, char **argv)
{
	const char *arg = argv[0];
	size_t n = strcspn(arg + 2, "=");
	const struct enc_opt *o = find_long(p->verb, arg + 2, n);
	const char *value = arg[2 + n] == '=' ? arg + 3 + n : NULL;
	char name[40];

	if (!o)
		return unknown_long(p, arg, n);
	if (o->kind == ENC_OPT_FLAG)
		return value ? BAD(p, "%s takes no value (got '%s')", shown(o, name, sizeof(name)), value)
			     : store(p, o, NULL);
	if (value)
		return store(p, o, value);
	if (!argv[1])
		return BAD(p, "%s needs %s", shown(o, name, sizeof(name)), o->arg);
	return store(p, o, argv[1]) < 0 ? -EINVAL : 1;
}

static int take_short(struct parse *p, char **argv)
{
	for (const char *c = argv[0] + 1; *c; c++) {
		const struct enc_opt *o = find_short(p->verb, *c);
		char name[8] = {'-', *c};

		if (!o)
			return BAD(p, "unknown option '%s'", name);
		if (o->kind == ENC_OPT_FLAG) {
			if (store(p, o, NULL) < 0)
				return -EINVAL;
			continue;
		}
		if (c[1])
			return store(p, o, c + 1);
		if (!argv[1])
			return BAD(p, "%s needs %s", name, o->arg);
		return store(p, o, argv[1]) < 0 ? -EINVAL : 1;
	}
	return 0;
}

static int check_operands(struct parse *p, int n, char **operands)
{
	if (n < p->verb->min_operands)
		return BAD(p, "an operand is missing: enclosure %s %s", p->verb->name, p->verb->operands);
	if (p->verb->max_operands >= 0 && n > p->verb->max_operands)
		return BAD(p, "unexpected operand '%s'", operands[p->verb->max_operands]);
	return 0;
}

int enc_opt_parse(const struct enc_verb *verb, int argc, char **argv, void *args, char **ret_operands,
		  struct enc_err *e)
{
	struct parse p = {.verb = verb, .args = args, .e = e};
	bool only_operands = false;
	int n = 0;

	for (int i = 0; i < argc; i++) {
		int r;

		if (only_operands || argv[i][0] != '-' || !argv[i][1]) {
			only_operands |= verb->stop_at_operand;
			ret_operands[n++] = argv[i];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			only_operands = true;
			continue;
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return ENC_OPT_HELP;
		r = argv[i][1] == '-' ? take_long(&p, argv + i) : take_short(&p, argv + i);
		if (r < 0)
			return r;
		i += r;
	}
	ret_operands[n] = NULL;
	if (check_operands(&p, n, ret_operands) < 0)
		return -EINVAL;
	return n;
}

#define HELP_COLUMNS 100

static size_t fill_line(struct enc_buf *out, const char *s, size_t n, size_t column)
{
	for (const char *end = s + n; s < end;) {
		size_t word = strcspn(s, " \n");
		bool wrap = column && column + 1 + word > HELP_COLUMNS;

		if (column)
			enc_buf_putc(out, wrap ? '\n' : ' ');
		enc_buf_add(out, s, word);
		column = column && !wrap ? column + 1 + word : word;
		s += word + (s[word] == ' ');
	}
	return column;
}

/* Paragraphs, filled anew; a line that begins with two spaces stays as it is. */
static void fill(struct enc_buf *out, const char *text)
{
	size_t column = 0;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		if (n == 0 || strncmp(p, "  ", 2) == 0) {
			enc_buf_printf(out, "%s%.*s\n", column ? "\n" : "", (int)n, p);
			column = 0;
		} else {
			column = fill_line(out, p, n, column);
		}
		p += n + (p[n] == '\n');
	}
	if (column)
		enc_buf_putc(out, '\n');
}

static void help_examples(struct enc_buf *out, const char *s)
{
	enc_buf_puts(out, "\nExamples:\n");
	while (*s) {
		int command = (int)strcspn(s, "\t\n"), n = (int)strcspn(s, "\n");

		enc_buf_printf(out, "  %.*s\n", command, s);
		if (command < n)
			enc_buf_printf(out, "      %.*s\n", n - command - 1, s + command + 1);
		s += n + (s[n] == '\n');
	}
}

void enc_opt_help(const struct enc_verb *v, struct enc_buf *out)
{
	enc_buf_printf(out, "enclosure %s - %s\n\nusage: enclosure %s%s%s%s\n", v->name, v->summary, v->name,
		       v->n_opts ? " [OPTION...]" : "", *v->operands ? " " : "", v->operands);
	if (v->description) {
		enc_buf_putc(out, '\n');
		fill(out, v->description);
	}
	enc_buf_puts(out, "\nOptions:\n");
	for (size_t i = 0; i < v->n_opts; i++) {
		const struct enc_opt *o = &v->opts[i];
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->shortname ? '-' : ' ',
			 o->shortname ? o->shortname : ' ', o->shortname ? "," : " ", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		enc_buf_printf(out, "  %-28s %s\n", left, o->help);
	}
	enc_buf_printf(out, "  %-28s %s\n", "-h, --help", "show this help");
	if (v->examples)
		help_examples(out, v->examples);
	enc_buf_printf(out, "\nExit status: %s\n",
		       v->exits ? v->exits : "0 yes or done, 1 no, 2 can't tell, 64 usage.");
}
