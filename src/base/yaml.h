/* SPDX-License-Identifier: MIT */
/*
 * yaml.h - YAML (and so JSON) into a tree that knows where each node stood
 *
 * libyaml's event interface. Refused, each with its place: aliases and anchors, tags, duplicate keys, keys that
 * are not scalars, more than one document, depth over 64, more than 100,000 nodes, files over 1 MiB, text that
 * is not UTF-8, NUL. Scalars are text: the schema gives them types, not YAML 1.1. A plain `null`/`~`/empty value
 * is a scalar with plain = true, as written.
 */
#ifndef ENC_BASE_YAML_H
#define ENC_BASE_YAML_H

#include "base/diag.h"

enum enc_node_kind { ENC_NODE_SCALAR, ENC_NODE_LIST, ENC_NODE_MAP };

struct enc_node {
	enum enc_node_kind kind;
	bool plain; /* scalar without quotes */
	struct enc_mark at;
	const char *text; /* scalar: its text */
	size_t len;
	struct enc_node **items; /* list: the elements; map: the values */
	struct enc_node **keys;	 /* map: the keys, all scalars */
	size_t n;
};

/* Parse `text` (file is the name used in marks). Tree and marks live in `a`. 0, or -EINVAL with findings in d
 * (codes E01xx). An empty document gives *ret = NULL and 0. */
int enc_yaml_parse(struct enc_arena *a, const char *file, const char *text, size_t len, struct enc_diags *d,
		   struct enc_node **ret);
/* Value of a key in a map, or NULL. */
const struct enc_node *enc_node_get(const struct enc_node *map, const char *key);
const char *enc_node_str(const struct enc_node *map, const char *key); /* scalar's text, or NULL */

#endif
