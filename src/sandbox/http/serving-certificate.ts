import { createHash, createPrivateKey, generateKeyPairSync, randomBytes as systemRandomBytes, sign } from 'node:crypto';
import {
  bitString, boolean, explicit, implicit, namedBits, objectIdentifier, octetString, sequence, setOf, time, unsignedInteger, utf8String, type Der,
} from '../../core/der-writer.ts';
import { OID } from '../../core/oid.ts';

/** PEM texts of a fresh self-signed certificate for 127.0.0.1 and localhost, and of its key. */
export type ServingCertificate = { readonly certificate: string; readonly key: string };

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const DAY = 24 * 60 * 60 * 1000;

/** Self-signed, so that its own PEM is the CA bundle of a kubeconfig; valid from yesterday for thirty days. */
export function makeServingCertificate({ now, randomBytes = systemRandomBytes }: { now: Date; randomBytes?: (size: number) => Uint8Array }): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSHA256));
  const name = sequence(setOf(sequence(objectIdentifier(OID.commonName), utf8String('signet sandbox'))));
  const serial = Buffer.from(randomBytes(16));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = sequence(
    explicit(0, unsignedInteger(Uint8Array.of(2))),
    unsignedInteger(serial),
    algorithm,
    name,
    sequence(time(new Date(now.getTime() - DAY)), time(new Date(now.getTime() + 30 * DAY))),
    name,
    publicKey,
    explicit(3, extensions(publicKey)),
  );
  const signature = sign('sha256', tbs, createPrivateKey(privateKey));
  return { certificate: pem(sequence(tbs, algorithm, bitString(signature))), key: privateKey };
}

/** Its own CA: Go and OpenSSL take a self-signed end-entity as an anchor, but only a CA certificate in every version of both. */
function extensions(publicKey: Uint8Array): Der {
  const keyId = createHash('sha1').update(publicKey.subarray(-65)).digest();
  const names = sequence(implicit(7, Uint8Array.of(127, 0, 0, 1)), implicit(2, Buffer.from('localhost')));
  return sequence(
    extension(OID.basicConstraints, sequence(boolean(true)), true),
    extension(OID.keyUsage, namedBits([0, 5]), true),
    extension(OID.extKeyUsage, sequence(objectIdentifier(SERVER_AUTH))),
    extension(OID.subjectKeyIdentifier, octetString(keyId)),
    extension(OID.subjectAltName, names),
  );
}

function extension(oid: string, value: Der, critical = false): Der {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
