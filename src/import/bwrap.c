/* SPDX-License-Identifier: MIT */
/*
 * bwrap.c - a command line of bubblewrap
 *
 * Its meaning: an empty root into which mounts are put in the order of the options, a later one hiding what lies below
 * it; every namespace is shared that is not unshared; the environment is handed on. An option that is not known here
 * can't be skipped, since nobody knows how many arguments it takes: it is an error.
 */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "import/bwrap_impl.h"
#include "policy/policy.h"

#define ARGS_MAX  9000 /* bubblewrap takes no more */
#define BYTES_MAX (1u << 20)

static void finding(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	imp_find(&b->m, o->class, at, o->hint, "%s %s", o->name, o->say);
}

static void nothing(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
}

static void unshare_net(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->share_net = false;
	b->m.net_comment = imp_from(&b->m, NULL, o->name);
}

static void unshare_all(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	unshare_net(b, o, a, at);
	b->unshare_pid = true;
}

static void unshare_pid(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->unshare_pid = true;
}

static void share_net(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->share_net = true;
	b->m.net_comment = imp_from(&b->m, NULL, o->name);
}

static void die_with_parent(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->die = true;
}

/* Emptied and not removed: the capacity of a list is told by its length. */
static void forget(struct imp_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].value, name) == 0)
			l->v[i].value = "";
}

static void setenv_(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	struct importer *m = &b->m;
	const char *name = enc_arena_strdup(m->a, a[0]);
	size_t n = m->env_set.n;

	forget(&m->env_not, name);
	if (!enc_env_name_ok(name) || !enc_utf8_ok(a[1], strlen(a[1]))) {
		imp_find(m, ENC_IMPORT_DROPPED, at, NULL, "%s: the name or the value can't stand in a manifest",
			 o->name);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(m->env_set.v[i].value, name) == 0) {
			m->env_values[i] = enc_arena_strdup(m->a, a[1]);
			return;
		}
	imp_add(m, &m->env_set, name, false, imp_from(m, NULL, o->name));
	if (m->env_set.n > n)
		*ENC_PUSH(m->env_values, m->n_env_values) = enc_arena_strdup(m->a, a[1]);
}

static bool always_set(const char *name)
{
	return strcmp(name, "PATH") == 0 || strcmp(name, "HOME") == 0 || strcmp(name, "USER") == 0 ||
	       strcmp(name, "LOGNAME") == 0;
}

static void unsetenv_(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	if (always_set(a[0]))
		imp_find(&b->m, ENC_IMPORT_NOTE, at, NULL,
			 "%s %s: PATH, HOME, USER and LOGNAME are always set, by Enclosure", o->name, a[0]);
	forget(&b->m.env_set, a[0]);
	imp_add(&b->m, &b->m.env_not, enc_arena_strdup(b->m.a, a[0]), false, NULL);
}

static void clearenv_(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	b->m.env_all = false;
	for (size_t i = 0; i < b->m.env_set.n; i++)
		b->m.env_set.v[i].value = "";
	imp_find(&b->m, ENC_IMPORT_NOTE, at, NULL, "%s: PATH, HOME, USER and LOGNAME are always set, by Enclosure",
		 o->name);
}

static void change_dir(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	if (strcmp(a[0], b->m.q->cwd) != 0)
		imp_find(&b->m, ENC_IMPORT_DROPPED, at, "start `enclosure run` in that folder",
			 "%s %s: a command starts where `enclosure run` was started", o->name, a[0]);
}

static void no_command(struct bwrap *b, const struct bwrap_option *o, char *const *a, const struct enc_mark *at)
{
	imp_error(&b->m, "E0902", at, NULL, "%s runs no command", o->name);
}

#define DROP(text) finding, ENC_IMPORT_DROPPED, text
#define FILTER                                                                            \
	finding, ENC_IMPORT_WEAKER,                                                       \
		"has no equal: of a filter of your own nothing is kept, and Enclosure's " \
		"own filter holds instead"

