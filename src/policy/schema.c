/* SPDX-License-Identifier: MIT */
/*
 * schema.c - every key of a manifest, once
 *
 * One row a key, in the order in which clauses are listed. The checker, the nearest spelling of an unknown key and
 * docs/manifest.md are made from it. "a.b[].c" is key c of a map that stands in the list a.b.
 * A row without a mechanism is known and checked, and what it asks for is not bound in this version.
 */
#include <string.h>

#include "policy/impl.h"

#define K    (1ull << 10)
#define M    (1ull << 20)
#define G    (1ull << 30)
#define T    (1ull << 40)
#define SEC  1000000000ull
#define YEAR (365ull * 86400 * SEC)
#define MNT  "mount-namespace, landlock"

const struct enc_key enc_schema[] = {
	{"enclosure", SH_SCALAR, V_VERSION, NULL, 0, 0, "version", "required", "", "Version of the manifest's form: 1.",
	 -1, .required = true},
	{"name", SH_SCALAR, V_NAME, NULL, 0, 0, "text", "the file's name", "",
	 "A label for people: letters, digits, `.`, `_`, `-`, at most 64.", -1, .emit = enc_emit_name},
	{"extends", SH_LIST, V_EXTENDS, NULL, 0, 0, "profile or file", "none", "",
	 "Built-in profiles or files (with a `/` or ending in `.yaml`, relative to this file) that apply before this "
	 "one. Lists add up, scalars are replaced, `deny` and `protect` can't be taken back. At most 8 deep.",
	 -1},
	{"user", SH_SCALAR, V_TEXT, NULL, 0, 0, "user name or uid",
	 "who started it; for root the user behind sudo, else an unused id", "user-namespace, idmap",
	 "Who the command runs as. Only root may name another user. `root` is uid 0 of a user namespace, never of the "
	 "host.",
	 ENC_CL_USER, .emit = enc_emit_scalar},

	{"filesystem", SH_SECTION, V_NONE, NULL, 0, 0, "section", "nothing is granted", "",
	 "What can be seen and changed. What no grant names does not exist inside.", -1},
	{"filesystem.read", SH_LIST, V_PATH, NULL, 0, 0, "path or pattern", "[]", MNT,
	 "Trees and files that can be read and executed. `/` is allowed.", ENC_CL_FS_READ, .emit = enc_emit_path},
	{"filesystem.read[].path", SH_SCALAR, V_PATH, NULL, 0, 0, "path or pattern", "required", MNT,
	 "The path, when the item is written as a map.", -1, .required = true},
	{"filesystem.read[].optional", SH_SCALAR, V_BOOL, NULL, 0, 0, "true or false", "false", MNT,
	 "`true`: nothing is meant while the path is absent.", -1},
	{"filesystem.write", SH_LIST, V_PATH, NULL, 0, 0, "path or pattern", "[]", MNT,
	 "Trees and files that can be read, executed and changed. Never `/`, `/proc`, `/sys`, `/dev` or what is below "
	 "the last three.",
	 ENC_CL_FS_WRITE, .emit = enc_emit_path},
	{"filesystem.write[].path", SH_SCALAR, V_PATH, NULL, 0, 0, "path or pattern", "required", MNT,
	 "The path, when the item is written as a map.", -1, .required = true},
	{"filesystem.write[].optional", SH_SCALAR, V_BOOL, NULL, 0, 0, "true or false", "false", MNT,
	 "`true`: nothing is meant while the path is absent.", -1},
	{"filesystem.deny", SH_LIST, V_PATH, NULL, 0, 0, "path or pattern", "[]", "mount-namespace",
	 "Never visible, inside a grant too. Patterns, and absent paths inside a grant, are not bound in this version.",
	 ENC_CL_FS_DENY, .emit = enc_emit_path},
	{"filesystem.deny[].path", SH_SCALAR, V_PATH, NULL, 0, 0, "path or pattern", "required", "mount-namespace",
	 "The path, when the item is written as a map.", -1, .required = true},
	{"filesystem.deny[].optional", SH_SCALAR, V_BOOL, NULL, 0, 0, "true or false", "false", "mount-namespace",
	 "`true`: nothing is meant while the path is absent.", -1},
	{"filesystem.protect", SH_LIST, V_PATH, NULL, 0, 0, "path or pattern", "[]", "mount-namespace",
	 "Readable where a grant reaches, never writable: files that run code later. Patterns, and absent paths inside "
	 "a grant, are not bound in this version.",
	 ENC_CL_FS_PROTECT, .emit = enc_emit_path},
	{"filesystem.protect[].path", SH_SCALAR, V_PATH, NULL, 0, 0, "path or pattern", "required", "mount-namespace",
	 "The path, when the item is written as a map.", -1, .required = true},
	{"filesystem.protect[].optional", SH_SCALAR, V_BOOL, NULL, 0, 0, "true or false", "false", "mount-namespace",
	 "`true`: nothing is meant while the path is absent.", -1},
	{"filesystem.workspace", SH_SCALAR, V_WORD, "direct|overlay", 0, 0, "word", "direct", "mount-namespace",
	 "`direct`: changes land in the workspace at once. `overlay`: they are kept apart, "
	 "to see, apply or discard; the write grants beside the workspace stay direct.",
	 ENC_CL_FS_WORKSPACE, .emit = enc_emit_scalar},

	{"network", SH_SECTION, V_NONE, NULL, 0, 0, "section", "mode: none", "", "What can be reached.", -1},
	{"network.mode", SH_SCALAR, V_WORD, "none|proxy|open", 0, 0, "word", "none", "net-namespace, seccomp",
	 "`none`: the run's own loopback alone. `open`: the host's network. `proxy` (not bound in this version): one "
	 "way out, by name.",
	 ENC_CL_NET_MODE, .emit = enc_emit_scalar},
	{"network.allow", SH_LIST, V_ENDPOINT, NULL, 0, 0, "host:port", "[]", NULL,
	 "What `mode: proxy` lets out: `host:port`, `*.suffix:port`, an address or a CIDR range with a port, or a map.",
	 ENC_CL_NET_ALLOW, .emit = enc_emit_allow},
	{"network.allow[].host", SH_SCALAR, V_HOST, NULL, 0, 0, "host", "required", NULL,
	 "Host name, `*.suffix`, address or CIDR range.", -1, .required = true},
	{"network.allow[].port", SH_SCALAR, V_PORT, NULL, 1, 65535, "port", "443", NULL, "Port.", -1},
	{"network.allow[].methods", SH_LIST, V_METHOD, NULL, 0, 0, "HTTP method", "any", NULL,
	 "Methods that are let through; asks for `inspect: true`.", -1},
	{"network.allow[].paths", SH_LIST, V_URL_PATH, NULL, 0, 0, "pattern", "any", NULL,
	 "Paths that are let through; asks for `inspect: true`.", -1},
	{"network.allow[].inspect", SH_SCALAR, V_BOOL, NULL, 0, 0, "true or false", "false", NULL,
	 "Look inside TLS with the run's own authority.", -1},
	{"network.credentials", SH_LIST, V_NONE, NULL, 0, 0, "map", "[]", NULL,
	 "Secrets that are put in on the way out, for one allowed and inspected host, so that the agent never holds "
	 "them.",
	 ENC_CL_NET_CREDENTIAL, .emit = enc_emit_credential},
	{"network.credentials[].host", SH_SCALAR, V_HOST, NULL, 0, 0, "host", "required", NULL,
	 "A host of `network.allow` with `inspect: true`.", -1, .required = true},
	{"network.credentials[].header", SH_SCALAR, V_NAME, NULL, 0, 0, "header name", "one of header, query, basic",
	 NULL, "Header that carries the secret.", -1},
	{"network.credentials[].query", SH_SCALAR, V_NAME, NULL, 0, 0, "parameter name", "one of header, query, basic",
	 NULL, "Query parameter that carries the secret.", -1},
	{"network.credentials[].basic", SH_SCALAR, V_TEXT, NULL, 0, 0, "user name", "one of header, query, basic", NULL,
	 "User name of Basic authentication; the secret is the password.", -1},
	{"network.credentials[].from", SH_SCALAR, V_SECRET_SOURCE, NULL, 0, 0, "env:NAME, file:PATH, command:TEXT",
	 "required", NULL, "Where the secret comes from, outside of the run.", -1, .required = true},
	{"network.expose", SH_LIST, V_EXPOSE, NULL, 0, 0, "port or host-port:port", "[]", NULL,
	 "Ports of the run that are published on the host's loopback.", ENC_CL_NET_EXPOSE, .emit = enc_emit_list},

	{"exec", SH_SECTION, V_NONE, NULL, 0, 0, "section", "what can be read can be executed", "",
	 "Which programs may be started, by resolved file and not by name in argv.", -1},
	{"exec.allow", SH_LIST, V_PATH, NULL, 0, 0, "path, pattern or program name", "any", NULL,
	 "Nothing else may be started.", ENC_CL_EXEC_ALLOW, .emit = enc_emit_exec},
	{"exec.deny", SH_LIST, V_PATH, NULL, 0, 0, "path, pattern or program name", "[]", NULL,
	 "These may not be started.", ENC_CL_EXEC_DENY, .emit = enc_emit_exec},

	{"env", SH_SECTION, V_NONE, NULL, 0, 0, "section", "nothing is inherited", "",
	 "The environment of the command. PATH, HOME, USER and LOGNAME are always set.", -1},
	{"env.pass", SH_LIST, V_ENV_PATTERN, NULL, 0, 0, "name or pattern", "[]", "the launcher",
	 "Variables that are inherited. A pattern (`LC_*`) never matches a name that looks like a secret (TOKEN, "
	 "SECRET, KEY, PASS, CRED, AUTH); name such a variable in full.",
	 ENC_CL_ENV_PASS, .emit = enc_emit_list},
	{"env.set", SH_MAP, V_TEXT, NULL, 0, 0, "text", "{}", "the launcher", "Variables with their values.",
	 ENC_CL_ENV_SET, .emit = enc_emit_env_set},

	{"limits", SH_SECTION, V_NONE, NULL, 0, 0, "section", "none", "",
	 "What the whole run may use, all of its processes together.", -1},
	{"limits.memory", SH_SCALAR, V_SIZE, NULL, 1 * M, 64 * T, "size", "none", "cgroup-v2, cgroup-v1, pid-namespace",
	 "Memory, page cache of the run included. A run above it is killed.", ENC_CL_LIMIT_MEMORY,
	 .emit = enc_emit_scalar},
	{"limits.pids", SH_SCALAR, V_COUNT, NULL, 1, 4194304, "count", "none", "cgroup-v2, cgroup-v1, rlimit",
	 "Processes and threads at one time. More are refused, and a run that goes on trying for a second is killed.",
	 ENC_CL_LIMIT_PIDS, .emit = enc_emit_scalar},
	{"limits.cpu", SH_SCALAR, V_PERCENT, NULL, 1, 1000000, "percent of one core", "none",
	 "cgroup-v2, cgroup-v1, pid-namespace",
	 "Processor time; `200%` is two cores. The run is slowed to it; where there is no cpu cgroup, one that is "
	 "above "
	 "it for five seconds is killed.",
	 ENC_CL_LIMIT_CPU, .emit = enc_emit_scalar},
	{"limits.time", SH_SCALAR, V_TIME, NULL, 1000000, YEAR, "time", "none", "pid-namespace",
	 "Wall time from start to end; suspended time counts.", ENC_CL_LIMIT_TIME, .emit = enc_emit_scalar},
	{"limits.idle", SH_SCALAR, V_TIME, NULL, 1000000, YEAR, "time", "none", "pid-namespace",
	 "Time with neither output nor processor time (less than 1 % of a core); suspended time does not count. The "
	 "run "
	 "ends as timed out.",
	 ENC_CL_LIMIT_IDLE, .emit = enc_emit_scalar},
	{"limits.output", SH_SCALAR, V_SIZE, NULL, 1, 64 * T, "size", "none", "pid-namespace",
	 "Bytes on standard output and error together. A run that writes more is killed; what is beyond is neither "
	 "passed "
	 "on nor kept.",
	 ENC_CL_LIMIT_OUTPUT, .emit = enc_emit_scalar},
	{"limits.files", SH_SCALAR, V_COUNT, NULL, 16, 1048576, "count", "none", "rlimit",
	 "Open descriptors of each process. More are refused, and a process that stays at the limit for a second ends "
	 "the run.",
	 ENC_CL_LIMIT_FILES, .emit = enc_emit_scalar},
	{"limits.disk", SH_SCALAR, V_SIZE, NULL, 1 * K, 1024 * T, "size", "none", "pid-namespace",
	 "Bytes that the run may add to the disk: in its writable grants, deleted files that it holds open included, "
	 "and "
	 "by its captured output. Measured before the start (a large tree takes its time) and again while it grows; a "
	 "run "
	 "that adds more is killed.",
	 ENC_CL_LIMIT_DISK, .emit = enc_emit_scalar},

	{"rates", SH_LIST, V_NONE, NULL, 0, 0, "map", "[]", NULL, "How often something may happen.", ENC_CL_RATE,
	 .emit = enc_emit_rate},
	{"rates[].on", SH_SCALAR, V_TRIGGER, NULL, 0, 0, "action and what it acts on", "required", NULL,
	 "`connect HOST[:PORT]`, `request HOST`, `bytes HOST`, `exec \"WORD\"...`, or `open`, `create`, `write`, "
	 "`unlink`, `rename` with a quoted pattern.",
	 -1, .required = true},
	{"rates[].limit", SH_SCALAR, V_QUANTITY_RATE, NULL, 0, 0, "count/time, size/time", "required", NULL,
	 "`3/1m`; for `bytes` a size, `10M/1m`.", -1, .required = true},
	{"rates[].then", SH_SCALAR, V_WORD, "deny|kill|ask", 0, 0, "word", "deny", NULL,
	 "What happens to the one that is too many.", -1},

	{"budgets", SH_SECTION, V_NONE, NULL, 0, 0, "section", "none", "", "What the whole run may spend.", -1},
	{"budgets.tokens", SH_SCALAR, V_TOKENS, NULL, 1, 1000000000000ull, "count; k and M are powers of 1000", "none",
	 NULL, "Tokens of models.", ENC_CL_BUDGET, .emit = enc_emit_scalar},
	{"budgets.usd", SH_SCALAR, V_USD, NULL, 1, 1000000000000ull, "US dollars", "none", NULL,
	 "Price of model calls.", ENC_CL_BUDGET, .emit = enc_emit_scalar},
	{"budgets.egress", SH_SCALAR, V_SIZE, NULL, 1, 1024 * T, "size", "none", NULL, "Bytes that leave the run.",
	 ENC_CL_BUDGET, .emit = enc_emit_scalar},

	{"kill", SH_SECTION, V_NONE, NULL, 0, 0, "section", "none", "", "What ends the whole run at once.", -1},
	{"kill.denials", SH_SCALAR, V_RATE, NULL, 0, 0, "count/time", "none", NULL,
	 "So many denials in so long a time.", ENC_CL_KILL, .emit = enc_emit_scalar},
	{"kill.alerts", SH_SCALAR, V_WORD, "low|medium|high|critical", 0, 0, "word", "none", NULL,
	 "An alert of this severity or above.", ENC_CL_KILL, .emit = enc_emit_scalar},
	{"kill.on", SH_LIST, V_DETECTOR, NULL, 0, 0, "detector", "[]", NULL,
	 "Detectors that end the run, such as `ptrace`, `loss`, `credential-then-connect`.", ENC_CL_KILL,
	 .emit = enc_emit_list},
	{"kill.egress", SH_SCALAR, V_SIZE, NULL, 1, 1024 * T, "size", "none", NULL,
	 "More bytes than these leave the run.", ENC_CL_KILL, .emit = enc_emit_scalar},
	{"kill.exec", SH_SCALAR, V_RATE, NULL, 0, 0, "count/time", "none", NULL,
	 "So many program starts in so long a time.", ENC_CL_KILL, .emit = enc_emit_scalar},

	{"ask", SH_SECTION, V_NONE, NULL, 0, 0, "section", "none", "", "Who is asked when a rule says `ask`.", -1},
	{"ask.via", SH_SCALAR, V_WORD, "terminal|socket|webhook", 0, 0, "word", "terminal", NULL,
	 "Where the question goes.", ENC_CL_ASK, .emit = enc_emit_scalar},
	{"ask.timeout", SH_SCALAR, V_TIME, NULL, SEC, YEAR, "time", "2m", NULL, "How long an answer is waited for.",
	 ENC_CL_ASK, .emit = enc_emit_scalar},
	{"ask.otherwise", SH_SCALAR, V_WORD, "deny|kill", 0, 0, "word", "deny", NULL,
	 "What an answer that never comes means.", ENC_CL_ASK, .emit = enc_emit_scalar},

	{"rules", SH_SCALAR, V_RULES, NULL, 0, 0, "block of text", "none", NULL,
	 "Rules over what a run does, in the rule language: `source NAME = ...` and `rule NAME:` with its clauses "
	 "indented below.",
	 ENC_CL_RULE, .emit = enc_rules_emit},

	{"record", SH_SECTION, V_NONE, NULL, 0, 0, "section", "detail: effects", "", "What the record keeps.", -1},
	{"record.detail", SH_SCALAR, V_WORD, "effects|full", 0, 0, "word", "effects", NULL,
	 "`effects` folds repeated uses of a path by a process; `full` keeps each.", ENC_CL_RECORD,
	 .emit = enc_emit_scalar},
	{"record.redact", SH_LIST, V_REDACT, NULL, 0, 0, "env:PATTERN or header:NAME", "[]", NULL,
	 "What is replaced by a salted commitment before it is hashed.", ENC_CL_RECORD, .emit = enc_emit_list},
	{"record.retain", SH_SCALAR, V_TIME, NULL, SEC, 100 * YEAR, "time", "for ever", NULL,
	 "How long the record is kept.", ENC_CL_RECORD, .emit = enc_emit_scalar},
	{"record.full", SH_SCALAR, V_WORD, "stop|drop", 0, 0, "word", "stop", NULL,
	 "What a full disk does: end the run, or drop events and count them.", ENC_CL_RECORD, .emit = enc_emit_scalar},
	{"record.loss", SH_SCALAR, V_WORD, "note|freeze", 0, 0, "word", "note", NULL,
	 "What threatens to lose events does: note the loss, or freeze the run until there is room.", ENC_CL_RECORD,
	 .emit = enc_emit_scalar},

	{"accept", SH_MAP, V_WORD, "detect|contain|prevent", 0, 0, "word", "{}", "",
	 "Weaker guarantees that the owner accepts: a clause id, or the beginning of some, and the guarantee.", -1,
	 .emit = enc_emit_accept},
};
const size_t enc_n_schema = ENC_LEN(enc_schema);

