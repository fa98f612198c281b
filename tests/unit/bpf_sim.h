/* SPDX-License-Identifier: MIT */
/*
 * bpf_sim.h - runs a seccomp program (classic BPF) in user space, as the kernel's checker allows it
 */
#ifndef ENC_TESTS_BPF_SIM_H
#define ENC_TESTS_BPF_SIM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BPF_SIM_BROKEN 0xdeadbeefu /* the program did what the kernel would not have loaded */

static inline bool bpf_sim_jump(uint16_t op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ: return a == k;
	case BPF_JGT: return a > k;
	case BPF_JGE: return a >= k;
	case BPF_JSET: return (a & k) != 0;
	default: return false;
	}
}

/* The program's verdict about a call. */
static inline uint32_t bpf_sim(const struct sock_fprog *p, const struct seccomp_data *d)
{
	uint32_t a = 0, m[16] = {0};

	for (uint32_t pc = 0; pc < p->len; pc++) {
		const struct sock_filter *f = &p->filter[pc];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k > sizeof(*d) - 4 || f->k & 3)
				return BPF_SIM_BROKEN;
			memcpy(&a, (const char *)d + f->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= f->k; break;
		case BPF_ST: m[f->k & 15] = a; break;
		case BPF_LD | BPF_MEM: a = m[f->k & 15]; break;
		case BPF_JMP | BPF_JA: pc += f->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K: pc += bpf_sim_jump(f->code & 0xf0, a, f->k) ? f->jt : f->jf; break;
		case BPF_RET | BPF_K: return f->k;
		default: return BPF_SIM_BROKEN;
		}
	}
	return BPF_SIM_BROKEN;
}

#endif
