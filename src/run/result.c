/* SPDX-License-Identifier: MIT */
/*
 * result.c - the result of a run, as an object and as the report at a terminal
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "run/run.h"

struct enc_run_identity enc_run_identify(const struct enc_run_request *q)
{
	return (struct enc_run_identity){.state_dir = q->plan->state_dir,
					 .name = q->name,
					 .cwd = q->plan->cwd,
					 .manifest = q->plan->policy->path,
					 .plan_digest = q->plan->digest,
					 .overlay = q->plan->overlay,
					 .argv = q->argv};
}

static void streams_json(const struct enc_run_identity *who, const struct enc_run_result *r, struct enc_json *j)
{
	static const char *const names[] = {"stdout", "stderr"};

	for (int i = 0; i < 2; i++) {
		char path[4200];

		snprintf(path, sizeof(path), "%s/runs/%s/%s", who->state_dir, r->id, names[i]);
		enc_json_object(j, names[i]);
		enc_json_path(j, "path", path);
		enc_json_uint(j, "bytes", r->out[i].bytes);
		enc_json_bool(j, "truncated", r->out[i].truncated);
		enc_json_end(j);
	}
}

static void denials_json(const struct enc_run_result *r, struct enc_json *j)
{
	enc_json_array(j, "denials");
	for (size_t i = 0; i < r->n_denials; i++) {
		char when[40];

		enc_format_rfc3339(when, sizeof(when), r->denials[i].first_real_ns);
		enc_json_object(j, NULL);
		enc_json_str(j, "clause", r->denials[i].clause);
		enc_json_str(j, "what", r->denials[i].what);
		enc_json_uint(j, "count", r->denials[i].count);
		enc_json_str(j, "first", when);
		enc_json_end(j);
	}
	enc_json_end(j);
}

static void limits_json(const struct enc_run_result *r, struct enc_json *j)
{
	enc_json_array(j, "limits");
	for (size_t i = 0; i < r->n_limits; i++) {
		char when[40];

		enc_format_rfc3339(when, sizeof(when), r->limits[i].first_real_ns);
		enc_json_object(j, NULL);
		enc_json_str(j, "clause", r->limits[i].clause);
		enc_json_uint(j, "limit", r->limits[i].limit);
		enc_json_uint(j, "value", r->limits[i].value);
		enc_json_str(j, "first", when);
		enc_json_end(j);
	}
	enc_json_end(j);
}

static void optional_int(struct enc_json *j, const char *key, int value)
{
	if (value >= 0)
		enc_json_int(j, key, value);
	else
		enc_json_null(j, key);
}

void enc_run_result_json(const struct enc_run_identity *who, const struct enc_run_result *r, struct enc_json *j)
{
	char when[40];

	enc_json_object(j, NULL);
	enc_json_str(j, "schema", "enclosure.result/v1");
	enc_json_str(j, "run", r->id);
	enc_json_str(j, "name", who->name);
	enc_json_str(j, "state", enc_run_state_name(r->state));
	enc_json_int(j, "status", r->status);
	optional_int(j, "exit", r->exit_code);
	optional_int(j, "signal", r->signal);
	enc_json_str(j, "clause", r->clause);
	enc_json_str(j, "reason", r->reason);
	enc_json_array(j, "argv");
	for (size_t i = 0; who->argv[i]; i++)
		enc_json_str(j, NULL, who->argv[i]);
	enc_json_end(j);
	if (who->cwd)
		enc_json_path(j, "cwd", who->cwd);
	else
		enc_json_null(j, "cwd");
	enc_json_str(j, "manifest", who->manifest);
	enc_json_str(j, "plan_digest", who->plan_digest);
	enc_format_rfc3339(when, sizeof(when), r->started_ns);
	enc_json_str(j, "started", when);
	enc_format_rfc3339(when, sizeof(when), r->finished_ns);
	enc_json_str(j, "finished", when);
	enc_json_uint(j, "wall_ns", r->wall_ns);
	enc_json_uint(j, "user_ns", r->user_ns);
	enc_json_uint(j, "system_ns", r->system_ns);
	enc_json_uint(j, "max_rss", r->max_rss_bytes);
	streams_json(who, r, j);
	denials_json(r, j);
	limits_json(r, j);
	enc_json_array(j, "alerts");
	enc_json_end(j);
	enc_json_uint(j, "synced_files", r->synced_files);
	enc_json_str(j, "overlay", who->overlay);
	enc_json_str(j, "note", r->note);
	enc_json_object(j, "loss");
	enc_json_uint(j, "events_reader", r->lost_events);
	enc_json_end(j);
	enc_json_object(j, "log");
	enc_json_uint(j, "first_seq", r->first_seq);
	enc_json_uint(j, "last_seq", r->last_seq);
	enc_json_end(j);
	enc_json_end(j);
}

static void how_it_ended(const struct enc_run_result *r, struct enc_buf *out)
{
	switch (r->state) {
	case ENC_RUN_FINISHED:
		if (r->signal > 0)
			enc_buf_printf(out, "finished by signal %d (%s)", r->signal, strsignal(r->signal));
		else
			enc_buf_printf(out, "finished, exit status %d", r->exit_code);
		return;
	case ENC_RUN_TIMED_OUT: enc_buf_puts(out, "timed out"); break;
	case ENC_RUN_CANCELLED: enc_buf_puts(out, "cancelled"); break;
	case ENC_RUN_KILLED: enc_buf_puts(out, "killed"); break;
	case ENC_RUN_REFUSED: enc_buf_puts(out, "refused"); break;
	case ENC_RUN_FAILED_SETUP: enc_buf_puts(out, "not started"); break;
	}
	if (r->reason)
		enc_buf_printf(out, ": %s", r->reason);
	if (r->clause)
		enc_buf_printf(out, " [%s]", r->clause);
}

static void stopped(const struct enc_run_result *r, struct enc_buf *out)
{
	if (!r->n_denials) {
		enc_buf_puts(out, "  stopped  no refused system call\n");
		return;
	}
	for (size_t i = 0; i < r->n_denials; i++) {
		enc_buf_printf(out, "  %s  %llu x ", i ? "       " : "stopped",
			       (unsigned long long)r->denials[i].count);
		enc_buf_add_escaped(out, r->denials[i].what, strlen(r->denials[i].what));
		enc_buf_printf(out, " [%s]\n", r->denials[i].clause);
	}
}

/* Limits that held or slowed the run; the one that ended it is in the first line. */
static void held(const struct enc_run_request *q, const struct enc_run_result *r, struct enc_buf *out)
{
	const char *label = "held";

	for (size_t i = 0; i < r->n_limits; i++) {
		const struct enc_binding *b = enc_plan_find(q->plan, r->limits[i].clause);

		if (r->clause && strcmp(r->clause, r->limits[i].clause) == 0)
			continue;
		enc_buf_printf(out, "  %-8s %s [%s]\n", label, b ? b->clause->text : "a limit", r->limits[i].clause);
		label = "";
	}
}

