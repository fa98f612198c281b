# SPDX-License-Identifier: MIT
# check-layers.bats - each rule of tools/check-layers finds its violation, and nothing else is one

bats_require_minimum_version 1.5.0

setup() {
	T=$(mktemp -d)
	mkdir -p "$T/src/base" "$T/src/sys" "$T/src/plan" "$T/src/cli" "$T/src/worker"
	echo "foreach layer : ['base', 'sys', 'plan', 'cli']" >"$T/meson.build"
	touch "$T/src/base/err.h" "$T/src/base/mem.h" "$T/src/plan/impl.h"
	printf '#include "plan/plan.h"\n#include "base/err.h"\n#include <stdio.h>\n#include "plan/impl.h"\n' >"$T/src/plan/plan.c"
	printf '#include "cli/cli.h"\n#include "plan/plan.h"\n#include "generated.h"\n' >"$T/src/cli/run.c"
	printf '#include "cli/cli.h"\n' >"$T/src/worker/main.c"
}
teardown() {
	rm -rf "$T"
}
# finds WHAT: exactly one line of output, with that in it
finds() {
	run "$BATS_TEST_DIRNAME/../../tools/check-layers" "$T"
	[ "$status" = 1 ] || { echo "status $status: $output"; return 1; }
	[ "${#lines[@]}" = 1 ] && [[ $output == *"$1"* ]] || { echo "wanted '$1', got: $output"; return 1; }
}

@test "a tree without violations passes" {
	run "$BATS_TEST_DIRNAME/../../tools/check-layers" "$T"
	[ "$status" = 0 ] && [ -z "$output" ]
}
@test "an upward include is found, with file and line" {
	printf '\n#include "plan/plan.h"\n' >"$T/src/base/err.c"
	finds 'src/base/err.c:2: "plan/plan.h" is above base'
}
@test "an include indented inside an #if is found" {
	printf '#if 1\n #  include "cli/cli.h"\n#endif\n' >"$T/src/sys/a.c"
	finds 'src/sys/a.c:2: "cli/cli.h" is above sys'
}
@test "another folder's private header is found" {
	printf '#include "plan/impl.h"\n' >"$T/src/cli/plan.c"
	finds 'src/cli/plan.c:1: "plan/impl.h" is private to plan'
}
@test "an impl header of base is private too" {
	printf '#include "base/mem_impl.h"\n' >"$T/src/sys/a.c"
	finds '"base/mem_impl.h" is private to base'
}
@test "a header named without its folder is found" {
	printf '#include "impl.h"\n' >"$T/src/plan/a.c"
	finds 'write "plan/impl.h"'
}
@test "a path that climbs is found" {
	printf '#include "base/../cli/cli.h"\n' >"$T/src/plan/a.c"
	finds 'goes upwards'
}
@test "a folder that is not in the list is found" {
	mkdir "$T/src/extra"
	echo 'int x;' >"$T/src/extra/a.c"
	finds 'folder src/extra is not in the list'
}
@test "a file of 801 lines is found, one of 800 is not" {
	yes '' | head -800 >"$T/src/base/fits.c"
	yes '' | head -801 >"$T/src/base/long.c"
	finds 'src/base/long.c:801: longer than 800 lines'
}
@test "the last of the files is measured too" {
	yes '' | head -900 >"$T/src/worker/z.c"
	finds 'src/worker/z.c:900'
}
@test "no list of layers is an error of its own" {
	echo >"$T/meson.build"
	run "$BATS_TEST_DIRNAME/../../tools/check-layers" "$T"
	[ "$status" = 2 ]
}
