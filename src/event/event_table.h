/* SPDX-License-Identifier: MIT */
/*
 * event_table.h - every type of event and every field, once
 *
 * A field belongs to groups, a type carries groups; an event may have a field when the two meet. Append only: names
 * stand in old records. OCSF class uids are those of OCSF 1.3; 0 where none fits.
 * X(ID, name, groups, emitted, OCSF class uid, docs)
 */
#ifndef ENC_EVENT_EVENT_TABLE_H
#define ENC_EVENT_EVENT_TABLE_H

#define ENC_G_PROCESS  (1u << 0) /* who did it */
#define ENC_G_DECISION (1u << 1) /* what was decided */
#define ENC_G_FOLD     (1u << 2) /* several in one */
#define ENC_G_RUN      (1u << 3)
#define ENC_G_SETUP    (1u << 4)
#define ENC_G_LIMIT    (1u << 5)
#define ENC_G_EXEC     (1u << 6)
#define ENC_G_EXIT     (1u << 7)
#define ENC_G_FILE     (1u << 8)
#define ENC_G_NET      (1u << 9)
#define ENC_G_NAME     (1u << 10) /* DNS, HTTP, TLS */
#define ENC_G_PRIV     (1u << 11)
#define ENC_G_ALERT    (1u << 12)
#define ENC_G_CALL     (1u << 13)
#define ENC_G_LOSS     (1u << 14)

#define ENC_G_ACT (ENC_G_PROCESS | ENC_G_DECISION | ENC_G_FOLD)