const struct enc_key *enc_schema_path(const char *path)
{
	for (size_t i = 0; i < enc_n_schema; i++)
		if (strcmp(enc_schema[i].path, path) == 0)
			return &enc_schema[i];
	return NULL;
}

/* The last component of a row's path when the row stands directly below prefix, else NULL. */
static const char *child(const struct enc_key *row, const char *prefix)
{
	size_t n = strlen(prefix);
	const char *rest = row->path;

	if (n) {
		if (strncmp(row->path, prefix, n) != 0 || row->path[n] != '.')
			return NULL;
		rest = row->path + n + 1;
	}
	return strchr(rest, '.') ? NULL : rest;
}

const struct enc_key *enc_schema_find(const char *prefix, const char *key)
{
	for (size_t i = 0; i < enc_n_schema; i++) {
		const char *c = child(&enc_schema[i], prefix);

		if (c && strcmp(c, key) == 0)
			return &enc_schema[i];
	}
	return NULL;
}

size_t enc_schema_children(const char *prefix, const char **ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < enc_n_schema && n < max; i++) {
		const char *c = child(&enc_schema[i], prefix);

		if (c)
			ret[n++] = c;
	}
	return n;
}

const char *enc_type_name(const struct enc_key *row)
{
	static const char *const names[] = {
		[V_NONE] = "a map",
		[V_VERSION] = "the version 1",
		[V_TEXT] = "a text",
		[V_NAME] = "a name of letters, digits, '.', '_' and '-'",
		[V_EXTENDS] = "a built-in profile or a file",
		[V_WORD] = "a word",
		[V_BOOL] = "true or false",
		[V_PATH] = "a path",
		[V_COUNT] = "a whole number",
		[V_SIZE] = "a size such as 512K or 2G",
		[V_TIME] = "a time such as 500ms, 30s, 10m, 2h or 7d",
		[V_PERCENT] = "a percentage such as 200%",
		[V_TOKENS] = "a number of tokens such as 200k",
		[V_USD] = "an amount in dollars such as 5.00",
		[V_RATE] = "a rate such as 20/1m",
		[V_QUANTITY_RATE] = "a rate such as 3/1m or 10M/1m",
		[V_ENDPOINT] = "host:port",
		[V_HOST] = "a host",
		[V_PORT] = "a port from 1 to 65535",
		[V_EXPOSE] = "a port such as 3000, or 8080:3000",
		[V_METHOD] = "an HTTP method such as GET",
		[V_URL_PATH] = "a pattern that begins with '/'",
		[V_SECRET_SOURCE] = "env:NAME, file:PATH or command:TEXT",
		[V_ENV_PATTERN] = "a variable's name or a pattern such as LC_*",
		[V_TRIGGER] = "an action and what it acts on, such as connect smtp.internal:25",
		[V_DETECTOR] = "a detector's name",
		[V_REDACT] = "env:PATTERN or header:NAME",
		[V_RULES] = "a block of text",
	};

	return names[row->type];
}
