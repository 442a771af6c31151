import type { Approver, Config } from './values.ts';

export type GuardOptions = {
  /** Where Signet runs; default `signet-system`. */
  readonly namespace?: string;
  /** The account it runs as; default `signet`. */
  readonly serviceAccount?: string;
};

export type GuardObject = { readonly apiVersion: string; readonly kind: 'ValidatingAdmissionPolicy' | 'ValidatingAdmissionPolicyBinding'; readonly metadata: object; readonly spec: object };

const API_VERSION = 'admissionregistration.k8s.io/v1';
const NAME = 'signet';
const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };

/**
 * The admission policy that keeps everybody else's hands off the requests of this configuration's signers, and its binding. It needs
 * Kubernetes 1.30. Requests for other signers are not touched, whatever happens to the policy. Empty when no signer is served.
 */
export function guardObjects(config: Config, { namespace = 'signet-system', serviceAccount = 'signet' }: GuardOptions = {}): GuardObject[] {
  if (config.signers.length === 0) return [];
  const metadata = { name: NAME, labels: LABELS };
  return [
    { apiVersion: API_VERSION, kind: 'ValidatingAdmissionPolicy', metadata, spec: policySpec(config, `system:serviceaccount:${namespace}:${serviceAccount}`) },
    { apiVersion: API_VERSION, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: { policyName: NAME, validationActions: ['Deny'] } },
  ];
}

function policySpec(config: Config, signet: string): object {
  const requests = { apiGroups: ['certificates.k8s.io'], apiVersions: ['v1'] };
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        { ...requests, operations: ['CREATE'], resources: ['certificatesigningrequests'] },
        { ...requests, operations: ['UPDATE'], resources: ['certificatesigningrequests', 'certificatesigningrequests/approval', 'certificatesigningrequests/status'] },
      ],
    },
    matchConditions: [{ name: 'served', expression: `object.spec.signerName in ${celList(config.signers.map(({ name }) => name).sort())}` }],
    variables: [
      { name: 'signer', expression: 'object.spec.signerName' },
      { name: 'user', expression: 'request.userInfo.username' },
      // The whole object has no subresource, and CEL no value for what is not there.
      { name: 'part', expression: 'has(request.subResource) ? request.subResource : ""' },
      { name: 'signet', expression: `variables.user == ${celString(signet)}` },
      { name: 'before', expression: annotationsOf('oldObject') },
      { name: 'after', expression: annotationsOf('object') },
      { name: 'sameCertificate', expression: same('status.certificate') },
      { name: 'sameConditions', expression: same('status.conditions') },
      { name: 'approver', expression: mayApprove(config, signet) },
      { name: 'requesters', expression: celMap(requestersOf(config)) },
    ],
    validations: [
      rule({
        about: 'Where every alternative of a signer lists requesters, nobody else could be allowed anything.',
        expression: 'request.operation != "CREATE" || !(variables.signer in variables.requesters) || variables.user in variables.requesters[variables.signer]',
        refused: 'ask for a certificate',
        because: 'each entry of its allow names requesters, and this is none of them',
      }),
      rule({
        about: 'Certificates, and that a request failed, are written by Signet alone.',
        expression: 'variables.part != "status" || variables.signet || (variables.sameCertificate && variables.sameConditions)',
        refused: 'write the certificate or the conditions of a request',
        because: `only ${signet} does`,
      }),
      rule({
        about: 'Approving and denying is for Signet, the approvers of its configuration, and requesters that approve what they asked for themselves.',
        expression: 'variables.part != "approval" || variables.sameConditions || variables.approver',
        refused: 'approve or deny this request',
        because: 'it is none of its approvers',
      }),
      rule({
        about: 'What a requester asked for by annotation, and what Signet noted, stays as it is. Signet writes its own.',
        expression: `request.operation != "UPDATE" || variables.signet || (
  variables.after.filter(key, ${kept}).all(key, key in variables.before && variables.before[key] == variables.after[key]) &&
  variables.before.filter(key, ${kept}).all(key, key in variables.after))`,
        refused: 'change annotations of experimental.cert-manager.io or signet.dev on a request',
        because: 'they stay as they were when it was created',
      }),
    ],
  };
}

/** CEL has comments: whoever reads the policy in the cluster reads why. */
function rule({ about, expression, refused, because }: { about: string; expression: string; refused: string; because: string }): object {
  return {
    expression: `// ${about}\n${expression}`,
    messageExpression: `${celString('user "')} + variables.user + ${celString(`" may not ${refused} for signer "`)} + variables.signer + ${celString(`": ${because}`)}`,
    reason: 'Forbidden',
  };
}

/** By signer, for those whose every alternative lists requesters. */
function requestersOf({ policy }: Config): (readonly [string, readonly string[]])[] {
  return policy.signers.flatMap(({ name, allow }) => {
    const lists = allow.map(({ requesters }) => requesters);
    return lists.length > 0 && lists.every((list) => list !== null) ? [[name, [...new Set(lists.flat())].sort()] as const] : [];
  });
}

/**
 * Signet where it decides, the configured approvers, and a requester with `approves: true` for what it has asked for itself. Where
 * `approval: external` names no approvers, whoever has the right `approve`.
 */
function mayApprove({ policy, signers }: Config, signet: string): string {
  const decides = (name: string): boolean => policy.signers.some((signer) => signer.name === name && signer.approval === 'decide');
  const users = signers.map(({ name, approvers }) => [name, [...(decides(name) ? [signet] : []), ...named(approvers, 'user')].sort()] as const);
  const groups = signers.map(({ name, approvers }) => [name, named(approvers, 'group').sort()] as const).filter(([, list]) => list.length > 0);
  const open = signers.filter(({ name, approvers }) => !decides(name) && approvers.length === 0).map(({ name }) => name);
  const themselves = policy.requesters.filter(({ approves }) => approves).map(({ user }) => user);
  return [
    `variables.user in ${celMap(users)}[variables.signer]`,
    ...(groups.length > 0 ? [`variables.signer in ${celMap(groups)} && request.userInfo.groups.exists(group, group in ${celMap(groups)}[variables.signer])`] : []),
    ...(themselves.length > 0 ? [`variables.user == object.spec.username && variables.user in ${celList(themselves.sort())}`] : []),
    ...(open.length > 0 ? [`variables.signer in ${celList(open.sort())}`] : []),
  ].map((each) => `(${each})`).join(' || ');
}

/** The annotations that somebody may come to rely on. */
const kept = 'key.startsWith("experimental.cert-manager.io/") || key.startsWith("signet.dev/")';

function annotationsOf(object: 'object' | 'oldObject'): string {
  return `has(${object}.metadata.annotations) ? ${object}.metadata.annotations : {}`;
}

/** Whether a field is there before and after with the same value, or not there at all. */
function same(field: string): string {
  const [now, then] = [`object.${field}`, `oldObject.${field}`];
  return `has(${now}) == has(${then}) && (!has(${now}) || ${now} == ${then})`;
}

function named(approvers: readonly Approver[], kind: 'user' | 'group'): string[] {
  return approvers.flatMap((each) => (kind in each ? [(each as Record<string, string>)[kind] ?? ''] : []));
}

/** CEL has JSON's escapes in strings. */
function celString(text: string): string {
  return JSON.stringify(text);
}

function celList(texts: readonly string[]): string {
  return `[${texts.map(celString).join(', ')}]`;
}

function celMap(entries: readonly (readonly [string, readonly string[]])[]): string {
  return `{${entries.map(([key, list]) => `${celString(key)}: ${celList(list)}`).join(', ')}}`;
}
