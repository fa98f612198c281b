/* SPDX-License-Identifier: MIT */
/*
 * fuzz_manifest.c - any bytes as a manifest: findings or a policy, never a crash, and a policy that holds together
 *
 * Goes the way of `-m FILE`: the bytes are written to a file in a private directory and loaded from there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void clean(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/m.yaml", dir);
	unlink(path);
	rmdir(dir);
}

static void put(const uint8_t *data, size_t size)
{
	char path[96];
	int fd;

	if (!dir[0]) {
		strcpy(dir, "/tmp/enc-fuzz-XXXXXX");
		if (!mkdtemp(dir) || atexit(clean) != 0)
			abort();
	}
	snprintf(path, sizeof(path), "%s/m.yaml", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || enc_write_all(fd, data, size) < 0)
		abort();
	close(fd);
}

/* What the rest of the program relies on. */
static void check(const struct enc_policy *p)
{
	for (size_t i = 0; i < p->n_clauses; i++) {
		const struct enc_clause *c = &p->clauses[i];

		if (!c->id || !c->text || !c->value || !c->at.file)
			abort();
		if (c->kind <= ENC_CL_FS_PROTECT && c->value[0] != '/')
			abort();
		if (c->kind == ENC_CL_FS_WRITE && !c->glob && strcmp(c->value, "/") == 0)
			abort();
		for (size_t k = 0; k < i && p->n_clauses < 200; k++)
			if (strcmp(p->clauses[k].id, c->id) == 0)
				abort();
	}
	if (!enc_policy_get(p, ENC_CL_NET_MODE))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enc_policy_where w = {.manifest = "m.yaml", .cwd = dir, .home = "/home/fuzz", .uid = getuid()};
	struct enc_policy *p = NULL;
	struct enc_diags d;
	struct enc_err e = {0};
	struct enc_buf b = {0};
	const struct enc_clause *c;
	const char *reason;
	struct enc_json j;
	int r;

	put(data, size);
	enc_diags_init(&d);
	r = enc_policy_load(&w, &p, &d, &e);
	if (r < 0 && d.n == 0 && e.code == 0)
		abort(); /* a refusal without a word */
	if (r == 0) {
		check(p);
		enc_policy_show(p, &b);
		enc_json_init(&j, &b, 0);
		enc_policy_json(p, &j);
		enc_policy_explain(p, "write", "src/x", &c, &reason, &e);
		enc_policy_explain(p, "exec", "/usr/bin/git", &c, &reason, &e);
		enc_policy_explain(p, "connect", "api.x.com:443", &c, &reason, &e);
	}
	enc_diags_print(&d, &b, true);
	enc_buf_done(&b);
	enc_diags_done(&d);
	enc_policy_free(p);
	return 0;
}
