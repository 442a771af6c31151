import { boolean, namedBits, objectIdentifier, octetString, sequence, unsignedInteger, utf8String } from '../../src/core/der-writer.ts';
import type { GeneralName } from '../../src/core/general-name.ts';
import { parseAddressBlock, type AddressBlock } from '../../src/core/ip-address.ts';
import type { Labels } from '../../src/core/label-selector.ts';
import type { NamespaceLabels } from '../../src/core/namespace-claim.ts';
import { OID } from '../../src/core/oid.ts';
import { review, type Review } from '../../src/core/policy.ts';
import type { Policy } from '../../src/core/signer.ts';
import { ANY_EXTENDED_KEY_USAGE, DEFAULT_USAGES } from '../../src/core/usage.ts';
import type { Violation } from '../../src/core/violation.ts';
import type { KeyKind } from '../support/keys.ts';
import { ISTIOD_REQUESTER, alternative, policyOf, signer } from '../support/policy.ts';
import { EMPTY_SUBJECT, ISTIOD, ISTIO_SUBJECT, commonName, dns, email, ip, otherName, parsed, spiffe, subject, uri } from '../support/requests.ts';

/** Who asks which signer for what. */
export type Ask = {
  readonly from: string;
  readonly signer: string;
  readonly names: readonly GeneralName[];
  readonly usages: readonly string[];
  readonly key: KeyKind;
  readonly subject: Uint8Array;
  readonly extensions: readonly { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array }[];
  readonly annotations: Readonly<Record<string, string>>;
};

/** A refusal, why, and a twin that differs from it in one detail and is accepted. */
export type PolicyCase = {
  readonly rule: string;
  readonly refused: string;
  readonly ask: Partial<Ask>;
  readonly violations: readonly Violation[];
  readonly accepted: string;
  readonly twin: Partial<Ask>;
};

export const FOO = 'clusterissuers.cert-manager.io/foo';
export const BAR = 'clusterissuers.cert-manager.io/bar';
export const REST = 'clusterissuers.cert-manager.io/istio-system';
const OTHERS = 'clusterissuers.cert-manager.io/others';
const NARROW = 'clusterissuers.cert-manager.io/narrow';
const TEAMS = 'clusterissuers.cert-manager.io/teams';
const NAMES = 'clusterissuers.cert-manager.io/names';
const LABELLED = 'clusterissuers.cert-manager.io/labelled';
const WARM = 'clusterissuers.cert-manager.io/warm';
const STAGED = 'clusterissuers.cert-manager.io/staged';
const COMMON = 'clusterissuers.cert-manager.io/common';
const CLOSED = 'clusterissuers.cert-manager.io/closed';

const SA = 'system:serviceaccount:';
const FEDERATION = `${SA}federation:registrar`;
const EDGE = `${SA}edge:registrar`;
const SILENT = `${SA}edge:approver`;
const STRANGER = `${SA}istio-system:istiod-canary`;

const NETWORKS = ['127.0.0.0/8', '10.1.0.0/16', 'fd00:1::/32'].map((text): AddressBlock => {
  const block = parseAddressBlock(text);
  if (block === null) throw new Error(`${text} is not a network`);
  return block;
});

