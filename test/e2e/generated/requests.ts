import { octetString, sequence, boolean } from '../../../src/core/der-writer.ts';
import type { GeneralName } from '../../../src/core/general-name.ts';
import { OID } from '../../../src/core/oid.ts';
import { USAGES } from '../../../src/core/usage.ts';
import type { User } from '../../contract/client.ts';
import type { Random } from '../../support/der/random.ts';
import type { KeyKind } from '../../support/keys.ts';
import { mutants } from '../../support/mutants.ts';
import { commonName, csrPem, dns, email, EMPTY_SUBJECT, ip, ISTIO_SUBJECT, ISTIOD, otherName, spiffe, uri } from '../../support/requests.ts';

/** One request as somebody creates it, and how it came about, for whoever has to explain a difference. */
export type Generated = {
  readonly how: string;
  readonly as: User;
  readonly signerName: string;
  readonly pem: string;
  readonly usages: readonly string[];
  readonly expirationSeconds: number | undefined;
  readonly annotations: Readonly<Record<string, string>>;
};

const DOMAIN = 'signers.example.test';
export const REGISTRAR = account('registry', 'registrar');
export const GUEST = account('shop', 'guest');

/** A signer of each kind that the policy knows: by namespace, with bounds of its own, for what nobody else has, by account, and by name. */
export const CONFIG = `
trustDomain: cluster.local
requesters:
  - user: ${ISTIOD}
    approves: true
    vouches: { namespaces: ["*"] }
  - user: ${REGISTRAR}
    vouches: { namespaces: [registry], signers: [${DOMAIN}/registry] }
signers:
  - name: ${DOMAIN}/foo
    ca: { secret: cas/foo }
    allow: [{ namespaces: [foo, foo-canary] }]
  - name: ${DOMAIN}/bar
    ca: { secret: cas/bar }
    allow:
      - { namespaces: [bar], keys: [P-256], usages: [digital signature, client auth] }
      - { namespaces: [bar], keys: [Ed25519, P-384] }
    lifetime: { default: 1h, max: 2h }
  - name: ${DOMAIN}/shop
    ca: { secret: cas/shop }
    allow: [{ namespaces: [shop], serviceAccounts: ["shop/web-*", shop/guest] }]
  - name: ${DOMAIN}/registry
    ca: { secret: cas/registry }
    approval: external
    approvers: [{ user: approver }]
    allow: [{ requesters: [${REGISTRAR}], dnsNames: ["*.registry.svc", registry.example.test], ipAddresses: [10.0.0.0/8], uris: ["https://registry.example.test/*"] }]
  - name: ${DOMAIN}/mesh
    ca: { secret: cas/mesh }
    allow:
      - { namespaces: [unclaimed] }
      - { requesters: [${ISTIOD}], dnsNames: ["*.istio-system.svc"], ipAddresses: [127.0.0.0/8] }
http: { address: "127.0.0.1:0" }
`;

/** What is asked where it is right, by whom, and for which names. */
type Case = { readonly signer: string; readonly as: string; readonly names: (random: Random) => GeneralName[]; readonly keys: readonly KeyKind[]; readonly usages: readonly string[] };

