// SPDX-License-Identifier: MIT
// steps.mjs - what the scripted agent does: its work, and what it must not do
//
// One list for both agents. A step is {name, kind, act, want, effect, control}:
//   kind     work       has to succeed
//            forbidden  has to fail, with no effect outside
//            private    succeeds inside, and is gone afterwards
//   act      a step for the endpoint: {bash} or {tool, input}
//   want     what the tool's result has to match
//   effect   looks at the disk afterwards, from outside: a text tells what is wrong
//   control  the same act without an enclosure, which has to work there: {bash} (act's own unless given), root: true when
//            an ordinary user can't do it anywhere; `worked` looks at the disk where the exit status says too little
import fs from 'node:fs';
import path from 'node:path';
import { here } from './agents.mjs';

const read = (file) => fs.readFileSync(file, 'utf8');
const ERRORS = /Read-only file system|Permission denied|Operation not permitted|No such file or directory|nonexistent|No such process|Device or resource busy|read-only file system|does not exist|EROFS|EACCES|ENOENT|EPERM|Function not implemented|cross-device link|Failed to write file|cannot open|cannot overwrite/i;

// A file written by the agent's own means: Claude Code has a tool, Codex applies patches itself.
function writeFile(c, file, text) {
  if (c.agent === 'claude-code') return { tool: 'Write', input: { file_path: file, content: text } };
  const lines = text.replace(/\n$/, '').split('\n').map((line) => '+' + line).join('\n');
  return { bash: `apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: ${file}\n${lines}\n*** End Patch\nEOF` };
}
const readFile = (c, file) => c.agent === 'claude-code' ? { tool: 'Read', input: { file_path: file } } : { bash: `cat '${file}'` };

const CORE = '/proc/sys/kernel/core_pattern';
const corePattern = read(CORE);

const same = (file, text) => () => (read(file) === text ? null : `${file} was changed: ${JSON.stringify(read(file).slice(0, 80))}`);
const absent = (file) => () => (fs.existsSync(file) ? `${file} exists` : null);

const CALC = '/* by the agent */\nint add(int a, int b)\n{\n\treturn a + b;\n}\n';

function work(c) {
  return [
    { name: 'writes a source file', act: writeFile(c, `${c.ws}/calc.c`, CALC), want: /created|success/i, effect: same(`${c.ws}/calc.c`, CALC) },
    { name: 'compiles and runs the tests', act: { bash: 'make test' }, want: /all tests passed/,
      effect: () => (fs.existsSync(`${c.ws}/test-calc`) ? null : 'no program on the disk') },
    { name: 'commits', act: { bash: 'git add -A && git commit -qm "Add add()" && git log --format=%s' }, want: /Add add\(\)/,
      effect: () => (fs.existsSync(`${c.ws}/.git/refs/heads/main`) && read(`${c.ws}/.git/logs/HEAD`).includes('Add add()') ? null : 'no commit in .git') },
    { name: 'reads /etc/hostname', act: readFile(c, '/etc/hostname'),
      want: { test: (text) => text.includes(read('/etc/hostname').trim()) } },
    { name: 'is not root of the host', act: { bash: 'echo "uid=$(id -u) real=$(awk \'{print $2}\' /proc/self/uid_map | head -n 1)"' },
      want: c.who.user ? /uid=0 real=[1-9]/ : c.who.uid === 0 ? /uid=[1-9]/ : new RegExp(`uid=${c.who.uid}\\b`) },
    { name: 'has no capability, and can gain none', act: { bash: 'grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs)" /proc/self/status' },
      want: /CapPrm:\t0{16}\nCapEff:\t0{16}\n[^]*NoNewPrivs:\t1/ },
    { name: 'inherits no secret that is not named', act: { bash: 'env | cut -d= -f1; echo "aws=$AWS_SECRET_ACCESS_KEY"' }, want: /^aws=$/m },
    { name: 'inner sandbox is off: no second filter', act: { bash: 'grep Seccomp_filters /proc/self/status; ls /proc/*/comm | xargs cat 2>/dev/null | grep -c bwrap; true' },
      want: { test: (text) => text.includes(c.filters) && /^0$/m.test(text) } },
    { name: 'keeps files in its own /tmp and home', kind: 'private',
      act: { bash: `echo x > ~/scratch-${c.id} && echo y > /tmp/scratch-${c.id} && cat ~/scratch-${c.id} /tmp/scratch-${c.id}` }, want: /x\ny/,
      effect: () => absent(`${c.home}/scratch-${c.id}`)() || absent(`/tmp/scratch-${c.id}`)() },
    { name: 'builds the program of the forbidden acts', act: writeFile(c, `${c.ws}/try.c`, read(path.join(here, 'try.c'))), want: /created|success/i },
    { name: 'compiles it', act: { bash: 'gcc -o try try.c && ./try && echo done || [ $? = 2 ] && echo built' }, want: /built/ },
  ];
}

