/* SPDX-License-Identifier: MIT */
/*
 * init_write.c - the manifest of a project, each line with the reason why it is there
 *
 * Names come from a project that may be anybody's: in a comment they are printable ASCII, as values they are quoted,
 * and those that could mean more than a name never get here (INIT_UNNAMED).
 */
#include <ctype.h>
#include <string.h>

#include "cli/init.h"

#define COMMENT_COLUMN 60

void init_plain(struct enc_buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s >= 0x20 && *s < 0x7f)
			enc_buf_putc(out, *s);
		else
			enc_buf_printf(out, "\\x%02x", (unsigned char)*s);
	}
}

/* In a flow map: plain where it can be nothing else, else in double quotes. */
static void scalar(struct enc_buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/~$-";

	if (*s && strspn(s, plain) == strlen(s) && *s != '-' && (isalpha((unsigned char)*s) || strchr("./~$", *s))) {
		enc_buf_puts(out, s);
		return;
	}
	enc_buf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			enc_buf_putc(out, '\\');
		enc_buf_putc(out, *s);
	}
	enc_buf_putc(out, '"');
}

/* The rest of a line: the reason, in a column of its own, and what was found. */
static void reason(struct enc_buf *out, size_t begin, const char *why, const char *evidence)
{
	size_t used = out->len - begin;

	enc_buf_printf(out, "%*s# %s", used < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - used) : 2, "", why);
	if (evidence) {
		enc_buf_puts(out, " (");
		init_plain(out, evidence);
		enc_buf_putc(out, ')');
	}
	enc_buf_putc(out, '\n');
}

static void path_item(struct enc_buf *out, const char *path, const char *why, const char *evidence)
{
	size_t begin = out->len;

	enc_buf_puts(out, "    - {path: ");
	scalar(out, path);
	enc_buf_puts(out, ", optional: true}");
	reason(out, begin, why, evidence);
}

/* A path in the project; one that begins like a home or a variable is named in full. */
static const char *in_project(const struct init_found *f, const char *path)
{
	return strchr("~/", path[0]) ? enc_arena_printf(f->arena, "$WORKSPACE/%s", path) : path;
}

static void head(const struct init_found *f, struct enc_buf *out)
{
	enc_buf_puts(out,
		     "# enclosure.yaml - what an agent may do in this project\n#\n"
		     "# Made by `enclosure init` from the names of files; none was read. Change what is wrong, then:\n"
		     "#     enclosure policy show         what it means, with everything that it extends\n"
		     "#     enclosure plan                what would be enforced here, and by what\n"
		     "#     enclosure trust               obey it from now on; again after each change\n"
		     "#     enclosure run -- COMMAND\n"
		     "# Every key: man enclosure.yaml.\n");
	if (f->n_hits)
		enc_buf_puts(out, "#\n# Found:\n");
	for (size_t i = 0; i < f->n_hits; i++) {
		const struct init_hit *h = &f->hits[i];

		enc_buf_printf(out, "#   %-10s %-14s ", init_kind_name(h->kit->kind), h->kit->name);
		init_plain(out, h->evidence);
		enc_buf_putc(out, '\n');
	}
	if (f->cut)
		enc_buf_puts(
			out,
			"# The project is larger than what was looked at: see whether a secret is missing below.\n");
}

static void name_line(const struct init_found *f, struct enc_buf *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *name = strrchr(f->root, '/') + 1;
	size_t n = strlen(name);

	/* It must be a name for the manifest and a text for YAML: 1e3 and yes are neither. */
	if (n && n <= 64 && strspn(name, letters) == n)
		enc_buf_printf(out, "name: \"%s\"\n", name);
}

static void extends(const struct init_found *f, struct enc_buf *out)
{
	enc_buf_puts(
		out,
		"\n# The project can be changed, the system be read, and nothing else is there: no home, no keys of\n"
		"# the owner, no process of the host. Hooks of git, settings of editors and agents and the files of\n"
		"# CI can't be changed. ");
	if (f->agent)
		enc_buf_printf(out, "%s keeps its login and its sessions.\n", f->agent->name);
	else
		enc_buf_puts(out, "No agent was found: claude-code and codex are profiles, too.\n");
	enc_buf_printf(out, "# In full: enclosure policy show %s\nextends: [%s]\n",
		       f->agent ? f->agent->profile : "offline", f->agent ? f->agent->profile : "offline");
}

/* The i-th path that a kit before this one, or this one, has named already? */
static bool read_before(const struct init_found *f, size_t hit, size_t note)
{
	const char *path = f->hits[hit].kit->read[note].path;

	for (size_t i = 0; i <= hit; i++)
		for (size_t k = 0; k < ENC_LEN(f->hits[i].kit->read) && f->hits[i].kit->read[k].path; k++) {
			if (i == hit && k == note)
				return false;
			if (strcmp(f->hits[i].kit->read[k].path, path) == 0)
				return true;
		}
	return false;
}

static bool reads(const struct init_found *f, struct enc_buf *out)
{
	bool any = false;

	for (size_t i = 0; i < f->n_hits; i++) {
		for (size_t k = 0; k < ENC_LEN(f->hits[i].kit->read) && f->hits[i].kit->read[k].path; k++) {
			const struct init_note *n = &f->hits[i].kit->read[k];

			if (read_before(f, i, k))
				continue;
			if (out && !any)
				enc_buf_puts(out, "  # To read, beside the system: what builds need from the home. "
						  "Never to write: from a\n"
						  "  # cache that an agent could change, your own builds would take "
						  "its code.\n  read:\n");
			any = true;
			if (out)
				path_item(out, n->path, n->why, f->hits[i].evidence);
		}
	}
	return any;
}

