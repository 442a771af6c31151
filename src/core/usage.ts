/**
 * The key usages of spec.usages (certificates.k8s.io/v1 KeyUsage): each is either a bit of KeyUsage
 * (RFC 5280 §4.2.1.3) or an extended key usage (§4.2.1.12). `signing` is Kubernetes' older word for
 * `digital signature`.
 */
const KEY_USAGE_BITS = {
  'signing': 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
} as const;

const EXTENDED_KEY_USAGES = {
  'any': '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  'timestamping': '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const;

export type Usage = keyof typeof KEY_USAGE_BITS | keyof typeof EXTENDED_KEY_USAGES;

export const USAGES: readonly Usage[] = [...Object.keys(KEY_USAGE_BITS), ...Object.keys(EXTENDED_KEY_USAGES)] as Usage[];

/** What Istio's agents and istiod itself ask for, and the default of `usages`. */
export const DEFAULT_USAGES: readonly Usage[] = ['digital signature', 'key encipherment', 'server auth', 'client auth'];

export const CERT_SIGN = KEY_USAGE_BITS['cert sign'];
export const CRL_SIGN = KEY_USAGE_BITS['crl sign'];

export function isUsage(text: string): text is Usage {
  return Object.hasOwn(KEY_USAGE_BITS, text) || Object.hasOwn(EXTENDED_KEY_USAGES, text);
}

/** The KeyUsage bit numbers of the usages, ascending, each once. */
export function keyUsageBits(usages: readonly Usage[]): number[] {
  const bits = usages.flatMap((usage) => (usage in KEY_USAGE_BITS ? [KEY_USAGE_BITS[usage as keyof typeof KEY_USAGE_BITS]] : []));
  return [...new Set(bits)].sort((a, b) => a - b);
}

/** The extended key usage OIDs of the usages, sorted, each once. */
export function extendedKeyUsages(usages: readonly Usage[]): string[] {
  const oids = usages.flatMap((usage) => (usage in EXTENDED_KEY_USAGES ? [EXTENDED_KEY_USAGES[usage as keyof typeof EXTENDED_KEY_USAGES]] : []));
  return [...new Set(oids)].sort();
}

/** `digital signature`, …: names for the bits and OIDs of a certificate, for people. */
export function usageNames(bits: readonly number[], oids: readonly string[]): string[] {
  return [...bits.map((bit) => BIT_NAMES.get(bit) ?? `bit ${bit}`), ...oids.map((oid) => OID_NAMES.get(oid) ?? oid)];
}

const BIT_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(KEY_USAGE_BITS).map(([name, bit]) => [bit, name]));
const OID_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(EXTENDED_KEY_USAGES).map(([name, oid]) => [oid, name]));

/** anyExtendedKeyUsage voids every EKU check of a verifier; RFC 5280 §4.2.1.12. */
export const ANY_EXTENDED_KEY_USAGE: string = EXTENDED_KEY_USAGES.any;
