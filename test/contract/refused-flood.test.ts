// What a flood of requests that are refused costs the API server: the one write that each needs, and a few Events for all of them.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { startApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { secretFiles, testRoot } from '../support/authority.ts';
import { rememberingLog } from '../support/ports.ts';
import { csrPem, spiffe } from '../support/requests.ts';
import { until } from '../support/rig/until.ts';

const FLOOD = 1_000;

test(`${FLOOD} refused requests of one requester cost ${FLOOD} writes and some fifty Events and lines; the record has each`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'signet-flood-'));
  const calls = new Map<string, number>();
  const sandbox = await startSandbox({
    onRequest({ method, path }) {
      const call = `${method} ${path.replace(/csr-\d+/, 'NAME')}`;
      calls.set(call, (calls.get(call) ?? 0) + 1);
    },
  });
  const stop = new AbortController();
  try {
    const data = Object.fromEntries(Object.entries(secretFiles(testRoot({ name: 'foo', notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 86_400_000_000) }))).map(([key, value]) => [key, value.toString('base64')]));
    const request = Buffer.from(csrPem({ names: [spiffe('foo')] })).toString('base64');
    const csr = (_: unknown, i: number): object => ({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: `csr-${i}` }, spec: { signerName: 'signers.example.test/foo', usages: ['digital signature', 'client auth'], request } });
    sandbox.load([
      ...['signet-system', 'cas'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'foo', namespace: 'cas' }, data },
      ...Array.from({ length: FLOOD }, csr),
    ]);
    const file = join(dir, 'record.jsonl');
    const parsed = parseConfig(`signers: { name: signers.example.test/foo, ca: { secret: cas/foo }, allow: { namespaces: foo } }\nhttp: { address: "127.0.0.1:0" }\naudit: { file: ${file} }`);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const log = rememberingLog();
    const started = performance.now();
    const connection = await connect({ kubeconfigText: sandbox.kubeconfig(), env: {}, userAgent: 'signet-test', log });
    const app = await startApp({ config: parsed.config, connection, namespace: 'signet-system', version: 'test', log }, stop.signal);
    const count = (call: string): number => calls.get(call) ?? 0;
    await until(() => count('PATCH /apis/certificates.k8s.io/v1/certificatesigningrequests/NAME/approval') >= FLOOD, { what: 'all to be refused', seconds: 120, otherwise: () => Object.fromEntries(calls) });
    const page = await (await fetch(`http://127.0.0.1:${app.http.port}/metrics`)).text();
    stop.abort();
    await app.ended;
    const seconds = (performance.now() - started) / 1_000;

    assert.equal(count('PATCH /apis/certificates.k8s.io/v1/certificatesigningrequests/NAME/approval'), FLOOD);
    assert.deepEqual([...calls.keys()].filter((call) => call.includes('NAME')).length, 1, 'no other call about one request');
    assert.match(page, new RegExp(`^signet_requests_total\\{signer="signers.example.test/foo",outcome="denied",reason="PolicyViolation"\\} ${FLOOD}$`, 'm'));
    const events = count('POST /api/v1/namespaces/default/events');
    assert.ok(events > 0 && events <= 51 + seconds / 5, `${events} Events in ${seconds} s`);
    const denied = log.lines.filter(({ message }) => message === 'denied').length;
    assert.ok(denied >= 50 && denied <= 51 + seconds, `${denied} lines in ${seconds} s`);
    const rest = log.lines.filter(({ message }) => message === 'more refusals, told by their number').reduce((sum, { fields }) => sum + Number(fields['count']), 0);
    assert.equal(denied + rest, FLOOD);
    assert.equal((await readFile(file, 'latin1')).match(/"what":"denied"/g)?.length, FLOOD);
  } finally {
    stop.abort();
    await sandbox.stop();
    await rm(dir, { recursive: true });
  }
});
