import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDocument } from 'yaml';
import { parseArguments } from '../../src/cli/arguments.ts';
import { runCli } from '../../src/cli/cli.ts';
import { defineCommand, type Command } from '../../src/cli/command.ts';
import { printable, tableText, yamlText } from '../../src/cli/output.ts';
import { style, wantsColour } from '../../src/cli/style.ts';
import { suggestion } from '../../src/cli/suggestion.ts';
import { commandNames, loadCommand } from '../../src/cli/table.ts';

const RIGHT = 'signers:\n  - { name: example.test/foo, ca: { secret: cas/foo }, allow: [{ namespaces: [foo] }] }\n';
/** A kubeconfig of a cluster at a port where nobody listens. */
const UNREACHABLE = 'apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{ name: a, context: { cluster: a, user: a } }]\nclusters: [{ name: a, cluster: { server: "https://127.0.0.1:1" } }]\nusers: [{ name: a, user: { token: x } }]\n';
const WRONG = 'trustDomain: NOT_ONE\nsigners:\n  - { name: foo, ca: { secret: cas/foo }, allow: [{ namespaces: [foo] }] }\n';

test('the help lists every command with its summary, and each has a page with every option', async () => {
  const { code, stdout } = await cli(['--help']);
  assert.equal(code, 0);
  for (const name of commandNames) {
    const command = await loadCommand(name);
    assert.ok(command !== undefined && command.name === name);
    assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
    for (const argv of [['help', name], [name, '--help'], [name, '-h']]) {
      const page = await cli(argv);
      assert.equal(page.code, 0);
      for (const option of Object.keys(command.options)) assert.match(page.stdout, new RegExp(`--${option}\\b`), `${argv.join(' ')} tells --${option}`);
      assert.ok(page.stdout.split('\n').every((line) => line.length <= 160), `${name}: a line of the help is too long`);
    }
  }
});

test('nothing at all prints the help to stderr and ends with 2', async () => {
  const { code, stdout, stderr } = await cli([]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /Usage: signet COMMAND/);
});

test('an unknown command ends with 2 and names the one that was meant; an unlike one is not guessed', async () => {
  const near = await cli(['chekc']);
  assert.deepEqual(near, { code: 2, stdout: '', stderr: 'signet: unknown command "chekc"\nhint: did you mean "signet check"?\nhint: signet help\n' });
  const far = await cli(['frobnicate']);
  assert.deepEqual(far, { code: 2, stdout: '', stderr: 'signet: unknown command "frobnicate"\nhint: signet help\n' });
  assert.equal((await cli(['constructor'])).code, 2);
});

test('signet --version is signet version', async () => {
  const { code, stdout } = await cli(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^signet \d+\.\d+\.\d+.*, Node v\d+/);
  assert.deepEqual(Object.keys(JSON.parse((await cli(['version', '-o', 'json'])).stdout) as object), ['version', 'commit', 'node']);
});

test('options are read in every usual form', () => {
  const read = (...args: string[]) => parseArguments(args, PROBE);
  for (const args of [['-c', 'a.yaml'], ['-ca.yaml'], ['--config', 'a.yaml'], ['--config=a.yaml']]) assert.deepEqual(read(...args).values, { config: 'a.yaml', output: 'table' });
  assert.deepEqual(read('-c', '-').values['config'], '-');
  assert.deepEqual(read('--config=-odd').values['config'], '-odd');
  assert.deepEqual(read('--all', '--tenant', 'a', '--tenant', 'b').values, { all: true, tenant: ['a', 'b'], output: 'table' });
  assert.deepEqual(read('foo', '-o', 'json', '--', '--bar').positionals, ['foo', '--bar']);
  assert.equal(read('foo', '--help').help, true);
});