static const struct bwrap_option options[] = {
	{"--bind", 2, bwrap_bind, .how = BW_RW},
	{"--bind-try", 2, bwrap_bind, .how = BW_RW | BW_TRY},
	{"--dev-bind", 2, bwrap_bind, .how = BW_RW | BW_DEV},
	{"--dev-bind-try", 2, bwrap_bind, .how = BW_RW | BW_DEV | BW_TRY},
	{"--ro-bind", 2, bwrap_bind, .how = BW_RO},
	{"--ro-bind-try", 2, bwrap_bind, .how = BW_RO | BW_TRY},
	{"--bind-fd", 2, bwrap_mask},
	{"--ro-bind-fd", 2, bwrap_mask},
	{"--bind-data", 2, bwrap_mask},
	{"--ro-bind-data", 2, bwrap_mask},
	{"--tmpfs", 1, bwrap_tmpfs},
	{"--proc", 1, bwrap_own, .say = "/proc"},
	{"--dev", 1, bwrap_own, .say = "/dev"},
	{"--mqueue", 1, bwrap_own, .say = "/dev/mqueue"},
	{"--dir", 1, bwrap_dir},
	{"--file", 2, DROP("has no equal: the file is not made")},
	{"--symlink", 2, bwrap_symlink},
	{"--remount-ro", 1, bwrap_remount},
	{"--chmod", 2, DROP("has no equal: modes are the host's")},
	{"--perms", 1, finding, ENC_IMPORT_NOTE, "means nothing here: what is made by it is the run's own"},
	{"--size", 1, bwrap_size},
	{"--overlay-src", 1, bwrap_overlay_src},
	{"--overlay", 3, bwrap_overlay, .how = 2},
	{"--tmp-overlay", 1, bwrap_overlay, .how = 0},
	{"--ro-overlay", 1, bwrap_overlay, .how = 0},

	{"--unshare-all", 0, unshare_all},
	{"--unshare-net", 0, unshare_net},
	{"--share-net", 0, share_net},
	{"--unshare-pid", 0, unshare_pid},
	{"--unshare-user", 0, nothing},
	{"--unshare-user-try", 0, nothing},
	{"--unshare-ipc", 0, nothing},
	{"--unshare-uts", 0, nothing},
	{"--unshare-cgroup", 0, nothing},
	{"--unshare-cgroup-try", 0, nothing},
	{"--disable-userns", 0, nothing},
	{"--assert-userns-disabled", 0, nothing},
	{"--new-session", 0, nothing},
	{"--die-with-parent", 0, die_with_parent},
	{"--cap-drop", 1, nothing},

	{"--setenv", 2, setenv_},
	{"--unsetenv", 1, unsetenv_},
	{"--clearenv", 0, clearenv_},
	{"--chdir", 1, change_dir},

	{"--seccomp", 1, FILTER},
	{"--add-seccomp-fd", 1, FILTER},
	{"--exec-label", 1, finding, ENC_IMPORT_WEAKER, "has no equal: no label is put on the command"},
	{"--file-label", 1, DROP("has no equal: no label is put on files")},
	{"--args", 1, finding, ENC_IMPORT_WEAKER, "is not seen here: what its descriptor holds may restrict something",
	 "give the list in a file: --file LIST"},
	{"--cap-add", 1, DROP("has no equal: no run has a capability")},
	{"--uid", 1, DROP("has no equal: the command runs as who starts it"), "root may name another: user: NAME"},
	{"--gid", 1, DROP("has no equal: the command runs as who starts it"), "root may name another: user: NAME"},
	{"--hostname", 1, DROP("has no equal: the run's host name is not the manifest's to say")},
	{"--userns", 1, DROP("has no equal: every run has a user namespace of its own")},
	{"--userns2", 1, DROP("has no equal: every run has a user namespace of its own")},
	{"--pidns", 1, DROP("has no equal: every run has a pid namespace of its own")},
	{"--as-pid-1", 0, DROP("has no equal: Enclosure's init is pid 1")},
	{"--argv0", 1, DROP("has no equal: a command's argv[0] is its name")},
	{"--lock-file", 1, DROP("has no equal: no lock is taken")},
	{"--sync-fd", 1, DROP("has no equal: no descriptor is kept open"), "enclosure wait RUN"},
	{"--block-fd", 1, DROP("has no equal: the command does not wait")},
	{"--userns-block-fd", 1, DROP("has no equal: the command does not wait")},
	{"--info-fd", 1, DROP("has no equal"), "enclosure run --events FILE"},
	{"--json-status-fd", 1, DROP("has no equal"), "enclosure run --events FILE"},
	{"--level-prefix", 0, nothing},
	{"--help", 0, no_command},
	{"--version", 0, no_command},
};

/* The command line as one line of text, so that findings can point into it. */
static void put_argument(struct enc_buf *t, const char *s)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=:,@%+-";
	bool quote = !*s || s[strspn(s, safe)];

	enc_buf_puts(t, quote ? "'" : "");
	for (; *s; s++)
		enc_buf_putc(t, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
	enc_buf_puts(t, quote ? "'" : "");
}

