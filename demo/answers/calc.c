/* SPDX-License-Identifier: MIT */
/* calc.c - recursive descent: sum, product, unary minus, number or parentheses */
#include "calc.h"

#include <ctype.h>
#include <stdlib.h>

struct reader {
	const char *at;
	int depth, bad;
};

static long sum(struct reader *r);

static int next(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
	return *r->at;
}

static long value(struct reader *r)
{
	char *end;
	long v;

	if (++r->depth > 100)
		r->bad = 1;
	if (r->bad) {
		v = 0;
	} else if (next(r) == '-') {
		r->at++;
		v = -value(r);
	} else if (next(r) == '(') {
		r->at++;
		v = sum(r);
		if (next(r) == ')')
			r->at++;
		else
			r->bad = 1;
	} else {
		v = strtol(r->at, &end, 10);
		r->bad |= end == r->at;
		r->at = end;
	}
	r->depth--;
	return v;
}

static long product(struct reader *r)
{
	long v = value(r);

	while (!r->bad && (next(r) == '*' || next(r) == '/')) {
		int op = *r->at++;
		long w = value(r);

		if (op == '*')
			v *= w;
		else if (w)
			v /= w;
		else
			r->bad = 1;
	}
	return v;
}

static long sum(struct reader *r)
{
	long v = product(r);

	while (!r->bad && (next(r) == '+' || next(r) == '-')) {
		int op = *r->at++;
		long w = product(r);

		v = op == '+' ? v + w : v - w;
	}
	return v;
}

int calc(const char *text, long *ret)
{
	struct reader r = {.at = text};
	long v = sum(&r);

	if (r.bad || next(&r))
		return -1;
	*ret = v;
	return 0;
}
