/* SPDX-License-Identifier: MIT */
/*
 * gen-man.c - the manual pages, as scdoc, out of the tables of verbs and of manifest keys
 *
 *   gen-man list           names of the pages, a line each
 *   gen-man page NAME      one page
 *   gen-man all DIR NAME...  DIR/NAME.scd of each; the names must be those of `list`, so that no page is forgotten
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "man_text.h"
#include "policy/policy.h"
#include "words.h"

static const char manifest_page[] = "enclosure.yaml.5";

static const char usage[] = "usage: gen-man list | page NAME | all DIR NAME...\n"
			    "Prints or writes the manual pages as scdoc.\n";

static const char about[] =
	"`enclosure` runs a command, an AI agent above all, inside a boundary that is decided before the run, enforced "
	"by "
	"the Linux kernel during it, and on record after it. A manifest (enclosure.yaml(5)) says what the command may "
	"do. "
	"Each clause of it is bound to a mechanism of the kernel before the command starts, or the run refuses.\n"
	"\n"
	"It works as root and as an ordinary user; nothing is setuid and there is no daemon.\n";

static const char usual_exits[] = "0 yes or done, 1 no, 2 can't tell, 64 usage.";

static const struct {
	const char *name, *text;
} environment[] =
	{
		{"ENCLOSURE_STATE", "The state directory, instead of those below FILES."},
		{"XDG_STATE_HOME", "Where an ordinary user's state directory lies; `~/.local/state` when unset."},
		{"HOME", "What `~` means where the run's user is who started it."},
		{"PATH", "Where the command is looked for; passed on to it."},
		{"NO_COLOR", "Set: no colours. Colours are used on terminals alone."},
},
  files[] = {
	  {"enclosure.yaml",
	   "The manifest of a project, in its folder or above it in the same git work tree; obeyed after "
	   "`enclosure trust`."},
	  {"/etc/enclosure/ceiling.yaml", "What no manifest of this machine may exceed; owned by root."},
	  {"/var/lib/enclosure", "State of root: results, output, the record, trust."},
	  {"~/.local/state/enclosure", "State of an ordinary user."},
};

static const char overall_examples[] = "enclosure doctor\tIs this machine ready, and what mends it?\n"
				       "enclosure plan\tWhat would be enforced here, and by what?\n"
				       "enclosure run -- make test\tRun something under the project's manifest.\n"
				       "enclosure result last\tHow it ended, and what was refused.\n";

static void page_name(const struct enc_verb *v, char *ret, size_t size)
{
	snprintf(ret, size, "enclosure-%.*s.1", (int)verb_group_len(v), v->name);
}

static void head(struct enc_buf *out, const char *name, int section)
{
	enc_buf_printf(out, "%s(%d) \"enclosure " ENC_VERSION "\" \"Enclosure\"\n\n# NAME\n\n", name, section);
}

static void see(struct enc_buf *out, const char *name, int section, bool first)
{
	enc_buf_printf(out, "%s*%s*(%d)", first ? "" : ", ", name, section);
}

/* Operands and arguments of a verb, for man_inline(): " RUN FILE ". */
static void names_of(const struct enc_verb *v, struct enc_buf *ret)
{
	struct word w[8];
	size_t n = words_of_operands(v, w, ENC_LEN(w));

	enc_buf_puts(ret, " ");
	for (size_t i = 0; i < n; i++)
		enc_buf_printf(ret, "%s ", strchr(w[i].text, '|') ? "ACTION" : w[i].text);
	for (size_t i = 0; i < v->n_opts; i++)
		if (v->opts[i].arg)
			enc_buf_printf(ret, "%s ", v->opts[i].arg);
}

/* "[--] COMMAND [ARG...]": words underlined, brackets and dots as they are. */
static void operands(struct enc_buf *out, const char *s)
{
	while (*s) {
		size_t word = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-0123456789");

		if (word && *s != '-') {
			enc_buf_putc(out, '_');
			man_escape(out, s, word);
			enc_buf_putc(out, '_');
			s += word;
			continue;
		}
		man_escape(out, s, 1);
		s++;
	}
}

