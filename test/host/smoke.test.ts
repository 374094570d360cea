import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('the extension in a real VS Code', () => {
  it('is installed and activates', async () => {
    const extension = vscode.extensions.getExtension('session-tokens.session-tokens');
    assert.ok(extension, 'session-tokens.session-tokens is not there');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });
});
