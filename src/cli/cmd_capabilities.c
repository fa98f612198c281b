/* SPDX-License-Identifier: MIT */
/*
 * cmd_capabilities.c - enclosure capabilities: what this machine can do, as found by trying
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "host/host.h"

struct capabilities_args {
	bool json, fresh;
};

static const struct enc_opt capabilities_opts[] = {
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct capabilities_args, json), "print the capabilities object"},
	{0, "fresh", NULL, ENC_OPT_FLAG, offsetof(struct capabilities_args, fresh),
	 "try everything again, whatever was found earlier in this boot"},
};

static void show(const struct enc_host *h, struct enc_buf *b, bool color)
{
	const char *bold = color ? "\033[1m" : "", *green = color ? "\033[32m" : "", *off = color ? "\033[0m" : "";

	enc_buf_printf(b, "%skernel%s %s on %s, uid %u%s\n\n%s  %-18s %-15s %s%s\n", bold, off, h->release, h->machine,
		       h->uid, h->cached ? " (found earlier in this boot; --fresh tries again)" : "", bold, "mechanism",
		       "status", "detail", off);
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		const struct enc_probe *p = &h->mech[m];
		bool good = p->status == ENC_ST_SUPPORTED;

		const char *text = good ? p->detail : p->reason;

		enc_buf_printf(b, "  %-18s %s%s%s", enc_mech_name((enum enc_mech)m), good ? green : "",
			       enc_status_name(p->status), good ? off : "");
		if (text[0])
			enc_buf_printf(b, "%*s %s", 15 - (int)strlen(enc_status_name(p->status)), "", text);
		enc_buf_putc(b, '\n');
	}
	enc_buf_puts(
		b,
		"\nenclosure doctor names what is missing and what mends it; --json has features and levels, too.\n");
}

static int cmd_capabilities(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct capabilities_args *a = args;
	struct enc_cli_context c;
	struct enc_buf b = {0};
	int status = enc_cli_context(&c, ENC_CTX_HOST | (a->fresh ? ENC_CTX_FRESH : 0), NULL, NULL, 0, a->json, 2);

	if (status != 0)
		return status;
	if (a->json) {
		struct enc_json j;

		enc_json_init(&j, &b, 2);
		enc_host_json(c.host, &j);
		enc_buf_putc(&b, '\n');
	} else {
		show(c.host, &b, enc_cli_color(STDOUT_FILENO));
	}
	status = enc_cli_out(&b);
	enc_buf_done(&b);
	enc_cli_context_done(&c);
	return status;
}

const struct enc_verb enc_verb_capabilities = {
	.name = "capabilities",
	.summary = "show what this machine can enforce, as found by trying",
	.operands = "",
	.description =
		"Every mechanism is tried once a boot: a namespace is entered, a filter must refuse, a group is made\n"
		"and removed. Nothing is inferred from a version or a list, and nothing is left behind.",
	.opts = capabilities_opts,
	.n_opts = ENC_LEN(capabilities_opts),
	.args_size = sizeof(struct capabilities_args),
	.run = cmd_capabilities,
	.exits = "0 shown, 2 can't tell, 64 usage.",
};
