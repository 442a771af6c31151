import { generateKeyPairSync, sign } from 'node:crypto';
import { bitString, boolean, explicit, objectIdentifier, octetString, printableString, sequence, setOf, unsignedInteger } from '../../core/der-writer.ts';
import { encodeGeneralNames } from '../../core/general-name.ts';
import { OID } from '../../core/oid.ts';
import { encodePem } from '../../core/pem.ts';

/** A workload's key and the request that Istio's agent would make for it. */
export type WorkloadRequest = { readonly key: string; readonly request: string };

/**
 * What Istio's agent sends to istiod (istio: security/pkg/pki/util/generate_csr.go): a P-256 key, a subject of `O=` with no value,
 * one critical URI. Returns PEM.
 */
export function workloadRequest(spiffeId: string): WorkloadRequest {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(setOf(sequence(objectIdentifier(OID.organizationName), printableString(''))));
  const san = sequence(objectIdentifier(OID.subjectAltName), boolean(true), octetString(encodeGeneralNames([{ type: 'uri', value: spiffeId }])));
  const attributes = explicit(0, sequence(objectIdentifier(OID.extensionRequest), setOf(sequence(san))));
  const info = sequence(unsignedInteger(Uint8Array.of(0)), subject, publicKey.export({ type: 'spki', format: 'der' }), attributes);
  const request = sequence(info, sequence(objectIdentifier(OID.ecdsaWithSHA256)), bitString(sign('sha256', info, privateKey)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), request: encodePem('CERTIFICATE REQUEST', request) };
}
