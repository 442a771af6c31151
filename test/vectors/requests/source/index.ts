import { accepted } from './accepted.ts';
import { attributeVectors } from './attributes.ts';
import { derVectors } from './der.ts';
import { keyVectors } from './key.ts';
import { nameVectors } from './names.ts';
import { pemVectors } from './pem.ts';
import { signatureVectors } from './signature.ts';
import type { Vector } from './vector.ts';

/** Every vector, as its program describes it. */
export const vectors: readonly Vector[] = [...accepted, ...pemVectors, ...derVectors, ...attributeVectors, ...nameVectors, ...keyVectors, ...signatureVectors];
