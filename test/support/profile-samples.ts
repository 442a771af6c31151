import type { Certificate } from '../../src/core/certificate.ts';
import { certificatePem } from '../../src/core/certificate.ts';
import type { Plan } from '../../src/core/plan.ts';
import { chainPem, issue, testIntermediate, testRoot, type TestAuthority } from './authority.ts';
import { NOON, after } from './clock.ts';
import { KEY_KINDS, type KeyKind } from './keys.ts';
import { plan, type PlanShape } from './plans.ts';
import { EMPTY_SUBJECT, dns, ip, spiffe, uri } from './requests.ts';

/** One issued chain with the anchor that verifies it, in a form that a judge outside Node reads. */
export type ProfileSample = {
  readonly name: string;
  readonly plan: Plan;
  readonly authority: TestAuthority;
  readonly certificate: Certificate;
  /** PEM, the leaf first, without the root. */
  readonly chain: string;
  readonly roots: string;
  /** When it is valid. */
  readonly at: Date;
};

/** RSA-3072 signs as RSA-4096 does. */
const CA_KINDS: readonly KeyKind[] = KEY_KINDS.filter((kind) => kind !== 'RSA-3072');

/** A certificate of each kind of key from a CA of each kind, below a root and below an intermediate; and one of each odd shape. */
export function profileSamples(): ProfileSample[] {
  const byKind = CA_KINDS.flatMap((kind) => {
    const root = testRoot({ name: `${kind} root`, key: kind });
    const intermediate = testIntermediate(root, { name: `${kind} intermediate`, key: kind, pathLength: 0 });
    return [
      ...KEY_KINDS.map((key) => sample(`${key} from a ${kind} root`, root, { key })),
      ...KEY_KINDS.map((key) => sample(`${key} from a ${kind} intermediate`, intermediate, { key })),
    ];
  });
  const root = testRoot({ name: 'odd shapes root' });
  const deep = testIntermediate(testIntermediate(root, { name: 'upper', key: 'RSA-2048' }), { name: 'lower', key: 'Ed25519' });
  const lasting = testRoot({ name: 'lasting root', notAfter: new Date('2080-01-01T00:00:00Z') });
  const month = 30 * 24 * 3600;
  return [
    ...byKind,
    sample('istiod\'s serving certificate', root, { key: 'RSA-2048', names: [dns('istio-pilot.istio-system.svc'), dns('istiod.istio-system.svc'), ip('127.0.0.1')], usages: ['digital signature', 'key encipherment', 'server auth'] }),
    sample('ztunnel\'s, with an empty subject', root, { subject: EMPTY_SUBJECT }),
    sample('names of every form', root, { names: [dns('api.foo.svc'), dns('*.foo.svc'), ip('10.0.0.1'), ip('fd00::1'), uri('https://foo.example/hook')] }),
    sample('the longest names', root, { names: [spiffe('n'.repeat(63), `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`)] }),
    sample('two intermediates of other kinds of keys', deep, { key: 'P-384' }),
    sample('client auth alone', root, { usages: ['digital signature', 'client auth'] }),
    sample('a client that asks for key encipherment, as Kubernetes\' own did for long', root, { key: 'RSA-2048', usages: ['digital signature', 'key encipherment', 'client auth'] }),
    sample('code signing', root, { usages: ['digital signature', 'code signing'] }),
    sample('key agreement', root, { usages: ['digital signature', 'key agreement', 'server auth'] }),
    sample('data encipherment', root, { key: 'RSA-2048', usages: ['digital signature', 'data encipherment', 'email protection'] }),
    sample('an end after 2050', lasting, { lifetime: 30 * 12 * month, limits: { default: month, max: 40 * 12 * month } }),
    sample('a validity after 2050', testRoot({ name: 'late root', notBefore: new Date('2049-12-31T00:00:00Z'), notAfter: new Date('2060-01-01T00:00:00Z') }), { now: new Date('2051-06-01T00:00:00Z') }),
    sample('a lifetime cut by the end of the CA', testRoot({ name: 'ending root', notAfter: after(4 * 3600) }), {}),
    sample('half a minute', root, { lifetime: 30 }),
  ];
}

function sample(name: string, authority: TestAuthority, shape: PlanShape): ProfileSample {
  const planned = plan(authority, shape);
  const path = issue(planned, authority);
  const [certificate] = path;
  if (certificate === undefined) throw new Error('a chain has a leaf');
  return { name, plan: planned, authority, certificate, chain: chainPem(path.slice(0, -1)), roots: certificatePem(authority.root), at: shape.now ?? NOON };
}