const TLS = ['digital signature', 'key encipherment', 'server auth', 'client auth'];
const ANY_KEY: readonly KeyKind[] = ['P-256', 'P-256', 'P-384', 'P-521', 'Ed25519', 'RSA-2048'];
const RIGHT: readonly Case[] = [
  { signer: 'foo', as: ISTIOD, names: (random) => [spiffe(random.pick(['foo', 'foo-canary']), random.pick(['app', 'httpbin', 'a.b']))], keys: ANY_KEY, usages: TLS },
  { signer: 'foo', as: account('foo', 'app'), names: () => [spiffe('foo', 'app')], keys: ANY_KEY, usages: TLS },
  { signer: 'bar', as: ISTIOD, names: () => [spiffe('bar', 'app')], keys: ['Ed25519', 'P-384'], usages: TLS },
  { signer: 'bar', as: account('bar', 'app'), names: () => [spiffe('bar', 'app')], keys: ['P-256'], usages: ['digital signature', 'client auth'] },
  { signer: 'shop', as: ISTIOD, names: (random) => [spiffe('shop', random.pick(['web-1', 'web-', 'guest']))], keys: ANY_KEY, usages: TLS },
  { signer: 'shop', as: GUEST, names: () => [spiffe('shop', 'guest')], keys: ANY_KEY, usages: TLS },
  { signer: 'registry', as: REGISTRAR, names: (random) => random.pick([[dns('a.registry.svc')], [dns('registry.example.test'), ip('10.1.2.3')], [uri('https://registry.example.test/v2')]]), keys: ANY_KEY, usages: TLS },
  { signer: 'mesh', as: ISTIOD, names: (random) => [spiffe(random.pick(['baz', 'default', 'istio-system']), 'sleep')], keys: ANY_KEY, usages: TLS },
  { signer: 'mesh', as: ISTIOD, names: () => [dns('istiod.istio-system.svc'), dns('istio-pilot.istio-system.svc'), ip('127.0.0.1')], keys: ANY_KEY, usages: TLS },
];

const SIGNERS = ['foo', 'bar', 'shop', 'registry', 'mesh'];
const ASKERS = [ISTIOD, REGISTRAR, GUEST, account('foo', 'app'), account('bar', 'app'), account('foo', 'istiod'), account('istio-system', 'istiod2'), 'alice', 'spiffe://cluster.local/ns/foo/sa/app', 'system:node:foo-1'];
const STRANGE: readonly ((random: Random) => GeneralName)[] = [
  (random) => spiffe(random.pick(['foo', 'bar', 'shop', 'fo', 'foo-bar', 'Foo', 'foo.', '..', 'f%6fo', '']), random.pick(['app', 'web-1', '', 'app/..', 'a b'])),
  (random) => spiffe('foo', 'app', random.pick(['CLUSTER.LOCAL', 'cluster.local.', 'cluster.local:443', 'td2', 'cluster.local@evil'])),
  (random) => uri(random.pick(['spiffe://cluster.local/ns/foo/sa/app?x', 'spiffe://cluster.local/ns/foo/sa/app#x', 'spiffe:///ns/foo/sa/app', 'SPIFFE://cluster.local/ns/foo/sa/app', 'https://registry.example.test/../x', 'https://registry.example.test/a/b', 'urn:x'])),
  (random) => dns(random.pick(['istiod.istio-system.svc', '*.istio-system.svc', 'a.b.registry.svc', 'registry.svc', 'xn--bcher-kva.example', 'kubernetes.default', 'REGISTRY.example.test', '-a.registry.svc'])),
  (random) => ip(random.pick(['127.0.0.1', '10.0.0.1', '11.0.0.1', '::1', '192.168.0.1'])),
  () => email('a@foo.example'),
  () => otherName('spiffe://cluster.local/ns/foo/sa/app'),
];

type Shape = { readonly case: Case; as: string; signer: string; names: GeneralName[]; key: KeyKind; subject: Uint8Array; usages: string[]; extensions: { oid: string; critical: boolean; value: Uint8Array }[]; expirationSeconds: number | undefined; annotations: Record<string, string>; pem: string | null };
type Change = { readonly name: string; readonly apply: (shape: Shape, random: Random) => void };