static void synopsis(struct enc_buf *out, const struct enc_verb *v)
{
	enc_buf_printf(out, "*enclosure %s*%s", v->name, v->n_opts ? " [_OPTION_...]" : "");
	if (*v->operands) {
		enc_buf_putc(out, ' ');
		operands(out, v->operands);
	}
	enc_buf_puts(out, "\n\n");
}

static void options(struct enc_buf *out, const struct enc_verb *v, const char *names)
{
	for (size_t i = 0; i < v->n_opts; i++) {
		const struct enc_opt *o = &v->opts[i];

		if (o->shortname)
			enc_buf_printf(out, "*-%c*, ", o->shortname);
		enc_buf_printf(out, "*--%s*", o->name);
		if (o->arg) {
			enc_buf_putc(out, ' ');
			operands(out, o->arg);
		}
		enc_buf_puts(out, "\n\t");
		man_inline(out, o->help, strlen(o->help), names);
		enc_buf_puts(out, "\n\n");
	}
	enc_buf_puts(out, "*-h*, *--help*\n\tshow a summary of these options\n\n");
}

/* "0", "128+N": what an exit status begins with. */
static size_t status_len(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (n && strncmp(s + n, "+N", 2) == 0)
		n += 2;
	return n && s[n] == ' ' ? n : 0;
}

/* "0 shown, 1 no such run (or none yet), 64 usage.": one item for each number; what has none stands before them. */
static void exits(struct enc_buf *out, const char *s)
{
	while (*s) {
		const char *end = s;
		size_t n = status_len(s);

		while (*end && !(strchr(",;", *end) && end[1] == ' ' && status_len(end + 2)))
			end++;
		if (n) {
			enc_buf_printf(out, "*%.*s*\n\t", (int)n, s);
			s += n + 1;
		}
		for (; s < end && !(*s == '.' && !s[1]); s++)
			man_escape(out, *s == '\n' ? " " : s, 1);
		enc_buf_puts(out, "\n\n");
		s += strspn(s, ",;. ");
	}
}

static void examples(struct enc_buf *out, const char *s)
{
	while (s && *s) {
		size_t n = strcspn(s, "\n"), command = strcspn(s, "\t\n");

		if (command < n) {
			man_inline(out, s + command + 1, n - command - 1, NULL);
			enc_buf_puts(out, "\n\n");
		}
		enc_buf_printf(out, "```\n%.*s\n```\n\n", (int)command, s);
		s += n + (s[n] == '\n');
	}
}

/* All about one verb; `level` is "#" on a page of its own, "##" on that of a group. */
static void verb_text(struct enc_buf *out, const struct enc_verb *v, bool alone)
{
	struct enc_buf names = {0};

	names_of(v, &names);
	if (alone)
		enc_buf_puts(out, "# SYNOPSIS\n\n");
	synopsis(out, v);
	if (alone)
		enc_buf_puts(out, "# DESCRIPTION\n\n");
	if (v->description)
		man_paragraphs(out, v->description, names.s);
	enc_buf_printf(out, "%s\n\n", alone ? "# OPTIONS" : "## Options");
	options(out, v, names.s);
	enc_buf_printf(out, "%s\n\n", alone ? "# EXIT STATUS" : "## Exit status");
	exits(out, v->exits ? v->exits : usual_exits);
	if (v->examples) {
		enc_buf_printf(out, "%s\n\n", alone ? "# EXAMPLES" : "## Examples");
		examples(out, v->examples);
	}
	enc_buf_done(&names);
}

static void upper(struct enc_buf *out, const char *s)
{
	for (; *s; s++)
		enc_buf_putc(out, *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s);
}