test('a mistake in the options is told with what is allowed', () => {
  const message = (...args: string[]) => {
    try {
      parseArguments(args, PROBE);
    } catch (error) {
      return [(error as Error).message, ...(error as { hints: string[] }).hints].join(' | ');
    }
    return 'accepted';
  };
  assert.equal(message('--confg', 'x'), 'unknown option --confg for "probe" | did you mean --config? | signet help probe');
  assert.equal(message('-x'), 'unknown option -x for "probe" | signet help probe');
  assert.equal(message('--config'), '--config needs a value | signet help probe');
  assert.equal(message('--config', '--all'), '--config needs a value | signet help probe');
  assert.equal(message('--config='), '--config needs a value, found an empty one | signet help probe');
  assert.equal(message('--all=yes'), '--all takes no value, found "yes" | signet help probe');
  assert.equal(message('-o', 'jsno'), '-o must be table, json; found "jsno" | did you mean json? | signet help probe');
  assert.equal(message('-c', 'a', '-c', 'b'), '-c is given twice | signet help probe');
  assert.equal(message('-c', 'a', '-o', 'json'), 'accepted');
});

test('a command without arguments refuses one', async () => {
  const { code, stderr } = await cli(['version', 'please']);
  assert.equal(code, 2);
  assert.match(stderr, /unexpected argument "please": "version" takes none/);
});

test('the nearest word is suggested, and none that is another word', () => {
  const words = ['run', 'demo', 'check', 'signers', 'bundle', 'rbac', 'version'];
  assert.equal(suggestion('signer', words), 'signers');
  assert.equal(suggestion('bunlde', words), 'bundle');
  assert.equal(suggestion('ver', words), 'version');
  assert.equal(suggestion('rbca', words), 'rbac');
  assert.equal(suggestion('install', words), null);
});

