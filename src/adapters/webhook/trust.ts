import { parseCertificate, type Certificate } from '../../core/certificate.ts';
import { decodeCertificates } from '../../core/pem.ts';
import { loadPair, type CaPair } from '../authorities/pair.ts';

/** The webhook's own CA as its Secret holds it: the pair that issues, and those before it that may still be presented. */
export type WebhookTrust = { readonly pair: CaPair; readonly previous: readonly Certificate[] };

/** Reads the Secret: `tls.crt` and `tls.key` of the CA, `previous.crt` of those before it. null: it is not whole, and so to be made anew. */
export function readTrust(data: Readonly<Record<string, Uint8Array>>): WebhookTrust | null {
  const loaded = loadPair(data, { anchor: 'root' });
  if (!loaded.ok) return null;
  const decoded = decodeCertificates(Buffer.from(data['previous.crt'] ?? []).toString('utf8'));
  const previous = (decoded.ok ? decoded.ders : []).flatMap((der) => {
    const parsed = parseCertificate(der);
    return parsed.ok ? [parsed.certificate] : [];
  });
  return { pair: loaded.pair, previous };
}
