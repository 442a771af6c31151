import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '..', '..');

/** Runs `signet demo` as a user does; `meanwhile` is told what it has printed so far. */
function demo(args: readonly string[], meanwhile: (output: string, end: () => void) => void = () => undefined): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', 'demo', ...args], { cwd: ROOT, env: { ...process.env, NO_COLOR: '1' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      meanwhile(output, () => child.kill('SIGTERM'));
    });
  }
  return new Promise((resolve, reject) => child.once('error', reject).once('close', (code) => resolve({ code, output })));
}

/** The cells of the line that starts with these. */
function row(output: string, ...first: readonly string[]): string[] | undefined {
  return output.split('\n').map((line) => line.split(/ {3,}/)).find((cells) => first.every((cell, i) => cells[i] === cell));
}

describe('the demo', () => {
  test('serves two tenants, refuses both thefts, and every handshake comes out as the certificates say', async () => {
    const { code, output } = await demo([]);
    assert.equal(code, 0, output);
    assert.deepEqual(row(output, 'istiod', 'foo/curl', 'foo')?.slice(3, 5), ['issued', 'CN=foo']);
    assert.deepEqual(row(output, 'istiod', 'bar/curl', 'bar')?.slice(3, 5), ['issued', 'CN=bar']);
    assert.deepEqual(row(output, 'istiod', 'bar/curl', 'foo')?.slice(3, 5), ['Failed (PolicyViolation)', '-']);
    assert.deepEqual(row(output, 'bar/curl itself', 'bar/curl', 'bar')?.slice(3, 5), ['issued', 'CN=bar']);
    assert.deepEqual(row(output, 'bar/curl itself', 'bar/curl', 'foo')?.slice(3, 5), ['Denied (PolicyViolation)', '-']);
    assert.match(output, /namespace: found "bar", allowed only namespaces that signer "clusterissuers\.cert-manager\.io\/foo" serves/);
    assert.equal(row(output, 'foo/curl', 'foo/httpbin')?.[2], 'ok');
    assert.equal(row(output, 'bar/curl', 'bar/httpbin')?.[2], 'ok');
    assert.equal(row(output, 'foo/curl', 'bar/httpbin')?.[2], 'refused');
    assert.equal(row(output, 'bar/curl', 'foo/httpbin')?.[2], 'refused');
    const { caCertificates } = parse(output.slice(output.indexOf('caCertificates:'), output.indexOf('\nEverything'))) as { caCertificates: { certSigners: string[] }[] };
    assert.deepEqual(caCertificates.map(({ certSigners }) => certSigners), [['clusterissuers.cert-manager.io/bar'], ['clusterissuers.cert-manager.io/foo']]);
  });

  test('with other tenants says nothing of foo and bar', async () => {
    const { code, output } = await demo(['--tenants', 'red,green,blue']);
    assert.equal(code, 0, output);
    assert.deepEqual(row(output, 'istiod', 'green/curl', 'red')?.slice(3, 5), ['Failed (PolicyViolation)', '-']);
    assert.deepEqual(row(output, 'istiod', 'blue/curl', 'blue')?.slice(3, 5), ['issued', 'CN=blue']);
    assert.doesNotMatch(output, /\b(foo|bar)\b/);
  });

  test('with the first tenant\'s rule opened shows the theft as issued, and fails', async () => {
    const { code, output } = await demo(['--open']);
    assert.equal(code, 1, output);
    assert.deepEqual(row(output, 'istiod', 'bar/curl', 'foo')?.slice(3, 5), ['issued', 'CN=foo']);
    assert.match(output, /NOT AS PROMISED/);
  });

  test('with --keep stays up, and its kubeconfig opens the API until it is ended', async () => {
    let answered: Promise<{ items: { metadata: { name: string }; status: { conditions: { type: string }[] } }[] }> | undefined;
    const { code, output } = await demo(['--keep'], (sofar, end) => {
      const file = /KUBECONFIG=(\S+)/.exec(sofar)?.[1];
      if (file === undefined || answered !== undefined || !sofar.includes('/metrics')) return;
      answered = listRequests(file);
      answered.then(end, end);
    });
    const { items } = (await answered) ?? { items: [] };
    assert.equal(code, 0, output);
    assert.equal(items.some(({ status }) => status.conditions.some(({ type }) => type === 'Denied')), true, 'the denied request is still there');
  });

  for (const [tenants, problem] of [['foo', 'two tenants or more'], ['foo,foo', 'each once'], ['foo,Bar', '"Bar" cannot be a tenant'], ['foo,istio-system', '"istio-system" cannot be a tenant']] as const) {
    test(`does not take --tenants ${tenants}`, async () => {
      const { code, output } = await demo(['--tenants', tenants]);
      assert.equal(code, 2);
      assert.ok(output.includes(problem), output);
    });
  }
});

async function listRequests(file: string): Promise<{ items: { metadata: { name: string }; status: { conditions: { type: string }[] } }[] }> {
  assert.equal((await stat(file)).mode & 0o077, 0, 'only its owner may read the kubeconfig');
  const config = parse(await readFile(file, 'utf8')) as { clusters: [{ cluster: { 'server': string; 'certificate-authority-data': string } }]; users: [{ user: { token: string } }] };
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const dispatcher = new Agent({ connect: { ca: Buffer.from(ca, 'base64').toString() } });
  try {
    const { body } = await request(`${server}/apis/certificates.k8s.io/v1/certificatesigningrequests`, { dispatcher, headers: { authorization: `Bearer ${config.users[0].user.token}` } });
    return (await body.json()) as { items: { metadata: { name: string }; status: { conditions: { type: string }[] } }[] };
  } finally {
    await dispatcher.close();
  }
}
