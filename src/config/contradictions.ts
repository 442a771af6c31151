import { durationText } from '../core/duration.ts';
import { rateText } from '../core/limits.ts';
import { limitsOf } from './limits-schema.ts';
import type { ConfigDocument } from './schema.ts';

export type Contradiction = { readonly path: readonly PropertyKey[]; readonly message: string };

/** Shorter certificates are renewed faster than a CSR travels; the API server's own floor for a request is ten minutes. */
const MIN_LIFETIME = 30;
const DEFAULT_LIFETIME = 24 * 3600;

/** What each value alone cannot show: values that contradict each other, rules that can never match. */
export function contradictions(document: ConfigDocument): Contradiction[] {
  return [
    ...repeated(document.signers.map(({ name }) => name), (i) => ['signers', i, 'name'], 'signer'),
    ...repeated(document.requesters.map(({ user }) => user), (i) => ['requesters', i, 'user'], 'user'),
    ...sharedCas(document),
    ...lifetimes(document),
    ...emptyAlternatives(document),
    ...unknownSigners(document),
    ...vouchedUnclaimed(document),
    ...ports(document),
    ...limits(document),
    ...meshOfIstio(document),
    ...record(document),
    ...discovery(document),
  ];
}

/** The default and maximum lifetime of a signer in seconds; each is the other where only one is written. */
export function lifetimeOf({ lifetime }: ConfigDocument['signers'][number]): { default: number; max: number } {
  const max = lifetime.max ?? lifetime.default ?? DEFAULT_LIFETIME;
  return { default: lifetime.default ?? Math.min(max, DEFAULT_LIFETIME), max };
}

function repeated(names: readonly string[], path: (i: number) => PropertyKey[], noun: string): Contradiction[] {
  return names.flatMap((name, i) => (names.indexOf(name) < i ? [{ path: path(i), message: `the ${noun} "${name}" is there already, as number ${names.indexOf(name) + 1}` }] : []));
}

/** A CA that serves two signers makes their certificates interchangeable: whoever trusts one trusts the other. */
function sharedCas({ signers }: ConfigDocument): Contradiction[] {
  return signers.flatMap(({ ca }, i) => {
    const first = signers.findIndex((other) => other.ca.secret === ca.secret);
    return first < i ? [{ path: ['signers', i, 'ca', 'secret'], message: `the CA "${ca.secret}" belongs to signer "${signers[first]?.name}" already: one CA serves one signer, or the tenants are not apart` }] : [];
  });
}

function lifetimes({ signers }: ConfigDocument): Contradiction[] {
  return signers.flatMap((signer, i) => {
    const { default: standard, max } = lifetimeOf(signer);
    const path = ['signers', i, 'lifetime'];
    if (standard < MIN_LIFETIME || max < MIN_LIFETIME) return [{ path, message: `${durationText(Math.min(standard, max))} is too short: at least ${MIN_LIFETIME}s` }];
    return standard > max ? [{ path, message: `the default ${durationText(standard)} is longer than the max ${durationText(max)}` }] : [];
  });
}

/** An alternative without any name allows nothing, as a request without a name is refused: its author meant something else. */
function emptyAlternatives({ signers }: ConfigDocument): Contradiction[] {
  return signers.flatMap(({ allow }, i) =>
    allow.flatMap((each, k) => {
      const path = ['signers', i, 'allow', k];
      const names = (each.namespaces?.length ?? 0) + each.dnsNames.length + each.ipAddresses.length + each.uris.length;
      const spiffe = each.uris.findIndex((uri) => uri.toLowerCase().startsWith('spiffe:'));
      if (spiffe >= 0) return [{ path: [...path, 'uris', spiffe], message: 'SPIFFE IDs are allowed by namespaces, serviceAccounts and trustDomains, not by uris' }];
      if (each.requesters === undefined && each.dnsNames.length + each.ipAddresses.length + each.uris.length > 0) return [{ path, message: 'dnsNames, ipAddresses and uris need requesters: say on whose word they are issued' }];
      if (names === 0) return [{ path, message: 'can never match: name at least one of namespaces, dnsNames, ipAddresses, uris' }];
      return each.serviceAccounts !== undefined && each.namespaces === undefined ? [{ path: [...path, 'serviceAccounts'], message: 'has no effect without namespaces' }] : [];
    }),
  );
}