static void group_page(struct enc_buf *out, const struct enc_verb *lead)
{
	bool more = false;

	for (size_t i = 0; enc_verbs[i]; i++) {
		if (!verb_same_group(lead, enc_verbs[i]))
			continue;
		enc_buf_printf(out, "%s%s", more ? "; " : "", enc_verbs[i]->summary);
		more = true;
	}
	enc_buf_puts(out, "\n\n# SYNOPSIS\n\n");
	for (size_t i = 0; enc_verbs[i]; i++)
		if (verb_same_group(lead, enc_verbs[i]))
			synopsis(out, enc_verbs[i]);
	for (size_t i = 0; enc_verbs[i]; i++) {
		if (!verb_same_group(lead, enc_verbs[i]))
			continue;
		enc_buf_puts(out, "# ");
		upper(out, enc_verbs[i]->name);
		enc_buf_puts(out, "\n\n");
		verb_text(out, enc_verbs[i], false);
	}
}

static void verb_page(struct enc_buf *out, const struct enc_verb *v)
{
	char name[64];

	snprintf(name, sizeof(name), "enclosure-%.*s", (int)verb_group_len(v), v->name);
	head(out, name, 1);
	enc_buf_printf(out, "%s - ", name);
	if (verb_rest(v)) {
		group_page(out, v);
	} else {
		man_escape(out, v->summary, strlen(v->summary));
		enc_buf_puts(out, "\n\n");
		verb_text(out, v, true);
	}
	enc_buf_puts(out, "# SEE ALSO\n\n");
	see(out, "enclosure", 1, true);
	see(out, "enclosure.yaml", 5, false);
	enc_buf_putc(out, '\n');
}

static void verb_list(struct enc_buf *out)
{
	enc_buf_puts(out, "# VERBS\n\n");
	for (size_t i = 0; enc_verbs[i]; i++) {
		const struct enc_verb *v = enc_verbs[i];

		enc_buf_printf(out, "*%s*\n\t", v->name);
		man_inline(out, v->summary, strlen(v->summary), NULL);
		enc_buf_printf(out, ": *enclosure-%.*s*(1)\n\n", (int)verb_group_len(v), v->name);
	}
}

static void see_all(struct enc_buf *out)
{
	char name[64];

	enc_buf_puts(out, "# SEE ALSO\n\n");
	see(out, "enclosure.yaml", 5, true);
	for (size_t i = 0; enc_verbs[i]; i++) {
		snprintf(name, sizeof(name), "enclosure-%.*s", (int)verb_group_len(enc_verbs[i]), enc_verbs[i]->name);
		if (verb_leads(i))
			see(out, name, 1, false);
	}
	enc_buf_putc(out, '\n');
}

static void overview(struct enc_buf *out)
{
	head(out, "enclosure", 1);
	enc_buf_puts(out, "enclosure - run an AI agent inside a boundary that was planned before\n\n# SYNOPSIS\n\n"
			  "*enclosure* _VERB_ [_OPTION_...] [_OPERAND_...]\n\n# DESCRIPTION\n\n");
	man_paragraphs(out, about, NULL);
	verb_list(out);
	enc_buf_puts(out,
		     "# OPTIONS\n\n*-h*, *--help*\n\tshow the verbs; *enclosure* _VERB_ *--help* shows a verb's options"
		     "\n\n*--version*\n\tshow the version\n\n# EXIT STATUS\n\n");
	exits(out, usual_exits);
	enc_buf_puts(out, "Verbs that run a command end with its status; see *enclosure-run*(1).\n\n# ENVIRONMENT\n\n");
	for (size_t i = 0; i < ENC_LEN(environment); i++) {
		enc_buf_putc(out, '*');
		man_escape(out, environment[i].name, strlen(environment[i].name));
		enc_buf_puts(out, "*\n\t");
		man_inline(out, environment[i].text, strlen(environment[i].text), NULL);
		enc_buf_puts(out, "\n\n");
	}
	enc_buf_puts(out, "# FILES\n\n");
	for (size_t i = 0; i < ENC_LEN(files); i++) {
		enc_buf_printf(out, "_%s_\n\t", files[i].name);
		man_inline(out, files[i].text, strlen(files[i].text), NULL);
		enc_buf_puts(out, "\n\n");
	}
	enc_buf_puts(out, "# EXAMPLES\n\n");
	examples(out, overall_examples);
	see_all(out);
}

