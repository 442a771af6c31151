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
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
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
    const request = Buffer.from(csrPem({ names: [spiffe('foo')] })).toString('base64');
    const csr = (_: unknown, i: number): object => ({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: `csr-${i}` }, spec: { signerName: 'signers.example.test/foo', usages: ['digital signature', 'client auth'], request } });
    sandbox.load([
      ...['signet-system', 'cas'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
      caSecret('foo', testRoot({ name: 'foo', ...validNow() }), 'cas'),
      ...Array.from({ length: FLOOD }, csr),
    ]);
    const file = join(dir, 'record.jsonl');
    const parsed = parseConfig(`signers: { name: signers.example.test/foo, ca: { secret: cas/foo }, allow: { namespaces: foo } }\nhttp: { address: "127.0.0.1:0" }\naudit: { file: ${file} }`);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const log = rememberingLog();
    const started = performance.now();
    const connection = await connect({ kubeconfigText: sandbox.kubeconfig(), env: {}, userAgent: 'signet-test', log });
    const app = await startApp({ config: parsed.config, connection, namespace: 'signet-system', version: 'test', log }, stop.signal);
    /** About one request or another, by what is called. */
    const aboutRequests = (): [string, number][] => [...calls].flatMap(([call, count]) => (call.includes('/NAME') ? [[call.replace(/^(PUT|PATCH) /, ''), count]] : []));
    const denials: [string, number][] = [['/apis/certificates.k8s.io/v1/certificatesigningrequests/NAME/approval', FLOOD]];
    await until(() => JSON.stringify(aboutRequests()) === JSON.stringify(denials), { what: 'all to be refused', seconds: 120, otherwise: () => Object.fromEntries(calls) });
    const page = await (await fetch(`http://127.0.0.1:${app.http.port}/metrics`)).text();
    stop.abort();
    await app.ended;
    const seconds = (performance.now() - started) / 1_000;

    assert.deepEqual(aboutRequests(), denials, 'one write for each');
    assert.match(page, new RegExp(`^signet_requests_total\\{signer="signers.example.test/foo",outcome="denied",reason="PolicyViolation"\\} ${FLOOD}$`, 'm'));
    const events = calls.get('POST /api/v1/namespaces/default/events') ?? 0;
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
