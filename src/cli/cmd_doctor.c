/* SPDX-License-Identifier: MIT */
/*
 * cmd_doctor.c - enclosure doctor: is this machine ready, and if not, what mends it?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/context.h"
#include "cli/verbs.h"
#include "host/host.h"

struct doctor_args {
	bool json;
};

static const struct enc_opt doctor_opts[] = {
	{0, "json", NULL, ENC_OPT_FLAG, offsetof(struct doctor_args, json), "print the findings as an object"},
};

/* What a run stands on: without it there is none. The others make it stronger, or show more. */
static const struct {
	enum enc_mech mech;
	bool needed;
	const char *gives;
} rows[] = {
	{ENC_MECH_USER_NAMESPACE, true, "no capability, and never uid 0 of the host"},
	{ENC_MECH_MOUNT_NAMESPACE, true, "nothing is visible that is not granted"},
	{ENC_MECH_PID_NAMESPACE, true, "every process ends with its run"},
	{ENC_MECH_NET_NAMESPACE, true, "no network, where none is granted"},
	{ENC_MECH_SECCOMP, true, "dangerous system calls are refused"},
	{ENC_MECH_RLIMIT, true, "limits on descriptors"},
	{ENC_MECH_LANDLOCK, false, "a second wall around files"},
	{ENC_MECH_SECCOMP_NOTIFY, false, "what is refused becomes an event"},
	{ENC_MECH_IDMAP, false, "a run that root starts works on root's folders without being root"},
};

static bool fine(const struct enc_host *h, size_t i)
{
	/* An ordinary user's run needs no idmapped mounts. */
	return enc_host_has(h, rows[i].mech) || (rows[i].mech == ENC_MECH_IDMAP && h->uid != 0);
}

static void show_rows(const struct enc_host *h, struct enc_buf *b, bool color)
{
	const char *green = color ? "\033[32m" : "", *red = color ? "\033[31m" : "", *off = color ? "\033[0m" : "";

	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		const struct enc_probe *p = &h->mech[rows[i].mech];

		if (rows[i].mech == ENC_MECH_IDMAP && h->uid != 0)
			continue;
		if (fine(h, i)) {
			enc_buf_printf(b, "  %sok%s       %-18s %s%s%s%s\n", green, off, enc_mech_name(rows[i].mech),
				       rows[i].gives, p->detail[0] ? " (" : "", p->detail, p->detail[0] ? ")" : "");
			continue;
		}
		enc_buf_printf(b, "  %s%s%s  %-18s %s\n           %s\n", red, rows[i].needed ? "MISSING" : "weaker ",
			       off, enc_mech_name(rows[i].mech), rows[i].gives, p->reason);
		if (p->next[0])
			enc_buf_printf(b, "           mend: %s\n", p->next);
	}
}

static bool memory_is_held(const struct enc_host *h)
{
	return h->ctl[ENC_CTL_MEMORY].version != 0;
}

/* Without a group of its own a run is held to its limits too, but less well. */
static const struct enc_probe *groups(const struct enc_host *h)
{
	return &h->mech[h->mech[ENC_MECH_CGROUP_V2].next[0] ? ENC_MECH_CGROUP_V2 : ENC_MECH_CGROUP_V1];
}

static void show_limits(const struct enc_host *h, struct enc_buf *b, bool color)
{
	static const char *const how[] = {"", "cgroup-v1", "cgroup-v2"};
	const char *green = color ? "\033[32m" : "", *red = color ? "\033[31m" : "", *off = color ? "\033[0m" : "";
	const char *pids =
		h->ctl[ENC_CTL_PIDS].version ? how[h->ctl[ENC_CTL_PIDS].version] : "rlimit in the user namespace";

	if (memory_is_held(h)) {
		enc_buf_printf(b, "  %sok%s       %-18s memory by %s, processes by %s%s\n", green, off, "limits",
			       how[h->ctl[ENC_CTL_MEMORY].version], pids,
			       enc_host_in_scope(h) ? " (scopes of systemd's user manager)" : "");
		return;
	}
	enc_buf_printf(
		b,
		"  %sweaker %s  %-18s memory is watched, and the run killed above its limit (contain, not prevent);\n"
		"           processes by %s\n",
		red, off, "limits", pids);
	if (groups(h)->next[0])
		enc_buf_printf(b, "           mend: %s%s\n", groups(h)->next,
			       h->uid ? " (or start as root: sudo enclosure run ...)" : "");
}

static bool ready(const struct enc_host *h)
{
	for (size_t i = 0; i < ENC_LEN(rows); i++)
		if (rows[i].needed && !fine(h, i))
			return false;
	return true;
}

static void problem(struct enc_json *j, const char *name, bool needed, const struct enc_probe *p)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "mechanism", name);
	enc_json_bool(j, "needed", needed);
	enc_json_str(j, "status", enc_status_name(p->status));
	enc_json_str(j, "reason", p->reason);
	enc_json_str(j, "next", p->next[0] ? p->next : NULL);
	enc_json_end(j);
}

static void print_json(const struct enc_host *h, const char *state_dir, struct enc_buf *b)
{
	struct enc_json j;

	enc_json_init(&j, b, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "schema", "enclosure.doctor/v1");
	enc_json_bool(&j, "ready", ready(h));
	enc_json_path(&j, "state_dir", state_dir);
	enc_json_array(&j, "problems");
	for (size_t i = 0; i < ENC_LEN(rows); i++)
		if (!fine(h, i))
			problem(&j, enc_mech_name(rows[i].mech), rows[i].needed, &h->mech[rows[i].mech]);
	if (!memory_is_held(h))
		problem(&j, enc_mech_name((enum enc_mech)(groups(h) - h->mech)), false, groups(h));
	enc_json_end(&j);
	enc_json_end(&j);
	enc_buf_putc(b, '\n');
}

static int cmd_doctor(const struct enc_verb *verb, void *args, int argc, char **argv)
{
	const struct doctor_args *a = args;
	struct enc_cli_context c;
	struct enc_buf b = {0};
	bool good;
	int status = enc_cli_context(&c, ENC_CTX_HOST | ENC_CTX_FRESH, NULL, NULL, 0, a->json, 1);

	if (status != 0)
		return status;
	good = ready(c.host);
	if (a->json) {
		print_json(c.host, c.state_dir, &b);
	} else {
		show_rows(c.host, &b, enc_cli_color(STDOUT_FILENO));
		show_limits(c.host, &b, enc_cli_color(STDOUT_FILENO));
		enc_buf_printf(&b, "  ok       %-18s %s\n\n%s\n", "state", c.state_dir,
			       good ? "ready: enclosure run -- COMMAND"
				    : "not ready: what is MISSING above keeps every run from starting");
	}
	status = enc_cli_out(&b);
	enc_buf_done(&b);
	enc_cli_context_done(&c);
	return status ? status : !good;
}

const struct enc_verb enc_verb_doctor = {
	.name = "doctor",
	.summary = "tell whether this machine is ready, and what mends it",
	.operands = "",
	.description = "Tries every mechanism again. What is missing is named with the command that mends it.",
	.opts = doctor_opts,
	.n_opts = ENC_LEN(doctor_opts),
	.args_size = sizeof(struct doctor_args),
	.run = cmd_doctor,
	.exits = "0 ready, 1 not ready, 64 usage.",
};
