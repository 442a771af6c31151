import { notAcceptable, unsupportedMediaType } from '../failure.ts';

/** How an answer is to look: the object itself, a table for people, or metadata only. */
export type Presentation = 'object' | 'table' | 'metadata';

export type Format = { readonly presentation: Presentation; readonly yaml: boolean };

/** How a body is encoded. Protobuf is read and never written: a client that sends it also takes JSON. */
export type Encoding = 'json' | 'yaml' | 'protobuf';

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
};

/** The first entry of an Accept header that the sandbox can give. Throws 406. */
export function negotiate(accept: string | undefined): Format {
  const offered = (accept === undefined || accept.trim() === '' ? '*/*' : accept).split(',').map(parse);
  for (const { type, parameters } of offered) {
    const presentation = presentationOf(parameters);
    if (presentation === undefined) continue;
    if (['application/json', 'application/*', '*/*'].includes(type)) return { presentation, yaml: false };
    if (type === 'application/yaml') return { presentation, yaml: true };
  }
  throw notAcceptable(['application/json', 'application/yaml']);
}

/** The encoding of a body; without a Content-Type it is JSON. Throws 415. */
export function encodingOf(contentType: string | undefined): Encoding {
  const { type } = parse(contentType ?? 'application/json');
  const encoding = Object.hasOwn(ENCODINGS, type) ? ENCODINGS[type] : undefined;
  if (encoding === undefined) throw unsupportedMediaType(Object.keys(ENCODINGS));
  return encoding;
}

/** The media type without its parameters. */
export function mediaType(header: string | undefined): string {
  return parse(header ?? '').type;
}

function presentationOf(parameters: ReadonlyMap<string, string>): Presentation | undefined {
  switch (parameters.get('as')) {
    case undefined:
      return 'object';
    case 'Table':
      return 'table';
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return 'metadata';
    default:
      return undefined;
  }
}

function parse(entry: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } {
  const [type = '', ...parameters] = entry.split(';').map((part) => part.trim());
  return { type: type.toLowerCase(), parameters: new Map(parameters.map((text) => [text.split('=')[0] ?? '', text.split('=')[1] ?? ''])) };
}
