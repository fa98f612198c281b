/* SPDX-License-Identifier: MIT */
/*
 * show.c - the effective manifest as text and as JSON
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "policy/impl.h"

static const struct enc_key *row_of(const struct enc_clause *c)
{
	char path[64];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(c->id, "["), c->id);
	if (c->kind == ENC_CL_ENV_SET)
		return enc_schema_path("env.set");
	if (c->kind == ENC_CL_RULE)
		return enc_schema_path("rules");
	return enc_schema_path(path);
}

static void quoted(struct enc_buf *b, const char *s)
{
	struct enc_json j;

	/* A JSON string is a YAML string, whatever is in it. */
	enc_json_init(&j, b, 0);
	enc_json_str(&j, NULL, s);
}

static void place(struct enc_buf *out, const struct enc_clause *c, size_t start)
{
	size_t width = out->len - start;

	for (; width < 56; width++)
		enc_buf_putc(out, ' ');
	enc_buf_puts(out, "  # from ");
	enc_buf_puts(out, c->at.file);
	if (c->at.line)
		enc_buf_printf(out, ":%d", c->at.line);
	enc_buf_putc(out, '\n');
}

static void show_value(struct enc_buf *out, const struct enc_clause *c, const struct enc_key *row)
{
	switch ((int)c->kind) {
	case ENC_CL_FS_READ:
	case ENC_CL_FS_WRITE:
	case ENC_CL_FS_DENY:
	case ENC_CL_FS_PROTECT:
		if (c->optional)
			enc_buf_puts(out, "{path: ");
		quoted(out, c->value);
		if (c->optional)
			enc_buf_puts(out, ", optional: true}");
		break;
	case ENC_CL_NET_CREDENTIAL:
	case ENC_CL_NET_ALLOW:
	case ENC_CL_RATE: quoted(out, c->text); break;
	default: quoted(out, c->value); break;
	}
}

/* Sections and lists open when they change; every clause has a line of its own. */
static void show_clause(struct enc_buf *out, const struct enc_clause *c, const struct enc_key *row, char *section,
			char *key)
{
	const char *dot = strchr(row->path, '.'), *name = dot ? dot + 1 : row->path;
	const char *indent = dot ? "  " : "";
	size_t start;

	if (dot && (strlen(section) != (size_t)(dot - row->path) ||
		    strncmp(section, row->path, (size_t)(dot - row->path)) != 0)) {
		snprintf(section, 64, "%.*s", (int)(dot - row->path), row->path);
		enc_buf_printf(out, "%s:\n", section);
	}
	if (row->shape != SH_SCALAR || row->type == V_RULES) {
		if (strcmp(key, row->path) != 0)
			enc_buf_printf(out, "%s%s:\n", indent, name);
		snprintf(key, 64, "%s", row->path);
		start = out->len;
		enc_buf_puts(out, indent);
		if (row->shape == SH_MAP || row->type == V_RULES)
			enc_buf_printf(out, "  %s: ", c->name);
		else
			enc_buf_puts(out, "  - ");
	} else {
		start = out->len;
		enc_buf_printf(out, "%s%s: ", indent, name);
	}
	show_value(out, c, row);
	place(out, c, start);
}

void enc_policy_show(const struct enc_policy *p, struct enc_buf *out)
{
	char section[64] = "", key[64] = "";

	enc_buf_printf(out, "# %s\n# workspace %s\n# home %s\n", p->found, p->workspace, p->home);
	for (size_t i = 0; i < p->n_files; i++)
		enc_buf_printf(out, "# %s %s sha256:%.16s\n",
			       i == 0		     ? "manifest"
			       : p->files[i].ceiling ? "ceiling "
						     : "extends ",
			       p->files[i].path, p->files[i].digest);
	enc_buf_puts(out, "enclosure: 1\nname: ");
	quoted(out, p->name);
	enc_buf_putc(out, '\n');
	for (size_t i = 0; i < p->n_clauses; i++) {
		const struct enc_key *row = row_of(&p->clauses[i]);

		/* manifest[N] is a protect that every run has. */
		if (!row)
			row = enc_schema_path("filesystem.protect");
		show_clause(out, &p->clauses[i], row, section, key);
	}
	if (p->n_accepts)
		enc_buf_puts(out, "accept:\n");
	for (size_t i = 0; i < p->n_accepts; i++) {
		const struct enc_accept *a = &p->accepts[i];
		const struct enc_clause c = {.at = a->at};
		size_t start = out->len;

		enc_buf_puts(out, "  ");
		quoted(out, a->prefix);
		enc_buf_printf(out, ": %s", enc_guarantee_name(a->guarantee));
		place(out, &c, start);
	}
}

static void json_source(struct enc_json *j, const struct enc_mark *at)
{
	enc_json_object(j, "source");
	enc_json_path(j, "file", at->file);
	enc_json_int(j, "line", at->line);
	enc_json_end(j);
}

static void json_clause(const struct enc_policy *p, struct enc_json *j, const struct enc_clause *c)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "id", c->id);
	enc_json_str(j, "text", c->text);
	if (c->kind <= ENC_CL_FS_PROTECT)
		enc_json_path(j, "value", c->value);
	else
		enc_json_str(j, "value", c->value);
	if (c->name)
		enc_json_str(j, "name", c->name);
	if (c->kind <= ENC_CL_FS_PROTECT) {
		enc_json_bool(j, "pattern", c->glob);
		enc_json_bool(j, "optional", c->optional);
	}
	enc_json_str(j, "asked", enc_guarantee_name(enc_policy_asked(p, c)));
	json_source(j, &c->at);
	enc_json_end(j);
}

void enc_policy_json(const struct enc_policy *p, struct enc_json *j)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "schema", "enclosure.policy/v1");
	enc_json_str(j, "name", p->name);
	enc_json_object(j, "manifest");
	enc_json_path(j, "path", p->path);
	enc_json_str(j, "digest", p->digest);
	enc_json_str(j, "found", p->found);
	enc_json_end(j);
	enc_json_path(j, "workspace", p->workspace);
	enc_json_path(j, "home", p->home);
	enc_json_array(j, "files");
	for (size_t i = 0; i < p->n_files; i++) {
		enc_json_object(j, NULL);
		enc_json_path(j, "path", p->files[i].path);
		enc_json_str(j, "digest", p->files[i].digest);
		enc_json_bool(j, "builtin", p->files[i].builtin);
		enc_json_bool(j, "ceiling", p->files[i].ceiling);
		enc_json_end(j);
	}
	enc_json_end(j);
	enc_json_array(j, "clauses");
	for (size_t i = 0; i < p->n_clauses; i++)
		json_clause(p, j, &p->clauses[i]);
	enc_json_end(j);
	enc_json_array(j, "accept");
	for (size_t i = 0; i < p->n_accepts; i++) {
		enc_json_object(j, NULL);
		enc_json_str(j, "clause", p->accepts[i].prefix);
		enc_json_str(j, "guarantee", enc_guarantee_name(p->accepts[i].guarantee));
		json_source(j, &p->accepts[i].at);
		enc_json_end(j);
	}
	enc_json_end(j);
	enc_json_end(j);
}
