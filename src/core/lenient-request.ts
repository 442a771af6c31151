import { fromBER, type BaseBlock } from 'asn1js';
import { Attribute, Extensions, GeneralNames, PublicKeyInfo, RelativeDistinguishedNames } from 'pkijs';
import { decodedExtension, type DecodedExtension } from './explain-request.ts';
import { ipAddressText } from './ip-address.ts';
import { OID } from './oid.ts';

/** As much of a request as a tolerant reader can make out. It is shown to people, and nothing is ever decided by it: its texts may hold anything. */
export type LenientRequest = {
  readonly subject: string | null;
  readonly key: string | null;
  readonly signatureAlgorithm: string | null;
  readonly names: readonly string[];
  readonly extensions: readonly DecodedExtension[];
  /** What could not be made out either, and what was passed over. */
  readonly remarks: readonly string[];
};

/** A request has some fifty elements, and the strict reader's own limits have told already why more are refused. */
const LIMITS = { maxDepth: 32, maxNodes: 4096, maxContentLength: 64 * 1024 };

/**
 * Reads what the strict reader does not, for people: the first PEM block of a request whatever is around it, BER beside DER, fields that are missing or too many.
 * Two such readers may see different things in the same bytes, which is why Signet stops. Takes PEM text; never throws for bytes of any kind.
 */
export function readLeniently(pem: Uint8Array): LenientRequest {
  const remarks: string[] = [];
  const attempt = <T>(what: string, read: () => T): T | null => {
    try {
      return read();
    } catch {
      // pkijs and asn1js have a class of error for each place; all of them say that it is not what it should be.
      remarks.push(`${what} cannot be decoded by a tolerant reader either`);
      return null;
    }
  };
  const root = attempt('the request', () => element(firstBlock(Buffer.from(pem).toString('latin1')), remarks));
  if (root === null) return { subject: null, key: null, signatureAlgorithm: null, names: [], extensions: [], remarks };
  const [info, algorithm] = children(root);
  const [, subject, spki, attributes] = children(info);
  const extensions = attempt('the extensions', () => children(attributes).flatMap(requestedExtensions)) ?? [];
  const names = extensions.filter(({ oid }) => oid === OID.subjectAltName).flatMap(({ value }) => attempt('the alternative names', () => alternativeNames(value)) ?? []);
  return {
    subject: attempt('the subject', () => new RelativeDistinguishedNames({ schema: present(subject) }).typesAndValues.map(({ type, value }) => `${type}=${text(value)}`).join(',')),
    key: attempt('the public key', () => keyText(present(spki))),
    signatureAlgorithm: attempt('the signature algorithm', () => text(present(children(algorithm)[0]))),
    names,
    extensions: extensions.map(decodedExtension),
    remarks,
  };
}

/**
 * Of the first block of a request, else of all there is; characters that are not base64 are passed over. Throws where there are other blocks
 * alone: they are none of ours to show, a private key least of all.
 */
function firstBlock(text: string): Uint8Array {
  const body = /-----BEGIN [A-Z0-9 ]{0,40}CERTIFICATE REQUEST-----[^\n]*\n([^]*?)(-----END |$)/.exec(text)?.[1] ?? text;
  if (body.includes('-----BEGIN ')) throw new Error('no block of a request');
  return Buffer.from(body.split('\n').filter((line) => !line.includes(':')).join(''), 'base64');
}

/** Throws for what is no element at all. */
function element(bytes: Uint8Array, remarks: string[]): BaseBlock {
  const { result, offset } = fromBER(Uint8Array.from(bytes).buffer, LIMITS);
  if (offset === -1) throw new Error(result.error);
  if (offset < bytes.length) remarks.push(`${bytes.length - offset} bytes after the end are passed over`);
  return result as BaseBlock;
}

function children(block: BaseBlock | undefined): BaseBlock[] {
  const value = (block?.valueBlock as { value?: unknown } | undefined)?.value;
  return Array.isArray(value) ? (value as BaseBlock[]) : [];
}

function present(block: BaseBlock | undefined): BaseBlock {
  if (block === undefined) throw new Error('it is not there');
  return block;
}

/** The value of a string or an object identifier; of anything else its class and hex. */
function text(block: BaseBlock): string {
  const { value } = block.valueBlock as { value?: unknown };
  if (typeof value === 'string') return value;
  const identifier = (block.valueBlock as { toString(): string }).toString();
  return /^[\d.]+$/.test(identifier) ? identifier : `#${Buffer.from(block.toBER()).toString('hex')}`;
}

function requestedExtensions(schema: BaseBlock): { oid: string; critical: boolean; value: Uint8Array }[] {
  const { type, values } = new Attribute({ schema });
  if (type !== OID.extensionRequest) return [];
  return (values as BaseBlock[]).flatMap((value) => new Extensions({ schema: value }).extensions.map(({ extnID, critical, extnValue }) => ({ oid: extnID, critical, value: extnValue.valueBlock.valueHexView })));
}

/** By the context tag of GeneralName (RFC 5280 §4.2.1.6). */
const FORMS: Readonly<Record<number, string>> = { 0: 'otherName', 1: 'email', 2: 'DNS', 3: 'x400Address', 4: 'directoryName', 5: 'ediPartyName', 6: 'URI', 7: 'IP', 8: 'registeredID' };

function alternativeNames(value: Uint8Array): string[] {
  return new GeneralNames({ schema: element(value, []) }).names.map(({ type, value: name }) => `${FORMS[type] ?? type}:${nameText(type, name as unknown)}`);
}

function nameText(type: number, name: unknown): string {
  if (typeof name === 'string') return name;
  const octets = (name as { valueBlock?: { valueHexView?: Uint8Array } }).valueBlock?.valueHexView;
  if (type === 7 && (octets?.length === 4 || octets?.length === 16)) return ipAddressText(octets);
  return '…';
}

/** pkijs calls those curves by their names that it knows, others by their object identifier. */
const CURVES: readonly string[] = ['P-256', 'P-384', 'P-521'];

function keyText(schema: BaseBlock): string {
  const { algorithm, parsedKey } = new PublicKeyInfo({ schema });
  const key = parsedKey as { namedCurve?: string; modulus?: { valueBlock: { valueHexView: Uint8Array } } } | undefined;
  if (key?.namedCurve !== undefined) return CURVES.includes(key.namedCurve) ? key.namedCurve : `a key on the curve ${key.namedCurve}`;
  if (key?.modulus === undefined) return algorithm.algorithmId === OID.ed25519 ? 'Ed25519' : `a key of the algorithm ${algorithm.algorithmId}`;
  const octets = [...key.modulus.valueBlock.valueHexView];
  const first = octets.findIndex((octet) => octet !== 0);
  return first < 0 ? 'RSA-0' : `RSA-${(octets.length - first) * 8 - Math.clz32(octets[first] ?? 0) + 24}`;
}