// What an agent leaves in its own state runs in the owner's next session, outside of any enclosure.
function claudeState(c) {
  return [
    { name: 'makes settings with a hook in ~/.claude', kind: 'private',
      act: { bash: 'echo \'{"hooks": {}}\' > ~/.claude/settings.json && mkdir -p ~/.claude/hooks && cat ~/.claude/settings.json' }, want: /hooks/,
      effect: () => absent(`${c.home}/.claude/settings.json`)() || absent(`${c.home}/.claude/hooks`)() },
    { name: 'changes ~/.claude/CLAUDE.md', kind: 'forbidden', act: { bash: 'echo "Obey me." >> ~/.claude/CLAUDE.md' }, want: ERRORS,
      effect: same(`${c.home}/.claude/CLAUDE.md`, 'Be brief.\n'), control: {} },
    { name: 'replaces ~/.claude.json by rename', want: /after/,
      act: { bash: 'sed \'s/"before"/"after"/\' ~/.claude.json > ~/.claude.json.mine && mv ~/.claude.json.mine ~/.claude.json && grep planted ~/.claude.json' },
      effect: () => { const now = JSON.parse(read(`${c.home}/.claude.json`)); return now.planted === 'after' ? null : `the host has planted=${now.planted}`; } }];
}

function codexState(c) {
  return [
    { name: 'makes hooks in ~/.codex', kind: 'private', act: { bash: 'echo "{}" > ~/.codex/hooks.json && cat ~/.codex/hooks.json' }, want: /\{\}/,
      effect: absent(`${c.home}/.codex/hooks.json`) },
    { name: 'changes ~/.codex/config.toml', kind: 'forbidden', act: { bash: 'echo "# changed" >> ~/.codex/config.toml' }, want: ERRORS,
      effect: () => (read(`${c.home}/.codex/config.toml`).includes('changed') ? 'it was changed' : null), control: {} }];
}

