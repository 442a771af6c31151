import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import * as pkijs from 'pkijs';
import { corresponds } from '../../src/core/corresponds.ts';
import { decide } from '../../src/core/decide.ts';
import type { Observed } from '../../src/core/observed.ts';
import { OID } from '../../src/core/oid.ts';
import { isUsage } from '../../src/core/usage.ts';
import { issue, testRoot } from '../support/authority.ts';
import { NOON, after } from '../support/clock.ts';
import { mutants, type Mutant } from '../support/mutants.ts';
import { alternative, policyOf, signer } from '../support/policy.ts';
import { ISTIOD } from '../support/requests.ts';

const COUNT = Number(process.env['SIGNET_MUTANTS'] ?? 20_000);
const SEED = Number(process.env['SIGNET_MUTANT_SEED'] ?? 20260304);

/** The longest a mutant may take: a good request takes about 1 ms, so this is a hang and not a slow machine. */
const MAX_MILLISECONDS = 2_000;

const SIGNER = 'clusterissuers.cert-manager.io/foo';
const USAGES = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const POLICY = policyOf([signer(SIGNER, [alternative({ namespaces: ['foo'] })]), signer('clusterissuers.cert-manager.io/bar', [alternative({ namespaces: ['bar'] })])]);
const AUTHORITY = testRoot({ name: 'foo' });
const CA_KEY = new X509Certificate(AUTHORITY.certificate.der).publicKey;

describe(`${COUNT} mutants of good requests, seed ${SEED}`, () => {
  it('are refused or get exactly the certificate that was planned', (t) => {
    const fates: Record<Fate, number> = { 'not a request': 0, 'refused by policy': 0, 'signed': 0 };
    let slowest = 0;
    const source = mutants(SEED);
    for (let i = 0; i < COUNT; i += 1) {
      const mutant = source.next().value;
      const start = performance.now();
      fates[fate(mutant, i)] += 1;
      slowest = Math.max(slowest, performance.now() - start);
    }
    const reached = fates['refused by policy'] + fates.signed;
    t.diagnostic(`seed ${SEED}: ${COUNT} mutants, ${share(reached)} reached the policy, ${share(fates.signed)} signed, slowest ${slowest.toFixed(1)} ms`);
    assert.ok(reached >= COUNT / 5, `only ${share(reached)} of the mutants reached the policy: the generator has become too coarse`);
    assert.ok(fates.signed >= COUNT / 100, `only ${share(fates.signed)} of the mutants were signed: the generator has become too coarse`);
    assert.ok(slowest < MAX_MILLISECONDS, `a mutant took ${slowest.toFixed(0)} ms`);
  });

  it('would show a hole: with the rule about namespaces off, another namespace gets a certificate of the CA of foo', () => {
    const source = mutants(SEED);
    const withHole = (): void => {
      for (let i = 0; i < 1_000; i += 1) fate(source.next().value, i, ['namespace']);
    };
    assert.throws(withHole, /got a certificate for URI:spiffe:\/\/cluster\.local\/ns\/(?!foo\/)/);
  });

  it('are the same ones for the same seed, and others for another', () => {
    const how = (seed: number): string[] => {
      const source = mutants(seed);
      return Array.from({ length: 50 }, () => source.next().value.how);
    };
    assert.deepEqual(how(SEED), how(SEED));
    assert.notDeepEqual(how(SEED), how(SEED + 1));
  });
});

type Fate = 'not a request' | 'refused by policy' | 'signed';

/** Takes a mutant the whole way that a request goes in the process, with an approval by istiod. */
function fate(mutant: Mutant, i: number, without: readonly string[] = []): Fate {
  const serial = Buffer.alloc(16, 1);
  serial.writeUInt32BE(i);
  const step = during(mutant, i, () => decide({ observed: observed(mutant), policy: POLICY, authority: { ready: true, chain: AUTHORITY.chain }, now: NOON, serial }, { without }));
  if (step.do === 'refuse') {
    assert.match(step.message, /^[ -~…§]+$/, `${label(mutant, i)}: a message for people has only characters that a terminal shows`);
    return step.reason === 'InvalidRequest' ? 'not a request' : 'refused by policy';
  }
  assert.equal(step.do, 'issue', label(mutant, i));
  if (step.do !== 'issue') throw new Error('unreachable');
  const plan = step.plan;
  const chain = during(mutant, i, () => issue(plan, AUTHORITY));
  assert.deepEqual(corresponds(plan, chain, AUTHORITY.root), [], label(mutant, i));
  assert.equal(seenByNode(chain[0]?.der ?? new Uint8Array(), mutant, i), namesByPkijs(mutant), `${label(mutant, i)}: another reader sees other names in the request`);
  return 'signed';
}

/** What a reader that shares no code with ours sees in the certificate: one workload of foo, no CA, no longer than allowed. Gives its names. */
function seenByNode(der: Uint8Array, mutant: Mutant, i: number): string {
  const certificate = new X509Certificate(der);
  assert.match(certificate.subjectAltName ?? '', /^URI:spiffe:\/\/cluster\.local\/ns\/foo\/sa\/[a-z0-9.-]+$/, `${label(mutant, i)} got a certificate for ${certificate.subjectAltName}`);
  assert.equal(certificate.subject ?? '', '', label(mutant, i));
  assert.equal(certificate.ca, false, label(mutant, i));
  assert.ok(new Date(certificate.validTo) <= after(24 * 3600), label(mutant, i));
  assert.ok(certificate.verify(CA_KEY), label(mutant, i));
  return certificate.subjectAltName ?? '';
}

/** The URIs that a reader that shares no code with ours sees in the request. */
function namesByPkijs({ text }: Mutant): string {
  const request = pkijs.CertificationRequest.fromBER(Buffer.from(text.replace(/-----.*-----/g, ''), 'base64'));
  const [value] = request.attributes?.find(({ type }) => type === OID.extensionRequest)?.values ?? [];
  const { extensions } = new pkijs.Extensions({ schema: value });
  const san = extensions.find(({ extnID }) => extnID === OID.subjectAltName)?.parsedValue as pkijs.AltName | undefined;
  return (san?.altNames ?? []).map(({ type, value: name }) => (type === 6 ? `URI:${String(name)}` : `[${type}]`)).join(', ');
}

function observed({ text }: Mutant): Observed {
  return {
    name: 'csr-workload-x',
    uid: '0',
    resourceVersion: '1',
    signerName: SIGNER,
    requester: { username: ISTIOD, uid: '', groups: [] },
    request: Buffer.from(text, 'latin1'),
    usages: USAGES.filter(isUsage),
    expirationSeconds: null,
    annotations: {},
    state: 'approved',
  };
}

/** Nothing may throw: an exception is a bug of ours, and the request that causes it would be retried for ever. */
function during<T>(mutant: Mutant, i: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${label(mutant, i)}\n${mutant.text}`, { cause: error });
  }
}

function label({ how }: Mutant, i: number): string {
  return `mutant ${i} of seed ${SEED} (${how})`;
}

function share(count: number): string {
  return `${count} (${((count / COUNT) * 100).toFixed(1)} %)`;
}