test('check prints every problem with file, line and column, and ends with 1; the same file put right ends with 0', async () => {
  await inFile(WRONG, async (file) => {
    const { code, stdout, stderr } = await cli(['check', '-c', file]);
    assert.equal(code, 1);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^${file}:1:1: trustDomain: .*\n${file}:3:7: signers\\[0\\]\\.name: .*\n2 problems in ${file}\n$`));
    const json = await cli(['check', '-c', file, '-o', 'json']);
    assert.equal(json.code, 1);
    const report = JSON.parse(json.stdout) as { ok: boolean; problems: { line: number; path: string }[] };
    assert.deepEqual([report.ok, report.problems.map(({ line, path }) => [line, path])], [false, [[1, 'trustDomain'], [3, 'signers[0].name']]]);
  });
  await inFile(RIGHT, async (file) => {
    const { code, stdout } = await cli(['check', '-c', file]);
    assert.equal(code, 0);
    assert.match(stdout, /^example\.test\/foo +cas\/foo +decide +namespaces foo$/m);
    assert.match(stdout, new RegExp(`^ok: ${file} is right, 1 signer$`, 'm'));
  });
});

test('check takes the file from SIGNET_CONFIG, and -c before that', async () => {
  await inFile(RIGHT, async (file) => {
    assert.equal((await cli(['check'], { SIGNET_CONFIG: file })).code, 0);
    const other = await cli(['check', '-c', `${file}.none`], { SIGNET_CONFIG: file });
    assert.deepEqual([other.code, other.stderr], [2, `signet: cannot read the configuration "${file}.none" (-c): there is no such file\n`]);
  });
});

test('a configuration that cannot be read ends with 2, whatever the cause, and says it', async () => {
  const folder = await cli(['check', '-c', tmpdir()]);
  assert.deepEqual([folder.code, /it is a directory/.test(folder.stderr)], [2, true]);
  await inFile(Buffer.from([0x73, 0xff, 0xfe]), async (file) => {
    const binary = await cli(['check', '-c', file]);
    assert.deepEqual([binary.code, /it is not UTF-8 text/.test(binary.stderr)], [2, true]);
  });
});

test('a command that needs the configuration ends with 2 and every problem', async () => {
  await inFile(WRONG, async (file) => {
    const { code, stdout, stderr } = await cli(['rbac', '-c', file]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, new RegExp(`${file}:1:1: trustDomain: .*\n.*${file}:3:7: signers\\[0\\]\\.name: .*\nhint: signet check -c ${file}\n$`));
  });
});

test('rbac prints YAML documents and the same objects as one JSON list', async () => {
  await inFile(RIGHT, async (file) => {
    const yaml = await cli(['rbac', '-c', file]);
    const json = await cli(['rbac', '-c', file, '-o', 'json']);
    assert.deepEqual([yaml.code, json.code], [0, 0]);
    const documents = yaml.stdout.split(/^---$/m).map((text) => parseDocument(text).toJS() as unknown);
    assert.deepEqual(documents, (JSON.parse(json.stdout) as { items: unknown[] }).items);
    assert.match(yaml.stdout, /verbs: \[get, list, watch\]/);
  });
});

test('the schema is JSON Schema 2020-12 of what is written, and needs no file', async () => {
  const { code, stdout } = await cli(['check', '--schema']);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout) as { $schema: string; required: string[]; properties: Record<string, { default?: unknown }>; additionalProperties: boolean };
  assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.deepEqual(schema.required, ['signers']);
  assert.equal(schema.additionalProperties, false);
  assert.equal(schema.properties['trustDomain']?.default, 'cluster.local');
});

test('check notes what is right and yet hardly meant, and not its twin that is fine', async () => {
  const signer = (name: string, allow: string) => `  - { name: example.test/${name}, ca: { secret: cas/${name} }, allow: ${allow} }\n`;
  const requester = (user: string) => `requesters: [{ user: "${user}", vouches: { namespaces: ["*"] } }]\n`;
  const istiod = requester('system:serviceaccount:istio-system:istiod');
  const cases: { note: RegExp; odd: string; fine: string }[] = [
    { note: /signers: there is none/, odd: 'signers: []', fine: `signers:\n${signer('a', '{ namespaces: a }')}` },
    { note: /requesters\[0\]\.user: "istio-system\/istiod" is not how/, odd: `${requester('istio-system/istiod')}signers: []`, fine: `${istiod}signers: []` },
    { note: /signers\[0\]\.allow\[0\]: no requester vouches/, odd: `signers:\n${signer('a', '{ requesters: "system:serviceaccount:istio-system:istiod", namespaces: istio-system, dnsNames: a.test }')}`, fine: `${istiod}signers:\n${signer('a', '{ requesters: "system:serviceaccount:istio-system:istiod", dnsNames: a.test }')}` },
    { note: /signers\[0\]\.allow: is empty/, odd: `signers:\n${signer('a', '[]')}`, fine: `signers:\n${signer('a', '{ namespaces: a }')}` },
    { note: /signet\.yaml:\d+:\d+: note: signers\[1\]\.allow\[0\]\.namespaces\[0\]: "a" is in signer "example\.test\/a" too/, odd: `signers:\n${signer('a', '{ namespaces: a }')}${signer('b', '{ namespaces: a }')}`, fine: `signers:\n${signer('a', '{ namespaces: a }')}${signer('b', '{ namespaces: b }')}` },
    { note: /signers\[1\]\.allow\[0\]\.namespaces\[0\]: "\*" includes/, odd: `signers:\n${signer('a', '{ namespaces: a }')}${signer('b', '{ namespaces: "*" }')}`, fine: `signers:\n${signer('a', '{ namespaces: a }')}${signer('b', '{ namespaces: unclaimed }')}` },
    { note: /publish\.meshConfig: is not set/, odd: 'requesters: { user: "system:serviceaccount:a:b", approves: true }\nsigners: []', fine: 'requesters: { user: "system:serviceaccount:a:b", approves: true }\nsigners: []\npublish: { meshConfig: { configMap: a/b } }' },
  ];
  for (const { note, odd, fine } of cases) {
    await inFile(odd, async (file) => {
      const { code, stdout } = await cli(['check', '-c', file]);
      assert.equal(code, 0, stdout);
      assert.match(stdout, note);
    });
    await inFile(fine, async (file) => {
      const { code, stdout } = await cli(['check', '-c', file]);
      assert.equal(code, 0, stdout);
      assert.doesNotMatch(stdout, note);
    });
  }
});

test('colour is for terminals, and NO_COLOR ends it', () => {
  assert.equal(wantsColour({ isTTY: true }, {}), true);
  assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true);
  for (const [stream, env] of [[{ isTTY: false }, {}], [{ isTTY: true }, { NO_COLOR: '1' }], [{ isTTY: true }, { TERM: 'dumb' }]] as const) assert.equal(wantsColour(stream, env), false);
  assert.equal(style(true).red('no'), '\u001b[31mno\u001b[39m');
  assert.equal(style(false).red('no'), 'no');
});

test('a table lines up, and a cell cannot drive the terminal', () => {
  assert.equal(tableText(['NAME', 'STATE'], [['foo', 'ready'], ['long-name', 'x']]), 'NAME        STATE\nfoo         ready\nlong-name   x\n');
  assert.equal(tableText(['A'], [['\u001b[2J\nfake']]), 'A\n\\u001b[2J\\u000afake\n');
  assert.equal(printable('plain ä'), 'plain ä');
});

test('YAML puts short lists in one line and repeats what occurs twice', () => {
  const shared = { verbs: ['get'] };
  assert.equal(yamlText({ a: shared, b: shared }, { c: [] }), 'a:\n  verbs: [get]\nb:\n  verbs: [get]\n---\nc: []\n');
});

test('the process passes on the exit code, and a reader that goes away is no error', async () => {
  const wrong = await main(['check', '-c', '-'], (child) => child.stdin.end(WRONG));
  assert.deepEqual([wrong.code, /2 problems in <stdin>/.test(wrong.stdout)], [1, true]);
  const cut = await main(['check', '--schema'], (child) => child.stdout.destroy());
  assert.deepEqual(cut, { code: 0, signal: null, stdout: '', stderr: '' });
});

test('a signal ends a command that waits, in order', async () => {
  // Without an end of stdin `check` would wait for ever. Once it has taken more than a pipe holds, it is reading.
  const { code, signal, stderr } = await main(['check', '-c', '-'], (child) => {
    child.stdin.write('#'.repeat(1 << 20), () => child.kill('SIGTERM'));
  });
  assert.deepEqual([code, signal], [2, null], stderr);
  assert.match(stderr, /^signet: cannot read the configuration "-" \(-c\): .*aborted/);
});

test('run waits for an API server that is away, and ends with 0 at a signal', async () => {
  await inFile(UNREACHABLE, async (kubeconfig) => {
    const { code, stdout, stderr } = await main(['run', '-c', '-', '--kubeconfig', kubeconfig], (child) => {
      child.stdin.end(`${RIGHT}http: { address: "127.0.0.1:0" }\n`);
      // "started" is there at once; a failed watch says that the server was looked for in vain.
      child.stdout.on('data', (chunk: Buffer) => void (chunk.includes('ECONNREFUSED') && child.kill('SIGTERM')));
    });
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /"message":"started"/);
  });
});

test('run on a busy port ends with 2 and names the key', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  try {
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    await inFile(UNREACHABLE, async (kubeconfig) => {
      const { code, stderr } = await main(['run', '-c', '-', '--kubeconfig', kubeconfig], (child) => child.stdin.end(`${RIGHT}http: { address: "${address}" }\n`));
      assert.deepEqual([code, stderr], [2, `signet: Cannot listen on "${address}" (http.address): another process listens there already\n`]);
    });
  } finally {
    taken.close();
  }
});

const PROBE: Command = defineCommand({
  name: 'probe',
  summary: '',
  help: '',
  positionals: '[NAME]',
  options: {
    config: { type: 'string', short: 'c', description: '' },
    output: { type: 'string', short: 'o', choices: ['table', 'json'], default: 'table', description: '' },
    all: { type: 'boolean', description: '' },
    tenant: { type: 'string', multiple: true, description: '' },
  },
  run: () => Promise.resolve(0),
});

async function cli(argv: readonly string[], env: Record<string, string> = {}): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => ({ isTTY: false, write: (text: string) => void (written[name] += text) });
  const code = await runCli(argv, { env, stdout: output('stdout'), stderr: output('stderr'), now: () => new Date(), signal: new AbortController().signal });
  return { code, ...written };
}

async function inFile(content: string | Buffer, use: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-cli-'));
  try {
    const file = join(folder, 'signet.yaml');
    await writeFile(file, content);
    await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function main(argv: readonly string[], act: (child: ReturnType<typeof start>) => unknown): Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }> {
  const child = start(argv);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk: Buffer) => (written[name] += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  await act(child);
  const [code, signal] = await closed;
  return { code, signal, ...written };
}

function start(argv: readonly string[]) {
  return spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, '../../src/main.ts'), ...argv], { stdio: ['pipe', 'pipe', 'pipe'] });
}