/** Two tenants, the rest of the mesh, and signers whose lists are as narrow as the rule that is looked at. */
export const POLICY = policyOf(
  [
    signer(FOO, [alternative({ namespaces: ['foo'] })]),
    signer(BAR, [alternative({ namespaces: ['bar'] })]),
    signer(REST, [alternative({ namespaces: ['unclaimed'] }), alternative({ requesters: [ISTIOD], dnsNames: ['*.istio-system.svc'], ipAddresses: NETWORKS.slice(0, 1) })]),
    signer(OTHERS, [alternative({ namespaces: ['unclaimed'] })]),
    signer(NARROW, [alternative({ namespaces: ['narrow'], serviceAccounts: ['narrow/web-*', 'narrow/db'], trustDomains: ['cluster.local', 'partner.example'], keys: [{ type: 'ECDSA', curve: 'P-256' }, { type: 'RSA', minBits: 3072, maxBits: 3072 }, { type: 'Ed25519' }], usages: ['digital signature', 'key encipherment', 'client auth'] })]),
    signer(TEAMS, [alternative({ namespaces: ['team-*'] })]),
    signer(NAMES, [alternative({ requesters: [ISTIOD, EDGE], dnsNames: ['*.names.svc', 'db-*.names.svc.cluster.local', '*.wild.example'], ipAddresses: NETWORKS, uris: ['https://names.example/*/hook', 'spiffe://partner.example/gateway', 'spiffe://cluster.local/ns/*/sa/*'] })]),
    signer(LABELLED, [alternative({ namespaces: [{ key: 'tenant', operator: 'In', values: ['a', 'b'] }] })]),
    signer(WARM, [alternative({ namespaces: [{ key: 'frozen', operator: 'DoesNotExist', values: [] }] })]),
    signer(STAGED, [alternative({ namespaces: [{ key: 'stage', operator: 'Exists', values: [] }] })]),
    signer(COMMON, [alternative({ namespaces: [{ key: 'tier', operator: 'NotIn', values: ['gold', 'silver'] }] })]),
    signer(CLOSED, []),
  ],
  [
    ISTIOD_REQUESTER,
    { user: FEDERATION, approves: false, vouches: { trustDomains: ['cluster.local', 'partner.example'], namespaces: ['*'], signers: 'all' } },
    { user: EDGE, approves: false, vouches: { trustDomains: ['cluster.local'], namespaces: ['team-a', 'narrow'], signers: [TEAMS, NARROW] } },
    { user: SILENT, approves: true, vouches: null },
  ],
);

/** The namespaces of the cluster; any other is not there. What is frozen and of gold, and nothing else, is claimed by no selector. */
export const LABELS: NamespaceLabels = new Map<string, Labels>([
  ['httpbin', { frozen: 'yes', tier: 'gold' }],
  ['teams', { frozen: '', tier: 'gold' }],
  ['tenant-a', { tenant: 'a', frozen: '', tier: 'gold' }],
  ['tenant-c', { tenant: 'c', tier: 'gold' }],
  ['plain', {}],
  ['staged', { stage: 'prod', tier: 'bronze' }],
]);

/** What is asked for where a case says nothing: istiod asks foo's signer for a workload of foo. */
const USUAL: Ask = { from: ISTIOD, signer: FOO, names: [spiffe('foo')], usages: DEFAULT_USAGES, key: 'P-256', subject: ISTIO_SUBJECT, extensions: [], annotations: {} };

export function whole(ask: Partial<Ask>): Ask {
  return { ...USUAL, ...ask };
}

/** The verdict on it; the request goes through the real parser. */
export function verdict(ask: Partial<Ask>, { policy = POLICY, without = [], namespaceLabels = LABELS }: { policy?: Policy; without?: readonly string[]; namespaceLabels?: NamespaceLabels } = {}): Review {
  const { from, signer: name, usages, annotations, ...shape } = whole(ask);
  const entry = policy.signers.find((each) => each.name === name);
  if (entry === undefined) throw new Error(`The test's policy has no signer ${name}`);
  return review({ request: parsed(shape), usages, requester: { username: from, uid: 'u', groups: [] }, signer: entry, policy, namespaceLabels, annotations }, { without });
}

const SAN = 'spec.request.subjectAltName';

function notIssued(found: string, by: string): Violation {
  return { field: SAN, found: `"${found}"`, allowed: `a name that signer "${by}" issues to this requester` };
}

function otherNamespace(namespace: string, by: string): Violation {
  return { field: 'namespace', found: `"${namespace}"`, allowed: `only namespaces that signer "${by}" serves` };
}

function notCredible(user: string, name: string, { itself, vouches = false }: { itself?: string; vouches?: boolean }): Violation {
  const line = vouches ? 'whose vouches cover this name' : `with vouches; to trust this one, add under requesters: - { user: "${user}", approves: true, vouches: { namespaces: [...] } }`;
  return { field: 'spec.username', found: `"${user}" asking for "${name}"`, allowed: `${itself === undefined ? '' : `"${itself}" itself, or `}a user listed under requesters ${line}` };
}

