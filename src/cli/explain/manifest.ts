import { z } from 'zod';

const text = z.string('must be a text');
const value = z.string('must be a text; put it in quotes');
const texts = z.array(text, 'must be a list of texts');
const mapping = 'must be a mapping';

const condition = z.looseObject({ type: text, status: text.optional(), reason: text.optional(), message: text.optional(), lastUpdateTime: text.optional(), lastTransitionTime: text.optional() }, mapping);

/** A CertificateSigningRequest in a file, as far as it is looked at. No API server has checked it: what is no text there would break what reads it, or be passed over in silence. */
export const manifestSchema = z.looseObject(
  {
    apiVersion: z.literal('certificates.k8s.io/v1', 'must be certificates.k8s.io/v1').optional(),
    kind: z.literal('CertificateSigningRequest', 'must be CertificateSigningRequest'),
    metadata: z.looseObject({ name: text.optional(), uid: text.optional(), resourceVersion: text.optional(), deletionTimestamp: text.optional(), annotations: z.record(z.string(), value, mapping).optional() }, mapping).optional(),
    spec: z.looseObject({ signerName: text.optional(), request: text.min(1, 'must not be empty'), usages: texts.optional(), groups: texts.optional(), username: text.optional(), uid: text.optional(), expirationSeconds: z.int('must be a whole number').optional() }, mapping),
    status: z.looseObject({ certificate: text.optional(), conditions: z.array(condition, 'must be a list').optional() }, mapping).optional(),
  },
  mapping,
);

export type Manifest = z.output<typeof manifestSchema>;
