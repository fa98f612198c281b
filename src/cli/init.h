/* SPDX-License-Identifier: MIT */
/*
 * init.h - what `enclosure init` knows (kits), what it finds in a project, and the manifest that it makes of it
 *
 * Only names are looked at: a project may be anybody's, and what its files say is theirs. No link is followed.
 */
#ifndef ENC_CLI_INIT_H
#define ENC_CLI_INIT_H

#include "base/err.h"
#include "base/mem.h"

enum init_kind { INIT_LANGUAGE, INIT_PACKAGES, INIT_BUILD, INIT_AGENT };
const char *init_kind_name(enum init_kind k);

struct init_note {
	const char *path, *why;
};
struct init_var {
	const char *name, *value, *why;
};

/* A language, a package manager, a build system or an agent: how it is known, and what it needs. */
struct init_kit {
	const char *name;
	enum init_kind kind;
	const char *files[8];	     /* names; one that begins with '*' is an ending */
	struct init_note read[7];    /* in the home: toolchains, packages that were fetched; never what holds keys */
	struct init_note protect[4]; /* in the project, of any folder: what runs code later */
	const char *pass[3];
	struct init_var set[3];
	const char *profile, *program; /* of an agent */
};
extern const struct init_kit init_kits[];
extern const size_t init_n_kits;

/* What runs code later whoever put it there, and is not in the profile coding-agent. */
extern const struct init_note init_later[];
extern const size_t init_n_later;

/* A name against a pattern of the tables: one `*` at most, anywhere. */
bool init_like(const char *pattern, const char *name);
/* Why a file of this name is taken for a secret, or NULL; *ret_fixture: among tests it is hardly one. */
const char *init_secret_name(const char *name, bool dir, bool *ret_fixture);
/* Folders that are not looked into: what is in them comes from elsewhere, or is made anew. */
bool init_skipped(const char *name);
/* Does the path lie among tests or examples? */
bool init_fixture(const char *path);

struct init_hit {
	const struct init_kit *kit;
	const char *evidence; /* a path in the project, or of a program */
};
enum init_state {
	INIT_DENIED,
	INIT_FIXTURE, /* left to the owner: looks like a test's */
	INIT_OUTSIDE, /* a link that leads out of the project */
	INIT_UNNAMED, /* its name can't be written in a manifest */
};
struct init_secret {
	const char *path, *why;
	enum init_state state;
};
struct init_found {
	struct enc_arena *arena;
	const char *root; /* the git work tree that the working directory is in, else that directory */
	bool git;
	struct init_hit *hits;
	size_t n_hits;
	struct init_secret *secrets;
	size_t n_secrets;
	struct init_note *later;
	size_t n_later;
	const struct init_kit *agent; /* NULL: none */
	bool cut;		      /* there was more than is looked at */
};

/* `agent`: NULL to look for one, else a profile's name or "none". path: where programs are looked for. */
int init_find(struct enc_arena *a, const char *cwd, const char *agent, const char *path, struct init_found *ret,
	      struct enc_err *e);
void init_found_done(struct init_found *f);
void init_write(const struct init_found *f, struct enc_buf *out);
/* For a comment or a terminal: printable ASCII as it is, all else as \xNN. YAML knows line ends that are not \n. */
void init_plain(struct enc_buf *out, const char *s);

#endif