static const char *const left_out[] = {
	[INIT_FIXTURE] = "looks like a test's or an example's; take the # away if it is real",
	[INIT_OUTSIDE] = "a link that leads out of the project, where nothing is visible but the system",
	[INIT_UNNAMED] = "a manifest can't name it: rename it, or keep it elsewhere",
};

static void denies(const struct init_found *f, struct enc_buf *out)
{
	bool any = false;

	if (f->n_secrets)
		enc_buf_puts(out, "  # Invisible, though in the project. These are the files that are there now; "
				  "patterns such as\n"
				  "  # `**/.env` are not bound in this version: run `enclosure init --force` when "
				  "there are more.\n");
	for (size_t i = 0; i < f->n_secrets; i++) {
		const struct init_secret *s = &f->secrets[i];

		if (s->state != INIT_DENIED)
			continue;
		if (!any)
			enc_buf_puts(out, "  deny:\n");
		any = true;
		path_item(out, in_project(f, s->path), s->why, NULL);
	}
	for (size_t i = 0; i < f->n_secrets; i++) {
		const struct init_secret *s = &f->secrets[i];
		size_t begin = out->len;

		if (s->state == INIT_DENIED)
			continue;
		enc_buf_puts(out, "    # - ");
		init_plain(out, s->path);
		reason(out, begin, left_out[s->state], NULL);
	}
}

static void protects(const struct init_found *f, struct enc_buf *out)
{
	if (!f->n_later)
		return;
	enc_buf_puts(out, "  # To read, never to write: they run code later, outside of the enclosure.\n  protect:\n");
	for (size_t i = 0; i < f->n_later; i++)
		path_item(out, in_project(f, f->later[i].path), f->later[i].why, NULL);
}

static void filesystem(const struct init_found *f, struct enc_buf *out)
{
	bool denied = false;

	for (size_t i = 0; i < f->n_secrets; i++)
		denied |= f->secrets[i].state == INIT_DENIED;
	enc_buf_putc(out, '\n');
	/* A key with comments alone below it would be a key without a value. */
	if (reads(f, NULL) || denied || f->n_later)
		enc_buf_puts(out, "filesystem:\n");
	(void)reads(f, out);
	denies(f, out);
	protects(f, out);
}

static void network(const struct init_found *f, struct enc_buf *out)
{
	enc_buf_puts(
		out,
		"\nnetwork:\n"
		"  # none: the run's own loopback and nothing else. Servers and databases of the run work.\n"
		"  # open: all of the host's network. proxy, which lets out named hosts alone, is not bound in this\n"
		"  # version and refuses the run.\n");
	if (f->agent)
		enc_buf_printf(
			out,
			"  # %s reaches its model over the network: write `open` here for it, and know that what it\n"
			"  # reads can then leave. Without it, builds and tests run, and agents with a model inside.\n",
			f->agent->name);
	enc_buf_puts(out, "  mode: none\n");
}

static bool var_before(const struct init_found *f, size_t hit, const char *name)
{
	for (size_t i = 0; i < hit; i++)
		for (size_t k = 0; k < ENC_LEN(f->hits[i].kit->set) && f->hits[i].kit->set[k].name; k++)
			if (strcmp(f->hits[i].kit->set[k].name, name) == 0)
				return true;
	return false;
}

static void env(const struct init_found *f, struct enc_buf *out)
{
	bool section = false, set = false;

	for (size_t i = 0; i < f->n_hits; i++) {
		const struct init_kit *kit = f->hits[i].kit;

		for (size_t k = 0; k < ENC_LEN(kit->pass) && kit->pass[k]; k++) {
			size_t begin;

			if (!section)
				enc_buf_puts(out, "\nenv:\n  # Beside PATH, LANG and the like; no other variable of "
						  "yours is there.\n  pass:\n");
			section = true;
			begin = out->len;
			enc_buf_printf(out, "    - %s", kit->pass[k]);
			reason(out, begin, kit->name, f->hits[i].evidence);
		}
	}
	for (size_t i = 0; i < f->n_hits; i++) {
		const struct init_kit *kit = f->hits[i].kit;

		for (size_t k = 0; k < ENC_LEN(kit->set) && kit->set[k].name; k++) {
			size_t begin;

			if (var_before(f, i, kit->set[k].name))
				continue;
			if (!section)
				enc_buf_puts(out, "\nenv:\n");
			if (!set)
				enc_buf_puts(out, "  # Take away what says \"alone\" or \"can't fetch\" when "
						  "network.mode is open.\n  set:\n");
			section = set = true;
			begin = out->len;
			enc_buf_printf(out, "    %s: \"%s\"", kit->set[k].name, kit->set[k].value);
			reason(out, begin, kit->set[k].why, f->hits[i].evidence);
		}
	}
}

void init_write(const struct init_found *f, struct enc_buf *out)
{
	head(f, out);
	enc_buf_puts(out, "enclosure: 1\n");
	name_line(f, out);
	extends(f, out);
	filesystem(f, out);
	network(f, out);
	env(f, out);
	enc_buf_puts(
		out,
		"\n# The profile ends a run after 12h and holds it to 8G of memory, 1024 processes and threads. Less:\n"
		"# limits: {time: 2h, memory: 4G, pids: 512}\n");
}
