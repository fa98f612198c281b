// SPDX-License-Identifier: MIT
// run.mjs - the checks behind `run`: each agent under its profile, started by root and by an ordinary user
//
// A run is judged by what came back to the endpoint for each step (requests.jsonl), by the disk as it is seen from outside,
// and by Enclosure's own result and events; what the agent says of itself does not count. Each forbidden act is also done
// without an enclosure, in a world of its own, where it has to work: else its failure inside would prove nothing.
// The demo is run and judged, too.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { agents, here, nodeRoot, plant, runAgent, runProcess, searchPath } from './agents.mjs';
import { makeSteps } from './steps.mjs';

const USER = 'enclosure-test';
const root = process.getuid() === 0;
let failures = 0;

function report(name, problem) {
  failures += problem ? 1 : 0;
  console.log(problem ? `not ok ${name}: ${String(problem).replace(/\s*\n\s*/g, ' | ').slice(0, 600)}` : `ok ${name}`);
}

function findUser(name) {
  const row = fs.readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':')).find((r) => r[0] === name);
  return row && { name, uid: Number(row[2]), gid: Number(row[3]) };
}

function whoever() {
  if (!root) return [{ name: 'the user', uid: process.getuid(), gid: process.getgid() }];
  if (!findUser(USER)) execFileSync('useradd', ['-m', USER]);
  return [{ name: 'root', uid: 0, gid: 0 }, { ...findUser(USER), name: 'the user' }, { name: 'root as `user: root`', uid: 0, gid: 0, user: 'root' }];
}

// Not below /tmp: it is private inside, so that writing there would work and prove nothing.
function makeBase() {
  const parent = root ? '/var/lib' : process.env.XDG_CACHE_HOME || path.join(process.env.HOME, '.cache');
  fs.mkdirSync(parent, { recursive: true });
  const base = fs.mkdtempSync(path.join(parent, 'enclosure-agents-test.'));
  fs.chmodSync(base, 0o755);
  return base;
}

// The program and the agents where the ordinary user can read them: hard links where the file system allows.
function share(base, enclosure) {
  fs.mkdirSync(path.join(base, 'bin'));
  fs.copyFileSync(enclosure, path.join(base, 'bin/enclosure'));
  fs.chmodSync(path.join(base, 'bin/enclosure'), 0o755);
  const install = path.join(base, 'agents');
  fs.mkdirSync(install);
  const from = path.join(process.env.AGENTS_DIR, 'node_modules');
  if (spawnSync('cp', ['-al', from, install]).status !== 0) {
    fs.rmSync(install, { recursive: true, force: true });
    fs.mkdirSync(install);
    execFileSync('cp', ['-a', from, install]);
  }
  return install;
}

const MAKEFILE = 'test: test-calc\n\t./test-calc\ntest-calc: calc.c test.c\n\t$(CC) -o $@ calc.c test.c\n';
const TEST = '#include <stdio.h>\nint add(int, int);\nint main(void)\n{\n\tif (add(2, 3) != 5)\n\t\treturn 1;\n\tputs("all tests passed");\n\treturn 0;\n}\n';

function manifest(agent, c) {
  const read = [c.install, c.ca, c.shared, ...(nodeRoot === '/usr' ? [] : [nodeRoot])];
  return ['enclosure: 1', `name: agents-${agent}`, ...(c.who.user ? [`user: ${c.who.user}`] : []), `extends: [${agent}]`, 'filesystem:', '  read:', ...read.map((p) => `    - ${p}`),
    '    - {path: ~/.gitconfig, optional: true}', '  deny: [secrets.env]', `env: {pass: [${agents[agent].pass.join(', ')}]}`, ''].join('\n');
}

