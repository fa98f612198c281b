/* SPDX-License-Identifier: MIT */
/*
 * test_policy_keys.c - every key of the manifest: a text that it takes and one that it refuses, with the whole message
 *
 * A last test holds the table against the schema, so that a key without both rows fails.
 */
#include "policy_fixture.h"

#define F "@/home/ws/m.yaml:"

static const struct {
	const char *key;  /* of the schema */
	const char *text; /* below "enclosure: 1", so its first line is line 2 */
	const char *id;	  /* accepted: this clause, or NULL when the key makes none */
	const char *said; /* accepted: the clause's text; refused: the findings */
	uint64_t number;  /* accepted: the clause's */
} rows[] = {
	{"name", "name: billing-notifier\n", "", NULL, 0},
	{"name", "name: two words\n", NULL,
	 F "2:7 E0204 name: 'two words' is not a name of letters, digits, '.', '_' and '-'", 0},
	{"extends", "extends: [read-only]\n", "", NULL, 0},
	{"extends", "extends: read-only\n", "", NULL, 0},
	{"extends", "extends: [read-onyl]\n", NULL,
	 F "2:11 E0303 there is no built-in profile 'read-onyl' | did you mean 'read-only'?", 0},
	{"extends", "extends: {a: b}\n", NULL, F "2:10 E0203 extends wants a list, not a map", 0},
	{"extends", "extends: [./none.yaml]\n", NULL,
	 F "2:11 E0303 extends: open @/home/ws/none.yaml: No such file or directory", 0},
	{"extends", "extends: [[a]]\n", NULL,
	 F "2:11 E0203 an item of extends is a built-in profile or a file, not a list", 0},
	{"user", "user: root\n", "user", "run as root", 0},
	{"user", "user: nobody-here\n", NULL, F "2:7 E0216 there is no user 'nobody-here' on this machine", 0},

	{"filesystem", "filesystem:\n", "", NULL, 0},
	{"filesystem", "filesystem: [/usr]\n", NULL, F "2:13 E0203 filesystem wants a map of keys, not a list", 0},
	{"filesystem", "filesystem: {raed: [/usr]}\n", NULL,
	 F "2:14 E0202 unknown key 'raed' in filesystem | did you mean 'read'?", 0},
	{"filesystem.read", "filesystem: {read: [/usr]}\n", "filesystem.read[0]", "read /usr", 0},
	{"filesystem.read", "filesystem: {read: []}\n", "", NULL, 0},
	{"filesystem.read", "filesystem:\n  read:\n", "", NULL, 0},
	{"filesystem.read", "filesystem: {read: /usr}\n", NULL,
	 F "2:20 E0203 filesystem.read wants a list, not text | write it as a list: [/usr]", 0},
	{"filesystem.read", "filesystem: {read: [/usr, /usr]}\n", NULL,
	 F "2:27 E0208 '/usr' stands in filesystem.read twice", 0},
	{"filesystem.read", "filesystem: {read: [[/usr]]}\n", NULL,
	 F "2:21 E0203 an item of filesystem.read is a path or a map, not a list", 0},
	{"filesystem.read", "filesystem: {read: [/proc/1]}\n", NULL,
	 F "2:21 E0212 /proc/1 can't be granted for reading | /proc is private: every run has its own", 0},
	{"filesystem.read[].path", "filesystem: {read: [{path: /usr}]}\n", "filesystem.read[0]", "read /usr", 0},
	{"filesystem.read[].path", "filesystem: {read: [{optional: true}]}\n", NULL,
	 F "2:21 E0207 'path' is missing in this item of filesystem.read", 0},
	{"filesystem.read[].optional", "filesystem: {read: [{path: /usr, optional: true}]}\n", "filesystem.read[0]",
	 "read /usr if it is there", 0},
	{"filesystem.read[].optional", "filesystem: {read: [{path: /usr, optional: yes}]}\n", NULL,
	 F "2:44 E0204 filesystem.read[].optional: 'yes' is not true or false", 0},
	{"filesystem.write", "filesystem: {write: [/srv]}\n", "filesystem.write[0]", "write /srv", 0},
	{"filesystem.write", "filesystem: {write: [/]}\n", NULL,
	 F "2:22 E0212 '/' can't be written: nothing would be left to enforce | name the folders that the agent may "
	   "change",
	 0},
	{"filesystem.write", "filesystem: {write: [/proc, /sys/fs, /dev/shm]}\n", NULL,
	 F "2:22 E0212 /proc can't be granted for writing | /proc is private: every run has its own\n" F
	   "2:29 E0212 /sys/fs can't be granted for writing | /sys belongs to the whole machine\n" F
	   "2:38 E0212 /dev/shm can't be granted for writing | /dev is private: every run has its own",
	 0},
	{"filesystem.write[].path", "filesystem: {write: [{path: /srv}]}\n", "filesystem.write[0]", "write /srv", 0},
	{"filesystem.write[].path", "filesystem: {write: [{path: [a]}]}\n", NULL,
	 F "2:29 E0203 filesystem.write[].path wants a path, not a list", 0},
	{"filesystem.write[].optional", "filesystem: {write: [{path: /srv, optional: false}]}\n", "filesystem.write[0]",
	 "write /srv", 0},
	{"filesystem.write[].optional", "filesystem: {write: [{path: /srv, optinal: true}]}\n", NULL,
	 F "2:35 E0202 unknown key 'optinal' in filesystem.write[] | did you mean 'optional'?", 0},
	{"filesystem.deny", "filesystem: {deny: [\"**/.env\"]}\n", "filesystem.deny[0]", "deny **/.env", 0},
	{"filesystem.deny", "filesystem: {deny: [/]}\n", NULL, F "2:21 E0212 deny of '/' leaves nothing to run in", 0},
	{"filesystem.deny[].path", "filesystem: {deny: [{path: ~/.ssh}]}\n", "filesystem.deny[0]", "deny ~/.ssh", 0},
	{"filesystem.deny[].path", "filesystem: {deny: [{}]}\n", NULL,
	 F "2:21 E0207 'path' is missing in this item of filesystem.deny", 0},
	{"filesystem.deny[].optional", "filesystem: {deny: [{path: ~/.ssh, optional: true}]}\n", "filesystem.deny[0]",
	 "deny ~/.ssh if it is there", 0},
	{"filesystem.deny[].optional", "filesystem: {deny: [{path: ~/.ssh, optional: 1}]}\n", NULL,
	 F "2:46 E0204 filesystem.deny[].optional: '1' is not true or false", 0},
	{"filesystem.protect", "filesystem: {protect: [.git/hooks]}\n", "filesystem.protect[0]", "protect .git/hooks",
	 0},
	{"filesystem.protect", "filesystem: {protect: [../x]}\n", NULL,
	 F "2:24 E0209 '..' in the path '../x' | write where it leads, without '..'", 0},
	{"filesystem.protect[].path", "filesystem: {protect: [{path: .envrc}]}\n", "filesystem.protect[0]",
	 "protect .envrc", 0},
	{"filesystem.protect[].path", "filesystem: {protect: [{path: \"\"}]}\n", NULL,
	 F "2:31 E0204 filesystem.protect[].path: '' is not a path", 0},
	{"filesystem.protect[].optional", "filesystem: {protect: [{path: .envrc, optional: true}]}\n",
	 "filesystem.protect[0]", "protect .envrc if it is there", 0},
	{"filesystem.protect[].optional", "filesystem: {protect: [{path: .envrc, optional: {}}]}\n", NULL,
	 F "2:49 E0203 filesystem.protect[].optional wants true or false, not a map", 0},
	{"filesystem.workspace", "filesystem: {workspace: overlay}\n", "filesystem.workspace", "workspace overlay", 0},
	{"filesystem.workspace", "filesystem: {workspace: overly}\n", NULL,
	 F "2:25 E0206 filesystem.workspace can't be 'overly' | did you mean 'overlay'?", 0},

	{"network", "network:\n", "", NULL, 0},
	{"network", "network: open\n", NULL, F "2:10 E0203 network wants a map of keys, not text", 0},
	{"network.mode", "network: {mode: open}\n", "network.mode", "network open", 0},
	{"network.mode", "network: {mode: opne}\n", NULL,
	 F "2:17 E0206 network.mode can't be 'opne' | did you mean 'open'?", 0},
	{"network.mode", "network: {mode: full}\n", NULL,
	 F "2:17 E0206 network.mode can't be 'full' | it is none, proxy or open", 0},
	{"network.allow", "network: {mode: proxy, allow: [\"api.anthropic.com:443\"]}\n", "network.allow[0]",
	 "allow api.anthropic.com:443", 443},
	{"network.allow", "network: {mode: proxy, allow: [\"[2001:DB8::1]:80\"]}\n", "network.allow[0]",
	 "allow [2001:db8::1]:80", 80},
	{"network.allow", "network: {mode: proxy, allow: [api.anthropic.com]}\n", NULL,
	 F "2:32 E0204 network.allow: 'api.anthropic.com' is not host:port", 0},
	{"network.allow", "network: {mode: proxy, allow: [\"a:65536\"]}\n", NULL,
	 F "2:32 E0205 network.allow: a:65536 is out of range", 0},
	{"network.allow", "network: {mode: proxy, allow: [\"010.0.0.1:1\", \"-a:1\", \"a..b:1\", \"1::2:3\"]}\n", NULL,
	 F "2:32 E0204 network.allow: '010.0.0.1:1' is not host:port\n" F
	   "2:47 E0204 network.allow: '-a:1' is not host:port\n" F
	   "2:55 E0204 network.allow: 'a..b:1' is not host:port\n" F
	   "2:65 E0204 network.allow: '1::2:3' is not host:port",
	 0},
	{"network.allow[].host", "network: {mode: proxy, allow: [{host: API.github.com}]}\n", "network.allow[0]",
	 "allow api.github.com:443", 443},
	{"network.allow[].host", "network: {mode: proxy, allow: [{port: 443}]}\n", NULL,
	 F "2:32 E0207 'host' is missing in this item of network.allow", 0},
	{"network.allow[].port", "network: {mode: proxy, allow: [{host: \"*.x.com\", port: 8080}]}\n",
	 "network.allow[0]", "allow *.x.com:8080", 8080},
	{"network.allow[].port", "network: {mode: proxy, allow: [{host: x.com, port: 0}]}\n", NULL,
	 F "2:52 E0205 network.allow[].port: 0 is out of range | from 1 to 65535", 0},
	{"network.allow[].methods",
	 "network: {mode: proxy, allow: [{host: x.com, methods: [GET, PUT], inspect: true}]}\n", "network.allow[0]",
	 "allow x.com:443, methods GET PUT, inspected", 443},
	{"network.allow[].methods", "network: {mode: proxy, allow: [{host: x.com, methods: [get]}]}\n", NULL,
	 F "2:56 E0204 network.allow[].methods: 'get' is not an HTTP method such as GET", 0},
	{"network.allow[].methods", "network: {mode: proxy, allow: [{host: x.com, methods: [GET]}]}\n", NULL,
	 F "2:55 E0214 methods and paths of x.com can't be seen without inspection | add: inspect: true", 0},
	{"network.allow[].methods",
	 "network: {mode: proxy, allow: [{host: x.com, methods: [GET, GET], inspect: true}]}\n", NULL,
	 F "2:61 E0208 'GET' stands in network.allow[].methods twice", 0},
	{"network.allow[].paths", "network: {mode: proxy, allow: [{host: x.com, paths: [\"/a/**\"], inspect: true}]}\n",
	 "network.allow[0]", "allow x.com:443, paths /a/**, inspected", 443},
	{"network.allow[].paths", "network: {mode: proxy, allow: [{host: x.com, paths: [a], inspect: true}]}\n", NULL,
	 F "2:54 E0204 network.allow[].paths: 'a' is not a pattern that begins with '/'", 0},
	{"network.allow[].inspect", "network: {mode: proxy, allow: [{host: x.com, inspect: true}]}\n",
	 "network.allow[0]", "allow x.com:443, inspected", 443},
	{"network.allow[].inspect", "network: {mode: proxy, allow: [{host: x.com, inspect: on}]}\n", NULL,
	 F "2:55 E0204 network.allow[].inspect: 'on' is not true or false", 0},
#define X "network: {mode: proxy, allow: [{host: x.com, inspect: true}], credentials: "
	{"network.credentials", X "[{host: x.com, header: Authorization, from: env:TOKEN}]}\n",
	 "network.credentials[0]", "give x.com the credential env:TOKEN in header Authorization", 0},
	{"network.credentials", X "[x.com]}\n", NULL, F "2:77 E0203 an item of network.credentials is a map, not text",
	 0},
	{"network.credentials[].host", X "[{host: x.com, basic: me, from: file:/k}]}\n", "network.credentials[0]",
	 "give x.com the credential file:/k in basic me", 0},
	{"network.credentials[].host", X "[{host: y.com, basic: me, from: file:/k}]}\n", NULL,
	 F "2:77 E0219 the credential for y.com can't be used: the host is not in network.allow | add to "
	   "network.allow: {host: y.com, inspect: true}",
	 0},
	{"network.credentials[].header", X "[{host: x.com, header: X-Key, from: env:K}]}\n", "network.credentials[0]",
	 "give x.com the credential env:K in header X-Key", 0},
	{"network.credentials[].header", X "[{host: x.com, from: env:K}]}\n", NULL,
	 F "2:77 E0219 a credential needs one of header, query, basic", 0},
	{"network.credentials[].query", X "[{host: x.com, query: key, from: env:K}]}\n", "network.credentials[0]",
	 "give x.com the credential env:K in query key", 0},
	{"network.credentials[].query", X "[{host: x.com, header: A, query: key, from: env:K}]}\n", NULL,
	 F "2:109 E0219 a credential is put in one place: header or query", 0},
	{"network.credentials[].basic", X "[{host: x.com, basic: me, from: command:pass x}]}\n",
	 "network.credentials[0]", "give x.com the credential command:pass x in basic me", 0},
	{"network.credentials[].basic", X "[{host: x.com, basic: [me], from: env:K}]}\n", NULL,
	 F "2:98 E0203 network.credentials[].basic wants a text, not a list", 0},
	{"network.credentials[].from", X "[{host: x.com, header: A, from: \"file:~/k\"}]}\n", "network.credentials[0]",
	 "give x.com the credential file:~/k in header A", 0},
	{"network.credentials[].from", X "[{host: x.com, header: A, from: vault:k}]}\n", NULL,
	 F "2:108 E0204 network.credentials[].from: 'vault:k' is not env:NAME, file:PATH or command:TEXT", 0},
#undef X
	{"network.expose", "network: {expose: [\"8080:3000\"]}\n", "network.expose[0]", "expose port 8080:3000", 8080},
	{"network.expose", "network: {expose: [70000]}\n", NULL, F "2:20 E0205 network.expose: 70000 is out of range",
	 0},

	{"exec", "exec: {}\n", "", NULL, 0},
	{"exec", "exec: {alow: []}\n", NULL, F "2:8 E0202 unknown key 'alow' in exec | did you mean 'allow'?", 0},
	{"exec.allow", "exec: {allow: [git, /usr/bin/make]}\n", "exec.allow[1]", "allow starting /usr/bin/make", 0},
	{"exec.allow", "exec: {allow: [$HOEM/x]}\n", NULL,
	 F "2:16 E0210 there is no variable '$HOEM' | did you mean '$HOME'?", 0},
	{"exec.deny", "exec: {deny: [curl]}\n", "exec.deny[0]", "deny starting curl", 0},
	{"exec.deny", "exec: {deny: [{path: curl}]}\n", NULL, F "2:15 E0203 an item of exec.deny is a path, not a map",
	 0},

	{"env", "env: {}\n", "", NULL, 0},
	{"env", "env: [PATH]\n", NULL, F "2:6 E0203 env wants a map of keys, not a list", 0},
	{"env.pass", "env: {pass: [PATH, \"LC_*\"]}\n", "env.pass[1]", "pass the variables LC_*", 0},
	{"env.pass", "env: {pass: [\"A=B\"]}\n", NULL,
	 F "2:14 E0204 env.pass: 'A=B' is not a variable's name or a pattern such as LC_*", 0},
	{"env.set", "env: {set: {CI: \"1\"}}\n", "env.set.CI", "set the variable CI", 0},
	{"env.set", "env: {set: {\"A-B\": x}}\n", NULL, F "2:13 E0220 'A-B' is not a variable's name", 0},
	{"env.set", "env: {set: {A: [x]}}\n", NULL, F "2:16 E0203 env.set wants a text, not a list", 0},

	{"limits", "limits: {}\n", "", NULL, 0},
	{"limits", "limits: {memroy: 1G}\n", NULL,
	 F "2:10 E0202 unknown key 'memroy' in limits | did you mean 'memory'?", 0},
	{"limits.memory", "limits: {memory: 2G}\n", "limits.memory", "limit memory to 2G", 2147483648u},
	{"limits.memory", "limits: {memory: 2X}\n", NULL,
	 F "2:18 E0204 limits.memory: '2X' is not a size such as 512K or 2G", 0},
	{"limits.memory", "limits: {memory: 4K}\n", NULL,
	 F "2:18 E0205 limits.memory: 4K is out of range | from 1M to 64T", 0},
	{"limits.pids", "limits: {pids: 256}\n", "limits.pids", "limit pids to 256", 256},
	{"limits.pids", "limits: {pids: 0}\n", NULL, F "2:16 E0205 limits.pids: 0 is out of range | from 1 to 4194304",
	 0},
	{"limits.cpu", "limits: {cpu: 200%}\n", "limits.cpu", "limit cpu to 200%", 200},
	{"limits.cpu", "limits: {cpu: 2}\n", NULL, F "2:15 E0204 limits.cpu: '2' is not a percentage such as 200%", 0},
	{"limits.time", "limits: {time: 30m}\n", "limits.time", "limit time to 30m", 1800000000000u},
	{"limits.time", "limits: {time: 30}\n", NULL,
	 F "2:16 E0204 limits.time: '30' is not a time such as 500ms, 30s, 10m, 2h or 7d", 0},
	{"limits.idle", "limits: {idle: 5m}\n", "limits.idle", "limit idle to 5m", 300000000000u},
	{"limits.idle", "limits: {idle: never}\n", NULL,
	 F "2:16 E0204 limits.idle: 'never' is not a time such as 500ms, 30s, 10m, 2h or 7d", 0},
	{"limits.output", "limits: {output: 50M}\n", "limits.output", "limit output to 50M", 52428800},
	{"limits.output", "limits: {output: -1}\n", NULL,
	 F "2:18 E0204 limits.output: '-1' is not a size such as 512K or 2G", 0},
	{"limits.files", "limits: {files: 1024}\n", "limits.files", "limit files to 1024", 1024},
	{"limits.files", "limits: {files: 3}\n", NULL,
	 F "2:17 E0205 limits.files: 3 is out of range | from 16 to 1048576", 0},
	{"limits.disk", "limits: {disk: 5G}\n", "limits.disk", "limit disk to 5G", 5368709120u},
	{"limits.disk", "limits: {disk: }\n", NULL,
	 F "2:16 E0203 limits.disk wants a size such as 512K or 2G, not nothing", 0},

	{"rates", "rates: []\n", "", NULL, 0},
	{"rates", "rates: [3/1m]\n", NULL, F "2:9 E0203 an item of rates is a map, not text", 0},
	{"rates[].on", "rates: [{on: 'exec \"git\" \"push\"', limit: 1/1h, then: ask}]\n", "rates[0]",
	 "at most 1/1h of exec \"git\" \"push\", then ask", 1},
	{"rates[].on", "rates: [{on: 'unlink \"**\"', limit: 50/10s, then: kill}]\n", "rates[0]",
	 "at most 50/10s of unlink \"**\", then kill", 50},
	{"rates[].on", "rates: [{on: connct x, limit: 1/1m}]\n", NULL,
	 F "2:14 E0204 rates[].on: there is no action 'connct'; did you mean 'connect'?", 0},
	{"rates[].on", "rates: [{on: unlink x, limit: 1/1m}]\n", NULL,
	 F "2:14 E0204 rates[].on: 'unlink' needs one pattern in double quotes", 0},
	{"rates[].on", "rates: [{on: 'exec \"git', limit: 1/1m}]\n", NULL,
	 F "2:14 E0204 rates[].on: 'exec' needs one or more words in double quotes", 0},
	{"rates[].on", "rates: [{on: connect, limit: 1/1m}]\n", NULL, F "2:14 E0204 rates[].on: 'connect' needs a host",
	 0},
	{"rates[].limit", "rates: [{on: bytes x.com, limit: 10M/1m}]\n", "rates[0]",
	 "at most 10M/1m of bytes x.com, then deny", 10485760},
	{"rates[].limit", "rates: [{on: connect x, limit: 3}]\n", NULL,
	 F "2:32 E0204 rates[].limit: '3' is not a rate such as 3/1m or 10M/1m", 0},
	{"rates[].limit", "rates: [{on: connect x, limit: 3M/1m}]\n", NULL,
	 F "2:32 E0204 rates[].limit: a size is for 'bytes' alone; 'connect x' is counted", 0},
	{"rates[].limit", "rates: [{on: connect x, limit: 0/1m}]\n", NULL,
	 F "2:32 E0205 rates[].limit: 0/1m is out of range", 0},
	{"rates[].then", "rates: [{on: \"connect smtp.internal:25\", limit: 3/1m, then: kill}]\n", "rates[0]",
	 "at most 3/1m of connect smtp.internal:25, then kill", 3},
	{"rates[].then", "rates: [{on: connect x, limit: 3/1m, then: kil}]\n", NULL,
	 F "2:44 E0206 rates[].then can't be 'kil' | did you mean 'kill'?", 0},

	{"budgets", "budgets: {}\n", "", NULL, 0},
	{"budgets", "budgets: 5\n", NULL, F "2:10 E0203 budgets wants a map of keys, not text", 0},
	{"budgets.tokens", "budgets: {tokens: 200k}\n", "budgets.tokens", "budget of tokens 200k", 200000},
	{"budgets.tokens", "budgets: {tokens: 200K}\n", NULL,
	 F "2:19 E0204 budgets.tokens: '200K' is not a number of tokens such as 200k", 0},
	{"budgets.usd", "budgets: {usd: 5.00}\n", "budgets.usd", "budget of usd 5.00", 5000000},
	{"budgets.usd", "budgets: {usd: $5}\n", NULL,
	 F "2:16 E0204 budgets.usd: '$5' is not an amount in dollars such as 5.00", 0},
	{"budgets.egress", "budgets: {egress: 100M}\n", "budgets.egress", "budget of egress 100M", 104857600},
	{"budgets.egress", "budgets: {egress: 0}\n", NULL,
	 F "2:19 E0205 budgets.egress: 0 is out of range | from 1 to 1024T", 0},

	{"kill", "kill: {}\n", "", NULL, 0},
	{"kill", "kill: {ptrace: true}\n", NULL,
	 F "2:8 E0202 unknown key 'ptrace' in kill | known keys: denials, alerts, on, egress, exec", 0},
	{"kill.denials", "kill: {denials: 20/1m}\n", "kill.denials", "kill at denials 20/1m", 20},
	{"kill.denials", "kill: {denials: 20}\n", NULL, F "2:17 E0204 kill.denials: '20' is not a rate such as 20/1m",
	 0},
	{"kill.alerts", "kill: {alerts: high}\n", "kill.alerts", "kill at alerts high", 0},
	{"kill.alerts", "kill: {alerts: all}\n", NULL,
	 F "2:16 E0206 kill.alerts can't be 'all' | it is low, medium, high or critical", 0},
	{"kill.on", "kill: {on: [ptrace, credential-then-connect]}\n", "kill.on[1]", "kill on credential-then-connect",
	 0},
	{"kill.on", "kill: {on: [Ptrace]}\n", NULL, F "2:13 E0204 kill.on: 'Ptrace' is not a detector's name", 0},
	{"kill.egress", "kill: {egress: 100M}\n", "kill.egress", "kill at egress 100M", 104857600},
	{"kill.egress", "kill: {egress: lots}\n", NULL,
	 F "2:16 E0204 kill.egress: 'lots' is not a size such as 512K or 2G", 0},
	{"kill.exec", "kill: {exec: 500/1m}\n", "kill.exec", "kill at exec 500/1m", 500},
	{"kill.exec", "kill: {exec: [a]}\n", NULL, F "2:14 E0203 kill.exec wants a rate such as 20/1m, not a list", 0},

	{"ask", "ask: {}\n", "", NULL, 0},
	{"ask", "ask: terminal\n", NULL, F "2:6 E0203 ask wants a map of keys, not text", 0},
	{"ask.via", "ask: {via: socket}\n", "ask.via", "ask via socket", 0},
	{"ask.via", "ask: {via: mail}\n", NULL,
	 F "2:12 E0206 ask.via can't be 'mail' | it is terminal, socket or webhook", 0},
	{"ask.timeout", "ask: {timeout: 2m}\n", "ask.timeout", "ask timeout 2m", 120000000000u},
	{"ask.timeout", "ask: {timeout: 1ms}\n", NULL,
	 F "2:16 E0205 ask.timeout: 1ms is out of range | from 1s to 365d", 0},
	{"ask.otherwise", "ask: {otherwise: deny}\n", "ask.otherwise", "ask otherwise deny", 0},
	{"ask.otherwise", "ask: {otherwise: allow}\n", NULL,
	 F "2:18 E0206 ask.otherwise can't be 'allow' | it is deny or kill", 0},

	{"rules",
	 "rules: |\n  source SECRET = file \"**/.env\"\n  rule no-exfiltration:\n    block connect endpoint \"*\" if "
	 "SECRET\n    because \"secrets\"\n",
	 "rules.no-exfiltration[1]", "rule no-exfiltration: because \"secrets\"", 0},
	{"rules", "rules: |\n  rul x:\n    block\n", NULL,
	 F "3:1 E0218 a line of rules at the margin begins with 'rule' or 'source' | did you mean 'rule'?", 0},
	{"rules", "rules: |\n  rule x:\n  # nothing\n", NULL, F "3:1 E0218 rule 'x' says nothing", 0},
	{"rules", "rules: |\n  rule x\n    block\n", NULL, F "3:1 E0218 'rule x' must be followed by ':'", 0},
	{"rules", "rules: |\n  rule :\n    block\n", NULL,
	 F "3:1 E0218 'rule' needs a name of letters, digits, '-' and '_'", 0},
	{"rules", "rules: [a]\n", NULL, F "2:8 E0203 rules wants a block of text, not a list", 0},

	{"record", "record: {}\n", "", NULL, 0},
	{"record", "record: {detial: full}\n", NULL,
	 F "2:10 E0202 unknown key 'detial' in record | did you mean 'detail'?", 0},
	{"record.detail", "record: {detail: full}\n", "record.detail", "record detail full", 0},
	{"record.detail", "record: {detail: all}\n", NULL,
	 F "2:18 E0206 record.detail can't be 'all' | it is effects or full", 0},
	{"record.redact", "record: {redact: [\"env:*_TOKEN\", header:authorization]}\n", "record.redact[0]",
	 "record redact env:*_TOKEN", 0},
	{"record.redact", "record: {redact: [password]}\n", NULL,
	 F "2:19 E0204 record.redact: 'password' is not env:PATTERN or header:NAME", 0},
	{"record.retain", "record: {retain: 90d}\n", "record.retain", "record retain 90d", 7776000000000000u},
	{"record.retain", "record: {retain: 90}\n", NULL,
	 F "2:18 E0204 record.retain: '90' is not a time such as 500ms, 30s, 10m, 2h or 7d", 0},
	{"record.full", "record: {full: drop}\n", "record.full", "record full drop", 0},
	{"record.full", "record: {full: ignore}\n", NULL,
	 F "2:16 E0206 record.full can't be 'ignore' | it is stop or drop", 0},
	{"record.loss", "record: {loss: freeze}\n", "record.loss", "record loss freeze", 0},
	{"record.loss", "record: {loss: x}\n", NULL, F "2:16 E0206 record.loss can't be 'x' | it is note or freeze", 0},

	{"accept",
	 "accept: {rates: detect, \"limits.memory\": contain, \"filesystem.deny[0]\": detect, rules.x: detect}\n", "",
	 NULL, 0},
	{"accept", "accept: {rats: detect}\n", NULL,
	 F "2:10 E0221 accept: there is no clause 'rats' | did you mean 'rates'?", 0},
	{"accept", "accept: {rates: nothing}\n", NULL,
	 F "2:17 E0206 accept can't be 'nothing' | it is detect, contain or prevent", 0},
	{"accept", "accept: {manifest: detect}\n", NULL, F "2:10 E0221 accept: there is no clause 'manifest'", 0},
};

