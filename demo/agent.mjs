// SPDX-License-Identifier: MIT
// agent.mjs - the real agent takes the demo's steps inside the enclosure
//
//   node agent.mjs ENCLOSURE DIR INSTALL      (DIR: what demo/run prepared; INSTALL: install-agents)
//
// Starts the scripted model endpoint and `enclosure run ... -- claude ...`, and prints a line a step as its result comes in
// from the agent: number, exit status, the last line of what the tool said. Exit status 0 when the agent ended well.
import fs from 'node:fs';
import path from 'node:path';
import { runAgent } from '../tests/agents/agents.mjs';

const [enclosure, dir, install] = process.argv.slice(2);
const demo = path.dirname(new URL(import.meta.url).pathname);
const project = path.join(dir, 'project');

const steps = fs.readFileSync(path.join(demo, 'steps.tsv'), 'utf8').split('\n')
  .filter((line) => /^(work|forbidden)\t/.test(line))
  .map((line) => { const [kind, tool, title, argument] = line.split('\t'); return { kind, tool, title, argument }; });

function act({ tool, title, argument }) {
  const file = path.join(project, argument);
  if (tool === 'write') return { tool: 'Write', input: { file_path: file, content: fs.readFileSync(path.join(demo, 'answers', argument), 'utf8') } };
  if (tool === 'read') return { tool: 'Read', input: { file_path: file } };
  return { tool: 'Bash', input: { command: argument, description: title } };
}

function lastLine(step, result) {
  const lines = result.text.trim().split('\n');
  if (step.tool === 'read' && !result.failed) return `${lines.filter((line) => /^ *\d+\t./.test(line)).length} lines read, blank ones aside`;
  if (step.tool === 'write' && !result.failed) return `${act(step).input.content.split('\n').length - 1} lines written`;
  return lines.at(-1).replace(/ Note: your current working directory is .*/, '').replaceAll('\t', ' ') || '-';
}

const end = await runAgent('claude-code', {
  enclosure, manifest: path.join(project, 'enclosure.yaml'), cwd: project, home: path.join(dir, 'home'), state: process.env.ENCLOSURE_STATE,
  install, tls: { cert: path.join(dir, 'private/srv.crt'), key: path.join(dir, 'private/srv.key') }, ca: path.join(dir, 'certs/ca.crt'),
  log: path.join(dir, 'said'), events: path.join(dir, 'events.jsonl') },
[...steps.map(act), { text: 'The calculator is done, and its tests pass.' }],
{ prompt: 'Write calc.c and main.c as calc.h asks for, make the tests pass, and commit.', args: ['--name', 'demo', '--verbose'],
  onResult: (n, result) => console.log(`${n + 1}\t${result.failed ? result.exit || 1 : 0}\t${lastLine(steps[n], result)}`) });

fs.writeFileSync(path.join(dir, 'stderr'), end.stderr);
if (end.status !== 0) {
  console.error(`demo: enclosure run ended with status ${end.status ?? end.signal}`);
  console.error((end.stderr + (end.result ? '' : end.stdout)).trim().split('\n').slice(-20).join('\n'));
}
process.exit(end.status === 0 && end.results.length === steps.length ? 0 : 1);
