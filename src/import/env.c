/* SPDX-License-Identifier: MIT */
/*
 * env.c - the variables of the command
 *
 * The other programs hand on everything; a manifest names what is handed on, and a pattern never passes what looks like
 * a secret. `*` stands for everything as long as nothing harmless-looking is to be held back: then names are listed.
 */
#include <string.h>

#include "import/impl.h"
#include "policy/policy.h"

static const char *const common[] = {
	"PATH",	    "SHELL",	  "TERM",     "COLORTERM",     "LANG",
	"LANGUAGE", "LC_*",	  "TZ",	      "EDITOR",	       "VISUAL",
	"PAGER",    "NO_COLOR",	  "TMPDIR",   "XDG_DATA_HOME", "XDG_CONFIG_HOME",
	"DISPLAY",  "HTTP_PROXY", "NO_PROXY", "http_proxy",    "https_proxy",
	"no_proxy",
};

static bool held_back(const struct importer *m, const char *name)
{
	size_t n = strcspn(name, "*");

	for (size_t i = 0; i < m->env_not.n; i++)
		if (name[n] ? *m->env_not.v[i].value && strncmp(m->env_not.v[i].value, name, n) == 0
			    : strcmp(m->env_not.v[i].value, name) == 0)
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
		if (!held_back(m, common[i]))
			imp_add(m, &m->env_pass, common[i], false, imp_from(m, NULL, "the environment is handed on"));
}