static void test_keys(void **state)
{
	struct fixture *f = *state;
	int failed = 0;

	f->where.uid = 0; /* `user: root` may be named */
	for (size_t i = 0; i < ENC_LEN(rows); i++) {
		int r = load_text(f, rows[i].text);
		const struct enc_clause *c = r == 0 && rows[i].id && *rows[i].id ? clause(f, rows[i].id) : NULL;
		const char *said = f->said.s ? f->said.s : "";

		if (!rows[i].id) {
			if (r == -EINVAL && strcmp(said, rows[i].said) == 0)
				continue;
			print_error("%s: %s  want %s\n  got  %s\n", rows[i].key, rows[i].text, rows[i].said, said);
			failed++;
			continue;
		}
		if (r == 0 && (!*rows[i].id || (c && strcmp(c->text, rows[i].said) == 0 &&
						(!rows[i].number || c->number == rows[i].number))))
			continue;
		print_error("%s: %s  want %s: %s\n  got  %d %s %s %llu\n", rows[i].key, rows[i].text, rows[i].id,
			    rows[i].said, r, said, c && c->id ? c->text : "no such clause",
			    c ? (unsigned long long)c->number : 0);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void test_every_key_has_rows(void **state)
{
	int missing = 0;

	for (size_t i = 0; i < enc_n_schema; i++) {
		bool yes = strcmp(enc_schema[i].path, "enclosure") == 0, no = yes; /* test_version */

		for (size_t k = 0; k < ENC_LEN(rows); k++) {
			if (strcmp(rows[k].key, enc_schema[i].path) != 0)
				continue;
			yes |= rows[k].id != NULL;
			no |= rows[k].id == NULL;
		}
		if (yes && no)
			continue;
		print_error("%s: no %s row\n", enc_schema[i].path, yes ? "refusing" : "accepting");
		missing++;
	}
	assert_int_equal(missing, 0);
}

static const struct {
	const char *text, *said;
} versions[] = {
	{"enclosure: 1\n", NULL},
	{"enclosure: \"1\"\n", NULL},
	{"{\"enclosure\": 1}", NULL},
	{"", F "1:1 E0201 'enclosure: 1' is missing | begin the manifest with the line: enclosure: 1"},
	{"# nothing\n", F "1:1 E0201 'enclosure: 1' is missing | begin the manifest with the line: enclosure: 1"},
	{"name: x\n", F "1:1 E0201 'enclosure: 1' is missing | begin the manifest with the line: enclosure: 1"},
	{"enclosure: 2\n", F "1:12 E0201 this version reads 'enclosure: 1', not '2' | write: enclosure: 1"},
	{"enclosure: 1.0\n", F "1:12 E0201 this version reads 'enclosure: 1', not '1.0' | write: enclosure: 1"},
	{"- enclosure\n", F "1:1 E0203 a manifest is a map of keys, not a list"},
	{"text\n", F "1:1 E0203 a manifest is a map of keys, not text"},
};

static void test_version(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(versions); i++) {
		put_file(f, "home/ws/m.yaml", versions[i].text);
		assert_int_equal(load(f, "m.yaml"), versions[i].said ? -EINVAL : 0);
		assert_string_equal(f->said.s ? f->said.s : "", versions[i].said ? versions[i].said : "");
	}
}

/* What no grant names is not there, and what nobody wrote about the network is none. */
static void test_empty_means_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load_text(f, ""), 0);
	assert_int_equal(f->p->n_clauses, 2);
	assert_string_equal(f->p->clauses[0].id, "manifest[0]");
	assert_int_equal(f->p->clauses[0].kind, ENC_CL_FS_PROTECT);
	assert_string_equal(f->p->clauses[1].id, "network.mode");
	assert_int_equal(f->p->net_mode, ENC_NET_NONE);
	assert_int_equal(f->p->workspace_mode, ENC_WS_DIRECT);
	assert_int_equal(enc_policy_limit(f->p, ENC_CL_LIMIT_PIDS, 7), 7);
}

