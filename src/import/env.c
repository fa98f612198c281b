/* SPDX-License-Identifier: MIT */
/*
 * env.c - the variables of the command
 *
 * The other programs hand on everything; a manifest names what is handed on, and a pattern never passes what looks like
 * a secret. `*` stands for everything as long as nothing harmless-looking is to be held back: then names are listed.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "import/impl.h"
#include "policy/policy.h"

static const char *const common[] = {
	"PATH",	    "SHELL",	  "TERM",     "COLORTERM",     "LANG",
	"LANGUAGE", "LC_*",	  "TZ",	      "EDITOR",	       "VISUAL",
	"PAGER",    "NO_COLOR",	  "TMPDIR",   "XDG_DATA_HOME", "XDG_CONFIG_HOME",
	"DISPLAY",  "HTTP_PROXY", "NO_PROXY", "http_proxy",    "https_proxy",
	"no_proxy",
};

static const char *lower(struct importer *m, const char *s)
{
	char *out = enc_arena_strdup(m->a, s);

	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

/* Does anything match both? Exact where one of the two has no `*` or `?`; else by what stands before these. */
static bool overlap(struct importer *m, const char *a, const char *b)
{
	size_t na = strcspn(a, "*?"), nb = strcspn(b, "*?"), n = na < nb ? na : nb;

	a = lower(m, a);
	b = lower(m, b);
	if (!a[na])
		return enc_glob_match(b, a);
	if (!b[nb])
		return enc_glob_match(a, b);
	return strncmp(a, b, n) == 0;
}

bool imp_env_held_back(struct importer *m, const char *name)
{
	for (size_t i = 0; i < m->env_not.n; i++)
		if (*m->env_not.v[i].value && overlap(m, m->env_not.v[i].value, name))
			return true;
	return false;
}

void imp_env_settle(struct importer *m)
{
	const char *plain = NULL;

	if (!m->env_all)
		return;
	for (size_t i = 0; i < m->env_not.n; i++)
		if (*m->env_not.v[i].value && !enc_env_looks_secret(m->env_not.v[i].value))
			plain = m->env_not.v[i].value;
	imp_find(m, ENC_IMPORT_NOTE, NULL, "name such a variable in env.pass if the command needs it",
		 "%s hands on every variable; no name with TOKEN, SECRET, KEY, PASS, CRED or AUTH in it is passed here",
		 m->program);
	if (!plain) {
		imp_add(m, &m->env_pass, "*", false, imp_from(m, NULL, "the environment is handed on"));
		return;
	}
	imp_find(m, ENC_IMPORT_TIGHTENED, NULL, "add to env.pass what the command needs",
		 "env.pass has no exceptions: since %s is held back, the usual variables are named one by one", plain);
	for (size_t i = 0; i < ENC_LEN(common); i++)
		if (!imp_env_held_back(m, common[i]))
			imp_add(m, &m->env_pass, common[i], false, imp_from(m, NULL, "the environment is handed on"));
}
