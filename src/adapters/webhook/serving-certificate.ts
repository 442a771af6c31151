import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { caTbs } from '../../core/ca-certificate.ts';
import { certificatePem, parseCertificate, type Certificate } from '../../core/certificate.ts';
import { readDer } from '../../core/der-reader.ts';
import type { GeneralName } from '../../core/general-name.ts';
import type { Plan } from '../../core/plan.ts';
import { readPublicKey, type PublicKey } from '../../core/public-key.ts';
import { assembleCertificate, signatureScheme } from '../../core/template.ts';
import { extendedKeyUsages, keyUsageBits } from '../../core/usage.ts';
import { signLocally } from '../authorities/local.ts';
import type { CaPair, PairFiles } from '../authorities/pair.ts';

/** What a TLS server needs, and until when it is good. */
export type ServingCertificate = { readonly key: string; readonly cert: string; readonly names: readonly GeneralName[]; readonly issuer: string; readonly notBefore: Date; readonly notAfter: Date };

export type Circumstances = { readonly now: Date; readonly randomBytes: (size: number) => Uint8Array; /** How long it is to be good for. */ readonly seconds: number };

/** The API server's clock may be behind ours by this. */
const BACKDATE_MS = 10 * 60_000;

/** A CA for one purpose, to be kept in a Secret: P-256, its certificate in tls.crt, its key in tls.key. */
export function newCa({ now, randomBytes, seconds }: Circumstances): Required<Pick<PairFiles, 'tls.crt' | 'tls.key'>> {
  const { privateKey, publicKey } = newKey();
  const tbs = caTbs({ commonName: 'Signet webhook CA', publicKey, serial: serialNumber(randomBytes), ...validity(now, seconds) });
  const scheme = signatureScheme(publicKey.algorithm);
  const made = parseCertificate(assembleCertificate(tbs, scheme, sign(scheme.digest, tbs, privateKey)));
  if (!made.ok) throw new Error(`The CA certificate just made cannot be read back: ${made.problem}`);
  return { 'tls.crt': Buffer.from(certificatePem(made.certificate)), 'tls.key': Buffer.from(keyPem(privateKey)) };
}

/** A server's certificate by that CA, with a new key that never leaves this process. */
export async function newServingCertificate(ca: CaPair, names: readonly GeneralName[], { now, randomBytes, seconds }: Circumstances): Promise<ServingCertificate> {
  const { privateKey, publicKey } = newKey();
  const [issuer] = ca.chain as [Certificate];
  const { notBefore, notAfter } = validity(now, Math.min(seconds, (issuer.notAfter.getTime() - now.getTime()) / 1000));
  const plan: Plan = {
    signer: 'webhook',
    serial: serialNumber(randomBytes),
    publicKey,
    subject: Uint8Array.of(0x30, 0x00),
    names,
    keyUsage: keyUsageBits(['digital signature']),
    extendedKeyUsage: extendedKeyUsages(['server auth']),
    notBefore,
    notAfter,
    issuer: issuer.fingerprint,
    policy: 'webhook',
    adjustments: [],
  };
  const [leaf] = (await signLocally(plan, ca)) as [Certificate];
  return { key: keyPem(privateKey), cert: certificatePem(leaf), names, issuer: issuer.fingerprint, notBefore, notAfter };
}

/** Whether less than a third of its life is left. */
export function isDue({ notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>, now: Date): boolean {
  return notAfter.getTime() - now.getTime() < (notAfter.getTime() - notBefore.getTime()) / 3;
}

function validity(now: Date, seconds: number): { notBefore: Date; notAfter: Date } {
  const whole = (milliseconds: number): Date => new Date(Math.floor(milliseconds / 1000) * 1000);
  return { notBefore: whole(now.getTime() - Math.min(BACKDATE_MS, seconds * 100)), notAfter: whole(now.getTime() + seconds * 1000) };
}

/** P-256: every Kubernetes takes it, and its handshakes cost the API server next to nothing. */
function newKey(): { privateKey: KeyObject; publicKey: PublicKey } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = readDer(pair.publicKey.export({ type: 'spki', format: 'der' }));
  return { privateKey: pair.privateKey, publicKey: readPublicKey(spki, { maxRsaBits: 4096, parent: spki }) };
}

/** RFC 5280 §4.1.2.2: positive, and never with an octet of zero first. */
function serialNumber(randomBytes: (size: number) => Uint8Array): Uint8Array {
  const serial = Uint8Array.from(randomBytes(20));
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
