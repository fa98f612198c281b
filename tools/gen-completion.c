/* SPDX-License-Identifier: MIT */
/*
 * gen-completion.c - completion for bash, zsh and fish out of the tables of verbs: gen-completion SHELL
 *
 * The part of each shell that never changes stands in completion/SHELL.in; where it has a line `@tables@`, the tables
 * follow, in the words of that shell. Names of runs come from `enclosure ps` at the time: they are data, so no shell
 * may evaluate them.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/host.h"
#include "policy/policy.h"
#include "words.h"

static const char usage[] = "usage: gen-completion bash|zsh|fish <TEMPLATE\n"
			    "Prints the completion: the template from standard input, with the tables in it.\n";

static const char *const kinds[] = {
	[WORD_NONE] = "none",	    [WORD_FILE] = "file", [WORD_DIR] = "dir",	[WORD_MANIFEST] = "manifest",
	[WORD_PROFILE] = "profile", [WORD_RUN] = "run",	  [WORD_LIVE] = "live", [WORD_MECHANISM] = "mechanism",
	[WORD_COMMAND] = "command", [WORD_ARGS] = "args",
};

/* The kind's name, or the choices a|b|c themselves. */
static const char *kind_of(const struct word *w)
{
	return w->kind == WORD_CHOICE ? w->text : kinds[w->kind];
}

/* Inside single quotes of any of the three; `also` are characters that the shell's own lists want escaped. */
static void quoted(struct enc_buf *out, const char *s, const char *also, const char *quote)
{
	for (; *s; s++) {
		if (*s == '\'') {
			enc_buf_puts(out, quote);
			continue;
		}
		if (strchr(also, *s))
			enc_buf_putc(out, '\\');
		enc_buf_putc(out, *s);
	}
}

static void each_profile(struct enc_buf *out)
{
	for (size_t i = 0; i < enc_n_builtins; i++)
		enc_buf_printf(out, "%s%s", i ? " " : "", enc_builtins[i].name);
}

static void each_mechanism(struct enc_buf *out)
{
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		enc_buf_printf(out, "%s%s", m ? " " : "", enc_mech_name((enum enc_mech)m));
}

/* bash: what follows a verb, as variables of the function. */
static void bash_verb(struct enc_buf *out, const struct enc_verb *v)
{
	struct word w[8];
	size_t n = words_of_operands(v, w, ENC_LEN(w));

	enc_buf_printf(out, "\t'%s')\n\t\toptions='", v->name);
	for (size_t i = 0; i < v->n_opts; i++) {
		if (v->opts[i].shortname)
			enc_buf_printf(out, "-%c ", v->opts[i].shortname);
		enc_buf_printf(out, "--%s ", v->opts[i].name);
	}
	enc_buf_puts(out, "-h --help'\n\t\targuments='");
	for (size_t i = 0; i < v->n_opts; i++) {
		struct word a;

		if (!v->opts[i].arg)
			continue;
		a = word_of_arg(&v->opts[i]);
		if (v->opts[i].shortname)
			enc_buf_printf(out, " -%c=%s", v->opts[i].shortname, kind_of(&a));
		enc_buf_printf(out, " --%s=%s", v->opts[i].name, kind_of(&a));
	}
	enc_buf_puts(out, "'\n\t\toperands=(");
	for (size_t i = 0; i < n; i++)
		enc_buf_printf(out, "%s'%s'", i ? " " : "", kind_of(&w[i]));
	enc_buf_printf(out, ")\n\t\tmany=%d\n\t\tstop=%d\n\t\t;;\n", n && w[n - 1].many, v->stop_at_operand);
}

