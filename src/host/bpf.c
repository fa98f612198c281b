/* SPDX-License-Identifier: MIT */
/*
 * bpf.c - the BPF mechanisms, tried by the worker, since libbpf must not be in this program
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "host/impl.h"

#define PATIENCE_S 20

static const struct {
	enum enc_mech mech;
	const char *name;
} rows[] = {
	{ENC_MECH_BPF_LSM, "bpf-lsm"},
	{ENC_MECH_CGROUP_BPF, "cgroup-bpf"},
	{ENC_MECH_BPF_EXEC_CHECK, "bpf-exec-check"},
	{ENC_MECH_WITNESS, "witness"},
};

static void answer(struct enc_host *h, enum enc_mech m, const char *line, const char *name)
{
	char reason[200], text[120];
	int error = 0, at = 0;

	if (sscanf(line + strlen(name), "%d %n", &error, &at) != 1)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(line + strlen(name) + at, "\n"),
		       line + strlen(name) + at);
	if (error == 0) {
		char detail[160];

		(void)snprintf(detail, sizeof(detail), "%s; no clause uses it in this version", text);
		enc_probe_set(h, m, ENC_ST_SUPPORTED, detail, NULL, NULL);
		return;
	}
	(void)snprintf(reason, sizeof(reason), "%s: %s", text, strerror(error));
	if (geteuid() != 0)
		enc_probe_set(h, m, ENC_ST_REQUIRES_SETUP, NULL, reason,
			      "start as root, or with CAP_BPF and CAP_PERFMON");
	else if (m == ENC_MECH_BPF_LSM)
		enc_probe_set(h, m, ENC_ST_UNAVAILABLE, NULL, reason,
			      "a kernel with CONFIG_BPF_LSM, started with bpf in its lsm= list");
	else
		enc_probe_set(h, m, ENC_ST_UNAVAILABLE, NULL, reason, NULL);
}

void enc_probe_bpf(struct enc_host *h)
{
	/* A folder to make a group in; a scope of systemd's isn't there yet. */
	char job[] = "probe-bpf",
	     *group = enc_home_is_scope(h->cgroup2_dir) ? h->cgroup2_dir + strlen(h->cgroup2_dir) : h->cgroup2_dir;
	char *const argv[] = {job, job, group, NULL};
	struct enc_buf out = {0};

	for (size_t i = 0; i < ENC_LEN(rows); i++)
		enc_probe_set(h, rows[i].mech, ENC_ST_UNAVAILABLE, NULL,
			      "enclosure-worker, which tries it, was not found or gave no answer", "make install");
	enc_buf_puts(&out, "");
	if (enc_worker_ask(argv, PATIENCE_S, &out) >= 0)
		for (const char *line = out.s; *line; line += strcspn(line, "\n"), line += *line == '\n')
			for (size_t i = 0; i < ENC_LEN(rows); i++) {
				size_t n = strlen(rows[i].name);

				if (strncmp(line, rows[i].name, n) == 0 && line[n] == ' ')
					answer(h, rows[i].mech, line, rows[i].name);
			}
	enc_buf_done(&out);
}
