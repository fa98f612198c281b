#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// mock-llm.mjs - a scripted model endpoint on loopback, so that real agents can be driven without a network or an account
//
// Speaks Anthropic Messages (/v1/messages) and OpenAI Responses (/v1/responses), streaming and plain. As a program:
//
//   node mock-llm.mjs --port 8443 --script steps.json [--cert srv.crt --key srv.key] [--log requests.jsonl]
//
// and as a module: startEndpoint(). steps.json: [{"bash": "make test"}, {"tool": "Read", "input": {"file_path": "/etc/hostname"}},
// {"text": "Done."}]. The step is chosen by how many tool results the conversation already holds, so that any number of
// agents can share one endpoint; past the last step the answer is the text "Done." Anthropic requests without tools
// (titles, summaries) get "ok".
//
// The log gets a line a request: method, url, the tools offered, `step` (how many results came so far) and `results`: the
// last of them, {text, failed, exit}. It is what a test judges an agent by; what the agent says of itself proves little.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const id = (prefix) => prefix + Math.random().toString(36).slice(2, 14);

function sendJson(res, status, body) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

function sendEvents(res, events) {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) res.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  res.end();
}

function anthropic(body, step, res) {
  if (!(body.tools || []).length) step = { text: 'ok' };
  const usage = { input_tokens: 100, output_tokens: 20 };
  const block = step.text !== undefined
    ? { type: 'text', text: step.text }
    : { type: 'tool_use', id: id('toolu_'), name: step.tool || 'Bash',
        input: step.input || { command: step.bash, description: 'scripted step' } };
  const stop_reason = block.type === 'text' ? 'end_turn' : 'tool_use';
  const message = { id: id('msg_'), type: 'message', role: 'assistant', model: body.model, content: [],
                    stop_reason: null, stop_sequence: null, usage };
  if (!body.stream) return sendJson(res, 200, { ...message, content: [block], stop_reason });
  const start = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
  const delta = block.type === 'text'
    ? { type: 'text_delta', text: block.text }
    : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) };
  sendEvents(res, [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: start },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 20 } },
    { type: 'message_stop' }]);
}

function openaiArguments(tool, step) {
  if (step.input) return step.input;
  if (tool === 'exec_command') return { cmd: step.bash };
  if (tool === 'shell_command') return { command: step.bash };
  return { command: ['bash', '-lc', step.bash] };
}

function openai(body, step, res) {
  const offered = (body.tools || []).map((tool) => tool.name);
  const tool = step.tool || offered.find((name) => /^(exec_command|shell_command|shell)$/.test(name)) || 'shell';
  const item = step.text !== undefined
    ? { type: 'message', id: id('msg_'), role: 'assistant', status: 'completed',
        content: [{ type: 'output_text', text: step.text, annotations: [] }] }
    : { type: 'function_call', id: id('fc_'), call_id: id('call_'), name: tool, status: 'completed',
        arguments: JSON.stringify(openaiArguments(tool, step)) };
  const response = { id: id('resp_'), object: 'response', status: 'completed', model: body.model, output: [item],
    usage: { input_tokens: 100, input_tokens_details: { cached_tokens: 0 }, output_tokens: 20,
             output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 120 } };
  if (!body.stream) return sendJson(res, 200, response);
  sendEvents(res, [
    { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response }]);
}

// Claude Code says is_error, and "Exit code N" in front of what a failed command printed; Codex says "Process exited with
// code N", and of a patch that it applies itself "Exit code: N" or "... failed".
function claudeResult(block) {
  const content = Array.isArray(block.content) ? block.content.map((part) => part.text ?? '').join('') : block.content ?? '';
  const exit = /^Exit code (\d+)\n?/.exec(content);
  return { text: content.slice(exit ? exit[0].length : 0), failed: block.is_error === true,
           exit: exit ? Number(exit[1]) : block.is_error ? null : 0 };
}

function codexResult(item) {
  const output = typeof item.output === 'string' ? item.output : JSON.stringify(item.output);
  const exit = /(?:Process exited with code|^Exit code:) (\d+)/m.exec(output);
  const at = output.lastIndexOf('\nOutput:\n');
  return { text: at < 0 ? output : output.slice(at + 9), failed: !exit || exit[1] !== '0', exit: exit ? Number(exit[1]) : null };
}

function toolResults(body) {
  const blocks = (body.messages || []).flatMap((m) => (Array.isArray(m.content) ? m.content : []));
  const items = Array.isArray(body.input) ? body.input : [];
  return [...blocks.filter((b) => b.type === 'tool_result').map(claudeResult),
          ...items.filter((i) => i.type === 'function_call_output').map(codexResult)];
}

// Starts it; gives {port, results, close}. results[n] is what step n came back with. onResult(n, result) is called once for
// each as it arrives. port 0 picks a free one. Without tls {cert, key} (files) it speaks plain HTTP.
export async function startEndpoint({ steps, tls, log, port = 0, onResult = () => {} }) {
  const results = [];

  function handle(req, res, text) {
    let body = {};
    try { body = JSON.parse(text); } catch { /* HEAD and GET have none */ }
    const got = toolResults(body);
    if (log) fs.appendFileSync(log, JSON.stringify({ method: req.method, url: req.url, model: body.model,
      tools: (body.tools || []).map((tool) => tool.name), step: got.length, results: got.slice(-1) }) + '\n');
    while (results.length < got.length) {
      results.push(got[results.length]);
      onResult(results.length - 1, results.at(-1));
    }
    const step = steps[got.length] || { text: 'Done.' };
    if (req.url.includes('count_tokens')) return sendJson(res, 200, { input_tokens: 100 });
    if (req.url.includes('/messages')) return anthropic(body, step, res);
    if (req.url.includes('/responses')) return openai(body, step, res);
    return sendJson(res, 404, { type: 'error', error: { type: 'not_found_error', message: 'scripted endpoint' } });
  }
  function collect(req, res) {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => handle(req, res, Buffer.concat(chunks).toString('utf8')));
  }
  const server = tls
    ? https.createServer({ cert: fs.readFileSync(tls.cert), key: fs.readFileSync(tls.key) }, collect)
    : http.createServer(collect);
  await new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return { port: server.address().port, results, close };
}

async function main() {
  const { values: opt } = parseArgs({ options: Object.fromEntries(
    ['port', 'script', 'cert', 'key', 'log'].map((name) => [name, { type: 'string' }])) });
  const { port } = await startEndpoint({
    steps: JSON.parse(fs.readFileSync(opt.script, 'utf8')), log: opt.log, port: Number(opt.port ?? 8443),
    tls: opt.cert ? { cert: opt.cert, key: opt.key } : undefined });
  console.error(`listening on 127.0.0.1:${port}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  main().catch((error) => { console.error(`mock-llm: ${error.message}`); process.exit(1); });
