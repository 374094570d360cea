import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, withPalette } from '../../docs/png.ts';
import { root } from '../../workbench/paths.ts';

describe('pictures', () => {
  it('keep their size and their colours, nearly, with a palette', async () => {
    const png = await readFile(join(root, 'media/icon.png'));
    const before = decode(png);
    const small = withPalette(png);
    const after = decode(small);
    assert.deepEqual([after.width, after.height], [before.width, before.height]);
    const worst = before.rgb.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (after.rgb[at] ?? 0))),
      0,
    );
    assert.ok(worst < 24, `a colour is off by ${worst}`);
    assert.ok(small.length < png.length * 1.1);
  });

  it('are refused when they are something else', () => {
    assert.throws(() => withPalette(Buffer.alloc(40)));
  });
});
