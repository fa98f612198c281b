/* SPDX-License-Identifier: MIT */
/*
 * words.c - kinds of operands and arguments, by the names that the tables give them
 *
 * A name that nobody knows is WORD_NONE: a new verb works at once, its words are offered when they have a row here.
 */
#include "words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum word_kind kind;
} known[] = {
	{"FILE", WORD_FILE},	   {"PATH", WORD_FILE},	   {"OBJECT", WORD_FILE},
	{"FD|FILE", WORD_FILE},	   {"DIR", WORD_DIR},	   {"PROFILE", WORD_PROFILE},
	{"RUN", WORD_RUN},	   {"RUN|FILE", WORD_RUN}, {"MECHANISM", WORD_MECHANISM},
	{"COMMAND", WORD_COMMAND}, {"ARG", WORD_ARGS},
};
/* These verbs have nothing to do with a run that has ended. */
static const char *const live_verbs[] = {"attach", "stop", "wait"};
/* Of `policy explain`, which names them in its description. */
static const char actions[] = "read|write|create|unlink|rename|exec|connect";

static bool is_choice(const char *s)
{
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-' && *s != '|')
			return false;
	return true;
}

static struct word word_of(const char *s, size_t n)
{
	struct word w = {.kind = WORD_NONE};

	snprintf(w.text, sizeof(w.text), "%.*s", (int)n, s);
	if (strcmp(w.text, "ACTION") == 0)
		snprintf(w.text, sizeof(w.text), "%s", actions);
	if (is_choice(w.text))
		w.kind = WORD_CHOICE;
	for (size_t i = 0; i < ENC_LEN(known); i++)
		if (strcmp(w.text, known[i].name) == 0)
			w.kind = known[i].kind;
	return w;
}

struct word word_of_arg(const struct enc_opt *o)
{
	struct word w = word_of(o->arg, strlen(o->arg));

	if (strcmp(o->name, "manifest") == 0)
		w.kind = WORD_MANIFEST;
	return w;
}

static bool has_manifest(const struct enc_verb *v)
{
	for (size_t i = 0; i < v->n_opts; i++)
		if (strcmp(v->opts[i].name, "manifest") == 0)
			return true;
	return false;
}

size_t words_of_operands(const struct enc_verb *v, struct word *ret, size_t max)
{
	size_t n = 0;

	for (const char *p = v->operands; *p && n < max;) {
		size_t len = strcspn(p, " ");
		const char *s = p + strspn(p, "[");
		size_t k = strcspn(s, "] .");

		p += len + strspn(p + len, " ");
		if (k >= 2 && s[0] == '-')
			continue; /* [--] */
		ret[n] = word_of(s, k);
		ret[n].many = strncmp(s + k, "...", 3) == 0;
		/* Where -m names the manifest, an operand FILE is the same one. */
		if (strcmp(ret[n].text, "FILE") == 0 && has_manifest(v))
			ret[n].kind = WORD_MANIFEST;
		for (size_t i = 0; ret[n].kind == WORD_RUN && i < ENC_LEN(live_verbs); i++)
			if (strcmp(v->name, live_verbs[i]) == 0)
				ret[n].kind = WORD_LIVE;
		n++;
	}
	return n;
}

size_t verb_group_len(const struct enc_verb *v)
{
	return strcspn(v->name, " ");
}

const char *verb_rest(const struct enc_verb *v)
{
	const char *space = strchr(v->name, ' ');

	return space ? space + 1 : NULL;
}

bool verb_same_group(const struct enc_verb *a, const struct enc_verb *b)
{
	size_t n = verb_group_len(a);

	return verb_group_len(b) == n && strncmp(a->name, b->name, n) == 0;
}

bool verb_leads(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (verb_same_group(enc_verbs[k], enc_verbs[i]))
			return false;
	return true;
}
