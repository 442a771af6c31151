/** A Name (RFC 5280 §4.1.2.4): the raw DER is the truth, the attributes are for rules and for people. */
export type DistinguishedName = {
  /** DER of the whole Name; `30 00` when empty. */
  readonly der: Uint8Array;
  readonly attributes: readonly NameAttribute[];
};

/** One AttributeTypeAndValue. `value` is decoded text; for a string type that is not understood, `#` and hex. */
export type NameAttribute = { readonly type: string; readonly value: string };
