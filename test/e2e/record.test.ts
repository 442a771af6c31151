// The record against SIGKILL: the built program on the sandbox, killed at chosen and at any moments, and a watcher of its own that
// sees every certificate that leaves. Whatever happens, no certificate is out that is not in the record, and the record holds.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { connectTo, type Client, type Watching } from '../contract/client.ts';
import { buildProgram } from '../house/build.ts';
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { seeded } from '../support/der/random.ts';
import { testKey } from '../support/keys.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import { until } from '../support/rig/until.ts';

const SIGNER = 'signers.example.test/foo';
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const WEB = { user: 'system:serviceaccount:foo:web', groups: ['system:serviceaccounts', 'system:masters'] };
const KILLS = 50;
const SEED = 20_260_105;

/** Runs before the program. Of its writes to a file, the one that begins to hold `text` is what it is killed at. */
function killedAt(text: string, how: 'before' | 'half' | 'after'): string[] {
  const end = `process.kill(process.pid, 'SIGKILL');`;
  const act = { before: end, half: `fs.writeSync(fd, bytes.subarray(at, at + Math.floor((bytes.length - at) / 2))); ${end}`, after: `fs.writeSync(fd, bytes.subarray(at)); ${end}` }[how];
  const code = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'; const write = fs.write;
    fs.write = (fd, bytes, at, ...rest) => { if (Buffer.isBuffer(bytes) && bytes.includes('"what":"${text}"')) { ${act} return; } write(fd, bytes, at, ...rest); };
    syncBuiltinESMExports();`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

describe('the record', () => {
  let [dir, program, kubeconfig] = ['', '', ''];
  let sandbox: Sandbox;
  let client: Client;
  let watching: Watching;
  /** Serial numbers of the certificates in any status, as the watcher saw them; by request. */
  const seen = new Map<string, string>();
  const running = new Set<ChildProcess>();
  /** Told of each request that the API has answered. */
  let onRequest: (verb: string, path: string) => void = () => undefined;
  const logged: string[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'signet-record-'));
    program = await buildProgram({ out: join(dir, 'program') });
    sandbox = await startSandbox({ onRequest: ({ method, path }) => onRequest(method, path) });
    const namespace = (name: string): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    sandbox.load([...['signet-system', 'cas', 'foo'].map(namespace), caSecret('foo', testRoot({ name: 'foo', ...validNow() }), 'cas')]);
    kubeconfig = join(dir, 'kubeconfig');
    await writeFile(kubeconfig, sandbox.kubeconfig());
    client = connectTo({ url: sandbox.url, ca: sandbox.ca, adminToken: sandbox.token({ user: 'admin', groups: ['system:masters'] }), forget: () => Promise.resolve(), stop: () => Promise.resolve() });
    watching = await client.watch(`${CSRS}?watch=1&resourceVersion=0`);
    void watchOn();
  });
  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    await watching[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    await sandbox.stop();
    await rm(dir, { recursive: true });
  });

  async function watchOn(): Promise<void> {
    for (;;) {
      const event = await watching.any(3_600).catch(() => undefined);
      if (event === undefined) return;
      const { metadata, status } = event.object as { metadata: { name: string }; status?: { certificate?: string } };
      if (status?.certificate !== undefined) seen.set(metadata.name, new X509Certificate(Buffer.from(status.certificate, 'base64')).serialNumber.toLowerCase());
    }
  }

  /** A configuration of its own record; `file` is where that is. */
  async function configured(name: string, audit: string): Promise<{ config: string; file: string }> {
    const [config, file] = [join(dir, `${name}.yaml`), join(dir, `${name}.jsonl`)];
    await writeFile(config, `signers: [{ name: ${SIGNER}, ca: { secret: cas/foo }, allow: { namespaces: foo } }]\nhttp: { address: "127.0.0.1:0" }\naudit: { file: ${file}, ${audit} }\n`);
    return { config, file };
  }

  function start(config: string, preload: readonly string[] = []): { child: ChildProcess; exited: Promise<unknown>; kill(): Promise<void>; stop(): Promise<void> } {
    const child = spawn(process.execPath, [...preload, program, 'run', '-c', config, '--kubeconfig', kubeconfig, '--log-format', 'json'], { cwd: dir, env: { PATH: process.env['PATH'], HOME: dir }, stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(child);
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      logged.push(...lines);
    });
    const exited = once(child, 'close').finally(() => running.delete(child));
    const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
      child.kill(signal);
      await exited;
    };
    return { child, exited, kill: end('SIGKILL'), stop: end('SIGTERM') };
  }

  async function create(): Promise<string> {
    const name = client.unique('csr');
    const spec = { signerName: SIGNER, usages: ['digital signature', 'client auth'], request: Buffer.from(csrPem({ names: [spiffe('foo', 'web')], key: testKey('P-256', name) })).toString('base64') };
    const { status, body } = await client.call('POST', CSRS, { as: WEB, body: { apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name }, spec } });
    assert.equal(status, 201, JSON.stringify(body));
    return name;
  }

  it('has what a kill at its own writes leaves: nothing, half a line, or an intent without an outcome; the next process goes on', async () => {
    const points = [
      { how: 'before', text: 'issuing', delivered: false, intents: 0, torn: false },
      { how: 'half', text: 'issuing', delivered: false, intents: 0, torn: true },
      { how: 'after', text: 'issuing', delivered: false, intents: 1, torn: false },
      { how: 'before', text: 'issued', delivered: true, intents: 1, torn: false },
      { how: 'half', text: 'issued', delivered: true, intents: 1, torn: true },
    ] as const;
    for (const [i, { how, text, delivered, intents, torn }] of points.entries()) {
      const { config, file } = await configured(`point-${i}`, `required: ${i % 2 === 0}`);
      const killed = start(config, killedAt(text, how));
      const name = await create();
      await killed.exited;
      assert.equal(killed.child.signalCode, 'SIGKILL', `killed ${how} "${text}" is written`);
      const issuing = (await recorded(file)).filter((entry) => entry.what === 'issuing' && entry.request === name);
      assert.equal(issuing.length, intents, `intents, killed ${how} "${text}"`);
      const halted = await verify([file]);
      assert.deepEqual([halted.ok, halted.torn > 0], [true, torn]);
      const { body } = await client.call('GET', `${CSRS}/${name}`);
      const { certificate } = (body as { status: { certificate?: string } }).status;
      assert.equal(certificate !== undefined, delivered);
      if (certificate !== undefined) assert.equal(new X509Certificate(Buffer.from(certificate, 'base64')).serialNumber.toLowerCase(), issuing[0]?.serial);

      const next = start(config);
      const later = await create();
      await until(() => seen.has(name) && seen.has(later), { what: 'both requests to be served' });
      await next.stop();
      const serials = await issuingSerials(file);
      for (const each of [name, later]) assert.ok(serials.has(seen.get(each) ?? ''), `the certificate of ${each} is in the record`);
      assert.equal((await recorded(file)).filter((entry) => entry.what === 'issuing' && entry.request === name).length, delivered ? 1 : intents + 1);
      assert.equal((await verify([file])).ok, true);
    }
  });

  it(`has every certificate that is out, and holds, after ${KILLS} kills at any moment (seed ${SEED})`, async () => {
    const random = seeded(SEED);
    const { config, file } = await configured('any', 'required: false, maxSize: 1Mi');
    const required = (await configured('any-required', 'required: true')).config;
    await writeFile(required, (await readFile(required, 'utf8')).replace('any-required.jsonl', 'any.jsonl'));
    const before = seen.size;
    const names: string[] = [];
    let kills = 0;
    for (let round = 0; round < KILLS; round += 1) {
      for (let i = 0; i < 15; i += 1) names.push(await create());
      // Anything from the first request to the API server to the last certificate of the round.
      let left = 1 + random.below(45);
      const turns = random.below(20);
      const reached = new Promise<void>((resolve) => {
        onRequest = (verb) => {
          if (verb !== 'POST' && (left -= 1) === 0) resolve();
        };
      });
      const process = start(round % 2 === 0 ? config : required);
      await Promise.race([reached, process.exited, until(() => names.every((name) => seen.has(name)), { what: 'the end of the round', seconds: 60 })]);
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      if (process.child.exitCode === null && process.child.signalCode === null) kills += 1;
      await process.kill();
      const halted = await verify(await filesOf(file));
      assert.ok(halted.ok, `after kill ${round + 1}: ${JSON.stringify(halted)}`);
    }
    onRequest = () => undefined;
    assert.equal(kills, KILLS, 'none ended by itself');
    const last = start(config);
    await until(() => names.every((name) => seen.has(name)), { what: 'all requests to be served', otherwise: () => names.filter((name) => !seen.has(name)).length });
    await last.stop();

    const files = await filesOf(file);
    const serials = new Set((await Promise.all(files.map(issuingSerials))).flatMap((each) => [...each]));
    const out = names.map((name) => seen.get(name) ?? '');
    assert.deepEqual(out.filter((serial) => !serials.has(serial)), [], 'certificates that the record does not have');
    assert.ok(seen.size - before >= KILLS * 15);

    // What was logged of it is what shows that it was cut or made anew.
    const heads = logged.flatMap((line) => /"message":"record".*"head":"([0-9a-f]{64})"/.exec(line)?.[1] ?? []);
    const head = heads.at(-1) ?? '';
    const whole = await verify(files, ['--head', head]);
    assert.deepEqual([whole.ok, whole.first], [true, 1]);
    const newest = files.at(-1) as string;
    const text = await readFile(newest, 'latin1');
    const copy = join(dir, 'tampered.jsonl');
    const others = files.slice(0, -1);
    const lines = text.trimEnd().split('\n');
    for (const [what, changed] of [
      ['edited', text.replace(/"serial":"(.)/, (_, digit: string) => `"serial":"${digit === '1' ? '2' : '1'}`)],
      ['without a line', lines.toSpliced(Math.floor(lines.length / 2), 1).join('\n').concat('\n')],
      ['cut', lines.slice(0, -3).join('\n').concat('\n')],
    ] as const) {
      await writeFile(copy, changed);
      assert.equal((await verify([...others, copy], ['--head', head])).ok, false, what);
    }
    await writeFile(copy, text);
    assert.equal((await verify([...others, copy], ['--head', head])).ok, true, 'the copy itself');
    // Made anew: all that was ever written, by a process that writes a right record of something else.
    const { config: anew, file: rewritten } = await configured('anew', 'required: true');
    const other = start(anew);
    const name = await create();
    await until(() => seen.has(name), { what: 'the request to be served' });
    await other.stop();
    assert.equal((await verify([rewritten])).ok, true);
    assert.equal((await verify([rewritten], ['--head', head])).ok, false, 'made anew');
  });

  async function filesOf(file: string): Promise<string[]> {
    return (await readdir(dir)).filter((name) => join(dir, name).startsWith(file)).sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).map((name) => join(dir, name));
  }
});

type Entry = { readonly what: string; readonly request?: string; readonly serial?: string };

async function recorded(file: string): Promise<Entry[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  lines.pop();
  return lines.map((line) => JSON.parse(line) as Entry);
}

async function issuingSerials(file: string): Promise<Set<string>> {
  return new Set((await recorded(file)).flatMap(({ what, serial }) => (what === 'issuing' && serial !== undefined ? [serial] : [])));
}

type Verdict = { readonly ok: boolean; readonly first: number; readonly torn: number };

/** As a user would, by the command. */
async function verify(files: readonly string[], more: readonly string[] = []): Promise<Verdict> {
  let stdout = '';
  const stream = { isTTY: false, write: (text: string) => void (stdout += text) };
  const code = await runCli(['audit', 'verify', ...files, ...more, '-o', 'json'], { env: {}, stdout: stream, stderr: process.stderr, now: () => new Date(), signal: new AbortController().signal });
  const verdict = JSON.parse(stdout) as Verdict;
  assert.equal(code, verdict.ok ? 0 : 1);
  return verdict;
}