static size_t invisible(const struct enc_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_bindings; i++) {
		enum enc_clause_kind k = p->bindings[i].clause->kind;

		n += !p->bindings[i].visible && (k == ENC_CL_FS_DENY || k == ENC_CL_FS_PROTECT || k == ENC_CL_FS_READ ||
						 k == ENC_CL_FS_WRITE || k == ENC_CL_NET_MODE);
	}
	return n;
}

void enc_run_report(const struct enc_run_request *q, const struct enc_run_result *r, struct enc_buf *out, bool color)
{
	const char *bold = color ? "\033[1m" : "", *dim = color ? "\033[2m" : "", *off = color ? "\033[0m" : "";
	const struct enc_plan *p = q->plan;
	char wall[32], cpu[32], rss[32];
	size_t hidden = invisible(p);

	enc_format_time(wall, sizeof(wall), r->wall_ns);
	enc_format_time(cpu, sizeof(cpu), r->user_ns + r->system_ns);
	enc_format_size(rss, sizeof(rss), r->max_rss_bytes);
	enc_buf_printf(out, "%senclosure%s  ", bold, off);
	how_it_ended(r, out);
	enc_buf_printf(out, "\n  used     %s, %s of CPU, %s of memory at most\n", wall, cpu, rss);
	enc_buf_printf(out, "  inside   %zu clauses of %s, as %s, network %s\n", p->n_bindings, p->policy->name,
		       p->ids.name ? p->ids.name : "an unused id", p->net_none ? "none" : "open");
	stopped(r, out);
	held(q, r, out);
	if (hidden)
		enc_buf_printf(out, "           %s%zu clauses on files and network refuse without an event here%s\n",
			       dim, hidden, off);
	if (r->synced_files)
		enc_buf_printf(out, "  files    %llu written back\n", (unsigned long long)r->synced_files);
	if (p->overlay)
		enc_buf_printf(out, "  changes  are kept apart: enclosure diff --stat %.10s, then apply or discard\n",
			       r->id);
	if (r->note)
		enc_buf_printf(out, "  note     %s\n", r->note);
	enc_buf_printf(out, "  next     enclosure result %.10s   enclosure logs %.10s   enclosure plan\n", r->id,
		       r->id);
}
