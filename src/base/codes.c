/* SPDX-License-Identifier: MIT */
/*
 * codes.c - the list of stable codes as a table
 */
#include "base/codes.h"

#include <string.h>

#include "base/mem.h"

static const struct {
	const char *code, *name, *meaning;
} rows[] = {
#define ROW(code_, name_, meaning_) {code_, #name_, meaning_},
	ENC_CODES(ROW)
#undef ROW
};

const char *enc_code_at(unsigned i)
{
	return i < ENC_LEN(rows) ? rows[i].code : NULL;
}

static int find(const char *code)
{
	for (size_t i = 0; code && i < ENC_LEN(rows); i++)
		if (strcmp(rows[i].code, code) == 0)
			return (int)i;
	return -1;
}

const char *enc_code_name(const char *code)
{
	int i = find(code);

	return i < 0 ? NULL : rows[i].name;
}

const char *enc_code_meaning(const char *code)
{
	int i = find(code);

	return i < 0 ? NULL : rows[i].meaning;
}

void enc_codes_docs(struct enc_buf *out)
{
	const char *code;

	enc_buf_puts(out, "<!-- Made from src/base/codes.h by `gen-docs errors`. Do not edit. -->\n"
			  "# Error codes\n\n"
			  "Every error has one of these codes, in words on stderr and as `code` of the error object "
			  "with `--json`. A code keeps its meaning for ever.\n\n"
			  "| code | name | meaning |\n|---|---|---|\n");
	for (unsigned i = 0; (code = enc_code_at(i)) != NULL; i++)
		enc_buf_printf(out, "| `%s` | %s | %s |\n", code, enc_code_name(code), enc_code_meaning(code));
}
