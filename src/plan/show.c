/* SPDX-License-Identifier: MIT */
/*
 * show.c - a plan for people, and as an object
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "plan/plan.h"

static void names_of(uint32_t mechanisms, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		if (mechanisms & 1u << m && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
						enc_mech_name((enum enc_mech)m));
}

static void padded(struct enc_buf *out, const char *s, size_t width)
{
	size_t start = out->len, n;

	enc_buf_add_escaped(out, s, strlen(s));
	n = out->len - start;
	if (n > width) {
		/* Cut whole: the JSON form has it all. */
		out->len = start + (width > 1 ? width - 1 : 0);
		while (out->len > start && ((unsigned char)out->s[out->len] & 0xc0) == 0x80)
			out->len--;
		out->s[out->len] = '\0';
		enc_buf_puts(out, "~");
		n = width;
	}
	for (; n < width; n++)
		enc_buf_putc(out, ' ');
}

static void row(const struct enc_binding *b, struct enc_buf *out, size_t text_width, bool color)
{
	const char *red = color ? "\033[31m" : "", *dim = color ? "\033[2m" : "", *off = color ? "\033[0m" : "";
	char mechanisms[200];

	names_of(b->mechanisms, mechanisms, sizeof(mechanisms));
	enc_buf_puts(out, "  ");
	padded(out, b->clause->text, text_width);
	if (!b->bound) {
		enc_buf_printf(out, "  %sUNBOUND%s  %s: ", red, off, b->clause->id);
		enc_buf_add_escaped(out, b->missing, strlen(b->missing));
		enc_buf_putc(out, '\n');
		return;
	}
	enc_buf_printf(out, "  %-7s  %-3s  %s", enc_guarantee_name(b->guarantee), b->visible ? "yes" : "-",
		       mechanisms[0] ? mechanisms : "-");
	if (b->note)
		enc_buf_printf(out, "%s%s(%s)%s", mechanisms[0] ? "  " : " ", dim, b->note, off);
	enc_buf_putc(out, '\n');
}

static const char *section_of(const struct enc_clause *c)
{
	switch (c->kind) {
	case ENC_CL_FS_READ:
	case ENC_CL_FS_WRITE:
	case ENC_CL_FS_DENY:
	case ENC_CL_FS_PROTECT:
	case ENC_CL_FS_WORKSPACE: return "files";
	case ENC_CL_NET_MODE:
	case ENC_CL_NET_ALLOW:
	case ENC_CL_NET_CREDENTIAL:
	case ENC_CL_NET_EXPOSE: return "network";
	case ENC_CL_EXEC_ALLOW:
	case ENC_CL_EXEC_DENY: return "exec";
	case ENC_CL_ENV_PASS:
	case ENC_CL_ENV_SET:
	case ENC_CL_USER: return "identity and environment";
	case ENC_CL_LIMIT_MEMORY:
	case ENC_CL_LIMIT_PIDS:
	case ENC_CL_LIMIT_CPU:
	case ENC_CL_LIMIT_TIME:
	case ENC_CL_LIMIT_IDLE:
	case ENC_CL_LIMIT_OUTPUT:
	case ENC_CL_LIMIT_FILES:
	case ENC_CL_LIMIT_DISK: return "limits";
	case ENC_CL_RATE:
	case ENC_CL_BUDGET:
	case ENC_CL_KILL:
	case ENC_CL_ASK:
	case ENC_CL_RULE:
	case ENC_CL_RECORD: return "conduct";
	case ENC_CL_BUILTIN:
	case ENC_CL__COUNT: return "in every run";
	}
	return "";
}

static const char *const sections[] = {"files", "network", "exec", "identity and environment",
				       "limits", "conduct", "in every run"};

static size_t text_width(const struct enc_plan *p, int columns)
{
	size_t widest = 20, most = columns > 110 ? 56 : 40;

	for (size_t i = 0; i < p->n_bindings; i++) {
		size_t n = strlen(p->bindings[i].clause->text);

		if (n > widest)
			widest = n;
	}
	return widest < most ? widest : most;
}

void enc_plan_show(const struct enc_plan *p, struct enc_buf *out, int columns, bool color)
{
	const char *bold = color ? "\033[1m" : "", *off = color ? "\033[0m" : "";
	size_t width = text_width(p, columns);

	enc_buf_printf(out, "%splan%s for ", bold, off);
	enc_buf_add_escaped(out, p->policy->path, strlen(p->policy->path));
	enc_buf_printf(out, " (%s)\n  workspace  ", p->policy->found);
	enc_buf_add_escaped(out, p->policy->workspace, strlen(p->policy->workspace));
	enc_buf_printf(out, "\n  runs as    %s, uid %u (%s)\n\n", p->ids.name, p->ids.uid, p->ids.why);
	enc_buf_printf(out, "  %s%-*s  %-7s  %-3s  %s%s\n", bold, (int)width, "clause", "holds", "see", "mechanisms",
		       off);
	for (size_t s = 0; s < ENC_LEN(sections); s++) {
		bool any = false;

		for (size_t i = 0; i < p->n_bindings; i++) {
			if (strcmp(section_of(p->bindings[i].clause), sections[s]) != 0)
				continue;
			if (!any)
				enc_buf_printf(out, "%s%s%s\n", bold, sections[s], off);
			any = true;
			row(&p->bindings[i], out, width, color);
		}
	}
	if (p->runnable)
		enc_buf_printf(out, "\n%zu clauses, all bound. holds: what is guaranteed; see: a denial makes an event.\n",
			       p->n_bindings);
	else
		enc_buf_printf(out, "\n%zu of %zu clauses are unbound: a run would be refused.\n", p->n_unbound,
			       p->n_bindings);
}

