import { element, implicit, objectIdentifier, sequence, type Der } from './der-writer.ts';
import type { IssuerUrls } from './discovered-issuer.ts';
import { NAME_TAG } from './general-name.ts';
import { OID } from './oid.ts';
import type { ExtensionTemplate } from './template.ts';

/** CRLDistributionPoints (RFC 5280 §4.2.1.13), one point for each URL, and AuthorityInfoAccess (§4.2.2.1); each only where there is a URL for it. */
export function urlExtensions({ crl, ocsp, issuer }: IssuerUrls): ExtensionTemplate[] {
  const access = [...ocsp.map((url) => accessTo(OID.ocsp, url)), ...issuer.map((url) => accessTo(OID.caIssuers, url))];
  return [
    ...(crl.length > 0 ? [{ oid: OID.crlDistributionPoints, critical: false, value: sequence(...crl.map(distributionPoint)) }] : []),
    ...(access.length > 0 ? [{ oid: OID.authorityInfoAccess, critical: false, value: sequence(...access) }] : []),
  ];
}

/** DistributionPoint with distributionPoint [0] fullName [0]. */
function distributionPoint(url: string): Der {
  return sequence(element(0xa0, element(0xa0, uriName(url))));
}

function accessTo(method: string, url: string): Der {
  return sequence(objectIdentifier(method), uriName(url));
}

function uriName(url: string): Der {
  return implicit(NAME_TAG.uri, Buffer.from(url, 'latin1'));
}
