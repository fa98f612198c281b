// SPDX-License-Identifier: MIT
// agents.mjs - how each real agent is started inside an enclosure, against the scripted endpoint
//
// What the agents need, as traced with them in a root of their own:
//   Claude Code  reads /etc/ssl/certs, /etc/resolv.conf, /etc/hosts, /etc/nsswitch.conf, /etc/machine-id, /etc/claude-code (absent is
//                fine); writes ~/.claude (sessions, backups, shell snapshots), replaces ~/.claude.json by rename, and keeps
//                its scratch in /tmp/claude-UID; starts /bin/sh, /bin/bash, git. A binary of its own: no node.
//   Codex        a node script that starts a static binary beside it; reads ~/.codex/config.toml; writes ~/.codex (SQLite state,
//                sessions, skills that it unpacks at the first start); runs each command as `/bin/bash -lc`.
// Both take their certificate authority from a variable, and its file needs a read grant.
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { startEndpoint } from './mock-llm.mjs';

export const here = path.dirname(new URL(import.meta.url).pathname);

export const agents = {
  'claude-code': {
    title: 'Claude Code',
    argv: (prompt) => ['claude', '-p', prompt, '--dangerously-skip-permissions', '--output-format', 'json'],
    resume: (prompt) => ['claude', '--continue', '-p', prompt, '--dangerously-skip-permissions', '--output-format', 'json'],
    // IS_SANDBOX, which the option asks for as uid 0, is set by the profile.
    env: (port, ca) => ({ ANTHROPIC_BASE_URL: `https://localhost:${port}`, ANTHROPIC_API_KEY: 'sk-ant-none', NODE_EXTRA_CA_CERTS: ca }),
    pass: [],
    files: () => ({ '.claude/projects/README': 'state of the agent\n', '.claude/CLAUDE.md': 'Be brief.\n', '.claude.json': '{\n  "planted": "before"\n}\n' }),
  },
  codex: {
    title: 'Codex',
    argv: (prompt) => ['codex', 'exec', '--dangerously-bypass-approvals-and-sandbox', '--json', prompt],
    resume: (prompt) => ['codex', 'exec', '--dangerously-bypass-approvals-and-sandbox', '--json', 'resume', '--last', prompt],
    env: (port, ca) => ({ MOCK_KEY: 'none', SSL_CERT_FILE: ca, CODEX_CA_CERTIFICATE: ca }),
    pass: ['MOCK_KEY'],
    files: (port) => ({ '.codex/sessions/README': 'state of the agent\n', '.codex/config.toml': [
      'model = "mock"', 'model_provider = "mock"', '[model_providers.mock]', 'name = "mock"',
      `base_url = "https://localhost:${port}/v1"`, 'env_key = "MOCK_KEY"', 'wire_api = "responses"', ''].join('\n') }),
  },
};

export const nodeRoot = path.dirname(path.dirname(process.execPath));

// The folders of PATH: the agents, node where it is not the system's, the system's.
export function searchPath(install) {
  const own = nodeRoot === '/usr' ? [] : [path.join(nodeRoot, 'bin')];
  return [path.join(install, 'node_modules/.bin'), ...own, '/usr/local/bin', '/usr/bin', '/bin'].join(':');
}

// Runs argv as `who` ({uid, gid} or null for ourselves) to its end: {status, signal, stdout, stderr}. node gives up the
// supplementary groups when it changes ids.
export function runProcess(argv, { who, cwd, env, timeout = 60000, onStderr }) {
  return new Promise((resolve) => {
    const ids = who && process.getuid() === 0 && who.uid !== 0 ? { uid: who.uid, gid: who.gid } : {};
    const child = spawn(argv[0], argv.slice(1), { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], ...ids });
    let stdout = '', stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.stdout.on('data', (d) => { stdout += d; });
    child.stderr.on('data', (d) => { stderr += d; if (onStderr) onStderr(String(d)); });
    child.on('error', (error) => { clearTimeout(timer); resolve({ status: null, signal: null, stdout, stderr: String(error) }); });
    child.on('close', (status, signal) => { clearTimeout(timer); resolve({ status, signal, stdout, stderr }); });
  });
}

// Plants files (a map of relative names and texts) below dir.
export function plant(dir, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

// One run of one agent. `box` names the world: {enclosure, manifest, cwd, home, state, install, tls, ca, who, log, events,
// extraEnv, bare: without the agent's own files}. Gives the process's end, the parsed result (--json), and what came back for each step.
export async function runAgent(name, box, steps, { prompt = 'do the task', onResult, args = [], resume = false } = {}) {
  const agent = agents[name];
  const endpoint = await startEndpoint({ steps, tls: box.tls, log: box.log, onResult });
  try {
    if (!box.bare) plant(box.home, agent.files(endpoint.port));
    if (box.own) box.own();
    const env = { PATH: searchPath(box.install), HOME: box.home, TERM: 'dumb', LANG: 'C.UTF-8', ENCLOSURE_STATE: box.state,
                  ...agent.env(endpoint.port, box.ca), ...box.extraEnv };
    const command = [box.enclosure, 'run', '--json', '-m', box.manifest, '--events', box.events, ...args, '--', ...agent[resume ? 'resume' : 'argv'](prompt)];
    const end = await runProcess(command, { who: box.who, cwd: box.cwd, env });
    let result = null;
    try { result = JSON.parse(end.stdout); } catch { /* the caller sees that there is none */ }
    return { ...end, result, results: endpoint.results };
  } finally {
    await endpoint.close();
  }
}
