// Which addresses a setting stands for.
import { expect, test } from 'vitest';
import { parseAddresses } from './addresses.ts';

test.each([
  ['127.0.0.1', ['127.0.0.1']],
  ['::1', ['::1']],
  ['127.0.3.0/30', ['127.0.3.1', '127.0.3.2']],
  ['10.0.0.255/31', ['10.0.0.254', '10.0.0.255']],
  ['10.0.0.9/32', ['10.0.0.9']],
  ['10.0.0.0/8', undefined],
  ['10.0.0.0/33', undefined],
  ['::1/128', undefined],
  ['here', undefined],
])('%s', (text, addresses) => {
  expect(parseAddresses(text)).toEqual(addresses);
});
