/* SPDX-License-Identifier: MIT */
/*
 * json.c - capabilities as an object: levels, network modes, features for users, mechanisms
 */
#include <string.h>

#include "host/host.h"
#include "host/impl.h"

#define BIT(m) (1u << ENC_MECH_##m)
#define BASE   (BIT(USER_NAMESPACE) | BIT(MOUNT_NAMESPACE) | BIT(PID_NAMESPACE) | BIT(SECCOMP))

/* What a user knows by name, and the mechanisms it stands on; 0 in `built` means: not in this version. */
static const struct enc_feature {
	const char *name;
	bool built;
	uint32_t needs;
} features[] = {
	{"files.deny-by-default", true, BASE},
	{"files.deny-inside-grant", true, BASE},
	{"files.protect", true, BASE},
	{"files.second-wall", true, BASE | BIT(LANDLOCK)},
	{"files.patterns", false, 0},
	{"files.absent-paths", false, 0},
	{"workspace.overlay", false, 0},
	{"network.none", true, BASE | BIT(NET_NAMESPACE)},
	{"network.open", true, BASE},
	{"network.proxy", false, 0},
	{"network.credentials", false, 0},
	{"exec.rules", false, 0},
	{"identity.idmapped", true, BASE | BIT(IDMAP)},
	{"limits.time", true, BASE | BIT(PID_NAMESPACE)},
	{"limits.memory", true, BASE | BIT(PID_NAMESPACE)},
	{"limits.pids", true, BASE | BIT(RLIMIT)},
	{"limits.files", true, BASE | BIT(RLIMIT)},
	{"limits.cpu", false, 0},
	{"limits.idle", false, 0},
	{"limits.output", false, 0},
	{"limits.disk", false, 0},
	{"denials.visible", true, BASE | BIT(SECCOMP_NOTIFY)},
	{"rates", false, 0},
	{"budgets", false, 0},
	{"kill-switches", false, 0},
	{"ask", false, 0},
	{"rules", false, 0},
	{"record.tamper-evident", false, 0},
};

static const struct enc_probe *lacking(const struct enc_host *h, uint32_t needs)
{
	for (int m = 0; m < ENC_MECH__COUNT; m++)
		if (needs & 1u << m && !enc_host_has(h, (enum enc_mech)m))
			return &h->mech[m];
	return NULL;
}

static const char *status_of(const struct enc_host *h, const struct enc_feature *f)
{
	const struct enc_probe *p = lacking(h, f->needs);

	if (!f->built)
		return "unsupported";
	return enc_status_name(p ? p->status : ENC_ST_SUPPORTED);
}

static void mode_json(const struct enc_host *h, const char *mode, const char *name, struct enc_json *j)
{
	for (size_t i = 0; i < ENC_LEN(features); i++)
		if (strcmp(features[i].name, name) == 0)
			enc_json_str(j, mode, status_of(h, &features[i]));
}

static void levels_json(const struct enc_host *h, struct enc_json *j)
{
	bool base = !lacking(h, BASE), alone = base && enc_host_has(h, ENC_MECH_NET_NAMESPACE);

	enc_json_array(j, "levels");
	if (alone)
		enc_json_str(j, NULL, "read-only");
	if (base)
		enc_json_str(j, NULL, "workspace-write");
	if (alone)
		enc_json_str(j, NULL, "contained");
	if (base)
		enc_json_str(j, NULL, "open");
	enc_json_end(j);
}

void enc_host_json(const struct enc_host *h, struct enc_json *j)
{
	enc_json_object(j, NULL);
	enc_json_str(j, "schema", "enclosure.capabilities/v1");
	enc_json_str(j, "version", ENC_VERSION);
	enc_json_str(j, "kernel", h->release);
	enc_json_str(j, "arch", h->machine);
	enc_json_uint(j, "euid", h->uid);
	enc_json_bool(j, "cached", h->cached);
	levels_json(h, j);
	enc_json_object(j, "network_modes");
	mode_json(h, "none", "network.none", j);
	mode_json(h, "proxy", "network.proxy", j);
	mode_json(h, "open", "network.open", j);
	enc_json_end(j);
	enc_json_array(j, "features");
	for (size_t i = 0; i < ENC_LEN(features); i++) {
		const struct enc_probe *p = lacking(h, features[i].needs);

		enc_json_object(j, NULL);
		enc_json_str(j, "name", features[i].name);
		enc_json_str(j, "status", status_of(h, &features[i]));
		enc_json_str(j, "reason", !features[i].built ? "not built in this version" : p ? p->reason : NULL);
		enc_json_str(j, "next", p && p->next[0] ? p->next : NULL);
		enc_json_end(j);
	}
	enc_json_end(j);
	enc_json_array(j, "mechanisms");
	for (int m = 0; m < ENC_MECH__COUNT; m++) {
		enc_json_object(j, NULL);
		enc_json_str(j, "name", enc_mech_name((enum enc_mech)m));
		enc_json_str(j, "status", enc_status_name(h->mech[m].status));
		enc_json_str(j, "detail", h->mech[m].detail[0] ? h->mech[m].detail : NULL);
		enc_json_str(j, "reason", h->mech[m].reason[0] ? h->mech[m].reason : NULL);
		enc_json_str(j, "next", h->mech[m].next[0] ? h->mech[m].next : NULL);
		enc_json_end(j);
	}
	enc_json_end(j);
	enc_json_end(j);
}
