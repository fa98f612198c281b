/* SPDX-License-Identifier: MIT */
/*
 * docs.c - docs/manifest.md out of the table of keys
 */
#include <stdio.h>
#include <string.h>

#include "policy/impl.h"

static const char head[] =
	"<!-- SPDX-License-Identifier: MIT -->\n"
	"<!-- Made from the table in src/policy/schema.c. Don't edit: a test compares the two. -->\n"
	"# The manifest: every key\n"
	"\n"
	"A manifest, `enclosure.yaml`, says what one agent may do. It is YAML (or JSON) without anchors, aliases and "
	"tags.\n"
	"Each statement in it is a *clause* with an id (`filesystem.deny[2]`, `limits.memory`) that plans, events and\n"
	"results name. `enclosure plan` shows which mechanism enforces each clause on this machine; a clause that "
	"nothing\n"
	"enforces refuses the run. A key that is marked *not bound in this version* is known and checked, and "
	"refuses.\n"
	"\n"
	"```yaml\n"
	"enclosure: 1\n"
	"extends: [coding-agent]\n"
	"filesystem:\n"
	"  read: [{path: ~/.config/app, optional: true}]\n"
	"  deny: [secrets]\n"
	"limits: {time: 30m, memory: 2G}\n"
	"```\n"
	"\n"
	"## How values are written\n"
	"\n"
	"| kind | form |\n"
	"|---|---|\n"
	"| size | `512`, `512K`, `2G`, `1T`: powers of 1024 |\n"
	"| time | `500ms`, `30s`, `10m`, `2h`, `7d`; the unit is required |\n"
	"| rate | `N/T`: `20/1m` |\n"
	"| percent | `200%`: of one core |\n"
	"| path | `/absolute`, `~/in/the/home` of the user that the command runs as, `$WORKSPACE/...`, `$HOME/...`; "
	"anything else is relative to the workspace. `..` is refused |\n"
	"| pattern | a path with `*` (within a component), `**` (across components), `?` or `[...]`; relative to the "
	"workspace unless it begins with `/`, `~`, `$` or `**/` |\n"
	"\n"
	"An item of `read`, `write`, `deny` or `protect` is a path, or `{path: X, optional: true}`: then nothing is "
	"meant\n"
	"while X is absent when the run starts.\n"
	"\n"
	"The workspace is the folder of the manifest when the working directory lies in it, else the working "
	"directory. A\n"
	"manifest is looked for as `-m FILE` (or the name of a built-in profile), else `enclosure.yaml` in the "
	"working\n"
	"directory or the nearest parent inside the same git work tree, else the profile `coding-agent` is used. One "
	"that\n"
	"was looked up is obeyed only after `enclosure trust`; any change of it or of what it extends asks for trust "
	"again.\n"
	"\n"
	"## What goes together\n"
	"\n"
	"- A `deny` wins over every grant, a `protect` over every `write`. A file that grants what it denies itself, "
	"or what\n"
	"  it extends denies, is refused. A file that denies what it extends grants takes the grant away.\n"
	"- Lists add up over `extends`, parents first; scalars, and variables of `env.set`, are replaced by the later "
	"file.\n"
	"- The manifest and all files that it extends are protected in every run (clauses `manifest[N]`).\n"
	"- `network.allow` and `network.credentials` need `mode: proxy`; `network.expose` needs a mode other than "
	"`open`.\n"
	"- `/etc/enclosure/ceiling.yaml`, if it exists, is a manifest that none may exceed. It must belong to root and "
	"be\n"
	"  writable by root alone. Grants must lie within its grants; its `deny`, `protect`, `exec`, `rates`, `kill` "
	"and\n"
	"  `rules` are added; its limits and budgets hold where a manifest says nothing or less; its `user`, `ask` "
	"and\n"
	"  `record` hold as they are; a manifest accepts no weaker guarantee than it does.\n"
	"\n"
	"A clause asks for the guarantee `prevent`; limits, rates, budgets and `kill` ask for `contain`. `accept` "
	"weakens.\n"
	"\n"
	"## Keys\n";

static void escaped(struct enc_buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			enc_buf_putc(out, '\\');
		enc_buf_putc(out, *s);
	}
}

static const char *shape_name(const struct enc_key *row)
{
	switch (row->shape) {
	case SH_LIST: return "list of ";
	case SH_MAP: return "map of names to ";
	case SH_SCALAR:
	case SH_SECTION: break;
	}
	return "";
}

static void type_cell(struct enc_buf *out, const struct enc_key *row)
{
	enc_buf_puts(out, shape_name(row));
	if (row->words) {
		enc_buf_putc(out, '`');
		escaped(out, row->words);
		enc_buf_putc(out, '`');
		return;
	}
	escaped(out, row->unit);
}

static void row_line(struct enc_buf *out, const struct enc_key *row)
{
	const char *mechanism = row->mechanism ? row->mechanism : "not bound in this version";

	enc_buf_printf(out, "| `%s` | ", row->path);
	type_cell(out, row);
	enc_buf_puts(out, " | ");
	escaped(out, row->dflt);
	enc_buf_printf(out, " | %s | ", *mechanism ? mechanism : "-");
	escaped(out, row->docs);
	enc_buf_puts(out, " |\n");
}

void enc_policy_docs(struct enc_buf *out)
{
	bool top = false;

	enc_buf_puts(out, head);
	for (size_t i = 0; i < enc_n_schema; i++) {
		const struct enc_key *row = &enc_schema[i];
		bool section = row->shape == SH_SECTION;

		if (section)
			enc_buf_printf(out, "\n### `%s`\n\n%s When left out: %s.\n", row->path, row->docs, row->dflt);
		/* A key of the top that follows a section has a table of its own. */
		else if (!strchr(row->path, '.') && !strchr(row->path, '[') && (i == 0 || !top))
			enc_buf_printf(out, "\n### `%s`%s\n", row->path,
				       i == 0 ? " and the other keys of the top" : "");
		if (section || (!strchr(row->path, '.') && (i == 0 || !top)))
			enc_buf_puts(out,
				     "\n| key | type, unit | default | mechanism | meaning |\n|---|---|---|---|---|\n");
		if (!section)
			row_line(out, row);
		top = !section && !strchr(row->path, '.');
	}
}