static void test_all_errors_at_once(void **state)
{
	struct fixture *f = *state;
	struct enc_buf b = {0};

	assert_int_equal(load_text(f, "nam: x\nfilesystem:\n  raed: [/usr]\nlimits: {time: 5, pids: x}\n"), -EINVAL);
	assert_int_equal(f->d.n, 4);
	for (size_t i = 0; i < f->d.n; i++)
		f->d.v[i].file = "enclosure.yaml";
	enc_diags_print(&f->d, &b, false);
	assert_string_equal(b.s,
			    "enclosure.yaml:2:1: error[E0202]: unknown key 'nam'\n"
			    "  2 | nam: x\n"
			    "    | ^~~\n"
			    "  = hint: did you mean 'name'?\n"
			    "enclosure.yaml:4:3: error[E0202]: unknown key 'raed' in filesystem\n"
			    "  4 |   raed: [/usr]\n"
			    "    |   ^~~~\n"
			    "  = hint: did you mean 'read'?\n"
			    "enclosure.yaml:5:16: error[E0204]: limits.time: '5' is not a time such as 500ms, 30s, "
			    "10m, 2h or 7d\n"
			    "  5 | limits: {time: 5, pids: x}\n"
			    "    |                ^\n"
			    "enclosure.yaml:5:25: error[E0204]: limits.pids: 'x' is not a whole number\n"
			    "  5 | limits: {time: 5, pids: x}\n"
			    "    |                         ^\n");
	enc_buf_done(&b);
}