#define ENC_EVENT_TYPES(X)                                                                                            \
	X(RUN_PLANNED, "run.planned", ENC_G_RUN, 1, 6002, "the plan was made; the first entry of a run")              \
	X(RUN_STARTED, "run.started", ENC_G_RUN, 1, 6002, "every wall is up, the command starts")                     \
	X(RUN_FINISHED, "run.finished", ENC_G_RUN, 1, 6002, "the run is over, however it ended; its last entry")      \
	X(SETUP_FAILED, "setup.failed", ENC_G_SETUP, 1, 6002,                                                         \
	  "a wall did not go up, or the command can't be executed")                                                   \
	X(LIMIT_HIT, "limit.hit", ENC_G_LIMIT | ENC_G_ACT, 1, 2004, "a limit of the manifest was reached")            \
	X(RATE_HIT, "rate.hit", ENC_G_LIMIT | ENC_G_ACT, 0, 2004, "a rate of the manifest was reached")               \
	X(BUDGET_HIT, "budget.hit", ENC_G_LIMIT | ENC_G_ACT, 0, 2004, "a budget of the manifest was used up")         \
	X(PROC_FORK, "proc.fork", ENC_G_ACT | ENC_G_EXEC, 0, 1007, "a process made another")                          \
	X(PROC_EXEC, "proc.exec", ENC_G_ACT | ENC_G_EXEC, 0, 1007, "a process executed a file")                       \
	X(PROC_EXIT, "proc.exit", ENC_G_ACT | ENC_G_EXIT, 1, 1007, "a process ended (in this version: the command)")  \
	X(FILE_OPEN, "file.open", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a file was opened")                               \
	X(FILE_CREATE, "file.create", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a name was created")                          \
	X(FILE_WRITE, "file.write", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a file was written")                            \
	X(FILE_DELETE, "file.delete", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a name was removed")                          \
	X(FILE_RENAME, "file.rename", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a name was changed")                          \
	X(FILE_LINK, "file.link", ENC_G_ACT | ENC_G_FILE, 0, 1001, "a link was made")                                 \
	X(FILE_ATTR, "file.attr", ENC_G_ACT | ENC_G_FILE, 0, 1001, "mode, owner, times or attributes were changed")   \
	X(NET_CONNECT, "net.connect", ENC_G_ACT | ENC_G_NET, 0, 4001, "a connection was asked for")                   \
	X(NET_ACCEPT, "net.accept", ENC_G_ACT | ENC_G_NET, 0, 4001, "a connection was accepted")                      \
	X(NET_BIND, "net.bind", ENC_G_ACT | ENC_G_NET, 0, 4001, "an address was taken")                               \
	X(NET_SEND, "net.send", ENC_G_ACT | ENC_G_NET, 0, 4001, "a datagram was sent")                                \
	X(NET_CLOSE, "net.close", ENC_G_ACT | ENC_G_NET, 0, 4001, "a connection ended")                               \
	X(DNS_QUERY, "dns.query", ENC_G_ACT | ENC_G_NAME, 0, 4003, "a name was asked for")                            \
	X(HTTP_REQUEST, "http.request", ENC_G_ACT | ENC_G_NAME, 0, 4002, "a request passed or was refused")           \
	X(TLS_HELLO, "tls.hello", ENC_G_ACT | ENC_G_NAME, 0, 4001, "a TLS connection began")                          \
	X(PRIV_PTRACE, "priv.ptrace", ENC_G_ACT | ENC_G_PRIV, 0, 1007, "another process was traced")                  \
	X(PRIV_MOUNT, "priv.mount", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "the mount API or chroot was called")            \
	X(PRIV_SETNS, "priv.setns", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "a namespace was to be entered")                 \
	X(PRIV_UNSHARE, "priv.unshare", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "a namespace was to be made")                \
	X(PRIV_BPF, "priv.bpf", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "bpf(2) was called")                                 \
	X(PRIV_MODULE, "priv.module", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "a kernel module was to be loaded or removed") \
	X(PRIV_SETUID, "priv.setuid", ENC_G_ACT | ENC_G_PRIV, 0, 1007, "ids were changed")                            \
	X(PRIV_CAPSET, "priv.capset", ENC_G_ACT | ENC_G_PRIV, 0, 1007, "capabilities were changed")                   \
	X(PRIV_SIGNAL, "priv.signal", ENC_G_ACT | ENC_G_PRIV, 0, 1007, "a signal went to another process")            \
	X(PRIV_MEMFD, "priv.memfd", ENC_G_ACT | ENC_G_PRIV, 0, 1004, "an anonymous file was made")                    \
	X(PRIV_MMAP_EXEC, "priv.mmap_exec", ENC_G_ACT | ENC_G_PRIV, 0, 1004, "a file was mapped executable")          \
	X(PRIV_IO_URING, "priv.io_uring", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "io_uring was called")                     \
	X(PRIV_SOCKET, "priv.socket", ENC_G_ACT | ENC_G_PRIV, 1, 1007,                                                \
	  "a socket family, protocol or option outside of the list")                                                  \
	X(PRIV_KEYCTL, "priv.keyctl", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "the kernel's key rings were called")          \
	X(PRIV_PERF, "priv.perf", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "perf events were asked for")                      \
	X(PRIV_KEXEC, "priv.kexec", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "another kernel was to be loaded, or a reboot")  \
	X(PRIV_IOCTL, "priv.ioctl", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "a refused terminal ioctl (TIOCSTI, TIOCLINUX)") \
	X(PRIV_CHMOD, "priv.chmod", ENC_G_ACT | ENC_G_PRIV, 1, 1001, "a set-id bit or a device node was to be made")  \
	X(PRIV_USERFAULTFD, "priv.userfaultfd", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "userfaultfd was asked for")         \
	X(PRIV_SYSCALL, "priv.syscall", ENC_G_ACT | ENC_G_PRIV, 1, 1007, "another refused system call")               \
	X(CREDENTIAL_ACCESS, "credential.access", ENC_G_ACT | ENC_G_FILE | ENC_G_NET, 0, 1001,                        \
	  "a secret was reached for")                                                                                 \
	X(ALERT, "alert", ENC_G_ALERT, 0, 2004, "a detector fired")                                                   \
	X(KILL, "kill", ENC_G_ALERT | ENC_G_LIMIT | ENC_G_ACT, 0, 2004, "a kill switch ended the run")                \
	X(INTENT, "intent.call", ENC_G_CALL, 0, 0, "the harness declared something")                                  \
	X(LLM_CALL, "llm.call", ENC_G_CALL, 0, 0, "a model was called")                                               \
	X(TOOL_CALL, "tool.call", ENC_G_CALL, 0, 0, "the model asked for a tool")                                     \
	X(TOOL_RESULT, "tool.result", ENC_G_CALL, 0, 0, "a tool's result went to the model")                          \
	X(MCP_MESSAGE, "mcp.message", ENC_G_CALL, 0, 0, "a message of the Model Context Protocol")                    \
	X(MISMATCH, "mismatch", ENC_G_CALL | ENC_G_ALERT, 0, 2004, "intent and effect differ")                        \
	X(LOSS, "loss", ENC_G_LOSS, 0, 0, "events were lost, and how many")                                           \
	X(RECOVERY, "recovery", ENC_G_LOSS, 1, 0, "a torn end of the record was cut")                                 \
	X(DEGRADED, "degraded", ENC_G_LOSS, 0, 0, "something stopped working")

/* X(ID, name, groups, OpenTelemetry attribute or "", docs) */
#define ENC_EVENT_FIELDS(X)                                                                                  \
	X(PID, "pid", ENC_G_PROCESS, "process.pid", "process, in the host's pid namespace")                  \
	X(TID, "tid", ENC_G_PROCESS, "thread.id", "thread")                                                  \
	X(EXEC_ID, "exec_id", ENC_G_PROCESS, "", "pid and start time: unique for a boot")                    \
	X(PARENT_EXEC_ID, "parent_exec_id", ENC_G_PROCESS, "", "the same of the parent")                     \
	X(UID, "uid", ENC_G_PROCESS | ENC_G_RUN, "process.real_user.id", "user id on the host")              \
	X(COMM, "comm", ENC_G_PROCESS, "", "the process's name, its own choice")                             \
	X(EXE, "exe", ENC_G_PROCESS, "process.executable.path", "its executable")                            \
	X(CGROUP, "cgroup", ENC_G_PROCESS, "", "its cgroup")                                                 \
	X(CONTAINER, "container", ENC_G_PROCESS, "container.id", "its container")                            \
	X(VERDICT, "verdict", ENC_G_DECISION, "", "allow, deny, ask, kill or notify")                        \
	X(CLAUSE, "clause", ENC_G_DECISION | ENC_G_LIMIT | ENC_G_RUN, "", "the clause that decided")         \
	X(MECHANISM, "mechanism", ENC_G_DECISION | ENC_G_SETUP, "", "what enforced it")                      \
	X(GUARANTEE, "guarantee", ENC_G_DECISION, "", "prevent, contain or detect")                          \
	X(REASON, "reason", ENC_G_DECISION | ENC_G_RUN, "", "in words")                                      \
	X(ERRNO, "errno", ENC_G_DECISION | ENC_G_SETUP, "", "what the caller got, by number")                \
	X(COUNT, "count", ENC_G_FOLD | ENC_G_LOSS, "", "how many are told by this one")                      \
	X(BYTES, "bytes", ENC_G_FOLD | ENC_G_LOSS | ENC_G_NAME, "", "how many bytes")                        \
	X(FIRST_NS, "first_ns", ENC_G_FOLD, "", "the first of them, boot time")                              \
	X(LAST_NS, "last_ns", ENC_G_FOLD, "", "the last of them, boot time")                                 \
	X(PLAN_DIGEST, "plan_digest", ENC_G_RUN, "", "SHA-256 of the plan")                                  \
	X(MANIFEST, "manifest", ENC_G_RUN, "", "path or built-in name of the manifest")                      \
	X(MANIFEST_DIGEST, "manifest_digest", ENC_G_RUN, "", "SHA-256 over all files of the manifest")       \
	X(RUNNABLE, "runnable", ENC_G_RUN, "", "every clause is bound")                                      \
	X(NAME, "name", ENC_G_RUN | ENC_G_NAME | ENC_G_NET, "", "the run's label; a host's name")            \
	X(ARGV, "argv", ENC_G_RUN | ENC_G_EXEC, "process.command_args", "the command line")                  \
	X(CWD, "cwd", ENC_G_RUN | ENC_G_EXEC, "process.working_directory", "working directory")              \
	X(USER, "user", ENC_G_RUN, "user.name", "the user that the command runs as")                         \
	X(STATE, "state", ENC_G_RUN, "", "how it ended")                                                     \
	X(EXIT, "exit", ENC_G_RUN, "", "exit status of `enclosure run`")                                     \
	X(SIGNAL, "signal", ENC_G_RUN | ENC_G_EXIT, "", "the signal that ended it")                          \
	X(USAGE, "usage", ENC_G_RUN, "", "times and memory")                                                 \
	X(STEP, "step", ENC_G_SETUP, "", "what was being done")                                              \
	X(ERROR, "error", ENC_G_SETUP | ENC_G_LOSS, "error.message", "what went wrong")                      \
	X(UNDONE, "undone", ENC_G_SETUP, "", "nothing was left behind")                                      \
	X(LIMIT, "limit", ENC_G_LIMIT, "", "the limit: bytes, ns, count")                                    \
	X(VALUE, "value", ENC_G_LIMIT, "", "what was measured")                                              \
	X(CHILD, "child", ENC_G_EXEC, "", "exec_id of the new process")                                      \
	X(PATH, "path", ENC_G_EXEC | ENC_G_FILE | ENC_G_NAME, "file.path", "the path, as the kernel has it") \
	X(HOST_PATH, "host_path", ENC_G_FILE, "", "the same on the host")                                    \
	X(DEV, "dev", ENC_G_EXEC | ENC_G_FILE, "", "device of the file")                                     \
	X(INO, "ino", ENC_G_EXEC | ENC_G_FILE, "file.inode", "inode of the file")                            \
	X(INTERP, "interp", ENC_G_EXEC, "", "interpreter of a script")                                       \
	X(SCRIPT, "script", ENC_G_EXEC, "", "the script behind #!")                                          \
	X(DELETED, "deleted", ENC_G_EXEC, "", "the file has no name any more")                               \
	X(MEMFD, "memfd", ENC_G_EXEC, "", "the file is an anonymous one")                                    \
	X(STATUS, "status", ENC_G_EXIT | ENC_G_NAME, "process.exit.code", "exit status; HTTP status")        \
	X(USER_NS, "user_ns", ENC_G_EXIT, "", "CPU time in user mode")                                       \
	X(SYSTEM_NS, "system_ns", ENC_G_EXIT, "", "CPU time in the kernel")                                  \
	X(MAX_RSS, "max_rss", ENC_G_EXIT, "", "peak memory in bytes")                                        \
	X(ACCESS, "access", ENC_G_FILE, "", "r, w, rw or x")                                                 \
	X(TO, "to", ENC_G_FILE, "", "the new name, or what a link points at")                                \
	X(MODE, "mode", ENC_G_FILE, "", "permission bits")                                                   \
	X(PATH_FROM, "path_from", ENC_G_FILE, "", "kernel or argument")                                      \
	X(PATH_CERTAIN, "path_certain", ENC_G_FILE, "", "false when a race made the path doubtful")          \
	X(FAMILY, "family", ENC_G_NET, "network.type", "inet, inet6 or unix")                                \
	X(PROTO, "proto", ENC_G_NET, "network.transport", "tcp, udp, ...")                                   \
	X(ADDR, "addr", ENC_G_NET, "network.peer.address", "address")                                        \
	X(PORT, "port", ENC_G_NET, "network.peer.port", "port")                                              \
	X(BYTES_IN, "bytes_in", ENC_G_NET, "", "received")                                                   \
	X(BYTES_OUT, "bytes_out", ENC_G_NET, "", "sent")                                                     \
	X(UNIX_PATH, "unix_path", ENC_G_NET, "", "path of a UNIX socket")                                    \
	X(PEER, "peer", ENC_G_NET, "", "exec_id of the peer")                                                \
	X(QTYPE, "qtype", ENC_G_NAME, "", "type of a DNS question")                                          \
	X(ANSWERS, "answers", ENC_G_NAME, "", "what was answered")                                           \
	X(METHOD, "method", ENC_G_NAME, "http.request.method", "HTTP method")                                \
	X(HOST, "host", ENC_G_NAME, "server.address", "host")                                                \
	X(SNI, "sni", ENC_G_NAME, "tls.client.server_name", "name in the TLS hello")                         \
	X(ALPN, "alpn", ENC_G_NAME, "", "protocols in the TLS hello")                                        \
	X(WHAT, "what", ENC_G_PRIV, "", "what was asked: the system call, and the argument that mattered")   \
	X(TARGET, "target", ENC_G_PRIV, "", "exec_id of the process that it was aimed at")                   \
	X(CLASS, "class", ENC_G_FILE | ENC_G_NET, "", "class of a credential")                               \
	X(DETECTOR, "detector", ENC_G_ALERT, "", "which detector")                                           \
	X(EVIDENCE, "evidence", ENC_G_ALERT, "", "sequence numbers")                                         \
	X(SCOPE, "scope", ENC_G_ALERT, "", "what was ended")                                                 \
	X(CALL, "call", ENC_G_CALL, "", "id of the call")                                                    \
	X(CPU, "cpu", ENC_G_LOSS, "", "CPU")                                                                 \
	X(WHICH, "which", ENC_G_LOSS, "", "type of the lost events; what was cut or degraded")

#endif
