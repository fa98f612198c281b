/* SPDX-License-Identifier: MIT */
/*
 * context.h - enc_cli_context() without the printing, for verbs that report errors in their own way (run)
 */
#ifndef ENC_CLI_CONTEXT_H
#define ENC_CLI_CONTEXT_H

#include "cli/cli.h"

/* 0, or a negative errno with findings in d or else e set; enc_cli_context_done() is due in both cases. c is zeroed. */
int enc_cli_context_load(struct enc_cli_context *c, unsigned what, const char *manifest,
			 const struct enc_opt_list *masks, uint64_t timeout_ns, struct enc_diags *d, struct enc_err *e);

#endif
