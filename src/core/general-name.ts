import { implicit, sequence } from './der-writer.ts';
import { parseIpAddress } from './ip-address.ts';

/**
 * GeneralName of RFC 5280 §4.2.1.6, as far as a workload certificate can need one. Every other form is kept as
 * `unsupported` so that policy can refuse it by name instead of overlooking it (an otherName whose bytes spell
 * a SPIFFE ID slips through istiod's own comparison).
 */
export type GeneralName =
  | { readonly type: 'uri'; readonly value: string }
  | { readonly type: 'dns'; readonly value: string }
  /** Canonical text: dotted quad, or RFC 5952 for IPv6. */
  | { readonly type: 'ip'; readonly value: string }
  | { readonly type: 'unsupported'; readonly form: string; readonly der: Uint8Array };

/** `URI:spiffe://…`, `DNS:…`, `IP:…`: the spelling openssl made familiar. */
export function generalNameText(name: GeneralName): string {
  switch (name.type) {
    case 'uri':
      return `URI:${name.value}`;
    case 'dns':
      return `DNS:${name.value}`;
    case 'ip':
      return `IP:${name.value}`;
    case 'unsupported':
      return name.form;
  }
}

/** DER of GeneralNames in the order given, as subjectAltName holds them. Throws RangeError for a name that is not ours to certify. */
export function encodeGeneralNames(names: readonly GeneralName[]): Uint8Array {
  return sequence(...names.map(encodeGeneralName));
}

/** Context tags of GeneralName that Signet certifies. */
export const NAME_TAG = { dns: 2, uri: 6, ip: 7 } as const;

function encodeGeneralName(name: GeneralName): Uint8Array {
  switch (name.type) {
    case 'uri':
      return implicit(NAME_TAG.uri, Buffer.from(name.value, 'latin1'));
    case 'dns':
      return implicit(NAME_TAG.dns, Buffer.from(name.value, 'latin1'));
    case 'ip': {
      const octets = parseIpAddress(name.value);
      if (octets === null) throw new RangeError(`Cannot encode the IP address "${name.value}"`);
      return implicit(NAME_TAG.ip, octets);
    }
    case 'unsupported':
      throw new RangeError(`Cannot certify a name of the form ${name.form}`);
  }
}