static const struct {
	const char *raw, *value; /* NULL: refused */
	bool glob;
	const char *code;
} paths[] = {
	{"/usr", "/usr", false, NULL},
	{"/usr//lib/./x/", "/usr/lib/x", false, NULL},
	{"~", "@/home", false, NULL},
	{"~/.ssh", "@/home/.ssh", false, NULL},
	{"$HOME/a", "@/home/a", false, NULL},
	{"$WORKSPACE", "@/home/ws", false, NULL},
	{"$WORKSPACE/src", "@/home/ws/src", false, NULL},
	{"src/a", "@/home/ws/src/a", false, NULL},
	{"./src", "@/home/ws/src", false, NULL},
	{".", "@/home/ws", false, NULL},
	{"*.key", "@/home/ws/*.key", true, NULL},
	{"**/.env", "/**/.env", true, NULL},
	{"~/**/id_*", "@/home/**/id_*", true, NULL},
	{"/a[bc]/x?", "/a[bc]/x?", true, NULL},
	{"a$b", NULL, false, "E0210"},
	{"a$", "@/home/ws/a$", false, NULL},
	{"/a..b/..c", "/a..b/..c", false, NULL},
	{"/a/../b", NULL, false, "E0209"},
	{"..", NULL, false, "E0209"},
	{"~/..", NULL, false, "E0209"},
	{"$WORKSPACE/../x", NULL, false, "E0209"},
	{"~root/x", NULL, false, "E0209"},
	{"$HOMEx", NULL, false, "E0210"},
	{"$HOME.x", NULL, false, "E0210"},
	{"$", NULL, false, "E0210"},
	{"${HOME}/x", NULL, false, "E0210"},
	{"/a/$HOME", NULL, false, "E0210"},
	{"/a/[b", NULL, false, "E0211"},
	{"/a/[b/c]", NULL, false, "E0211"},
};

static void test_paths(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ENC_LEN(paths); i++) {
		char *text = enc_asprintf("filesystem: {deny: ['%s']}\n", paths[i].raw);
		int r = load_text(f, text);
		struct enc_buf b = {0};

		free(text);
		print_message("%s\n", paths[i].raw);
		assert_int_equal(r, paths[i].value ? 0 : -EINVAL);
		if (r < 0) {
			assert_int_equal(f->d.n, 1);
			assert_string_equal(f->d.v[0].code, paths[i].code);
			continue;
		}
		put_at(f, &b, clause(f, "filesystem.deny[0]")->value);
		assert_string_equal(b.s, paths[i].value);
		assert_int_equal(clause(f, "filesystem.deny[0]")->glob, paths[i].glob);
		enc_buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_keys, fixture_open, fixture_close),
		cmocka_unit_test(test_every_key_has_rows),
		cmocka_unit_test_setup_teardown(test_version, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_empty_means_nothing, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_all_errors_at_once, fixture_open, fixture_close),
		cmocka_unit_test_setup_teardown(test_paths, fixture_open, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
