#!/bin/sh
# SPDX-License-Identifier: MIT
# agent-like.sh STEPS ANSWERS - takes the demo's steps as an agent would: for machines where no agent can be installed
#
# Runs inside the enclosure, in the project. Prints a line a step: number, exit status, the last line of what it said.
# The script has no power that an agent lacks: what stops it is the boundary.
set -u
steps=$1 answers=$2 n=0
tab=$(printf '\t')

while IFS=$tab read -r kind tool _ argument; do
	case $kind in work | forbidden) ;; *) continue ;; esac
	n=$((n + 1))
	case $tool in
	write) said=$(cp "$answers/$argument" "$argument" 2>&1 && echo "$(wc -l <"$argument") lines written") ;;
	read) said=$(cat "$argument" 2>&1 >/dev/null && echo "$(grep -c . "$argument") lines read, blank ones aside") ;;
	*) said=$(bash -c "$argument" 2>&1) ;;
	esac
	status=$?
	printf '%d\t%d\t%s\n' $n $status "$(printf '%s\n' "${said:--}" | tail -n 1)"
done <"$steps"
