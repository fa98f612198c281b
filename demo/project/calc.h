/* SPDX-License-Identifier: MIT */
/* calc.h - integer arithmetic with + - * / and parentheses */
#ifndef CALC_H
#define CALC_H

/* 0 and the value, or -1 when the text is no expression or divides by zero. */
int calc(const char *text, long *ret);

#endif