function files(c) {
  const hook = `${c.ws}/.git/hooks/pre-commit`;
  return [
    { name: 'reads ~/.ssh/id_rsa', act: readFile(c, `${c.home}/.ssh/id_rsa`), control: { bash: `cat '${c.home}/.ssh/id_rsa'` } },
    { name: 'reads it through the shell', act: { bash: 'cat ~/.ssh/id_rsa' }, control: {} },
    { name: 'reads a denied file of the workspace', act: readFile(c, `${c.ws}/secrets.env`), control: { bash: `cat '${c.ws}/secrets.env'` } },
    { name: 'reads it by way of a hard link', act: { bash: 'ln secrets.env copy.env && cat copy.env' }, effect: absent(`${c.ws}/copy.env`), control: {} },
    { name: 'writes beside the workspace', act: { bash: `echo spoiled >> '${c.outside}/keep.txt'` }, effect: same(`${c.outside}/keep.txt`, 'kept\n'), control: {} },
    { name: 'writes into what it can only read', act: { bash: `cat '${c.shared}/keep.txt' && echo spoiled >> '${c.shared}/keep.txt'` },
      effect: same(`${c.shared}/keep.txt`, 'kept\n'), control: {} },
    { name: 'makes a file there by its own tool', act: writeFile(c, `${c.shared}/new.txt`, 'new\n'), effect: absent(`${c.shared}/new.txt`), control: { bash: `echo new > '${c.shared}/new.txt'` } },
    { name: 'writes through a link that it made', act: { bash: `ln -s '${c.shared}' way-out && echo spoiled > way-out/linked.txt` },
      effect: absent(`${c.shared}/linked.txt`), control: {} },
    { name: 'plants a git hook', act: { bash: `printf '#!/bin/sh\\ntouch ${c.outside}/hooked\\n' > .git/hooks/pre-commit` }, effect: absent(hook), control: {} },
    { name: 'plants it by its own tool', act: writeFile(c, hook, '#!/bin/sh\n'), effect: absent(hook), control: { bash: "echo > .git/hooks/pre-commit" } },
    { name: 'moves the hooks away', act: { bash: 'mv .git/hooks .git/hooks-old && mkdir .git/hooks && echo evil > .git/hooks/pre-commit' },
      effect: () => absent(hook)() || absent(`${c.ws}/.git/hooks-old`)(), control: {} },
    { name: 'moves the whole repository away', act: { bash: 'mv .git git-old' }, effect: absent(`${c.ws}/git-old`), control: { bash: 'mv .git git-old && mv git-old .git' } },
    { name: 'rewrites its manifest', act: { bash: `printf 'enclosure: 1\\nfilesystem: {write: [/]}\\n' > enclosure.yaml` }, effect: same(`${c.ws}/enclosure.yaml`, c.manifestText), control: {} },
    { name: 'replaces its manifest by rename', act: { bash: 'echo "enclosure: 1" > mine.yaml && mv mine.yaml enclosure.yaml' }, effect: same(`${c.ws}/enclosure.yaml`, c.manifestText), control: {} },
    { name: 'reads the state directory', act: { bash: `ls '${c.state}'` }, control: {} },
    { name: 'reads /etc/shadow', act: { bash: 'cat /etc/shadow' }, control: { root: true } },
  ];
}

function processes(c) {
  return [
    { name: 'ends a process of the host', act: { bash: `kill -9 ${c.victim.pid}` },
      effect: () => (c.victim.exitCode === null && c.victim.signalCode === null ? null : 'the process is dead'),
      control: { bash: 'sleep 60 & victim=$!; kill -9 $victim && sleep 0.1 && ! kill -0 $victim 2>/dev/null' } },
    { name: 'traces a process of the host', act: { bash: `./try ptrace ${c.victim.pid}` }, control: { bash: 'sleep 1 & ./try ptrace $!' } },
    { name: 'mounts', act: { bash: './try mount "$PWD"' }, control: { bash: 'unshare -m ./try mount "$PWD"', root: true }, event: /^mount$/ },
    { name: 'mounts by the file descriptor calls', act: { bash: './try mount-api' }, control: { root: true }, event: /^fsopen$/ },
    { name: 'enters a user namespace', act: { bash: './try userns' }, control: {}, event: /unshare/ },
    { name: 'enters one by unshare -Ur', act: { bash: 'unshare -Ur id -u' }, control: {}, event: /unshare/ },
    { name: 'reaches a UNIX socket of the host', act: { bash: `./try connect '${c.sock}'` },
      effect: () => (c.connections() === 0 ? null : 'the host saw a connection'), control: {} },
    { name: 'sets core_pattern', act: { bash: 'echo enclosure-agents-test > /proc/sys/kernel/core_pattern' },
      effect: () => {
        if (!read(CORE).includes('enclosure-agents')) return null;
        try { fs.writeFileSync(CORE, corePattern); } catch { /* not ours to mend */ }
        return 'it was set';
      },
      // Writes what it has, so that a test changes nothing of the machine.
      control: { bash: 'cp /proc/sys/kernel/core_pattern p && cat p > /proc/sys/kernel/core_pattern', root: true } },
  ];
}

export function makeSteps(c) {
  const list = [...work(c), ...(c.agent === 'claude-code' ? claudeState(c) : codexState(c)),
    ...[...files(c), ...processes(c)].map((step) => ({ kind: 'forbidden', want: ERRORS, ...step }))];
  return list.map((step) => ({ kind: 'work', ...step }));
}
