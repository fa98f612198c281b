/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "calc.h"

static const struct {
	const char *text;
	int status;
	long value;
} cases[] = {
	{"1", 0, 1},	     {"1+2*3", 0, 7},	{"(1+2)*3", 0, 9},
	{"7 - 2 - 1", 0, 4}, {"-4 / 2", 0, -2}, {"2*(3+(4-1))", 0, 12},
	{"1/0", -1, 0},	     {"1+", -1, 0},	{"(1", -1, 0},
};

int main(void)
{
	int n = sizeof(cases) / sizeof(cases[0]), passed = 0;

	for (int i = 0; i < n; i++) {
		long value = 0;

		if (calc(cases[i].text, &value) == cases[i].status && value == cases[i].value)
			passed++;
		else
			printf("failed: %s\n", cases[i].text);
	}
	printf("%d of %d tests passed\n", passed, n);
	return passed == n ? 0 : 1;
}
