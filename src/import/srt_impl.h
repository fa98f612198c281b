/* SPDX-License-Identifier: MIT */
/*
 * srt_impl.h - what the files of srt's reader share: tables of keys, values with their types
 */
#ifndef ENC_IMPORT_SRT_IMPL_H
#define ENC_IMPORT_SRT_IMPL_H

#include "import/impl.h"

struct srt {
	struct importer m;
	const struct enc_node *top;
	bool sockets_open; /* network.allowAllUnixSockets */
	bool fs_off;	   /* filesystem.disabled */
	bool git_config;   /* filesystem.allowGitConfig */
};

struct srt_key;
typedef void srt_key_fn(struct srt *s, const struct srt_key *k, const struct enc_node *n);
struct srt_key {
	const char *path; /* "network.allowedDomains" */
	srt_key_fn *run;
	const char *say, *hint; /* of the finding, for those that make a fixed one */
	bool required;
};

/* Each key of a map by its row; an unknown one is a finding. prefix "" at the top. */
void srt_walk(struct srt *s, const struct enc_node *map, const char *prefix, const struct srt_key *keys, size_t n);

/* Values; false with an error added. */
bool srt_map(struct srt *s, const char *path, const struct enc_node *n);
bool srt_list(struct srt *s, const char *path, const struct enc_node *n);
bool srt_text(struct srt *s, const char *path, const struct enc_node *n);
bool srt_bool(struct srt *s, const char *path, const struct enc_node *n, bool *ret);
bool srt_number(struct srt *s, const char *path, const struct enc_node *n);
const char *srt_item(struct srt *s, const char *path, size_t i); /* "path[i]" */

/* Rows that need no more than a finding, if the value says more than nothing: false, an empty list or map. */
srt_key_fn srt_ignore, srt_drop, srt_weaker;

void srt_network(struct srt *s, const struct srt_key *k, const struct enc_node *n);
void srt_filesystem(struct srt *s, const struct srt_key *k, const struct enc_node *n);
void srt_credentials(struct srt *s, const struct srt_key *k, const struct enc_node *n);
void srt_rules(struct srt *s); /* after everything was read */

#endif
