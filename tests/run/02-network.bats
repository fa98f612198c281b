#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# network none and open: the host's TCP and UDP listeners on the loopback, its abstract and named UNIX sockets.

load helper

file_up() {
	cat >"$BIN/listen.py" <<'PY'
import os, socket, sys, threading
top = sys.argv[1]
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(64)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0))
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0" + top + "/abstract"); abstract.listen(64)
dgram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); dgram.bind("\0" + top + "/dgram")
named = socket.socket(socket.AF_UNIX); named.bind(top + "/host/named"); os.chmod(top + "/host/named", 0o777); named.listen(64)
got = []
def take(s, name):
    while True:
        s.accept()[0].close()
        print(name, file=open(top + "/host/accepted", "a"), flush=True)
def echo():
    while True:
        data, who = udp.recvfrom(10)
        print("udp", file=open(top + "/host/accepted", "a"), flush=True)
        udp.sendto(data, who)
for s, name in ((tcp, "tcp"), (abstract, "abstract"), (named, "named")):
    threading.Thread(target=take, args=(s, name), daemon=True).start()
threading.Thread(target=echo, daemon=True).start()
with open(top + "/host/ports.tmp", "w") as f:
    f.write("%d %d\n" % (tcp.getsockname()[1], udp.getsockname()[1]))
os.rename(top + "/host/ports.tmp", top + "/host/ports")
threading.Event().wait()
PY
}
up() {
	/usr/bin/python3 "$BIN/listen.py" "$T" 3>&- &
	LISTENER=$!
	until_true 10 test -s "$T/host/ports"
	read -r TCP UDP <"$T/host/ports"
}
down() {
	kill $LISTENER
	wait $LISTENER 2>/dev/null || true
}
ACTS() {
	echo "probe tcp connect-tcp $TCP; probe udp exchange-udp $UDP; probe abstract connect-unix @$T/abstract; probe dgram send-unix @$T/dgram
		probe named connect-unix $T/host/named; probe tfo tfo-send $TCP; probe mptcp mptcp; probe interfaces interfaces"
}

@test "outside, all of them answer" {
	run bash -c "ENC_ATTACK=$BIN/attack; export ATTACK_DIR=$T; $PROBE $(ACTS)"
	has_lines tcp=0 udp=0 abstract=0 dgram=0 named=0 tfo=0 mptcp=0
}

check_none() {
	be "$1"
	manifest "network: {mode: none}"
	try script "$(ACTS)"
	has_lines tcp=1 udp=1 abstract=1 dgram=1 named=1 tfo=1 mptcp=1 interfaces=1
	[ ! -e "$T/host/accepted" ]
}
@test "network none: nothing outside can be reached (root)" { check_none root; }
@test "network none: nothing outside can be reached (user)" { check_none user; }

@test "network none is what a manifest that doesn't speak of it means" {
	manifest
	try script "$(ACTS)"
	has_lines tcp=1 udp=1 abstract=1 dgram=1 named=1
}

check_open() {
	be "$1"
	manifest "network: {mode: open}"
	try script "$(ACTS)"
	has_lines tcp=0 udp=0 named=1 tfo=1 mptcp=1
	# The host's abstract sockets (session buses, X11) are no network.
	has_lines abstract=1 dgram=1
	contains "$(cat "$T/host/accepted")" tcp udp
}
@test "network open: TCP and UDP only, no host sockets, no way around connect (root)" { check_open root; }
@test "network open: TCP and UDP only, no host sockets, no way around connect (user)" { check_open user; }

check_own() {
	be "$1"
	manifest "network: {mode: none}"
	cat >"$WS/own.py" <<'PY'
import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1)
c = socket.create_connection(s.getsockname()); print("loopback")
a = socket.socket(socket.AF_UNIX); a.bind("\0own"); a.listen(1)
b = socket.socket(socket.AF_UNIX); b.connect("\0own"); print("abstract")
x, y = socket.socketpair(); print("pair")
PY
	try go /usr/bin/python3 "$WS/own.py"
	has_lines loopback abstract pair
}
@test "network none: a run's own sockets work among its processes (root)" { check_own root; }
@test "network none: a run's own sockets work among its processes (user)" { check_own user; }
