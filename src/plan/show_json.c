/* SPDX-License-Identifier: MIT */
/*
 * show_json.c - a plan as an object, every clause for itself
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "plan/plan.h"

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
	case ENC_MT_OVERLAY: return "overlay";
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
	if (p->watch_memory || p->limits.disk_bytes)
		enc_json_str(j, NULL, "measurer");
	enc_json_end(j);
	enc_json_uint(j, "unbound", p->n_unbound);
	enc_json_bool(j, "runnable", p->runnable);
	enc_json_end(j);
}
