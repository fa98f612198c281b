/* SPDX-License-Identifier: MIT */
/*
 * filter.c - the seccomp programs that were made when Enclosure was built, and which row of the table refused a call
 */
#include "sandbox/filter.h"

#include <errno.h>

#include "sandbox/calls.h"
#include "sandbox/filter_programs.h" /* generated: known[], refuse_notify[], refuse_errno[], refused_numbers[] */

_Static_assert(ENC_LEN(refused_numbers) == ENC_LEN(refused_calls), "generated from another table");

#define PROGRAM(v)                               \
	{                                        \
		.len = ENC_LEN(v), .filter = (v) \
	}

const struct enc_filters *enc_filters(bool notify)
{
	static const struct enc_filters notifying = {PROGRAM(known), PROGRAM(refuse_notify)};
	static const struct enc_filters silent = {PROGRAM(known), PROGRAM(refuse_errno)};

	return notify ? &notifying : &silent;
}

static bool holds(const struct cond *c, const uint64_t args[6])
{
	uint32_t v = (uint32_t)args[c->arg] & c->mask;

	switch (c->kind) {
	case COND_EQ: return v == c->value[0];
	case COND_ANY: return v != 0;
	case COND_OUT:
		for (int i = 0; i < c->n; i++)
			if (v == c->value[i])
				return false;
		return true;
	case COND_SET: return args[c->arg] != 0;
	case COND_NONE: break;
	}
	return true;
}

bool enc_filter_refusal(int nr, const uint64_t args[6], struct enc_refusal *ret)
{
	for (size_t i = 0; i < ENC_LEN(refused_calls); i++) {
		const struct refused *row = &refused_calls[i];

		if (!row->error || refused_numbers[i] != nr || !holds(&row->c[0], args) || !holds(&row->c[1], args))
			continue;
		*ret = (struct enc_refusal){row->class_name, row->name, row->error};
		return true;
	}
	return false;
}