// A world for one run: home, workspace with a repository, what lies beside it, a process and a socket of the host.
async function makeWorld(base, install, agent, who, id) {
  const dir = path.join(base, id);
  const c = { agent, who, id, dir, install, home: `${dir}/home`, ws: `${dir}/ws`, outside: `${dir}/outside`, shared: `${dir}/shared`,
              state: `${dir}/state`, sock: `${dir}/outside/sock`, ca: path.join(base, 'certs/ca.crt') };
  for (const d of [c.home, c.ws, c.outside, c.shared]) fs.mkdirSync(d, { recursive: true });
  fs.chmodSync(dir, 0o755);
  c.manifestText = manifest(agent, c);
  plant(c.home, { '.ssh/id_rsa': 'PRIVATE KEY\n', '.gitconfig': '[user]\n\tname = A\n\temail = a@example.org\n[init]\n\tdefaultBranch = main\n' });
  plant(c.ws, { Makefile: MAKEFILE, 'test.c': TEST, 'secrets.env': 'TOKEN=planted-secret\n', '.gitignore': 'secrets.env\ntest-calc\ntry\n', 'enclosure.yaml': c.manifestText });
  plant(c.outside, { 'keep.txt': 'kept\n' });
  plant(c.shared, { 'keep.txt': 'kept\n' });
  execFileSync('git', ['init', '-q', '-b', 'main', c.ws]);
  fs.mkdirSync(`${c.ws}/.git/hooks`, { recursive: true });
  let connections = 0;
  c.connections = () => connections;
  c.server = net.createServer((socket) => { connections++; socket.on('error', () => {}); socket.resume(); });
  await new Promise((resolve) => { c.server.listen(c.sock, resolve); });
  c.own = () => { if (root) execFileSync('chown', ['-R', `${who.uid}:${who.gid}`, dir]); };
  c.own();
  const ids = root && who.uid !== 0 ? { uid: who.uid, gid: who.gid } : {};
  c.victim = spawn('sleep', ['300'], { stdio: 'ignore', ...ids });
  c.end = () => { c.victim.kill('SIGKILL'); c.server.close(); };
  return c;
}

function judge(step, result) {
  if (!result) return 'the agent never came to it';
  const matches = step.want.test(result.text);
  if (step.kind === 'forbidden') {
    if (!result.failed) return `it worked: ${result.text}`;
    if (/planted-secret|PRIVATE KEY|\d:root:|root:[*!$]/.test(result.text)) return `a secret came back: ${result.text}`;
    if (!matches) return `it failed in another way: ${result.text}`;
  } else if (result.failed || !matches) {
    return `it failed (${result.exit}): ${result.text}`;
  }
  return step.effect ? step.effect() : null;
}

