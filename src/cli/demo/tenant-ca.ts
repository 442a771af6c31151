import { createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { assembleCertificate, keyIdentifier, keyUsage, signatureScheme, tbsCertificate } from '../../core/template.ts';
import { boolean, objectIdentifier, octetString, sequence, setOf, utf8String } from '../../core/der-writer.ts';
import { OID } from '../../core/oid.ts';
import { encodePem } from '../../core/pem.ts';
import { readDer } from '../../core/der-reader.ts';
import { readPublicKey } from '../../core/public-key.ts';
import { CERT_SIGN, CRL_SIGN } from '../../core/usage.ts';

const TEN_YEARS_MS = 3650 * 24 * 3600 * 1000;

/** A self-signed CA for one tenant of the demo, as the data of a kubernetes.io/tls Secret: what cert-manager would have put there. */
export function makeTenantCa(commonName: string, now: Date): { 'tls.crt': string; 'tls.key': string; 'ca.crt': string } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = encodePem('CERTIFICATE', selfSigned(commonName, privateKey, now));
  return { 'tls.crt': certificate, 'tls.key': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'ca.crt': certificate };
}

function selfSigned(commonName: string, key: KeyObject, now: Date): Uint8Array {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const parsed = readDer(spki);
  const publicKey = readPublicKey(parsed, { maxRsaBits: 4096, parent: parsed });
  const scheme = signatureScheme(publicKey.algorithm);
  const name = sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8String(commonName))));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = tbsCertificate(
    {
      serial,
      issuer: name,
      subject: name,
      notBefore: new Date(now.getTime() - 60_000),
      notAfter: new Date(now.getTime() + TEN_YEARS_MS),
      spki,
      extensions: [
        keyUsage([CERT_SIGN, CRL_SIGN]),
        { oid: OID.basicConstraints, critical: true, value: sequence(boolean(true)) },
        { oid: OID.subjectKeyIdentifier, critical: false, value: octetString(keyIdentifier(publicKey)) },
      ],
    },
    scheme,
  );
  return assembleCertificate(tbs, scheme, sign(scheme.digest, tbs, key));
}
