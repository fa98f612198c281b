/* SPDX-License-Identifier: MIT */
/*
 * gen-docs.c - print the pages that are made from tables: gen-docs events|schema|errors|manifest
 */
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "event/event.h"
#include "policy/policy.h"

static const char usage[] = "usage: gen-docs events|schema|errors|manifest\n"
			    "Prints docs/events.md, docs/schema/event.v1.json, docs/errors.md or docs/manifest.md.\n";

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct enc_buf *out);
	} pages[] = {{"events", enc_event_docs},
		     {"schema", enc_event_schema},
		     {"errors", enc_codes_docs},
		     {"manifest", enc_policy_docs}};
	struct enc_buf out = {0};
	int r;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < ENC_LEN(pages); i++)
		if (strcmp(argv[1], pages[i].name) == 0)
			pages[i].make(&out);
	if (!out.len) {
		fputs(usage, stderr);
		return 64;
	}
	r = fwrite(out.s, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
	enc_buf_done(&out);
	return r;
}
