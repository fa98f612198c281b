/* SPDX-License-Identifier: MIT */
/*
 * opt.h - parse a verb's options, print its help
 */
#ifndef ENC_CLI_OPT_H
#define ENC_CLI_OPT_H

#include "cli/cli.h"

#define ENC_OPT_HELP (-0x10000) /* --help was among the options; no errno has this value */

/* argv: what follows the verb, argc of them, NULL-terminated. args: zeroed struct of verb->args_size bytes.
 * ret_operands: room for argc + 1 pointers. Returns the number of operands, ENC_OPT_HELP, or -EINVAL with e set
 * (E0701). */
int enc_opt_parse(const struct enc_verb *verb, int argc, char **argv, void *args, char **ret_operands,
		  struct enc_err *e);
void enc_opt_help(const struct enc_verb *v, struct enc_buf *out);

#endif
