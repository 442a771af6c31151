import metadata from '../../package.json' with { type: 'json' };

/** Put in by the build; nobody defines it when the sources run. */
declare const SIGNET_COMMIT: string | undefined;

/** What this copy of Signet is: its version, and the commit it was built from; null where that is not known. */
export const release: { readonly version: string; readonly commit: string | null } = {
  version: metadata.version,
  commit: (typeof SIGNET_COMMIT === 'undefined' ? undefined : SIGNET_COMMIT) ?? null,
};
