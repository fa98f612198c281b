/* SPDX-License-Identifier: MIT */
/*
 * fuzz_import.c - any bytes as another sandbox's settings: errors, or a manifest that its own reader takes
 *
 * The first byte chooses: 0 srt's JSON, 1 Codex's TOML, 2 bubblewrap's arguments (each ended by NUL). Whatever was
 * imported, the manifest is good, has no finding without words, and grants no writing of "/".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "import/import.h"
#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64], home[80], ws[96];

static void clean(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/m.yaml", ws);
	unlink(path);
	rmdir(ws);
	rmdir(home);
	rmdir(dir);
}

static void begin(void)
{
	if (dir[0])
		return;
	/* A grant of "/" does not reach into /tmp, and so less would be tried there. */
	snprintf(dir, sizeof(dir), "%.40s/enc-fuzz-XXXXXX", getenv("HOME") ? getenv("HOME") : "/tmp");
	if (!mkdtemp(dir))
		abort();
	snprintf(home, sizeof(home), "%s/home", dir);
	snprintf(ws, sizeof(ws), "%s/ws", home);
	if (mkdir(home, 0700) < 0 || mkdir(ws, 0700) < 0 || atexit(clean) != 0)
		abort();
}

static void check(const struct enc_import *m)
{
	struct enc_policy_where w = {.manifest = "m.yaml", .cwd = ws, .home = home, .uid = getuid()};
	struct enc_policy *p = NULL;
	struct enc_buf b = {0};
	struct enc_err e = {0};
	struct enc_diags d;
	char path[128];

	snprintf(path, sizeof(path), "%s/m.yaml", ws);
	if (enc_write_file(AT_FDCWD, path, m->manifest.s, m->manifest.len, 0600, false, &e) < 0)
		abort();
	enc_diags_init(&d);
	if (enc_policy_load(&w, &p, &d, &e) < 0) {
		enc_diags_print(&d, &b, false);
		fprintf(stderr, "%s%s\n%s\n", b.s ? b.s : "", e.text, m->manifest.s);
		abort();
	}
	for (size_t i = 0; i < p->n_clauses; i++)
		if (p->clauses[i].kind == ENC_CL_FS_WRITE && strcmp(p->clauses[i].value, "/") == 0)
			abort();
	enc_buf_done(&b);
	enc_diags_done(&d);
	enc_policy_free(p);
}

static void run(enc_import_fn *fn, const struct enc_import_request *q)
{
	struct enc_import m = {0};
	struct enc_buf b = {0};
	struct enc_diags d;
	int r;

	enc_diags_init(&d);
	r = fn(q, &m, &d);
	if ((r < 0) != (d.n > 0) || (r < 0 && m.manifest.len))
		abort();
	for (size_t i = 0; i < m.findings.n; i++)
		if (!m.findings.v[i].level || !*m.findings.v[i].message)
			abort();
	enc_diags_print(&m.findings, &b, false);
	enc_diags_print(&d, &b, false);
	if (r == 0)
		check(&m);
	enc_buf_done(&b);
	enc_diags_done(&d);
	enc_import_done(&m);
}

static void arguments(const char *text, size_t size, struct enc_import_request *q)
{
	char **v = NULL;
	size_t n = 0;

	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		*ENC_PUSH(v, n) = (char *)(uintptr_t)text + at;
	q->argv = v ? v : (char *[]){NULL};
	q->n_argv = n;
	run(enc_import_bwrap, q);
	free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct enc_import_request q = {.file = "fuzz"};
	char *text;

	begin();
	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		abort();
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	q.home = home;
	q.cwd = ws;
	q.merged_usr = true;
	q.text = text;
	q.len = size - 1;
	if (data[0] % 3 == 2)
		arguments(text, size, &q);
	else
		run(data[0] % 3 ? enc_import_codex : enc_import_srt, &q);
	free(text);
	return 0;
}
