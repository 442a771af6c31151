import { generalNameText, type GeneralName } from './general-name.ts';
import { blockContains, parseIpAddress } from './ip-address.ts';
import { matchesNamespace } from './namespace-claim.ts';
import { matchesDnsName, matchesPattern, matchesUri } from './pattern.ts';
import type { AlternativeRule, Case } from './policy.ts';
import type { Alternative, Vouching } from './signer.ts';
import { parseWorkloadIdentity, serviceAccountUser, type WorkloadIdentity } from './spiffe-id.ts';
import { quoted, type Violation } from './violation.ts';

const SAN = 'spec.request.subjectAltName';

/** Rules of one alternative about who asks and for which names. */
export const nameRules: readonly AlternativeRule[] = [
  { id: 'requester-listed', check: requesterListed },
  { id: 'names-allowed', check: namesAllowed },
  { id: 'one-workload-name', check: oneWorkloadName },
  { id: 'trust-domain', check: trustDomain },
  { id: 'namespace', check: namespace },
  { id: 'service-account', check: serviceAccount },
  { id: 'credible', check: credible },
];

function requesterListed({ requester }: Case, { requesters }: Alternative): Violation[] {
  return requesters === null || requesters.includes(requester.username)
    ? []
    : [{ field: 'spec.username', found: quoted(requester.username), allowed: 'only the requesters that this signer lists' }];
}

/**
 * Each name must be of a kind that the alternative knows. Workload identities are judged by the rules below, part by part, and
 * forms that no alternative can allow by known-name-forms.
 */
function namesAllowed({ request, signer }: Case, alternative: Alternative): Violation[] {
  return request.names.flatMap((name) =>
    name.type === 'unsupported' || listed(name, alternative) || (workload(name) !== null && alternative.namespaces !== null)
      ? []
      : [{ field: SAN, found: quoted(generalNameText(name)), allowed: `a name that signer ${quoted(signer.name)} issues to this requester` }],
  );
}

/**
 * A workload certificate holds its SPIFFE ID and nothing beside it: SPIFFE X.509-SVID §2 wants exactly one URI, and a
 * DNS name next to it would be believed by whoever verifies by DNS name.
 */
function oneWorkloadName({ request }: Case, alternative: Alternative): Violation[] {
  return request.names.length > 1 && request.names.some((name) => byNamespace(name, alternative) !== null)
    ? [{ field: SAN, found: `${request.names.length} names, a workload identity among them`, allowed: 'a workload identity alone' }]
    : [];
}

function trustDomain({ request }: Case, alternative: Alternative): Violation[] {
  return identities(request.names, alternative).flatMap((identity) =>
    alternative.trustDomains.includes(identity.trustDomain)
      ? []
      : [{ field: 'trust domain', found: quoted(identity.trustDomain), allowed: alternative.trustDomains.map(quoted).join(', ') }],
  );
}

function namespace({ request, signer, policy, namespaceLabels = null }: Case, alternative: Alternative): Violation[] {
  return identities(request.names, alternative).flatMap((identity) =>
    alternative.namespaces?.some((rule) => matchesNamespace(rule, { namespace: identity.namespace, signer, policy, labels: namespaceLabels }))
      ? []
      : [{ field: 'namespace', found: quoted(identity.namespace), allowed: `only namespaces that signer ${quoted(signer.name)} serves` }],
  );
}

function serviceAccount({ request, signer }: Case, alternative: Alternative): Violation[] {
  return identities(request.names, alternative).flatMap((identity) => {
    const name = `${identity.namespace}/${identity.serviceAccount}`;
    return alternative.serviceAccounts === null || alternative.serviceAccounts.some((pattern) => matchesAccount(pattern, name))
      ? []
      : [{ field: 'service account', found: quoted(name), allowed: `only service accounts that signer ${quoted(signer.name)} serves` }];
  });
}

/** `*` in the name part crosses dots, as a service account's name is one word to its owner; it never crosses the `/`. */
function matchesAccount(pattern: string, name: string): boolean {
  return matchesPattern(pattern, name, '/');
}

/**
 * Whose word the names rest on. The API server vouches for spec.username alone: a service account is believed when it asks
 * for its own SPIFFE ID in the mesh's own trust domain. Every other name needs a requester that the configuration lets vouch for
 * it, at this signer (istiod has checked the workload's token; the workload itself is nowhere in the object).
 */
function credible({ request, requester, listed: entry, signer, policy }: Case): Violation[] {
  return request.names.flatMap((name) => {
    const identity = workload(name);
    if (identity !== null && requester.username === serviceAccountUser(identity) && identity.trustDomain === policy.trustDomain) return [];
    if (entry?.vouches != null && vouchesFor(entry.vouches, name, signer.name)) return [];
    return [{ field: 'spec.username', found: `${quoted(requester.username)} asking for ${quoted(generalNameText(name))}`, allowed: credibleAdvice(identity, requester.username, entry?.vouches != null) }];
  });
}

/** Whether names of this kind can be believed from somebody who vouches within these bounds. */
function vouchesFor(vouching: Vouching, name: GeneralName, signerName: string): boolean {
  if (vouching.signers !== 'all' && !vouching.signers.includes(signerName)) return false;
  if (name.type !== 'uri') return true;
  const identity = workload(name);
  if (identity !== null) return vouching.trustDomains.includes(identity.trustDomain) && vouching.namespaces.some((pattern) => matchesPattern(pattern, identity.namespace, '.'));
  // A spiffe URI that is not a workload's strict form could still be read as one by a lenient verifier.
  return !name.value.toLowerCase().startsWith('spiffe:');
}

function credibleAdvice(identity: WorkloadIdentity | null, username: string, vouches: boolean): string {
  const itself = identity === null ? '' : `${quoted(serviceAccountUser(identity))} itself, or `;
  const line = vouches ? 'whose vouches cover this name' : `with vouches; to trust this one, add under requesters: - { user: ${quoted(username)}, approves: true, vouches: { namespaces: [...] } }`;
  return `${itself}a user listed under requesters ${line}`;
}

/** Whether the alternative allows the name by its lists of DNS names, addresses and URIs. */
function listed(name: GeneralName, { dnsNames, ipAddresses, uris }: Alternative): boolean {
  switch (name.type) {
    case 'dns':
      return dnsNames.some((pattern) => matchesDnsName(pattern, name.value));
    case 'ip':
      return ipAddresses.some((block) => blockContains(block, parseIpAddress(name.value) ?? new Uint8Array()));
    case 'uri':
      // A workload's identity is judged part by part, by namespaces: a pattern of URIs would be a way around those rules.
      return workload(name) === null && uris.some((pattern) => matchesUri(pattern, name.value));
    case 'unsupported':
      return false;
  }
}

function workload(name: GeneralName): WorkloadIdentity | null {
  return name.type === 'uri' ? parseWorkloadIdentity(name.value) : null;
}

/** The workload identity that the alternative judges by its namespaces, not by its list of URIs. */
function byNamespace(name: GeneralName, alternative: Alternative): WorkloadIdentity | null {
  return alternative.namespaces === null || listed(name, alternative) ? null : workload(name);
}

function identities(names: readonly GeneralName[], alternative: Alternative): WorkloadIdentity[] {
  return names.flatMap((name) => byNamespace(name, alternative) ?? []);
}