const extension = (oid: string, value: Uint8Array): Ask['extensions'][number] => ({ oid, critical: false, value });
const extendedUsage = (...oids: string[]): Ask['extensions'][number] => extension(OID.extKeyUsage, sequence(...oids.map(objectIdentifier)));
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

export const POLICY_CASES: readonly PolicyCase[] = [
  // Who may have a workload's name.
  {
    rule: 'namespace',
    refused: 'a workload of bar from the signer of foo',
    ask: { names: [spiffe('bar')] },
    violations: [otherNamespace('bar', FOO)],
    accepted: 'from its own',
    twin: { signer: BAR },
  },
  {
    rule: 'namespace',
    refused: 'a service account of bar that asks the signer of foo for itself',
    ask: { from: `${SA}bar:app`, names: [spiffe('bar')] },
    violations: [otherNamespace('bar', FOO)],
    accepted: 'the signer of bar',
    twin: { signer: BAR },
  },
  {
    rule: 'namespace',
    refused: 'the namespace foo-bar where foo is allowed',
    ask: { names: [spiffe('foo-bar')] },
    violations: [otherNamespace('foo-bar', FOO)],
    accepted: 'foo',
    twin: { names: [spiffe('foo')] },
  },
  {
    rule: 'namespace',
    refused: 'the namespace myfoo where foo is allowed',
    ask: { names: [spiffe('myfoo')] },
    violations: [otherNamespace('myfoo', FOO)],
    accepted: 'foo',
    twin: { names: [spiffe('foo')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that another signer names, from the signer of unclaimed ones',
    ask: { signer: OTHERS, names: [spiffe('foo')] },
    violations: [otherNamespace('foo', OTHERS)],
    accepted: 'a namespace that no signer names',
    twin: { names: [spiffe('httpbin')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that another signer claims by a pattern, from the signer of unclaimed ones',
    ask: { signer: OTHERS, names: [spiffe('team-a')] },
    violations: [otherNamespace('team-a', OTHERS)],
    accepted: 'one that the pattern does not match',
    twin: { names: [spiffe('teams')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that the pattern team-* only resembles',
    ask: { signer: TEAMS, names: [spiffe('team')] },
    violations: [otherNamespace('team', TEAMS)],
    accepted: 'one it matches',
    twin: { names: [spiffe('team-a')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace whose label has another value than the signer selects',
    ask: { signer: LABELLED, names: [spiffe('tenant-c')] },
    violations: [otherNamespace('tenant-c', LABELLED)],
    accepted: 'one whose label has it',
    twin: { names: [spiffe('tenant-a')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace without the label that the signer selects by',
    ask: { signer: LABELLED, names: [spiffe('plain')] },
    violations: [otherNamespace('plain', LABELLED)],
    accepted: 'one that has it',
    twin: { names: [spiffe('tenant-a')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that the cluster does not have, though a selector of what is not there would match',
    ask: { signer: WARM, names: [spiffe('nowhere')] },
    violations: [otherNamespace('nowhere', WARM)],
    accepted: 'one that it has, without the label',
    twin: { names: [spiffe('plain')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace with a label that must not exist, though its value is empty',
    ask: { signer: WARM, names: [spiffe('tenant-a')] },
    violations: [otherNamespace('tenant-a', WARM)],
    accepted: 'one without that label',
    twin: { names: [spiffe('tenant-c')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace without a label that must exist',
    ask: { signer: STAGED, names: [spiffe('plain')] },
    violations: [otherNamespace('plain', STAGED)],
    accepted: 'one with it, whatever its value',
    twin: { names: [spiffe('staged')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace whose label has a value that the selector excludes',
    ask: { signer: COMMON, names: [spiffe('tenant-a')] },
    violations: [otherNamespace('tenant-a', COMMON)],
    accepted: 'one whose label has another',
    twin: { names: [spiffe('staged')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace of gold where the selector excludes gold and silver',
    ask: { signer: COMMON, names: [spiffe('httpbin')] },
    violations: [otherNamespace('httpbin', COMMON)],
    accepted: 'one without that label, as Kubernetes has it',
    twin: { names: [spiffe('plain')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that another signer claims by its label, from the signer of unclaimed ones',
    ask: { signer: OTHERS, names: [spiffe('tenant-a')] },
    violations: [otherNamespace('tenant-a', OTHERS)],
    accepted: 'one that no label gives to anybody',
    twin: { names: [spiffe('httpbin')] },
  },
  {
    rule: 'namespace',
    refused: 'a namespace that the cluster does not have, from the signer of unclaimed ones: its labels might be claimed',
    ask: { signer: OTHERS, names: [spiffe('nowhere')] },
    violations: [otherNamespace('nowhere', OTHERS)],
    accepted: 'one that it has',
    twin: { names: [spiffe('teams')] },
  },
  {
    rule: 'service-account',
    refused: 'a service account that the signer does not list',
    ask: { signer: NARROW, names: [spiffe('narrow', 'admin')], usages: ['digital signature', 'client auth'] },
    violations: [{ field: 'service account', found: '"narrow/admin"', allowed: `only service accounts that signer "${NARROW}" serves` }],
    accepted: 'one it lists',
    twin: { names: [spiffe('narrow', 'db')] },
  },
  {
    rule: 'service-account',
    refused: 'a service account db-2 where db is listed',
    ask: { signer: NARROW, names: [spiffe('narrow', 'db-2')], usages: ['digital signature', 'client auth'] },
    violations: [{ field: 'service account', found: '"narrow/db-2"', allowed: `only service accounts that signer "${NARROW}" serves` }],
    accepted: 'web-2 where web-* is',
    twin: { names: [spiffe('narrow', 'web-2')] },
  },
  {
    rule: 'trust-domain',
    refused: 'a foreign trust domain, though its requester may vouch for it',
    ask: { from: FEDERATION, names: [spiffe('foo', 'app', 'partner.example')] },
    violations: [{ field: 'trust domain', found: '"partner.example"', allowed: '"cluster.local"' }],
    accepted: 'our own',
    twin: { names: [spiffe('foo')] },
  },
  {
    rule: 'one-workload-name',
    refused: 'two workload identities in one certificate',
    ask: { names: [spiffe('foo', 'app'), spiffe('foo', 'other')] },
    violations: [{ field: SAN, found: '2 names, a workload identity among them', allowed: 'a workload identity alone' }],
    accepted: 'one of them',
    twin: { names: [spiffe('foo', 'app')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a DNS name that nothing allows',
    ask: { signer: NAMES, names: [dns('api.other.svc')] },
    violations: [notIssued('DNS:api.other.svc', NAMES)],
    accepted: 'one that a pattern matches',
    twin: { names: [dns('api.names.svc')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a DNS name with one label more than the pattern: * never crosses a dot',
    ask: { signer: NAMES, names: [dns('a.b.names.svc')] },
    violations: [notIssued('DNS:a.b.names.svc', NAMES)],
    accepted: 'a name with as many labels, in whatever case',
    twin: { names: [dns('B.Names.svc')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a DNS name that only ends like an allowed one',
    ask: { signer: NAMES, names: [dns('evilnames.svc')] },
    violations: [notIssued('DNS:evilnames.svc', NAMES)],
    accepted: 'the allowed one',
    twin: { names: [dns('evil.names.svc')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a wildcard DNS name that a pattern would match but the configuration does not write',
    ask: { signer: NAMES, names: [dns('*.names.svc.cluster.local')] },
    violations: [notIssued('DNS:*.names.svc.cluster.local', NAMES)],
    accepted: 'the very wildcard it writes',
    twin: { names: [dns('*.wild.example')] },
  },
  {
    rule: 'names-allowed',
    refused: 'an IPv4 address outside the networks',
    ask: { signer: NAMES, names: [ip('10.2.0.1')] },
    violations: [notIssued('IP:10.2.0.1', NAMES)],
    accepted: 'one inside',
    twin: { names: [ip('10.1.0.1')] },
  },
  {
    rule: 'names-allowed',
    refused: 'an IPv6 address outside the networks, though its first octets are those of an IPv4 one',
    ask: { signer: NAMES, names: [ip('7f00:1::')] },
    violations: [notIssued('IP:7f00:1::', NAMES)],
    accepted: 'one inside',
    twin: { names: [ip('fd00:1:2::3')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a URI with one segment more than the pattern: * never crosses a slash',
    ask: { signer: NAMES, names: [uri('https://names.example/a/b/hook')] },
    violations: [notIssued('URI:https://names.example/a/b/hook', NAMES)],
    accepted: 'a URI with as many',
    twin: { names: [uri('https://names.example/a/hook')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a URI whose segment another reader would take for its parent',
    ask: { signer: NAMES, names: [uri('https://names.example/../hook')] },
    violations: [notIssued('URI:https://names.example/../hook', NAMES)],
    accepted: 'a segment of three dots, which is a name',
    twin: { names: [uri('https://names.example/.../hook')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a URI in percent-encoding where the plain one is allowed',
    ask: { signer: NAMES, names: [uri('https://names.example/%61/hook')] },
    violations: [notIssued('URI:https://names.example/%61/hook', NAMES)],
    accepted: 'the plain one',
    twin: { names: [uri('https://names.example/a/hook')] },
  },
  {
    rule: 'names-allowed',
    refused: 'a workload identity from an entry without namespaces, though a pattern of its URIs would match',
    ask: { signer: NAMES, names: [spiffe('foo')] },
    violations: [notIssued('URI:spiffe://cluster.local/ns/foo/sa/app', NAMES)],
    accepted: 'from one with its namespace',
    twin: { signer: FOO },
  },
  {
    rule: 'requester-listed',
    refused: 'a requester that the entry does not list, though it may vouch for the name',
    ask: { from: FEDERATION, signer: NAMES, names: [dns('api.names.svc')] },
    violations: [{ field: 'spec.username', found: `"${FEDERATION}"`, allowed: 'only the requesters that this signer lists' }],
    accepted: 'one it lists',
    twin: { from: ISTIOD },
  },

  // Whose word it rests on.
  {
    rule: 'credible',
    refused: 'a service account that asks for another one of its namespace',
    ask: { from: `${SA}foo:other` },
    violations: [notCredible(`${SA}foo:other`, 'URI:spiffe://cluster.local/ns/foo/sa/app', { itself: `${SA}foo:app` })],
    accepted: 'one that asks for itself',
    twin: { from: `${SA}foo:app` },
  },
  {
    rule: 'credible',
    refused: 'a service account of another namespace with the same name',
    ask: { from: `${SA}bar:app` },
    violations: [notCredible(`${SA}bar:app`, 'URI:spiffe://cluster.local/ns/foo/sa/app', { itself: `${SA}foo:app` })],
    accepted: 'the one that is meant',
    twin: { from: `${SA}foo:app` },
  },
  {
    rule: 'credible',
    refused: 'an istiod that is not listed, with the line that is missing',
    ask: { from: STRANGER },
    violations: [notCredible(STRANGER, 'URI:spiffe://cluster.local/ns/foo/sa/app', { itself: `${SA}foo:app` })],
    accepted: 'the one that is',
    twin: { from: ISTIOD },
  },
  {
    rule: 'credible',
    refused: 'a requester that approves but vouches for nobody',
    ask: { from: SILENT },
    violations: [notCredible(SILENT, 'URI:spiffe://cluster.local/ns/foo/sa/app', { itself: `${SA}foo:app` })],
    accepted: 'one that vouches',
    twin: { from: ISTIOD },
  },
  {
    rule: 'credible',
    refused: 'a user whose name only looks like a service account',
    ask: { from: `${SA}foo:app:x` },
    violations: [notCredible(`${SA}foo:app:x`, 'URI:spiffe://cluster.local/ns/foo/sa/app', { itself: `${SA}foo:app` })],
    accepted: 'the service account',
    twin: { from: `${SA}foo:app` },
  },
  {
    rule: 'credible',
    refused: 'a service account that asks for itself in a trust domain that is not the mesh\'s',
    ask: { from: `${SA}narrow:db`, signer: NARROW, names: [spiffe('narrow', 'db', 'partner.example')], usages: ['digital signature', 'client auth'] },
    violations: [notCredible(`${SA}narrow:db`, 'URI:spiffe://partner.example/ns/narrow/sa/db', { itself: `${SA}narrow:db` })],
    accepted: 'in the mesh\'s own',
    twin: { names: [spiffe('narrow', 'db')] },
  },
  {
    rule: 'credible',
    refused: 'a namespace that the requester may not vouch for',
    ask: { from: EDGE, signer: TEAMS, names: [spiffe('team-b')] },
    violations: [notCredible(EDGE, 'URI:spiffe://cluster.local/ns/team-b/sa/app', { itself: `${SA}team-b:app`, vouches: true })],
    accepted: 'one that it may',
    twin: { names: [spiffe('team-a')] },
  },
  {
    rule: 'credible',
    refused: 'a trust domain that the requester may not vouch for',
    ask: { from: EDGE, signer: NARROW, names: [spiffe('narrow', 'db', 'partner.example')], usages: ['digital signature', 'client auth'] },
    violations: [notCredible(EDGE, 'URI:spiffe://partner.example/ns/narrow/sa/db', { itself: `${SA}narrow:db`, vouches: true })],
    accepted: 'one that it may',
    twin: { names: [spiffe('narrow', 'db')] },
  },
  {
    rule: 'credible',
    refused: 'a signer that the requester may not vouch at',
    ask: { from: EDGE, signer: NAMES, names: [dns('api.names.svc')] },
    violations: [notCredible(EDGE, 'DNS:api.names.svc', { vouches: true })],
    accepted: 'a requester that may at every signer',
    twin: { from: ISTIOD },
  },
  {
    rule: 'credible',
    refused: 'a spiffe URI of no workload, even where the signer lists it',
    ask: { signer: NAMES, names: [uri('spiffe://partner.example/gateway')] },
    violations: [notCredible(ISTIOD, 'URI:spiffe://partner.example/gateway', { vouches: true })],
    accepted: 'a URI that no verifier reads as an identity',
    twin: { names: [uri('https://names.example/gateway/hook')] },
  },

  // The request itself.
  {
    rule: 'some-name',
    refused: 'a request without a name',
    ask: { names: [] },
    violations: [{ field: SAN, found: 'no name', allowed: 'at least one URI, DNS name or IP address' }],
    accepted: 'with one',
    twin: { names: [spiffe('foo')] },
  },
  {
    rule: 'known-name-forms',
    refused: 'an otherName that spells an allowed SPIFFE ID',
    ask: { signer: NAMES, names: [dns('api.names.svc'), otherName('spiffe://cluster.local/ns/foo/sa/app')] },
    violations: [{ field: SAN, found: 'otherName 1.3.6.1.4.1.311.20.2.3', allowed: 'URI, DNS name or IP address' }],
    accepted: 'the other name alone',
    twin: { names: [dns('api.names.svc')] },
  },
  {
    rule: 'known-name-forms',
    refused: 'an e-mail address beside a workload\'s name',
    ask: { signer: NAMES, names: [email('app@names.svc'), dns('api.names.svc')] },
    violations: [{ field: SAN, found: 'email', allowed: 'URI, DNS name or IP address' }],
    accepted: 'the name without it',
    twin: { names: [dns('api.names.svc')] },
  },
  {
    rule: 'distinct-names',
    refused: 'the same DNS name in two spellings',
    ask: { signer: NAMES, names: [dns('api.names.svc'), dns('API.names.svc')] },
    violations: [{ field: SAN, found: '"dns:api.names.svc" more than once', allowed: 'each name once' }],
    accepted: 'two names',
    twin: { names: [dns('api.names.svc'), dns('API2.names.svc')] },
  },
  {
    rule: 'empty-subject',
    refused: 'a common name',
    ask: { subject: commonName('spiffe://cluster.local/ns/bar/sa/app') },
    violations: [{ field: 'spec.request.subject', found: '"CN=spiffe://cluster.local/ns/bar/sa/app"', allowed: 'an empty subject: identities are in the subjectAltName' }],
    accepted: 'an empty subject, as ztunnel has it',
    twin: { subject: EMPTY_SUBJECT },
  },
  {
    rule: 'empty-subject',
    refused: 'a group for Kubernetes in the organization',
    ask: { subject: subject([[OID.organizationName, utf8String('system:masters')]]) },
    violations: [{ field: 'spec.request.subject', found: '"O=system:masters"', allowed: 'an empty subject: identities are in the subjectAltName' }],
    accepted: 'an organization without a value, as Istio has it',
    twin: { subject: ISTIO_SUBJECT },
  },
  {
    rule: 'known-extensions',
    refused: 'name constraints',
    ask: { extensions: [extension(OID.nameConstraints, sequence())] },
    violations: [{ field: 'spec.request.extensionRequest', found: 'extension 2.5.29.30', allowed: 'subjectAltName, keyUsage, extKeyUsage, basicConstraints with CA:FALSE' }],
    accepted: 'no extension beside the name',
    twin: { extensions: [] },
  },
  {
    rule: 'not-a-ca',
    refused: 'a request to be a CA',
    ask: { extensions: [extension(OID.basicConstraints, sequence(boolean(true)))] },
    violations: [{ field: 'spec.request.basicConstraints', found: 'CA:TRUE', allowed: 'CA:FALSE or none' }],
    accepted: 'a request not to be one',
    twin: { extensions: [extension(OID.basicConstraints, sequence())] },
  },
  {
    rule: 'not-a-ca',
    refused: 'basicConstraints that cannot be decoded',
    ask: { extensions: [extension(OID.basicConstraints, octetString(Uint8Array.of(0xff)))] },
    violations: [{ field: 'spec.request.basicConstraints', found: 'something that cannot be decoded', allowed: 'CA:FALSE or none' }],
    accepted: 'CA:FALSE written out',
    twin: { extensions: [extension(OID.basicConstraints, sequence(boolean(false)))] },
  },
  {
    rule: 'usages-agree',
    refused: 'a key usage in the request that spec.usages does not have',
    ask: { extensions: [extension(OID.keyUsage, namedBits([0, 5]))] },
    violations: [{ field: 'spec.request.keyUsage', found: 'cert sign', allowed: 'only usages that spec.usages has too' }],
    accepted: 'those it has',
    twin: { extensions: [extension(OID.keyUsage, namedBits([0, 2]))] },
  },
  {
    rule: 'usages-agree',
    refused: 'any extended usage in the request',
    ask: { extensions: [extendedUsage(SERVER_AUTH, ANY_EXTENDED_KEY_USAGE)] },
    violations: [{ field: 'spec.request.extKeyUsage', found: 'any', allowed: 'only usages that spec.usages has too' }],
    accepted: 'one of spec.usages',
    twin: { extensions: [extendedUsage(SERVER_AUTH)] },
  },
  {
    rule: 'usages-agree',
    refused: 'a key usage that cannot be decoded',
    ask: { extensions: [extension(OID.keyUsage, unsignedInteger(Uint8Array.of(1)))] },
    violations: [{ field: 'spec.request.keyUsage', found: 'something that cannot be decoded', allowed: 'the usages of spec.usages' }],
    accepted: 'no key usage in the request',
    twin: { extensions: [] },
  },
  {
    rule: 'distinct-usages',
    refused: 'the same usage twice',
    ask: { usages: ['digital signature', 'client auth', 'client auth'] },
    violations: [{ field: 'spec.usages', found: '"client auth" more than once', allowed: 'each usage once' }],
    accepted: 'each once',
    twin: { usages: ['digital signature', 'client auth'] },
  },
  {
    rule: 'known-annotations',
    refused: 'an annotation that asks cert-manager for a CA',
    ask: { annotations: { 'experimental.cert-manager.io/request-is-ca': 'true' } },
    violations: [{ field: 'annotation "experimental.cert-manager.io/request-is-ca"', found: '"true"', allowed: 'only experimental.cert-manager.io/request-duration' }],
    accepted: 'one that asks for none',
    twin: { annotations: { 'experimental.cert-manager.io/request-is-ca': 'false' } },
  },
  {
    rule: 'known-annotations',
    refused: 'an annotation of the same family that nobody knows',
    ask: { annotations: { 'experimental.cert-manager.io/request-namespaces': 'bar' } },
    violations: [{ field: 'annotation "experimental.cert-manager.io/request-namespaces"', found: '"bar"', allowed: 'only experimental.cert-manager.io/request-duration' }],
    accepted: 'the one of a lifetime',
    twin: { annotations: { 'experimental.cert-manager.io/request-duration': '1h' } },
  },
  {
    rule: 'some-extended-usage',
    refused: 'usages without an extended one, which would be good for all of them',
    ask: { usages: ['digital signature'] },
    violations: [{ field: 'spec.usages', found: 'only "digital signature"', allowed: 'an extended usage too, e.g. "server auth" or "client auth"' }],
    accepted: 'with client auth',
    twin: { usages: ['digital signature', 'client auth'] },
  },

  // The key and its usages.
  {
    rule: 'key',
    refused: 'a curve that the signer does not take',
    ask: { signer: NARROW, names: [spiffe('narrow', 'db')], usages: ['digital signature', 'client auth'], key: 'P-384' },
    violations: [{ field: 'spec.request.publicKey', found: 'P-384', allowed: 'P-256, RSA-3072, Ed25519' }],
    accepted: 'one it takes',
    twin: { key: 'P-256' },
  },
  {
    rule: 'key',
    refused: 'an RSA key smaller than the signer takes',
    ask: { signer: NARROW, names: [spiffe('narrow', 'db')], usages: ['digital signature', 'client auth'], key: 'RSA-2048' },
    violations: [{ field: 'spec.request.publicKey', found: 'RSA-2048', allowed: 'P-256, RSA-3072, Ed25519' }],
    accepted: 'one of the size it takes',
    twin: { key: 'RSA-3072' },
  },
  {
    rule: 'key',
    refused: 'an RSA key larger than the signer takes',
    ask: { signer: NARROW, names: [spiffe('narrow', 'db')], usages: ['digital signature', 'client auth'], key: 'RSA-4096' },
    violations: [{ field: 'spec.request.publicKey', found: 'RSA-4096', allowed: 'P-256, RSA-3072, Ed25519' }],
    accepted: 'an Ed25519 key',
    twin: { key: 'Ed25519' },
  },
  {
    rule: 'usages',
    refused: 'a usage that the signer does not allow',
    ask: { signer: NARROW, names: [spiffe('narrow', 'db')], usages: ['digital signature', 'server auth'] },
    violations: [{ field: 'spec.usages', found: '"server auth"', allowed: '"digital signature", "key encipherment", "client auth"' }],
    accepted: 'one it allows',
    twin: { usages: ['digital signature', 'client auth'] },
  },
  {
    rule: 'usages',
    refused: 'a leaf that may sign certificates',
    ask: { usages: ['digital signature', 'server auth', 'cert sign'] },
    violations: [{ field: 'spec.usages', found: '"cert sign"', allowed: DEFAULT_USAGES.map((usage) => `"${usage}"`).join(', ') }],
    accepted: 'one that may not',
    twin: { usages: ['digital signature', 'server auth'] },
  },
  {
    rule: 'usages',
    refused: 'a usage that nobody knows',
    ask: { usages: ['digital signature', 'client auth', 'toString'] },
    violations: [{ field: 'spec.usages', found: '"toString"', allowed: DEFAULT_USAGES.map((usage) => `"${usage}"`).join(', ') }],
    accepted: 'a known one',
    twin: { usages: ['digital signature', 'client auth', 'server auth'] },
  },
  {
    rule: 'usages-fit-key',
    refused: 'key encipherment alone with an EC key, which cannot',
    ask: { usages: ['key encipherment', 'server auth'] },
    violations: [{ field: 'spec.usages', found: 'key encipherment, server auth with a P-256 key', allowed: 'a usage that this key can have for that purpose, e.g. "digital signature"' }],
    accepted: 'with an RSA key, which can',
    twin: { key: 'RSA-2048' },
  },
  {
    rule: 'usages-fit-key',
    refused: 'no key usage, which would leave the key good for everything',
    ask: { usages: ['client auth'] },
    violations: [{ field: 'spec.usages', found: 'client auth with a P-256 key', allowed: 'a usage that this key can have for that purpose, e.g. "digital signature"' }],
    accepted: 'with digital signature',
    twin: { usages: ['digital signature', 'client auth'] },
  },
];