static void clause_json(const struct enc_binding *b, struct enc_json *j)
{
	char source[4200];

	if (b->clause->at.line > 0)
		snprintf(source, sizeof(source), "%s:%d", b->clause->at.file, b->clause->at.line);
	else
		snprintf(source, sizeof(source), "%s", b->clause->at.file ? b->clause->at.file : "built-in");
	enc_json_object(j, NULL);
	enc_json_str(j, "id", b->clause->id);
	enc_json_str(j, "text", b->clause->text);
	enc_json_str(j, "source", source);
	enc_json_array(j, "mechanisms");
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		if (b->mechanisms & 1u << m)
			enc_json_str(j, NULL, enc_mech_name((enum enc_mech)m));
	enc_json_end(j);
	enc_json_str(j, "guarantee", b->bound ? enc_guarantee_name(b->guarantee) : NULL);
	enc_json_str(j, "asked", enc_guarantee_name(b->asked));
	enc_json_bool(j, "visible", b->visible);
	enc_json_bool(j, "bound", b->bound);
	enc_json_str(j, "note", b->note);
	enc_json_str(j, "missing", b->missing);
	enc_json_str(j, "next", b->next);
	enc_json_end(j);
}

static const char *mount_name(enum enc_mount_kind k)
{
	switch (k) {
	case ENC_MT_BIND_RO: return "read-only";
	case ENC_MT_BIND_RW: return "writable";
	case ENC_MT_SCRATCH: return "private";
	case ENC_MT_FILE_SYNC: return "copied";
	case ENC_MT_PROTECT: return "protected";
	case ENC_MT_PIN: return "pinned";
	case ENC_MT_MASK_DIR:
	case ENC_MT_MASK_FILE: return "masked";
	case ENC_MT_LINK: return "link";
	case ENC_MT_TEXT: return "generated";
	}
	return "";
}

static void mounts_json(const struct enc_plan *p, struct enc_json *j)
{
	enc_json_array(j, "mounts");
	for (size_t i = 0; i < p->n_mounts; i++) {
		const struct enc_mount *m = &p->mounts[i];

		enc_json_object(j, NULL);
		enc_json_path(j, "path", m->path);
		enc_json_str(j, "kind", mount_name(m->kind));
		enc_json_bool(j, "idmapped", m->idmap);
		enc_json_str(j, "clause", m->clause >= 0 ? p->bindings[m->clause].clause->id : NULL);
		enc_json_end(j);
	}
	enc_json_end(j);
}

static void env_json(const struct enc_plan *p, struct enc_json *j)
{
	/* Names alone: values may be secret. */
	enc_json_array(j, "environment");
	for (size_t i = 0; p->env && p->env[i]; i++)
		enc_json_strn(j, NULL, p->env[i], strcspn(p->env[i], "="));
	enc_json_end(j);
}

void enc_plan_json(const struct enc_plan *p, struct enc_json *j)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "schema", "enclosure.plan/v1");
	enc_json_object(j, "manifest");
	enc_json_path(j, "path", p->policy->path);
	enc_json_str(j, "name", p->policy->name);
	enc_json_str(j, "found", p->policy->found);
	enc_json_str(j, "digest", p->policy->digest);
	enc_json_end(j);
	enc_json_str(j, "engine", p->engine);
	enc_json_path(j, "workspace", p->policy->workspace);
	enc_json_path(j, "cwd", p->cwd);
	enc_json_object(j, "user");
	enc_json_str(j, "name", p->ids.name);
	enc_json_uint(j, "uid", p->ids.uid);
	enc_json_uint(j, "gid", p->ids.gid);
	enc_json_uint(j, "inside_uid", p->ids.inside_uid);
	enc_json_bool(j, "borrowed", p->ids.borrowed);
	enc_json_path(j, "home", p->ids.home);
	enc_json_str(j, "why", p->ids.why);
	enc_json_end(j);
	enc_json_str(j, "network", p->policy->net_mode == ENC_NET_PROXY ? "proxy" : p->net_none ? "none" : "open");
	enc_json_array(j, "clauses");
	for (size_t i = 0; i < p->n_bindings; i++)
		clause_json(&p->bindings[i], j);
	enc_json_end(j);
	mounts_json(p, j);
	env_json(p, j);
	enc_json_array(j, "processes");
	enc_json_str(j, NULL, "supervisor");
	enc_json_str(j, NULL, "init");
	enc_json_str(j, NULL, "command");
	enc_json_end(j);
	enc_json_uint(j, "unbound", p->n_unbound);
	enc_json_bool(j, "runnable", p->runnable);
	enc_json_end(j);
}