static void bash(struct enc_buf *out)
{
	enc_buf_puts(out, "__enclosure_profiles='");
	each_profile(out);
	enc_buf_puts(out, "'\n__enclosure_mechanisms='");
	each_mechanism(out);
	enc_buf_puts(out, "'\n__enclosure_verbs='");
	for (size_t i = 0; enc_verbs[i]; i++)
		if (verb_leads(i))
			enc_buf_printf(out, "%.*s ", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
	enc_buf_puts(out, "help'\n\n# The second words of a verb that has two.\n__enclosure_group() {\n\tcase $1 in\n");
	for (size_t i = 0; enc_verbs[i]; i++) {
		const char *rest = verb_rest(enc_verbs[i]);

		if (!rest)
			continue;
		if (verb_leads(i))
			enc_buf_printf(out, "\t%.*s) REPLY='", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
		enc_buf_puts(out, rest);
		if (enc_verbs[i + 1] && verb_same_group(enc_verbs[i], enc_verbs[i + 1]))
			enc_buf_putc(out, ' ');
		else
			enc_buf_puts(out, "' ;;\n");
	}
	enc_buf_puts(out, "\t*) REPLY='' ;;\n\tesac\n}\n\n"
			  "# Sets options, arguments, operands, many and stop of the caller; 1 for what is no verb.\n"
			  "__enclosure_table() {\n\tcase $1 in\n");
	for (size_t i = 0; enc_verbs[i]; i++)
		bash_verb(out, enc_verbs[i]);
	enc_buf_puts(out, "\t*) return 1 ;;\n\tesac\n}\n");
}

static void zsh_action(struct enc_buf *out, const struct word *w)
{
	switch (w->kind) {
	case WORD_NONE: enc_buf_putc(out, ' '); break;
	case WORD_FILE: enc_buf_puts(out, "_files"); break;
	case WORD_DIR: enc_buf_puts(out, "_directories"); break;
	case WORD_MANIFEST: enc_buf_puts(out, "_enclosure_manifests"); break;
	case WORD_PROFILE: enc_buf_puts(out, "_enclosure_profiles"); break;
	case WORD_RUN: enc_buf_puts(out, "_enclosure_runs"); break;
	case WORD_LIVE: enc_buf_puts(out, "_enclosure_live"); break;
	case WORD_MECHANISM: enc_buf_puts(out, "_enclosure_mechanisms"); break;
	case WORD_COMMAND: enc_buf_puts(out, "_command_names -e"); break;
	case WORD_ARGS: enc_buf_puts(out, "_normal"); break;
	case WORD_CHOICE:
		enc_buf_putc(out, '(');
		for (const char *c = w->text; *c; c++)
			enc_buf_putc(out, *c == '|' ? ' ' : *c);
		enc_buf_putc(out, ')');
		break;
	}
}

static void zsh_option(struct enc_buf *out, const struct enc_opt *o)
{
	const char *repeat = o->kind == ENC_OPT_LIST ? "*" : "";
	struct word w;

	for (int k = o->shortname ? 0 : 1; k < 2; k++) {
		enc_buf_puts(out, " \\\n\t\t\t'");
		if (!*repeat && o->shortname)
			enc_buf_printf(out, "(-%c --%s)", o->shortname, o->name);
		if (k == 0)
			enc_buf_printf(out, "%s-%c%s[", repeat, o->shortname, o->arg ? "+" : "");
		else
			enc_buf_printf(out, "%s--%s%s[", repeat, o->name, o->arg ? "=" : "");
		quoted(out, o->help, "[]:\\", "'\\''");
		enc_buf_putc(out, ']');
		if (o->arg) {
			w = word_of_arg(o);
			enc_buf_puts(out, ":");
			quoted(out, o->arg, "[]:\\", "'\\''");
			enc_buf_puts(out, ":");
			zsh_action(out, &w);
		}
		enc_buf_putc(out, '\'');
	}
}

static void zsh_verb(struct enc_buf *out, const struct enc_verb *v)
{
	struct word w[8];
	size_t n = words_of_operands(v, w, ENC_LEN(w));

	enc_buf_printf(out, "\t'%s')\n\t\t_arguments -s -S%s", v->name, v->stop_at_operand ? " -A '-*'" : "");
	for (size_t i = 0; i < v->n_opts; i++)
		zsh_option(out, &v->opts[i]);
	enc_buf_puts(out, " \\\n\t\t\t'(- *)'{-h,--help}'[show this help]'");
	for (size_t i = 0; i < n; i++) {
		bool args = w[i].kind == WORD_ARGS;

		/* Two colons: what follows is a command line of its own, and is taken as one. */
		enc_buf_printf(out, " \\\n\t\t\t'%s%s:%s:", v->stop_at_operand && !args ? "(-)" : "",
			       args	   ? "*:"
			       : w[i].many ? "*"
					   : "",
			       w[i].kind == WORD_CHOICE ? "word" : w[i].text);
		zsh_action(out, &w[i]);
		enc_buf_putc(out, '\'');
	}
	enc_buf_puts(out, "\n\t\t;;\n");
}

static void zsh(struct enc_buf *out)
{
	enc_buf_puts(out, "_enclosure_profiles() { compadd -- ");
	each_profile(out);
	enc_buf_puts(out, " }\n_enclosure_mechanisms() { compadd -- ");
	each_mechanism(out);
	enc_buf_puts(out, " }\ntypeset -ga _enclosure_groups=(");
	for (size_t i = 0; enc_verbs[i]; i++)
		if (verb_leads(i) && verb_rest(enc_verbs[i]))
			enc_buf_printf(out, " %.*s", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
	enc_buf_puts(out, " )\n\n_enclosure_verbs() {\n\tlocal -a verbs=(\n");
	for (size_t i = 0; enc_verbs[i]; i++) {
		if (!verb_leads(i))
			continue;
		enc_buf_printf(out, "\t\t'%.*s:", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
		quoted(out, enc_verbs[i]->summary, ":\\", "'\\''");
		enc_buf_puts(out, "'\n");
	}
	enc_buf_puts(out, "\t\t'help:show the help of a verb'\n\t)\n\t_describe verb verbs\n}\n\n"
			  "_enclosure_group() {\n\tlocal -a verbs\n\tcase $1 in\n");
	for (size_t i = 0; enc_verbs[i]; i++) {
		const struct enc_verb *v = enc_verbs[i];

		if (!verb_rest(v))
			continue;
		if (verb_leads(i))
			enc_buf_printf(out, "\t%.*s) verbs=(", (int)verb_group_len(v), v->name);
		enc_buf_printf(out, "'%s:", verb_rest(v));
		quoted(out, v->summary, ":\\", "'\\''");
		enc_buf_puts(out, enc_verbs[i + 1] && verb_same_group(v, enc_verbs[i + 1]) ? "' " : "') ;;\n");
	}
	enc_buf_puts(out, "\tesac\n\t_describe verb verbs\n}\n\n_enclosure_arguments() {\n\tcase $1 in\n");
	for (size_t i = 0; enc_verbs[i]; i++)
		zsh_verb(out, enc_verbs[i]);
	enc_buf_puts(out, "\tesac\n}\n");
}

static void fish_offer(struct enc_buf *out, const struct word *w)
{
	switch (w->kind) {
	case WORD_NONE: enc_buf_puts(out, " -f"); break;
	case WORD_FILE:
	case WORD_ARGS: enc_buf_puts(out, " -F"); break;
	case WORD_DIR: enc_buf_puts(out, " -f -a '(__fish_complete_directories (commandline -ct))'"); break;
	case WORD_MANIFEST: enc_buf_puts(out, " -F -a \"$__enclosure_profiles\""); break;
	case WORD_PROFILE: enc_buf_puts(out, " -f -a \"$__enclosure_profiles\""); break;
	case WORD_RUN: enc_buf_puts(out, " -f -a '(__enclosure_runs --all)'"); break;
	case WORD_LIVE: enc_buf_puts(out, " -f -a '(__enclosure_runs)'"); break;
	case WORD_MECHANISM: enc_buf_puts(out, " -f -a \"$__enclosure_mechanisms\""); break;
	case WORD_COMMAND: enc_buf_puts(out, " -f -a '(__enclosure_command)'"); break;
	case WORD_CHOICE:
		enc_buf_puts(out, " -f -a '");
		for (const char *c = w->text; *c; c++)
			enc_buf_putc(out, *c == '|' ? ' ' : *c);
		enc_buf_putc(out, '\'');
		break;
	}
}

static void fish_verb(struct enc_buf *out, const struct enc_verb *v)
{
	struct word w[8];
	size_t n = words_of_operands(v, w, ENC_LEN(w));

	for (size_t i = 0; i < v->n_opts; i++) {
		const struct enc_opt *o = &v->opts[i];

		enc_buf_printf(out, "complete -c enclosure -n \"__enclosure_options '%s'\" -l %s", v->name, o->name);
		if (o->shortname)
			enc_buf_printf(out, " -s %c", o->shortname);
		enc_buf_puts(out, " -d '");
		quoted(out, o->help, "\\", "\\'");
		enc_buf_putc(out, '\'');
		if (o->arg) {
			struct word a = word_of_arg(o);

			enc_buf_puts(out, " -r");
			fish_offer(out, &a);
		}
		enc_buf_putc(out, '\n');
	}
	enc_buf_printf(out, "complete -c enclosure -n \"__enclosure_options '%s'\" -l help -s h -d 'show this help'\n",
		       v->name);
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n && w[i].many;

		if (w[i].kind == WORD_ARGS)
			continue; /* __enclosure_command has offered them */
		enc_buf_printf(out, "complete -c enclosure -n \"__enclosure_operand '%s' %zu %s\"", v->name, i + 1,
			       last || w[i].kind == WORD_COMMAND ? "many" : "one");
		fish_offer(out, &w[i]);
		enc_buf_putc(out, '\n');
	}
}

static void fish(struct enc_buf *out)
{
	enc_buf_puts(out, "set -g __enclosure_profiles '");
	each_profile(out);
	enc_buf_puts(out, "'\nset -g __enclosure_mechanisms '");
	each_mechanism(out);
	enc_buf_puts(out, "'\nset -g __enclosure_groups");
	for (size_t i = 0; enc_verbs[i]; i++)
		if (verb_leads(i) && verb_rest(enc_verbs[i]))
			enc_buf_printf(out, " %.*s", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
	enc_buf_puts(out, "\n# Options with an argument, of any verb: the word after them is no operand.\nset -g "
			  "__enclosure_valued");
	for (size_t i = 0; enc_verbs[i]; i++) {
		for (size_t k = 0; k < enc_verbs[i]->n_opts; k++) {
			const struct enc_opt *o = &enc_verbs[i]->opts[k];

			if (!o->arg)
				continue;
			enc_buf_printf(out, " '%s:--%s'", enc_verbs[i]->name, o->name);
			if (o->shortname)
				enc_buf_printf(out, " '%s:-%c'", enc_verbs[i]->name, o->shortname);
		}
	}
	enc_buf_puts(out, "\n# Verbs whose options end at the first operand.\nset -g __enclosure_stops");
	for (size_t i = 0; enc_verbs[i]; i++)
		if (enc_verbs[i]->stop_at_operand)
			enc_buf_printf(out, " '%s'", enc_verbs[i]->name);
	enc_buf_puts(out, "\n\n");
	for (size_t i = 0; enc_verbs[i]; i++) {
		const struct enc_verb *v = enc_verbs[i];
		const char *rest = verb_rest(v);

		if (verb_leads(i)) {
			enc_buf_printf(out, "complete -c enclosure -n __enclosure_no_verb -f -a '%.*s' -d '",
				       (int)verb_group_len(v), v->name);
			quoted(out, v->summary, "\\", "\\'");
			enc_buf_puts(out, "'\n");
		}
		if (rest) {
			enc_buf_printf(out, "complete -c enclosure -n '__enclosure_in_group %.*s' -f -a '%s' -d '",
				       (int)verb_group_len(v), v->name, rest);
			quoted(out, v->summary, "\\", "\\'");
			enc_buf_puts(out, "'\n");
		}
		fish_verb(out, v);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct enc_buf *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
	struct enc_buf out = {0};
	char line[1024];
	bool made = false;
	int r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	for (size_t i = 0; argc == 2 && i < ENC_LEN(shells); i++) {
		if (strcmp(argv[1], shells[i].name) != 0)
			continue;
		while (fgets(line, sizeof(line), stdin)) {
			if (strcmp(line, "@tables@\n") != 0) {
				enc_buf_puts(&out, line);
				continue;
			}
			shells[i].make(&out);
			made = true;
		}
	}
	if (!made)
		return fputs(usage, stderr), 64;
	r = fwrite(out.s, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
	enc_buf_done(&out);
	return r;
}
