/* SPDX-License-Identifier: MIT */
/*
 * sockets.c - ways to another machine, to another process of the host, or around a wall that looks at connect()
 *
 * connect-*, send-* take a port of 127.0.0.1, or the name of a UNIX socket; a listener stands there in the tests.
 */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

#define SOCKET(fn, family, type, proto)                      \
	static int fn(int argc, char **argv)                 \
	{                                                    \
		return outcome(socket(family, type, proto)); \
	}
SOCKET(s_vsock, 40, SOCK_STREAM, 0)
SOCKET(s_alg, 38, SOCK_SEQPACKET, 0)
SOCKET(s_packet, 17, SOCK_RAW, 0x300)
SOCKET(s_packet_dgram, 17, SOCK_DGRAM, 0)
SOCKET(s_xdp, 44, SOCK_RAW, 0)
SOCKET(s_bluetooth, 31, SOCK_RAW, 1)
SOCKET(s_can, 29, SOCK_RAW, 1)
SOCKET(s_key, 15, SOCK_RAW, 2)
SOCKET(s_tipc, 30, SOCK_STREAM, 0)
SOCKET(s_rds, 21, SOCK_SEQPACKET, 0)
SOCKET(s_smc, 43, SOCK_STREAM, 0)
SOCKET(s_kcm, 41, SOCK_SEQPACKET, 0)
SOCKET(s_mptcp, AF_INET, SOCK_STREAM, IPPROTO_MPTCP)
SOCKET(s_mptcp6, AF_INET6, SOCK_STREAM, IPPROTO_MPTCP)
SOCKET(s_sctp, AF_INET, SOCK_STREAM, IPPROTO_SCTP)
SOCKET(s_sctp_seq, AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP)
SOCKET(s_dccp, AF_INET, 6, 33)
SOCKET(s_udplite, AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)
SOCKET(s_raw, AF_INET, SOCK_RAW, IPPROTO_ICMP)
SOCKET(s_raw_any, AF_INET, SOCK_RAW, IPPROTO_RAW)
SOCKET(s_raw_tcp, AF_INET, SOCK_RAW, IPPROTO_TCP)
SOCKET(s_raw6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)
SOCKET(s_nl_audit, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT)
SOCKET(s_nl_netfilter, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)
SOCKET(s_nl_uevent, AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT)
SOCKET(s_nl_generic, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC)
SOCKET(s_nl_diag, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)
SOCKET(s_nl_xfrm, AF_NETLINK, SOCK_RAW, NETLINK_XFRM)

/* The kernel reads 32 bits of the family: the upper half must not hide it. */
static int s_packet_high(int argc, char **argv)
{
	return outcome(syscall(SYS_socket, 17 | 1ul << 32, SOCK_RAW, 0x300));
}

static int s_pair_vsock(int argc, char **argv)
{
	int v[2];

	return outcome(socketpair(40, SOCK_DGRAM, 0, v));
}

