import { unsupportedMediaType } from '../failure.ts';
import { jsonPatch } from '../objects/json-patch.ts';
import { mergePatch } from '../objects/merge-patch.ts';
import { strategicPatch } from '../objects/strategic-patch.ts';

/** Gives what a patch makes of an object; changes neither. Throws 400 and 422. */
export type ApplyPatch = (target: unknown, patch: unknown) => unknown;

const PATCHES: Readonly<Record<string, ApplyPatch>> = {
  'application/json-patch+json': jsonPatch,
  'application/merge-patch+json': mergePatch,
  'application/strategic-merge-patch+json': (target, patch) => strategicPatch(target, patch),
};

/**
 * The kind of patch a media type stands for. Server-side apply is not served: it would need the owner of every field.
 * Throws 415.
 */
export function patchOf(type: string): ApplyPatch {
  const apply = Object.hasOwn(PATCHES, type) ? PATCHES[type] : undefined;
  if (apply === undefined) throw unsupportedMediaType(Object.keys(PATCHES));
  return apply;
}