// The acts whose refusal Enclosure itself has to have seen.
function checkEvents(c, steps, label) {
  const events = fs.readFileSync(`${c.dir}/events.jsonl`, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  for (const step of steps.filter((s) => s.event)) {
    const seen = events.some((e) => e.verdict === 'deny' && e.clause === 'system-calls' && step.event.test(e.what));
    report(`${label}: ${step.name}: is an event`, seen ? null : `no denied event; types: ${[...new Set(events.map((e) => `${e.type} ${e.what ?? ''}`))]}`);
  }
  const order = ['run.planned', 'run.started', 'run.finished'].map((type) => events.findIndex((e) => e.type === type));
  report(`${label}: events from plan to end`, order[0] === 0 && order[1] > 0 && order[2] === events.length - 1 ? null : `order ${order} of ${events.length}`);
}

function leftProcesses(dir) {
  return fs.readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try { return fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${dir}`); } catch { return false; }
  });
}

function wrongOwner(c) {
  const out = spawnSync('find', [c.ws, c.home, '(', '!', '-uid', String(c.who.uid), '-o', '!', '-gid', String(c.who.gid), ')'], { encoding: 'utf8' });
  return out.stdout.trim();
}

// The session lies in the agent's own state, which has to outlive the run: the resumed one knows every result of the first.
async function testResume(agent, box, label, n) {
  const end = await runAgent(agent, { ...box, bare: agent !== 'codex' }, [{ text: 'unused' }], { prompt: 'what did you do?', resume: true });
  report(`${label}: the session can be resumed in a second run`, end.status === 0 && end.results.length === n ? null
    : `status ${end.status}, ${end.results.length} of ${n} results remembered: ${end.stderr}`);
}

// An owner who has no state of the agent yet, not even the folder.
async function testFresh(agent, box, label) {
  const home = path.join(path.dirname(box.home), 'fresh');
  fs.mkdirSync(home);
  const end = await runAgent(agent, { ...box, home, bare: agent !== 'codex', manifest: `${box.cwd}/enclosure.yaml` },
    [{ bash: 'echo worked > fresh.txt' }, { text: 'done' }]);
  report(`${label}: works in a home without its state`, end.status === 0 && end.results[0]?.failed === false && fs.existsSync(`${box.cwd}/fresh.txt`)
    ? null : `status ${end.status}: ${end.stderr}`);
}

async function testAgent(base, install, agent, who, n) {
  const label = `${agent}, started by ${who.name}`;
  const c = await makeWorld(base, install, agent, who, `run-${n}`);
  const box = { enclosure: path.join(base, 'bin/enclosure'), manifest: `${c.ws}/enclosure.yaml`, cwd: c.ws, home: c.home, state: c.state, install,
                tls: { cert: path.join(base, 'private/srv.crt'), key: path.join(base, 'private/srv.key') }, ca: c.ca, who, own: c.own,
                log: path.join(base, `requests-${n}.jsonl`), events: `${c.dir}/events.jsonl`,
                extraEnv: { AWS_SECRET_ACCESS_KEY: 'planted-secret' } };
  try {
    const plain = await runProcess([box.enclosure, 'run', '-m', box.manifest, '--', 'grep', 'Seccomp_filters', '/proc/self/status'],
      { who, cwd: c.ws, env: { HOME: c.home, ENCLOSURE_STATE: c.state, PATH: searchPath(install) } });
    c.filters = plain.stdout.trim();
    report(`${label}: a plain command runs`, plain.status === 0 && /^Seccomp_filters:\t[1-9]/.test(c.filters) ? null : `status ${plain.status}: ${plain.stdout}${plain.stderr}`);
    const steps = makeSteps(c);
    const end = await runAgent(agent, box, [...steps.map((s) => s.act), { text: 'Finished.' }]);
    report(`${label}: exit status 0`, end.status === 0 ? null : `status ${end.status} signal ${end.signal}: ${end.stderr}${end.stdout}`);
    report(`${label}: the result says finished`, end.result?.state === 'finished' && end.result.exit === 0 ? null : end.stdout || end.stderr);
    steps.forEach((step, i) => report(`${label}: ${step.kind}: ${step.name}`, judge(step, end.results[i])));
    if (end.result) checkEvents(c, steps, label);
    await testResume(agent, box, label, steps.length);
    await testFresh(agent, box, label);
    report(`${label}: files belong to who started it`, wrongOwner(c) && `not of ${who.uid}: ${wrongOwner(c)}`);
    report(`${label}: nothing is left running`, leftProcesses(c.home).length ? `processes ${leftProcesses(c.home)}` : null);
  } finally {
    c.end();
  }
}

// Every forbidden act without an enclosure: it has to work, or the test above shows nothing.
async function testControl(base, install, agent, who, n) {
  const c = await makeWorld(base, install, agent, who, `control-${n}`);
  try {
    plant(c.home, agents[agent].files(1));
    fs.copyFileSync(path.join(here, 'try.c'), `${c.ws}/try.c`);
    execFileSync('gcc', ['-o', `${c.ws}/try`, `${c.ws}/try.c`]);
    fs.mkdirSync(c.state, { recursive: true });
    c.own();
    for (const step of makeSteps(c).filter((s) => s.control)) {
      const name = `${agent}, ${who.name}, control: ${step.name}`;
      if (step.control.root && who.uid !== 0) continue;
      const end = await runProcess(['/bin/bash', '-c', step.control.bash ?? step.act.bash],
        { who, cwd: c.ws, env: { HOME: c.home, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeout: 20000 });
      report(name, end.status === 0 ? null : `it does not work without an enclosure either: ${end.stdout}${end.stderr}`);
      execFileSync('git', ['init', '-q', c.ws], { stdio: 'ignore' });
      c.own();
    }
  } finally {
    c.end();
  }
}

// An "enclosure" that encloses nothing: under it the demo has to find that the forbidden acts worked.
const NO_BOUNDARY = `#!/bin/bash
[ "$1" = result ] && exit 0
while [ "$1" != -- ]; do [ "$1" != --events ] || echo '{"run":"01none","type":"run.planned"}' >"$2"; shift; done
shift
export IS_SANDBOX=1
"$@" >&2 && echo '{"state":"finished","exit":0}'
`;

async function runDemo(base, install, who, n, extra) {
  const tmp = path.join(base, `demo-${n}`);
  fs.mkdirSync(`${tmp}/home`, { recursive: true });
  if (root) execFileSync('chown', ['-R', `${who.uid}:${who.gid}`, tmp]);
  const end = await runProcess([path.join(base, 'src/demo/run')], { who, cwd: tmp, env: {
    PATH: searchPath(install), HOME: `${tmp}/home`, TMPDIR: tmp, DEMO_KEEP: '1', DEMO_PLAIN: '1', AGENTS_DIR: install,
    ENCLOSURE: path.join(base, 'bin/enclosure'), ENCLOSURE_STATE: `${tmp}/state`, ...extra } });
  const kept = /^ {2}kept: (.*)$/m.exec(end.stdout)?.[1];
  return { ...end, kept, lines: (word) => end.stdout.split('\n').filter((line) => line.startsWith(`  ${word} `)).length };
}

// The demo's own verdict, and the same looked up here.
function judgeDemo(end) {
  if (end.status !== 0) return `status ${end.status}: ${end.stdout.slice(-900)}${end.stderr}`;
  if (end.lines('stopped') !== 5 || end.lines('done') !== 6) return `${end.lines('done')} done, ${end.lines('stopped')} stopped`;
  if (!end.kept) return 'it kept nothing';
  const text = (name) => fs.readFileSync(path.join(end.kept, name), 'utf8');
  if (fs.existsSync(`${end.kept}/project/.git/hooks/pre-commit`)) return 'a hook was planted';
  if (text('project/enclosure.yaml') !== text('enclosure.yaml.kept')) return 'the manifest was changed';
  if (/planted-(key|secret)/.test(text('said'))) return 'a secret was read';
  if (!text('said').includes('9 of 9 tests passed')) return 'the tests did not pass';
  return null;
}

async function testDemo(base, install, who, n) {
  const real = await runDemo(base, install, who, `${n}-real`, {});
  report(`demo, ${who.name}: the real agent works, five forbidden acts fail`, judgeDemo(real));
  report(`demo, ${who.name}: says that it is the real agent`, /agent +Claude Code \d.*the real one/.test(real.stdout) ? null : real.stdout.slice(0, 300));
  const script = await runDemo(base, install, who, `${n}-script`, { DEMO_AGENT: '0' });
  report(`demo, ${who.name}: the agent-like script is told for what it is`, /SHELL SCRIPT/.test(script.stdout) ? null : script.stdout.slice(0, 300));
  report(`demo, ${who.name}: and it is held as well`, judgeDemo({ ...script, stdout: script.stdout }));
  const open = await runDemo(base, install, who, `${n}-open`, { ENCLOSURE: path.join(base, 'bin/no-boundary') });
  report(`demo, ${who.name}, control: without a boundary it fails`, open.status === 1 && open.lines('WORKED') >= 4 && open.lines('NO') >= 4 ? null : `status ${open.status}: ${open.stdout}${open.stderr}`);
}

async function main() {
  const base = makeBase();
  try {
    const install = share(base, process.argv[2]);
    execFileSync(path.join(here, 'make-certs'), [path.join(base, 'private')]);
    fs.mkdirSync(path.join(base, 'certs'));
    fs.copyFileSync(path.join(base, 'private/ca.crt'), path.join(base, 'certs/ca.crt'));
    fs.chmodSync(path.join(base, 'private'), 0o700);
    fs.writeFileSync(path.join(base, 'bin/no-boundary'), NO_BOUNDARY, { mode: 0o755 });
    fs.mkdirSync(path.join(base, 'src/tests'), { recursive: true });
    for (const part of ['demo', 'tests/agents']) fs.cpSync(path.join(here, '../..', part), path.join(base, 'src', part), { recursive: true });
    let n = 0;
    for (const who of whoever())
      for (const agent of Object.keys(agents)) {
        await testAgent(base, install, agent, who, ++n);
        if (!who.user) await testControl(base, install, agent, who, n);
      }
    for (const who of whoever().filter((w) => !w.user)) await testDemo(base, install, who, ++n);
    if (!root) console.log('skip agents started by root: needs root');
  } finally {
    if (process.env.AGENTS_KEEP) console.error(`kept: ${base}`);
    else fs.rmSync(base, { recursive: true, force: true });
  }
  process.exit(failures ? 1 : 0);
}

await main();