static int characters(const char *s, size_t n)
{
	int count = 0;

	while (n) {
		size_t len = enc_utf8_len(s, n);

		len = len ? len : 1;
		s += len;
		n -= len;
		count++;
	}
	return count;
}

static bool put_line(struct bwrap *b, const struct enc_import_request *q)
{
	struct enc_buf t = {0};
	int column = 1;

	b->marks = enc_arena_alloc(b->m.a, (q->n_argv + 1) * sizeof(*b->marks));
	for (size_t i = 0; i < q->n_argv && t.len <= BYTES_MAX; i++) {
		size_t from = t.len;
		int width;

		put_argument(&t, q->argv[i]);
		width = characters(t.s + from, t.len - from);
		b->marks[i] = (struct enc_mark){.file = q->file, .line = 1, .column = column, .width = width};
		column += width + 1;
		enc_buf_putc(&t, ' ');
	}
	b->q = *q;
	b->q.text = enc_arena_strndup(b->m.a, t.s ? t.s : "", t.len);
	b->m.q = &b->q;
	enc_buf_done(&t);
	return strlen(b->q.text) <= BYTES_MAX && q->n_argv <= ARGS_MAX;
}

static const struct bwrap_option *find(struct bwrap *b, const char *name, const struct enc_mark *at)
{
	const char *words[ENC_LEN(options)], *near;

	for (size_t i = 0; i < ENC_LEN(options); i++) {
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
		words[i] = options[i].name;
	}
	near = enc_nearest(name, words, ENC_LEN(words));
	imp_error(&b->m, "E0902", at, near ? enc_arena_printf(b->m.a, "did you mean '%s'?", near) : NULL,
		  "'%s' is no option of bubblewrap that is known here", name);
	return NULL;
}

static bool is_program(const char *s)
{
	const char *slash = strrchr(s, '/');

	return strcmp(slash ? slash + 1 : s, "bwrap") == 0;
}

static void read_options(struct bwrap *b, const struct enc_import_request *q)
{
	size_t i = q->n_argv && is_program(q->argv[0]);

	for (; i < q->n_argv && q->argv[i][0] == '-' && strcmp(q->argv[i], "--") != 0;) {
		const struct bwrap_option *o = find(b, q->argv[i], &b->marks[i]);

		if (!o)
			return;
		if (q->n_argv - i - 1 < (size_t)o->args) {
			imp_error(&b->m, "E0902", &b->marks[i], NULL, "%s takes %d argument%s", o->name, o->args,
				  o->args == 1 ? "" : "s");
			return;
		}
		o->run(b, o, q->argv + i + 1, &b->marks[i]);
		i += 1 + (size_t)o->args;
	}
}

static void builtin(struct bwrap *b)
{
	struct importer *m = &b->m;

	m->net = b->share_net ? IMP_NET_OPEN : IMP_NET_NONE;
	if (!m->net_comment)
		m->net_comment =
			imp_from(m, NULL, "the network is shared unless --unshare-net or --unshare-all says so");
	imp_find(
		m, ENC_IMPORT_NOTE, NULL, NULL,
		"every run has a /proc, a /dev, and a private /tmp, /var/tmp and home that can be written, whatever is "
		"mounted; what the host has in the former, in /run and in /sys is seen only if it is granted by name, "
		"and "
		"the root itself can't be written");
	if (!b->unshare_pid)
		imp_find(m, ENC_IMPORT_NOTE, NULL, NULL,
			 "processes of the host are never seen or signalled, though "
			 "--unshare-pid is not there");
	if (!b->die)
		imp_find(m, ENC_IMPORT_NOTE, NULL, NULL,
			 "a run always ends with its supervisor, though --die-with-parent is "
			 "not there");
}

int enc_import_bwrap(const struct enc_import_request *q, struct enc_import *ret, struct enc_diags *errors)
{
	struct bwrap b = {.share_net = true};
	int r;

	imp_begin(&b.m, "bwrap", q, ret, errors);
	b.m.env_all = true;
	if (!put_line(&b, q)) {
		imp_error(&b.m, "E0105", NULL, NULL, "more than %d arguments, or 1 MiB", ARGS_MAX);
	} else {
		read_options(&b, q);
		builtin(&b);
	}
	r = imp_end(&b.m);
	free(b.overlay);
	return r;
}
