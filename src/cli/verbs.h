/* SPDX-License-Identifier: MIT */
/*
 * verbs.h - the rows of the verb list, one a cmd_*.c
 */
#ifndef ENC_CLI_VERBS_H
#define ENC_CLI_VERBS_H

#include "cli/cli.h"

extern const struct enc_verb enc_verb_run, enc_verb_ps, enc_verb_attach, enc_verb_stop, enc_verb_wait, enc_verb_result,
	enc_verb_diff, enc_verb_apply, enc_verb_discard, enc_verb_logs, enc_verb_plan, enc_verb_policy_check,
	enc_verb_policy_show, enc_verb_policy_explain, enc_verb_trust, enc_verb_capabilities, enc_verb_doctor;
extern const struct enc_verb enc_verb_init;
extern const struct enc_verb enc_verb_import_srt, enc_verb_import_codex, enc_verb_import_bwrap;

#endif
