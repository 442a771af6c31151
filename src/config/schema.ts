import { z } from 'zod';
import { parseAddressBlock } from '../core/ip-address.ts';
import { parseDuration } from '../core/duration.ts';
import { isTrustDomain } from '../core/spiffe-id.ts';
import { discoverSchema } from './discover-schema.ts';
import { labelSelector } from './label-selector.ts';
import { limitsSchema } from './limits-schema.ts';
import { parseSize } from './size.ts';
import { DEFAULT_USAGES, USAGES, type Usage } from '../core/usage.ts';

/** A list, or one value where a list of one is meant. */
function listOf<T extends z.ZodType>(item: T, message = 'must be a list, or one value where a list of one is meant') {
  return z.union([z.array(item), item.transform((value) => [value])], message);
}

function text(pattern: RegExp, message: string) {
  return z.string(message).regex(pattern, message);
}

/** Lower and upper bound as parseDuration reads them; seconds come out. */
const duration = z.string('must be a duration such as "24h"').transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds === null) context.addIssue({ code: 'custom', message: `"${value}" is not a duration: write e.g. "24h", "1h30m" or "7d"` });
  return seconds ?? 0;
});

/** Octets come out. */
const size = z.union([z.string(), z.int()], 'must be a size such as "100Mi"').transform((value, context) => {
  const octets = parseSize(String(value));
  if (octets === null) context.addIssue({ code: 'custom', message: `"${value}" is not a size: write e.g. "100Mi" or "1Gi"` });
  return octets ?? 0;
});

const LABEL = '[a-z0-9]([a-z0-9-]*[a-z0-9])?';
/** Kubernetes, pkg/apis/core/validation/names.go: a domain of two labels or more, one slash, a path of dot-joined names. */
const SIGNER_NAME = new RegExp(`^(?=.{1,571}$)${LABEL}(\\.${LABEL})+/${LABEL}(\\.${LABEL})*$`);
const OBJECT_REFERENCE = new RegExp(`^${LABEL}/${LABEL}(\\.${LABEL})*$`);

