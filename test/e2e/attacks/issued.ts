import { X509Certificate } from 'node:crypto';
import type { WireRequest } from '../../../src/adapters/kubernetes/wire.ts';
import type { TestAuthority } from '../../support/authority.ts';
import { CSRS } from './request.ts';
import type { SignerName, World } from './world.ts';

export type Issued = { readonly signer: SignerName; readonly name: string; readonly ca: boolean };

/**
 * Every certificate that was ever in the status of a request, by the key of ours that made it: those that are there, and by the API
 * server's own audit log those of requests that istiod has taken away since. Certificates of nobody's CA are left out.
 */
export async function everIssued({ mesh: { controlPlane }, authorities }: World): Promise<Issued[]> {
  const present = (await controlPlane.api.list<WireRequest>(CSRS)).flatMap(({ status }) => status?.certificate ?? []);
  const written = (await controlPlane.auditEvents()).flatMap(({ requestURI, responseStatus, requestObject }) => {
    const { status } = (requestObject ?? {}) as Partial<WireRequest>;
    return requestURI.includes('/status') && responseStatus?.code === 200 ? (status?.certificate ?? []) : [];
  });
  return [...new Set([...present, ...written])].flatMap((base64) => issuedBy(new X509Certificate(Buffer.from(base64, 'base64')), authorities) ?? []);
}

export function issuedBy(leaf: X509Certificate, authorities: Readonly<Record<SignerName, TestAuthority>>): Issued | undefined {
  const signer = SIGNERS.find((name) => leaf.verify(new X509Certificate(authorities[name].certificate.der).publicKey));
  return signer && { signer, name: leaf.subjectAltName ?? '', ca: leaf.ca };
}

const SIGNERS: readonly SignerName[] = ['foo', 'bar', 'istio-system', 'payments', 'registry'];

/** What each CA may have certified, written down without the product's own policy. `retired` is foo's until the configuration changes. */
const MAY_HAVE: Readonly<Record<SignerName, RegExp>> = {
  'foo': /^URI:spiffe:\/\/cluster\.local\/ns\/foo\/sa\/[a-z0-9-]+$/,
  'bar': /^URI:spiffe:\/\/cluster\.local\/ns\/bar\/sa\/[a-z0-9-]+$/,
  'istio-system': /^(DNS:[a-z-]+\.istio-system\.svc|IP Address:127\.0\.0\.1)(, (DNS:[a-z-]+\.istio-system\.svc|IP Address:127\.0\.0\.1))*$/,
  'payments': /^URI:spiffe:\/\/cluster\.local\/ns\/payments\/sa\/web-[a-z0-9-]+$/,
  'registry': /^DNS:[a-z]+\.registry\.svc$/,
};

/** Those that are for somebody who is not the CA's. */
export function strayed(issued: readonly Issued[]): Issued[] {
  return issued.filter(({ signer, name, ca }) => ca || !MAY_HAVE[signer].test(name));
}
