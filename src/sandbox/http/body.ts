import type { IncomingMessage } from 'node:http';
import { parse } from 'yaml';
import { badRequest, tooLarge } from '../failure.ts';
import type { Shape } from '../objects/shape.ts';
import type { Encoding } from './media-type.ts';
import { decodeProtobuf } from './protobuf.ts';

/** etcd takes requests up to 1.5 MiB; the API server's own limit of 3 MiB is never the one that is hit first. */
const MOST_BYTES = 3 * 1024 * 1024;

/** The whole body of a request. Throws 413. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped: an answer while the client still writes would reach it as a reset.
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  if (size > MOST_BYTES) throw tooLarge(`limit is ${MOST_BYTES}`);
  return Buffer.concat(chunks);
}

/** The value a body holds; `fields` are those of the kind it is taken for, which protobuf cannot be read without. Throws 400. */
export function decodeBody(body: Buffer, encoding: Encoding, fields: Readonly<Record<string, Shape>> = {}): unknown {
  if (encoding === 'protobuf') return decodeProtobuf(body, fields);
  const text = body.toString('utf8');
  try {
    return encoding === 'yaml' ? (parse(text) as unknown) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw badRequest(`the body is not ${encoding === 'yaml' ? 'YAML' : 'JSON'}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
