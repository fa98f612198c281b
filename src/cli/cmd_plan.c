/* SPDX-License-Identifier: MIT */
/*
 * cmd_plan.c - enclosure plan: what would be enforced here, by what, and how strongly
 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "plan/plan.h"

struct plan_args {
	const char *manifest;
	uint64_t timeout_ns;
	bool json;
	struct enc_opt_list masks;
};

static const struct enc_opt plan_opts[] = {
	{'m', "manifest", "FILE", ENC_OPT_TEXT, offsetof(struct plan_args, manifest),
	 "manifest, or the name of a built-in profile"},
	{'t', "timeout", "TIME", ENC_OPT_TIME, offsetof(struct plan_args, timeout_ns), "as run --timeout"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct plan_args, json), "print the plan object"},
	{0, "mask", "MECHANISM", ENC_OPT_LIST, offsetof(struct plan_args, masks),
	 "plan as if this machine lacked it (may be repeated)"},
};

static int cmd_plan(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	struct plan_args *a = args;
	struct enc_cli_context c;
	struct enc_buf b = {0};
	int status = enc_cli_context(&c, ENC_CTX_PLAN | ENC_CTX_UNTRUSTED, a->manifest, &a->masks, a->timeout_ns,
				     a->json, 2);

	free(a->masks.v);
	if (status != 0)
		return status;
	if (a->json) {
		struct enc_json j;

		enc_json_init(&j, &b, 2);
		enc_plan_json(c.plan, &j);
		enc_buf_putc(&b, '\n');
	} else {
		enc_plan_show(c.plan, &b, enc_cli_columns(STDOUT_FILENO), enc_cli_color(STDOUT_FILENO));
	}
	status = enc_cli_out(&b);
	enc_buf_done(&b);
	if (status == 0 && !c.plan->runnable) {
		struct enc_diags d;

		enc_diags_init(&d);
		enc_plan_unbound(c.plan, &d);
		status = enc_cli_diags(&d, false, 1);
		enc_diags_done(&d);
	}
	enc_cli_context_done(&c);
	return status;
}

const struct enc_verb enc_verb_plan = {
	.name = "plan",
	.summary = "show what would be enforced here, and by what",
	.operands = "",
	.description =
		"Reads the manifest, asks this machine what it can do, and binds every clause to the strongest "
		"mechanism\n"
		"that is present. A guarantee is: prevent (it never happens), contain (it happens, and the actor dies\n"
		"before it can use it) or detect (it is recorded). A manifest that is not trusted yet is planned too.",
	.opts = plan_opts,
	.n_opts = ENC_LEN(plan_opts),
	.args_size = sizeof(struct plan_args),
	.run = cmd_plan,
	.exits = "0 every clause is bound, 1 one is not (a run would refuse), 2 no plan could be made, 64 usage.",
	.examples = "enclosure plan -m offline\tWhat would the profile offline mean here?\n"
		    "enclosure plan --mask cgroup-v2\tAnd on a machine without cgroup v2?\n",
};
