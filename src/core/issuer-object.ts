import type { DiscoveredIssuer, IssuerReference } from './discovered-issuer.ts';

/** The ways of cert-manager to sign (cert-manager: IssuerConfig). A CA goes first, as an issuer that has several is refused by its webhook. */
const TYPES = ['ca', 'acme', 'selfSigned', 'vault', 'venafi'];

/** What goes into every certificate, and stays in memory for each issuer: an object may be a megabyte, and some tenants may make thousands. */
const MAX_URLS = 8;
const MAX_URL = 1024;
/** RFC 1123 as Kubernetes has it: a name of anything else is the name of no Secret. */
const SECRET_NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * What an Issuer or ClusterIssuer, as JSON, says. Nothing of it has been checked by anybody if cert-manager's webhook is away, so what has another
 * form than it should counts as absent. URLs that no certificate can hold (RFC 5280 §4.2.1.6: IA5String) are left out, and so are
 * those beyond the eighth of a kind and those of more than 1,024 characters.
 */
export function readIssuer(reference: IssuerReference, object: unknown): DiscoveredIssuer {
  const spec = field(object, 'spec');
  const ca = field(spec, 'ca');
  const secretName = field(ca, 'secretName');
  const type = TYPES.find((each) => isRecord(field(spec, each)));
  return {
    reference,
    type: type === undefined ? 'none' : type === 'ca' ? 'ca' : 'other',
    secretName: typeof secretName === 'string' && SECRET_NAME.test(secretName) ? secretName : '',
    ready: list(field(field(object, 'status'), 'conditions')).some((condition) => field(condition, 'type') === 'Ready' && field(condition, 'status') === 'True'),
    urls: { crl: urls(field(ca, 'crlDistributionPoints')), ocsp: urls(field(ca, 'ocspServers')), issuer: urls(field(ca, 'issuingCertificateURLs')) },
  };
}

function urls(value: unknown): string[] {
  return list(value).filter((url): url is string => typeof url === 'string' && url.length <= MAX_URL && /^[!-~]+$/.test(url)).slice(0, MAX_URLS);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
