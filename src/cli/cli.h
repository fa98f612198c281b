/* SPDX-License-Identifier: MIT */
/*
 * cli.h - verbs and their option tables; one table feeds the parser, --help, manual page and completion
 *
 * A verb is one file, cmd_NAME.c: its argument struct, its table, its function. The parser fills the struct, checks
 * ranges, answers --help itself, and calls run() with a ready struct. Verbs of one word group ("policy check") are
 * rows of their own, named "policy check".
 */
#ifndef ENC_CLI_CLI_H
#define ENC_CLI_CLI_H

#include "base/diag.h"
#include "base/err.h"

enum enc_opt_kind {
	ENC_OPT_FLAG, /* bool */
	ENC_OPT_TEXT, /* const char * */
	ENC_OPT_LIST, /* struct enc_opt_list, may be repeated */
	ENC_OPT_TIME, /* uint64_t, ns */
	ENC_OPT_U64,  /* uint64_t */
};
struct enc_opt_list {
	const char **v;
	size_t n;
};

struct enc_opt {
	char shortname;	  /* 0: none */
	const char *name; /* "manifest" for --manifest */
	const char *arg;  /* "FILE"; NULL for flags */
	enum enc_opt_kind kind;
	size_t offset;
	const char *help; /* one line */
};

struct enc_verb {
	const char *name;	 /* "run", "policy check" */
	const char *summary;	 /* one line, no full stop */
	const char *operands;	 /* "[--] COMMAND [ARG...]" or "" */
	const char *description; /* paragraphs for --help and the manual page */
	const struct enc_opt *opts;
	size_t n_opts;
	size_t args_size;		/* of the struct that opts' offsets refer to */
	int min_operands, max_operands; /* max -1: any number */
	bool stop_at_operand;		/* options end at the first operand (run) */
	int usage_status;		/* 64, or 125 for run */
	/* argv: operands, NULL-terminated; args: the filled struct. Returns the exit status. */
	int (*run)(const struct enc_verb *verb, void *args, int argc, char **argv);
	const char *exits;    /* exit statuses, for help and manual page; NULL: the usual ones */
	const char *examples; /* "COMMAND\tWhat it does.\n"..., for help and manual page; NULL: none */
};

extern const struct enc_verb *const enc_verbs[]; /* NULL-terminated, in the order of --help; verbs.c */
int enc_cli_main(int argc, char **argv);

/* Printing. Every verb ends with enc_cli_flush(): a closed or full stdout is an error (E0702) and not silence. */
bool enc_cli_color(int fd);		  /* a terminal, NO_COLOR unset, TERM not dumb */
int enc_cli_columns(int fd);		  /* width of the terminal, else 100 */
int enc_cli_out(const struct enc_buf *b); /* write to stdout; 0, or the exit status 2 with an error printed */
/* An error: words on stderr; with json the error object (CONTRACTS) on stdout. Returns `status`. */
int enc_cli_error(const struct enc_err *e, bool json, int status);
int enc_cli_diags(const struct enc_diags *d, bool json, int status);

/* What most verbs begin with: ids, state directory, policy (findings are printed). 0, or the exit status to return. */
struct enc_cli_context {
	struct enc_arena *arena;
	const char *cwd, *state_dir;
	struct enc_policy *policy;
	struct enc_host *host;
	struct enc_plan *plan;
};
#define ENC_CTX_POLICY	  (1u << 0)
#define ENC_CTX_HOST	  (1u << 1)
#define ENC_CTX_PLAN	  (1u << 2) /* implies both */
#define ENC_CTX_FRESH	  (1u << 3) /* probe anew */
#define ENC_CTX_UNTRUSTED (1u << 4) /* read a manifest that is not trusted yet (policy show, plan, trust) */
int enc_cli_context(struct enc_cli_context *c, unsigned what, const char *manifest, const struct enc_opt_list *masks,
		    uint64_t timeout_ns, bool json, int status);
void enc_cli_context_done(struct enc_cli_context *c);

#endif
