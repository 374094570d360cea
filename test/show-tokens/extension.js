const vscode = require('vscode');

exports.activate = () => vscode.commands.executeCommand('sessionTokens.tokens.focus');
