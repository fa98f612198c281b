/* SPDX-License-Identifier: MIT */
/*
 * toml.h - TOML 1.0 into the tree that YAML is read into, with the place of each node
 *
 * Written here because Debian has no TOML library for C (those for C++ would bring its run-time library and exceptions
 * into the supervisor's program). Strings are unescaped (plain = false); numbers, booleans and dates stay as they are
 * written (plain = true), their form is only checked roughly. Refused: keys and tables that stand twice, nesting over
 * 64, more than 20,000 values, more than 1 MiB, text that is not UTF-8, control characters.
 */
#ifndef ENC_IMPORT_TOML_H
#define ENC_IMPORT_TOML_H

#include "base/yaml.h"

/* 0 and a map (which may be empty), or -EINVAL with one finding in d. Tree and marks live in `a`. */
int imp_toml_parse(struct enc_arena *a, const char *file, const char *text, size_t len, struct enc_diags *d,
		   struct enc_node **ret);

#endif