const signerName = text(SIGNER_NAME, 'must be a signer name such as "clusterissuers.cert-manager.io/foo": a domain, one slash, a name, in lower case');
const objectReference = text(OBJECT_REFERENCE, 'must be "namespace/name"');
const NAMESPACE_PATTERN = /^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/;
const namespacePattern = text(NAMESPACE_PATTERN, 'must be a namespace, or a pattern such as "team-*"');
const NAMESPACE_RULE = 'must be a namespace, a pattern such as "team-*", a selector such as { matchLabels: { tenant: foo } }, or "unclaimed"';
const namespaceRule = z.union([text(NAMESPACE_PATTERN, NAMESPACE_RULE), labelSelector], NAMESPACE_RULE);
const accountPattern = text(/^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?\/[a-z0-9*]([a-z0-9*.-]*[a-z0-9*])?$/, 'must be "namespace/name" of a service account, with * in either part if need be');
const trustDomain = z.string('must be a trust domain').refine(isTrustDomain, 'must be a trust domain: lower-case letters, digits, dots, dashes');
const dnsPattern = text(/^[a-zA-Z0-9*_]([a-zA-Z0-9*_-]*[a-zA-Z0-9*])?(\.[a-zA-Z0-9*]([a-zA-Z0-9*-]*[a-zA-Z0-9*])?)*$/, 'must be a DNS name; * stands for characters within one label');
const network = z.string('must be an IP address or network').transform((value, context) => {
  const block = parseAddressBlock(value);
  if (block === null) context.addIssue({ code: 'custom', message: `"${value}" is not an IP address, nor a network such as "10.0.0.0/8" without bits beyond its prefix` });
  return block ?? { octets: new Uint8Array(), prefix: 0 };
});
const uriPattern = text(/^[a-z][a-z0-9+.-]*:[!-~]+$/i, 'must be a URI; * stands for characters within one path segment');
const user = text(/^[!-~]([ -~]*[!-~])?$/, 'must be a user name as the API server reports it, e.g. "system:serviceaccount:istio-system:istiod"');
const address = text(/^(\[[0-9a-fA-F:.]+\]|[^:[\]/ ]*):\d{1,5}$/, 'must be "host:port" or ":port"');
const KEYS = ['RSA', 'RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'Ed25519'] as const;
const key = z.enum(KEYS, `must be one of ${KEYS.join(', ')}`);
/**
 * A leaf that may sign certificates, is good for anything, or speaks for the whole CA (RFC 6960 §4.2.2.2: an OCSP responder) is never
 * issued; timestamping must be critical and alone (RFC 3161 §2.3). So they cannot be configured.
 */
const FORBIDDEN_USAGES: readonly Usage[] = ['cert sign', 'crl sign', 'any', 'ocsp signing', 'timestamping'];
const LEAF_USAGES = USAGES.filter((usage) => !FORBIDDEN_USAGES.includes(usage));
const usage = z.enum(LEAF_USAGES as [Usage, ...Usage[]], `must be one of ${LEAF_USAGES.join(', ')}`);

const requester = z.strictObject({
  user: user.describe('The user name as the API server reports it in spec.username'),
  approves: z.boolean('must be true or false').default(false).describe('It approves its own requests; Signet writes nothing to them before it has'),
  vouches: z
    .strictObject({
      namespaces: listOf(namespacePattern).describe('Namespaces whose workloads it may ask for'),
      trustDomains: listOf(trustDomain).optional().describe('Default: the trustDomain of this file'),
      signers: listOf(signerName).optional().describe('Default: every signer'),
    }, 'must be a mapping such as { namespaces: ["*"] }')
    .optional()
    .describe('Its subjectAltNames are believed, within these bounds'),
}, 'must be a mapping with "user"');

const alternative = z.strictObject({
  requesters: listOf(user).optional().describe('Users who must have made the request; default: anyone'),
  namespaces: listOf(namespaceRule, NAMESPACE_RULE).optional().describe('Namespaces of workloads, by pattern or label selector; "unclaimed": those that no other signer claims'),
  serviceAccounts: listOf(accountPattern).optional().describe('Only these service accounts, as namespace/name'),
  trustDomains: listOf(trustDomain).optional().describe('Default: the trustDomain of this file'),
  dnsNames: listOf(dnsPattern).default([]).describe('DNS names; * stands for characters within one label'),
  ipAddresses: listOf(network).default([]).describe('IP addresses or networks'),
  uris: listOf(uriPattern).default([]).describe('URIs; * stands for characters within one path segment'),
  keys: listOf(key).default(['RSA', 'P-256', 'P-384', 'P-521', 'Ed25519']).describe('Keys of the requester; RSA: 2048 to 4096 bits'),
  usages: listOf(usage).default([...DEFAULT_USAGES]).describe('Key usages, in the words of spec.usages'),
}, 'must be a mapping such as { namespaces: [foo] }');

const approver = z.strictObject({
  user: user.optional().describe('A user name as the API server reports it'),
  group: user.optional().describe('A group as the API server reports it'),
}, 'must be a mapping such as { user: alice } or { group: pki-team }').refine((entry) => (entry.user === undefined) !== (entry.group === undefined), 'must have either "user" or "group"');

const signer = z.strictObject({
  name: signerName.describe('The signerName it serves'),
  ca: z.strictObject({ secret: objectReference.describe('namespace/name of a Secret with tls.crt, tls.key and, for an intermediate, ca.crt') }, 'must be a mapping such as { secret: cert-manager/foo-ca }'),
  approval: z.enum(['decide', 'external'], 'must be "decide" or "external"').default('decide').describe('decide: Signet approves and denies; external: somebody else does'),
  approvers: listOf(approver).default([]).describe('Who else may approve and deny its requests; guard enforces it'),
  allow: listOf(alternative).describe('A request must fit one of these whole'),
  lifetime: z.strictObject({ default: duration.optional(), max: duration.optional() }, 'must be a mapping such as { default: 24h, max: 24h }').default({}).describe('Of its certificates; a longer request is clamped'),
  limits: limitsSchema,
  includeRoot: z.boolean('must be true or false').default(false).describe('Append the root to status.certificate, for ztunnel and K8S_SIGNER'),
  sharedTrust: z.boolean('must be true or false').default(false).describe('Whoever trusts it may trust other signers that say so too, and the reverse: their tenants are not apart'),
  anchor: z.enum(['root', 'issuer'], 'must be "root" or "issuer"').default('root').describe('What verifiers trust: the root, or the issuing CA itself'),
}, 'must be a mapping with "name", "ca" and "allow"');

/** The schema of signet.yaml: one source of validation, types and the exported JSON Schema. */
export const configSchema = z.strictObject({
  trustDomain: trustDomain.default('cluster.local').describe('The trust domain of the mesh'),
  requesters: listOf(requester).default([]).describe('Users whose word counts; anybody else gets at most the SPIFFE ID of the service account it is'),
  signers: listOf(signer).describe('One entry for each CA'),
  discover: discoverSchema,
  publish: z
    .strictObject({ meshConfig: z.strictObject({ configMap: objectReference }, 'must be a mapping such as { configMap: istio-system/signet-mesh }').optional().describe('The ConfigMap that istiod reads as SHARED_MESH_CONFIG') }, 'must be a mapping')
    .default({}),
  http: z
    .strictObject({ address: address.default(':9402').describe('Where /metrics, /livez and /readyz are served') }, 'must be a mapping')
    .prefault({}),
  audit: z
    .strictObject({
      file: text(/^\//, 'must be an absolute path').nullable().default(null).describe('The hash-chained record of decisions, beside the lines of the log; null: none'),
      required: z.boolean('must be true or false').default(false).describe('Issue nothing that is not in that file, on the disk, before'),
      maxSize: size.default(100 * 2 ** 20).describe('The file is put aside beyond this, under its name and the number of its last entry'),
      keep: z.int('must be a whole number').min(1, 'must be 1 or more').nullable().default(null).describe('How many files put aside are kept; null: all'),
    }, 'must be a mapping such as { file: /var/lib/signet/record.jsonl }')
    .prefault({}),
  guard: z.boolean('must be true or false').default(false).describe('You say that the admission policy of "signet guard" is in the cluster; Signet does not look'),
  webhook: z
    .strictObject({ address: address.default(':9443').describe('Where the API server reaches it, by TLS') }, 'must be a mapping; {} for the defaults')
    .optional()
    .describe('Refuse at creation what would be refused later: the answer in milliseconds'),
}, 'must be a mapping with "signers"');

export type ConfigDocument = z.output<typeof configSchema>;