static void manifest(struct enc_buf *out)
{
	struct enc_buf docs = {0};

	head(out, "enclosure.yaml", 5);
	enc_buf_puts(out, "enclosure.yaml - what one agent may do: the manifest of a run\n\n# DESCRIPTION\n\n");
	enc_policy_docs(&docs);
	man_markdown(out, docs.s);
	enc_buf_puts(out, "# SEE ALSO\n\n");
	see(out, "enclosure", 1, true);
	for (size_t i = 0; enc_verbs[i]; i++) {
		if (strcmp(enc_verbs[i]->name, "policy check") == 0)
			see(out, "enclosure-policy", 1, false);
		if (strcmp(enc_verbs[i]->name, "plan") == 0)
			see(out, "enclosure-plan", 1, false);
	}
	enc_buf_putc(out, '\n');
	enc_buf_done(&docs);
}

/* The i-th page's name, false when there are no more. */
static bool page_at(size_t i, char *ret, size_t size)
{
	size_t n = 2;

	if (i < 2) {
		snprintf(ret, size, "%s", i ? manifest_page : "enclosure.1");
		return true;
	}
	for (size_t k = 0; enc_verbs[k]; k++) {
		if (!verb_leads(k) || n++ != i)
			continue;
		page_name(enc_verbs[k], ret, size);
		return true;
	}
	return false;
}

static bool page(const char *name, struct enc_buf *out)
{
	char own[64];

	if (strcmp(name, "enclosure.1") == 0)
		overview(out);
	else if (strcmp(name, manifest_page) == 0)
		manifest(out);
	for (size_t k = 0; enc_verbs[k]; k++) {
		page_name(enc_verbs[k], own, sizeof(own));
		if (verb_leads(k) && strcmp(own, name) == 0)
			verb_page(out, enc_verbs[k]);
	}
	return out->len > 0;
}

static int write_all(const char *dir, char **names, int n)
{
	char name[64];

	for (size_t i = 0; page_at(i, name, sizeof(name)); i++) {
		bool there = false;

		for (int k = 0; k < n; k++)
			there |= strcmp(names[k], name) == 0;
		if (!there)
			return fprintf(stderr, "gen-man: nobody asks for %s\n", name), 1;
	}
	for (int k = 0; k < n; k++) {
		struct enc_buf out = {0};
		char path[4096];
		FILE *f;
		bool good;

		if (!page(names[k], &out))
			return fprintf(stderr, "gen-man: there is no page %s\n", names[k]), 1;
		snprintf(path, sizeof(path), "%s/%s.scd", dir, names[k]);
		f = fopen(path, "we");
		good = f && fwrite(out.s, 1, out.len, f) == out.len;
		if ((f && fclose(f) != 0) || !good)
			return fprintf(stderr, "gen-man: %s: %s\n", path, strerror(errno)), 1;
		enc_buf_done(&out);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct enc_buf out = {0};
	char name[64];
	int r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (argc > 2 && strcmp(argv[1], "all") == 0)
		return write_all(argv[2], argv + 3, argc - 3);
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		for (size_t i = 0; page_at(i, name, sizeof(name)); i++)
			enc_buf_printf(&out, "%s\n", name);
	} else if (argc != 3 || strcmp(argv[1], "page") != 0 || !page(argv[2], &out)) {
		return fputs(usage, stderr), 64;
	}
	r = fwrite(out.s, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
	enc_buf_done(&out);
	return r;
}
