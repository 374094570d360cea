import { deepEqual } from 'node:assert/strict';
import { redactingLog } from '../../../src/core/log.ts';

describe('the log', () => {
  it('redacts what is kept, and no details while nobody wants them', () => {
    const lines: string[] = [];
    const redacted: string[] = [];
    const write = (line: string) => void lines.push(line);
    let isDebugging = false;
    const log = redactingLog(
      { debug: write, info: write, warn: write, error: write },
      (text) => `<${redacted[redacted.push(text) - 1]}>`,
      () => isDebugging,
    );
    log.debug('a');
    log.info('b');
    isDebugging = true;
    log.debug('c');
    deepEqual(
      [lines, redacted],
      [
        ['<b>', '<c>'],
        ['b', 'c'],
      ],
    );
  });
});
