/* SPDX-License-Identifier: MIT */
/*
 * cache.c - boot.json: what the probes found, for this boot, kernel, user and build
 *
 * JSON is YAML, so the manifest's reader reads it. Anything that does not fit is as good as no cache: probe anew.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/yaml.h"
#include "host/impl.h"

/* What an ordinary user may do with groups depends on the one that they are in (a delegated scope) and on whether
 * systemd's user manager can be asked; root's homes don't. */
static void key_of(const struct enc_host *h, const char *build, char *ret, size_t size)
{
	enc_auto(enc_free_auto) char *groups = NULL;
	char digest[65] = "-";
	size_t n;

	if (h->uid != 0 && enc_read_file(AT_FDCWD, "/proc/self/cgroup", 1u << 16, &groups, &n, NULL) >= 0)
		enc_sha256_hex(groups, n, digest);
	(void)snprintf(ret, size, "%s %s %u %s %.16s%s", h->boot_id, h->release, h->uid, build, digest,
		       enc_scope_may_be(h) ? " manager" : "");
}

static void take_text(char *to, size_t size, const struct enc_node *map, const char *key)
{
	const char *s = enc_node_str(map, key);

	(void)snprintf(to, size, "%s", s ? s : "");
}

static bool take_number(const struct enc_node *map, const char *key, int max, int *ret)
{
	const char *s = enc_node_str(map, key);
	uint64_t v;

	if (!s || enc_parse_u64(s, &v) < 0 || v > (uint64_t)max)
		return false;
	*ret = (int)v;
	return true;
}

static bool take_all(const struct enc_node *root, struct enc_host *h)
{
	const struct enc_node *mechs = enc_node_get(root, "mechanisms"), *ctls = enc_node_get(root, "controllers");

	if (!mechs || mechs->kind != ENC_NODE_LIST || mechs->n != ENC_MECH__COUNT || !ctls ||
	    ctls->kind != ENC_NODE_LIST || ctls->n != ENC_CTL__COUNT ||
	    !take_number(root, "landlock_abi", 1000, &h->landlock_abi))
		return false;
	take_text(h->cgroup2_dir, sizeof(h->cgroup2_dir), root, "cgroup2_dir");
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		struct enc_probe *p = &h->mech[m];
		int status;

		if (!take_number(mechs->items[m], "status", ENC_ST_REQUIRES_SETUP, &status))
			return false;
		p->status = (enum enc_status)status;
		take_text(p->detail, sizeof(p->detail), mechs->items[m], "detail");
		take_text(p->reason, sizeof(p->reason), mechs->items[m], "reason");
		take_text(p->next, sizeof(p->next), mechs->items[m], "next");
	}
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		if (!take_number(ctls->items[c], "version", 2, &h->ctl[c].version) ||
		    !take_number(ctls->items[c], "old_version", 2, &h->old[c].version))
			return false;
		take_text(h->ctl[c].dir, sizeof(h->ctl[c].dir), ctls->items[c], "dir");
		take_text(h->old[c].dir, sizeof(h->old[c].dir), ctls->items[c], "old_dir");
	}
	return true;
}

int enc_cache_read(const char *state_dir, const char *build, struct enc_host *h)
{
	enc_auto(enc_arena_free_auto) struct enc_arena *a = enc_arena_new();
	enc_auto(enc_free_auto) char *text = NULL;
	char path[4200], key[512];
	struct enc_host copy = *h;
	struct enc_node *root = NULL;
	struct enc_diags d;
	const char *have;
	size_t n;
	int r;

	(void)snprintf(path, sizeof(path), "%s/boot.json", state_dir);
	if (enc_read_file(AT_FDCWD, path, 1u << 20, &text, &n, NULL) < 0)
		return 0;
	enc_diags_init(&d);
	r = enc_yaml_parse(a, "boot.json", text, n, &d, &root);
	enc_diags_done(&d);
	key_of(h, build, key, sizeof(key));
	have = r == 0 && root ? enc_node_str(root, "key") : NULL;
	if (!have || strcmp(have, key) != 0 || !take_all(root, &copy))
		return 0;
	*h = copy;
	h->cached = true;
	return 1;
}

int enc_cache_write(const char *state_dir, const char *build, const struct enc_host *h, struct enc_err *e)
{
	char path[4200], key[512];
	struct enc_buf b = {0};
	struct enc_json j;
	int r;

	key_of(h, build, key, sizeof(key));
	enc_json_init(&j, &b, 2);
	enc_json_object(&j, NULL);
	enc_json_str(&j, "key", key);
	enc_json_int(&j, "landlock_abi", h->landlock_abi);
	enc_json_str(&j, "cgroup2_dir", h->cgroup2_dir);
	enc_json_array(&j, "mechanisms");
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		enc_json_object(&j, NULL);
		enc_json_str(&j, "name", enc_mech_name((enum enc_mech)m));
		enc_json_int(&j, "status", h->mech[m].status);
		enc_json_str(&j, "detail", h->mech[m].detail);
		enc_json_str(&j, "reason", h->mech[m].reason);
		enc_json_str(&j, "next", h->mech[m].next);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_array(&j, "controllers");
	for (int c = 0; c < ENC_CTL__COUNT; c++) {
		enc_json_object(&j, NULL);
		enc_json_int(&j, "version", h->ctl[c].version);
		enc_json_str(&j, "dir", h->ctl[c].dir);
		enc_json_int(&j, "old_version", h->old[c].version);
		enc_json_str(&j, "old_dir", h->old[c].dir);
		enc_json_end(&j);
	}
	enc_json_end(&j);
	enc_json_end(&j);
	enc_buf_putc(&b, '\n');
	(void)snprintf(path, sizeof(path), "%s/boot.json", state_dir);
	r = enc_write_file(AT_FDCWD, path, b.s, b.len, 0600, false, e);
	enc_buf_done(&b);
	return r < 0 ? enc_err_id(e, "E0801", NULL) : 0;
}
