// AWS Query (smithy.io, «AWS Query protocol»): a form with Action and Version, in the body or in the URL; answers in XML.
// The form does not name the service: the credential scope of the signature does.
import { isUtf8 } from 'node:buffer';
import { inQueryWords, WireError } from '../errors.ts';
import { type FormNode, parseForm, readForm } from '../shapes/form.ts';
import { escapeXml, writeXml } from '../shapes/xml-write.ts';
import { readClaim } from '../sigv4/claim.ts';
import { splitTarget } from '../sigv4/canonical.ts';
import { AwsError, type AwsService, type WireRequest, type WireResponse } from '../types.ts';
import type { Call, Directory, Protocol } from './protocol.ts';

/** The last of the table: what no other protocol recognises is answered in XML, as AWS does. */
export const queryProtocol: Protocol = {
  matches: () => true,
  peek: () => undefined,
  open,
  failure: queryFailure,
};

function open(request: WireRequest, directory: Directory): Call {
  const { scope } = readClaim(request);
  const form = formOf(request);
  const action = form.below.get('Action')?.value;
  const version = form.below.get('Version')?.value;
  if (action === undefined) throw new AwsError('MissingAction', 'The request is missing an action.', 400);
  const named = directory.byName.get(scope.service);
  const service = named?.protocol === 'query' && named.version === version ? named : undefined;
  const operation = service?.operations.get(action);
  if (!service || !operation) {
    throw new WireError(
      'unknownOperation',
      `Could not find operation ${action.slice(0, 128)} for version ${version?.slice(0, 32) ?? '(none)'} of '${scope.service}'.`,
    );
  }
  const shapes = directory.shapesOf(operation);
  if ('kind' in shapes) throw new TypeError(`${service.name}:${action} needs an SDK schema to be served by query`);
  return {
    service,
    operation,
    readInput: () => readForm(shapes.input, form),
    writeOutput(output, requestId) {
      const name = operation.name;
      const result =
        shapes.output.kind === 'unit' ? '' : `<${name}Result>${writeXml(shapes.output, output ?? {})}</${name}Result>`;
      const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
      return answer(200, `<${name}Response${xmlns(service)}>${result}${metadata}</${name}Response>`, requestId);
    },
  };
}

/** The form is the body's; a request without one (GET, or a presigned POST) has it in its URL, where `+` is itself. */
function formOf({ method, url, body }: WireRequest): FormNode {
  if (method !== 'GET' && method !== 'POST') {
    throw new WireError('unknownOperation', 'Only GET and POST are served here.');
  }
  if (body.length === 0) return parseForm(splitTarget(url).query, false);
  if (!isUtf8(body)) throw new WireError('serialization', 'The form must be UTF-8.');
  return parseForm(Buffer.from(body.buffer, body.byteOffset, body.length).toString(), true);
}

function xmlns(service: AwsService | undefined): string {
  return service?.xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(service.xmlNamespace)}"`;
}

function answer(status: number, xml: string, requestId: string): WireResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body: xml };
}

function queryFailure(error: AwsError, requestId: string, service?: AwsService): WireResponse {
  const { code, message, status } = inQueryWords(error);
  const type = status < 500 ? 'Sender' : 'Receiver';
  const detail = `<Error><Type>${type}</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error>`;
  return answer(
    status,
    `<ErrorResponse${xmlns(service)}>${detail}<RequestId>${requestId}</RequestId></ErrorResponse>`,
    requestId,
  );
}