static int set_tcp(int option, const void *value, socklen_t n)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? CANT_TRY : outcome(setsockopt(fd, IPPROTO_TCP, option, value, n));
}
static int tfo_connect(int argc, char **argv)
{
	int one = 1;

	return set_tcp(30, &one, sizeof(one));
}
static int tfo_listen(int argc, char **argv)
{
	int one = 1;

	return set_tcp(23, &one, sizeof(one));
}
static int tcp_ulp(int argc, char **argv)
{
	return set_tcp(TCP_ULP, "tls", 3);
}

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((unsigned short)atoi(port)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int tfo_send(int argc, char **argv)
{
	struct sockaddr_in to = loopback(argc ? argv[0] : "9");
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? CANT_TRY : outcome(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
}
static int tfo_sendmsg(int argc, char **argv)
{
	struct sockaddr_in to = loopback(argc ? argv[0] : "9");
	struct iovec v = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &v, .msg_iovlen = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? CANT_TRY : outcome(sendmsg(fd, &m, MSG_FASTOPEN));
}
static int tfo_sendmmsg(int argc, char **argv)
{
	struct sockaddr_in to = loopback(argc ? argv[0] : "9");
	struct iovec v = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct mmsghdr m = {{.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &v, .msg_iovlen = 1}, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? CANT_TRY : outcome(sendmmsg(fd, &m, 1, MSG_FASTOPEN));
}

static int connect_tcp(int argc, char **argv)
{
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!argc || fd < 0)
		return CANT_TRY;
	to = loopback(argv[0]);
	return outcome(connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* A reply is asked for: a datagram that nobody got also "worked" for sendto. */
static int exchange_udp(int argc, char **argv)
{
	struct timeval patience = {.tv_sec = 1};
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	if (!argc || fd < 0)
		return CANT_TRY;
	to = loopback(argv[0]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return outcome(recv(fd, &c, 1, 0));
}

/* "@name" is an abstract socket. */
static int connect_unix(int argc, char **argv, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type, 0);
	size_t n = argc ? strlen(argv[0]) : 0;

	if (!n || n >= sizeof(to.sun_path) || fd < 0)
		return CANT_TRY;
	memcpy(to.sun_path, argv[0], n);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	else
		n++;
	n += offsetof(struct sockaddr_un, sun_path);
	if (type == SOCK_STREAM)
		return outcome(connect(fd, (struct sockaddr *)&to, (socklen_t)n));
	return outcome(sendto(fd, "x", 1, 0, (struct sockaddr *)&to, (socklen_t)n));
}
static int connect_stream(int argc, char **argv)
{
	return connect_unix(argc, argv, SOCK_STREAM);
}
static int send_datagram(int argc, char **argv)
{
	return connect_unix(argc, argv, SOCK_DGRAM);
}

/* What only a network namespace of its own hides: the host's interfaces. */
static int see_interfaces(int argc, char **argv)
{
	char line[512];
	FILE *f = fopen("/proc/net/dev", "re");
	int others = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strchr(line, ':') && !strstr(line, " lo:"))
			others++;
	if (f)
		fclose(f);
	return others ? 0 : -ENODEV;
}

/* clang-format off */
#define ROW(n, f, e, c, who, ...) {.name = n, .group = "sockets", .act = f, .expect = {e}, .call = c, .needs = who, \
	.reached = {__VA_ARGS__}}
#define NET(n, f, ...) {.name = n, .group = "network", .act = f, .expect = {__VA_ARGS__}, .needs = BY_USER}
const struct attack socket_attacks[] = {
	ROW("vsock", s_vsock, EAFNOSUPPORT, "socket", BY_USER), ROW("alg", s_alg, EAFNOSUPPORT, "socket", BY_NOBODY),
	ROW("packet", s_packet, EAFNOSUPPORT, "socket", BY_ROOT), ROW("packet-high", s_packet_high, EAFNOSUPPORT, "socket", BY_ROOT),
	ROW("packet-datagram", s_packet_dgram, EAFNOSUPPORT, "socket", BY_ROOT), ROW("xdp", s_xdp, EAFNOSUPPORT, "socket", BY_ROOT),
	ROW("bluetooth", s_bluetooth, EAFNOSUPPORT, "socket", BY_NOBODY), ROW("can", s_can, EAFNOSUPPORT, "socket", BY_NOBODY),
	ROW("key", s_key, EAFNOSUPPORT, "socket", BY_NOBODY), ROW("tipc", s_tipc, EAFNOSUPPORT, "socket", BY_NOBODY),
	ROW("rds", s_rds, EAFNOSUPPORT, "socket", BY_NOBODY), ROW("smc", s_smc, EAFNOSUPPORT, "socket", BY_NOBODY),
	ROW("kcm", s_kcm, EAFNOSUPPORT, "socket", BY_NOBODY),
	ROW("mptcp", s_mptcp, EPROTONOSUPPORT, "socket", BY_USER), ROW("mptcp6", s_mptcp6, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("sctp", s_sctp, EPROTONOSUPPORT, "socket", BY_NOBODY),
	{.name = "sctp-seqpacket", .group = "sockets", .act = s_sctp_seq, .expect = {EPROTONOSUPPORT, EPERM}, .call = "socket", .needs = BY_NOBODY},
	{.name = "dccp", .group = "sockets", .act = s_dccp, .expect = {EPROTONOSUPPORT, EPERM}, .call = "socket", .needs = BY_NOBODY},
	ROW("udplite", s_udplite, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("raw", s_raw, EPERM, "socket", BY_ROOT),
	{.name = "raw-any", .group = "sockets", .act = s_raw_any, .expect = {EPERM, EPROTONOSUPPORT}, .call = "socket", .needs = BY_ROOT},
	ROW("raw-tcp", s_raw_tcp, EPERM, "socket", BY_ROOT), ROW("raw6", s_raw6, EPERM, "socket", BY_ROOT),
	ROW("netlink-audit", s_nl_audit, EPROTONOSUPPORT, "socket", BY_NOBODY),
	ROW("netlink-netfilter", s_nl_netfilter, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("netlink-uevent", s_nl_uevent, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("netlink-generic", s_nl_generic, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("netlink-diag", s_nl_diag, EPROTONOSUPPORT, "socket", BY_USER),
	ROW("netlink-xfrm", s_nl_xfrm, EPROTONOSUPPORT, "socket", BY_NOBODY),
	ROW("socketpair-vsock", s_pair_vsock, EAFNOSUPPORT, "socketpair", BY_NOBODY),
	ROW("tfo-connect", tfo_connect, ENOPROTOOPT, "setsockopt", BY_USER), ROW("tfo-listen", tfo_listen, ENOPROTOOPT, "setsockopt", BY_USER),
	ROW("tcp-ulp", tcp_ulp, ENOPROTOOPT, "setsockopt", BY_USER, ENOENT, ENOTCONN),
	ROW("tfo-send", tfo_send, EOPNOTSUPP, "sendto", BY_USER, ECONNREFUSED, ENETUNREACH),
	ROW("tfo-sendmsg", tfo_sendmsg, EOPNOTSUPP, "sendmsg", BY_USER, ECONNREFUSED, ENETUNREACH),
	ROW("tfo-sendmmsg", tfo_sendmmsg, EOPNOTSUPP, "sendmmsg", BY_USER, ECONNREFUSED, ENETUNREACH),
	NET("connect-tcp", connect_tcp, ECONNREFUSED, ENETUNREACH), NET("exchange-udp", exchange_udp, ECONNREFUSED, ENETUNREACH, EAGAIN),
	NET("connect-unix", connect_stream, ECONNREFUSED, ENOENT, EPERM), NET("send-unix", send_datagram, ECONNREFUSED, ENOENT, EPERM),
	NET("interfaces", see_interfaces, ENODEV),
	{.name = NULL},
};
/* clang-format on */
