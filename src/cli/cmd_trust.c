/* SPDX-License-Identifier: MIT */
/*
 * cmd_trust.c - trust: obey a manifest that is found in a folder, as it is now
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "cli/verbs.h"
#include "policy/policy.h"
#include "record/record.h"

struct trust_args {
	bool forget, list, json;
};

static const struct enc_opt trust_opts[] = {
	{0, "forget", NULL, ENC_OPT_FLAG, offsetof(struct trust_args, forget), "take the trust back"},
	{0, "list", NULL, ENC_OPT_FLAG, offsetof(struct trust_args, list), "print what is trusted"},
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct trust_args, json), "print one JSON object"},
};

static int print(struct enc_buf *b, int status)
{
	int r = enc_cli_out(b);

	enc_buf_done(b);
	return r ? r : status;
}

static void json_head(struct enc_json *j, struct enc_buf *b)
{
	enc_json_init(j, b, 2);
	enc_json_object(j, NULL);
	enc_json_str(j, "schema", "enclosure.trust/v1");
}

static int list(const struct trust_args *a)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	struct enc_trusted *v = NULL;
	const char *state_dir;
	struct enc_err e = {0};
	struct enc_buf b = {0};
	struct enc_json j;
	size_t n = 0;

	if (enc_state_dir(arena, true, &state_dir, &e) < 0 || enc_trust_list(arena, state_dir, &v, &n, &e) < 0)
		return enc_cli_error(&e, a->json, 2);
	if (a->json) {
		json_head(&j, &b);
		enc_json_array(&j, "trusted");
	}
	for (size_t i = 0; i < n; i++) {
		if (a->json) {
			enc_json_object(&j, NULL);
			enc_json_path(&j, "path", v[i].path);
			enc_json_str(&j, "digest", v[i].digest);
			enc_json_end(&j);
			continue;
		}
		enc_buf_add_escaped(&b, v[i].path, strlen(v[i].path));
		enc_buf_putc(&b, '\n');
	}
	if (a->json) {
		enc_json_end(&j);
		enc_json_end(&j);
		enc_buf_putc(&b, '\n');
	}
	return print(&b, 0);
}

static void report(const struct trust_args *a, struct enc_buf *b, const char *path, const char *digest, bool trusted,
		   bool changed)
{
	struct enc_json j;

	if (a->json) {
		json_head(&j, b);
		enc_json_path(&j, "path", path);
		enc_json_bool(&j, "trusted", trusted);
		enc_json_bool(&j, "changed", changed);
		enc_json_end(&j);
		enc_buf_putc(b, '\n');
		return;
	}
	enc_buf_puts(b, trusted ? "trusted: " : changed ? "forgotten: " : "was not trusted: ");
	enc_buf_add_escaped(b, path, strlen(path));
	if (trusted)
		enc_buf_printf(b, " (sha256 %.16s); any change of it asks again", digest);
	enc_buf_putc(b, '\n');
}

/* Forgetting must work for a manifest that is gone or no longer good, so the path alone is used. */
static int forget(const struct trust_args *a, const char *file)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *arena = enc_arena_new();
	const char *state_dir, *path = enc_policy_locate(arena, file);
	struct enc_err e = {0};
	struct enc_buf b = {0};
	int r = enc_state_dir(arena, true, &state_dir, &e);

	if (r >= 0)
		r = enc_trust_forget(state_dir, path, &e);
	if (r < 0)
		return enc_cli_error(&e, a->json, 2);
	report(a, &b, path, "", false, r == 1);
	return print(&b, r == 1 ? 0 : 1);
}

static int trust(const struct trust_args *a, const char *file)
{
	struct enc_cli_context c;
	struct enc_err e = {0};
	struct enc_buf b = {0};
	bool before;
	int r = enc_cli_context(&c, ENC_CTX_POLICY | ENC_CTX_UNTRUSTED, file, NULL, 0, a->json, 1);

	if (r)
		return r;
	if (c.policy->path[0] != '/') {
		ENC_FAIL(&e, EINVAL, "there is nothing to trust: %s", c.policy->found);
		enc_err_id(&e, "E0301", "built-in profiles need no trust; name a file");
		r = enc_cli_error(&e, a->json, 1);
	} else {
		before = enc_trust_check(c.state_dir, c.policy, &e) == 1;
		enc_err_clear(&e);
		if (enc_trust_set(c.state_dir, c.policy, &e) < 0) {
			r = enc_cli_error(&e, a->json, 2);
		} else {
			report(a, &b, c.policy->path, c.policy->files[0].digest, true, !before);
			r = print(&b, 0);
		}
	}
	enc_cli_context_done(&c);
	return r;
}

static int run_trust(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct trust_args *a = args;
	struct enc_err e = {0};

	if (a->list && (a->forget || argc)) {
		ENC_FAIL(&e, EINVAL, "--list stands alone");
		enc_err_id(&e, "E0701", "enclosure trust --help");
		return enc_cli_error(&e, a->json, 64);
	}
	if (a->list)
		return list(a);
	return a->forget ? forget(a, argc ? argv[0] : "enclosure.yaml") : trust(a, argc ? argv[0] : NULL);
}

const struct enc_verb enc_verb_trust = {
	.name = "trust",
	.summary = "obey a manifest that is found in a folder, as it is now",
	.operands = "[FILE]",
	.description =
		"A manifest that is looked up (enclosure.yaml in the working directory or above it in the same git "
		"work\n"
		"tree) is obeyed only when it, and every file that it extends, is as it was when it was trusted.\n"
		"Read it first: `enclosure policy show`. A manifest that is named with -m needs no trust.",
	.opts = trust_opts,
	.n_opts = ENC_LEN(trust_opts),
	.args_size = sizeof(struct trust_args),
	.max_operands = 1,
	.usage_status = 64,
	.run = run_trust,
	.exits = "0 done, 1 no (the manifest is not good, or was not trusted), 2 can't tell, 64 usage.",
	.examples = "enclosure policy show && enclosure trust\tRead it, then obey it from now on.\n",
};
