import { forbidden } from '../failure.ts';
import { listAt, recordAt, sameJson, textAt, type Draft, type KubeObject } from '../objects/object.ts';
import type { Writer } from './kind.ts';
import { pemBlocks } from './pem-block.ts';
import { organizationsOf } from './pkcs10.ts';

const ABOUT = { group: 'certificates.k8s.io', plural: 'certificatesigningrequests' };

/**
 * The API server's admission plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may
 * update the subresource also needs the verb `approve` or `sign` on the signer, by its full name or as `domain/*`.
 */
export function admitCertificateRequest(draft: Draft, old: KubeObject | undefined, subresource: string, writer: Writer): void {
  if (old === undefined) return restrictSubject(draft);
  const signerName = textAt(old, 'spec', 'signerName');
  if (subresource === 'approval') requireSigner('approve', signerName, old.metadata.name, writer);
  if (subresource === 'status' && statusChanged(draft, old)) requireSigner('sign', signerName, old.metadata.name, writer);
}

function requireSigner(verb: 'approve' | 'sign', signerName: string, name: string, writer: Writer): void {
  const names = [signerName, `${signerName.split('/')[0] ?? ''}/*`];
  const allowed = names.some((each) => writer.may({ kind: 'resource', verb, group: ABOUT.group, resource: 'signers', subresource: '', namespace: '', name: each }));
  if (!allowed) throw forbidden(ABOUT, name, `user not permitted to ${verb} requests with signerName "${signerName}"`);
}

/** The plugin looks at the certificate and at every condition: a custom one needs `sign` as well. */
function statusChanged(draft: Draft, old: KubeObject): boolean {
  const [now, before] = [recordAt(draft, 'status'), recordAt(old, 'status')];
  return textAt(now, 'certificate') !== textAt(before, 'certificate') || !sameJson(listAt(now, 'conditions'), listAt(before, 'conditions'));
}

function restrictSubject(draft: Draft): void {
  if (textAt(draft, 'spec', 'signerName') !== 'kubernetes.io/kube-apiserver-client') return;
  const first = pemBlocks(Buffer.from(textAt(draft, 'spec', 'request'), 'base64').toString('latin1'))[0];
  if (first !== undefined && organizationsOf(first.bytes).includes('system:masters')) {
    throw forbidden(ABOUT, String(draft.metadata.name), 'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed');
  }
}