/** Each takes a right request one detail away from right, or nearly so: some leave it right, as a border has two sides. */
const CHANGES: readonly Change[] = [
  { name: 'another signer', apply: (shape, random) => void (shape.signer = random.pick(SIGNERS)) },
  { name: 'another requester', apply: (shape, random) => void (shape.as = random.pick(ASKERS)) },
  { name: 'a strange name instead', apply: (shape, random) => void (shape.names = [random.pick(STRANGE)(random)]) },
  { name: 'a strange name as well', apply: (shape, random) => void shape.names.push(random.pick(STRANGE)(random)) },
  { name: 'the names of another case', apply: (shape, random) => void (shape.names = random.pick(RIGHT).names(random)) },
  { name: 'the same name twice', apply: (shape) => void shape.names.push(...shape.names) },
  { name: 'no name', apply: (shape) => void (shape.names = []) },
  { name: 'a common name', apply: (shape, random) => void (shape.subject = commonName(random.pick(['app', 'istiod.istio-system.svc', 'kubernetes-admin', '']))) },
  { name: 'an empty subject', apply: (shape) => void (shape.subject = EMPTY_SUBJECT) },
  { name: 'another key', apply: (shape, random) => void (shape.key = random.pick(ANY_KEY)) },
  { name: 'one usage more', apply: (shape, random) => void (shape.usages = [...new Set([...shape.usages, random.pick(USAGES)])]) },
  { name: 'one usage less', apply: (shape, random) => void shape.usages.splice(random.below(shape.usages.length), shape.usages.length > 1 ? 1 : 0) },
  { name: 'usages in another order', apply: (shape) => void shape.usages.reverse() },
  { name: 'basicConstraints in the request', apply: (shape, random) => void shape.extensions.push({ oid: OID.basicConstraints, critical: true, value: random.chance(0.5) ? sequence() : sequence(boolean(true)) }) },
  { name: 'an unknown extension', apply: (shape, random) => void shape.extensions.push({ oid: '1.3.6.1.4.1.55555.1', critical: random.chance(0.5), value: octetString(random.bytes(4)) }) },
  { name: 'a lifetime', apply: (shape, random) => void (shape.expirationSeconds = random.pick([600, 3600, 7200, 7201, 86_400, 315_360_000])) },
  { name: 'a duration annotation', apply: (shape, random) => void (shape.annotations['experimental.cert-manager.io/request-duration'] = random.pick(['1h', '10m', '-1h', '90d', 'x', ''])) },
  { name: 'the annotation for a CA', apply: (shape, random) => void (shape.annotations['experimental.cert-manager.io/request-is-ca'] = random.pick(['true', 'false'])) },
  { name: 'a foreign annotation', apply: (shape) => void (shape.annotations['example.test/note'] = 'x') },
  { name: 'other bytes', apply: (shape, random) => void (shape.pem = mutants(random.below(2 ** 31)).next().value.text) },
];

/** Endless requests, the same ones for the same random stream but for their keys: two of five are right, the others one to three changes away. */
export function* generatedRequests(random: Random): Generator<Generated, never> {
  for (;;) {
    const right = random.pick(RIGHT);
    const shape: Shape = { case: right, as: right.as, signer: right.signer, names: right.names(random), key: random.pick(right.keys), subject: ISTIO_SUBJECT, usages: [...right.usages], extensions: [], expirationSeconds: undefined, annotations: {}, pem: null };
    const changes = Array.from({ length: random.pick([0, 0, 1, 1, 2, 3]) }, () => random.pick(CHANGES));
    for (const { apply } of changes) apply(shape, random);
    const { as, signer, names, key, subject, usages, extensions, expirationSeconds, annotations, pem } = shape;
    yield {
      how: `${right.signer} as ${right.as}: ${changes.map(({ name }) => name).join(', ') || 'as it is right'}`,
      as: userOf(as),
      signerName: `${DOMAIN}/${signer}`,
      pem: pem ?? csrPem({ key, names, subject, extensions }),
      usages,
      expirationSeconds,
      annotations,
    };
  }
}

export function userOf(name: string): User {
  const [, namespace] = /^system:serviceaccount:([^:]+):/.exec(name) ?? [];
  return { user: name, groups: ['system:authenticated', ...(namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`])] };
}

function account(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
