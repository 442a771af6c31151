import { createHash, X509Certificate } from 'node:crypto';
import { fromBER } from 'asn1js';
import { Certificate, type BasicConstraints, type ExtKeyUsage, type GeneralName, type GeneralNames } from 'pkijs';

/** What a certificate says, but for what differs each time: serial number and times; read by a library that Signet does not read with. */
export type CertificateFacts = {
  readonly subject: string;
  readonly names: readonly string[];
  readonly keySha256: string;
  /** Bit numbers, ascending. */
  readonly keyUsage: readonly number[];
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[];
  readonly ca: boolean;
  /** Seconds from notBefore to notAfter. */
  readonly seconds: number;
};

/** @param pem The leaf first. */
export function certificateFacts(pem: string): CertificateFacts {
  const leaf = new X509Certificate(pem);
  const certificate = new Certificate({ schema: fromBER(leaf.raw).result });
  const extension = <T>(oid: string): T | undefined => certificate.extensions?.find(({ extnID }) => extnID === oid)?.parsedValue as T | undefined;
  const bits = extension<{ valueBlock: { valueHexView: Uint8Array } }>('2.5.29.15')?.valueBlock.valueHexView ?? new Uint8Array();
  return {
    subject: leaf.subject ?? '',
    names: (extension<GeneralNames & { altNames: GeneralName[] }>('2.5.29.17')?.altNames ?? []).map(nameText),
    keySha256: createHash('sha256').update(leaf.publicKey.export({ type: 'spki', format: 'der' })).digest('hex'),
    keyUsage: [...bits].flatMap((octet, at) => [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((octet & (0x80 >> bit)) === 0 ? [] : [at * 8 + bit]))),
    extendedKeyUsage: extension<ExtKeyUsage>('2.5.29.37')?.keyPurposes ?? [],
    ca: extension<BasicConstraints>('2.5.29.19')?.cA ?? false,
    seconds: (Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)) / 1000,
  };
}

/** As `signet explain` writes it. */
function nameText({ type, value }: GeneralName): string {
  switch (type) {
    case 2:
      return `DNS:${String(value)}`;
    case 6:
      return `URI:${String(value)}`;
    case 7:
      return `IP:${Buffer.from((value as { valueBlock: { valueHexView: Uint8Array } }).valueBlock.valueHexView).join('.')}`;
    default:
      return `type ${type}`;
  }
}
