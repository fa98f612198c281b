/* SPDX-License-Identifier: MIT */
/*
 * words.h - what the makers of manual pages and completion read out of the tables of verbs
 */
#ifndef ENC_TOOLS_WORDS_H
#define ENC_TOOLS_WORDS_H

#include "cli/cli.h"

/* What stands in place of an operand or an option's argument. */
enum word_kind {
	WORD_NONE, /* nothing that can be offered: a time, a number, a name */
	WORD_FILE,
	WORD_DIR,
	WORD_MANIFEST, /* a file, or the name of a built-in profile */
	WORD_PROFILE,
	WORD_RUN,
	WORD_LIVE, /* a run that goes on */
	WORD_MECHANISM,
	WORD_COMMAND,
	WORD_ARGS,   /* of that command */
	WORD_CHOICE, /* one of text, a|b|c */
};
struct word {
	enum word_kind kind;
	char text[96]; /* as the table has it, without brackets; of WORD_CHOICE the choices */
	bool many;
};

struct word word_of_arg(const struct enc_opt *o);
/* The operands of a verb in order; returns how many (at most max). */
size_t words_of_operands(const struct enc_verb *v, struct word *ret, size_t max);

/* "policy" of "policy check", "run" of "run"; and the second word or NULL. */
size_t verb_group_len(const struct enc_verb *v);
const char *verb_rest(const struct enc_verb *v);
bool verb_same_group(const struct enc_verb *a, const struct enc_verb *b);
/* The first verb of its group: makers go over these, and from each over those of its group. */
bool verb_leads(size_t i);

#endif
