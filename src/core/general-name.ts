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