function unknownSigners({ requesters, signers }: ConfigDocument): Contradiction[] {
  return requesters.flatMap(({ vouches }, i) =>
    (vouches?.signers ?? []).flatMap((name, k) => (signers.some((signer) => signer.name === name) ? [] : [{ path: ['requesters', i, 'vouches', 'signers', k], message: `there is no signer "${name}" in this file` }])),
  );
}

/** A namespace cannot have more than its signer: whoever wrote it meant the other way round. */
function limits({ signers }: ConfigDocument): Contradiction[] {
  return signers.flatMap((signer, i) => {
    const { rate, concurrency, perNamespace } = limitsOf(signer.limits);
    const path = ['signers', i, 'limits', 'perNamespace'];
    const perSecond = (each: typeof rate): number => (each === null ? Infinity : each.count / each.seconds);
    return [
      ...(rate !== null && perNamespace.rate !== null && perSecond(perNamespace.rate) > perSecond(rate) ? [{ path: [...path, 'rate'], message: `${rateText(perNamespace.rate)} for one namespace has no effect: all together have ${rateText(rate)}` }] : []),
      ...((perNamespace.concurrency ?? 0) > concurrency ? [{ path: [...path, 'concurrency'], message: `${perNamespace.concurrency} for one namespace has no effect: all together have ${concurrency}` }] : []),
    ];
  });
}

/** A pattern like any other there, and so the name of one namespace. */
function vouchedUnclaimed({ requesters }: ConfigDocument): Contradiction[] {
  return requesters.flatMap(({ vouches }, i) => (vouches?.namespaces ?? []).flatMap((name, n) => (name === 'unclaimed' ? [{ path: ['requesters', i, 'vouches', 'namespaces', n], message: 'has its meaning in allow alone: name the namespaces, or "*"' }] : [])));
}

function ports({ http, webhook }: ConfigDocument): Contradiction[] {
  const [page, review] = [http.address, webhook?.address].map((address) => (address === undefined ? 0 : Number(address.split(':').at(-1)))) as [number, number];
  return [
    ...(page > 65535 ? [{ path: ['http', 'address'], message: 'the port must be at most 65535' }] : []),
    ...(review > 65535 ? [{ path: ['webhook', 'address'], message: 'the port must be at most 65535' }] : []),
    ...(review !== 0 && review === page ? [{ path: ['webhook', 'address'], message: `the port ${review} is that of http.address already` }] : []),
  ];
}

/** Half a megabyte is read to go on from a file, and two files of one line each a minute are not what anybody means by rotation. */
const MIN_RECORD_SIZE = 1024 * 1024;

function record({ audit }: ConfigDocument): Contradiction[] {
  if (audit.required && audit.file === null) return [{ path: ['audit', 'required'], message: 'needs audit.file: say where the record is to be' }];
  return audit.maxSize < MIN_RECORD_SIZE ? [{ path: ['audit', 'maxSize'], message: 'must be at least 1Mi' }] : [];
}

/** istiod's own mesh configuration (istio: pkg/config/mesh/kubemesh) is not a place to publish to: the roots would take all of it away. */
function meshOfIstio({ publish }: ConfigDocument): Contradiction[] {
  return publish.meshConfig?.configMap.endsWith('/istio') ? [{ path: ['publish', 'meshConfig', 'configMap'], message: 'is the mesh configuration itself: name a ConfigMap of its own, and set SHARED_MESH_CONFIG on istiod to it' }] : [];
}

function discovery({ discover: { certManager } }: ConfigDocument): Contradiction[] {
  if (certManager === undefined) return [];
  const path = ['discover', 'certManager'];
  const { allow, namespaces } = certManager;
  return [
    ...repeated(namespaces, (i) => [...path, 'namespaces', i], 'namespace'),
    ...repeated(allow, (i) => [...path, 'allow', i], 'entry'),
    ...(allow.length === 0 ? [{ path: [...path, 'allow'], message: 'must name something; leave discover.certManager out to serve no issuer of cert-manager' }] : []),
    ...(allow.includes('sameNamespace') && namespaces.length === 0 ? [{ path: [...path, 'allow', allow.indexOf('sameNamespace')], message: 'sameNamespace is about Issuers, and no namespace is listed whose Issuers are served' }] : []),
  ];
}
