import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

/** The page of a result: empty, with our script as the only one, and with nothing else that it may load. */
export function resultHtml(webview: vscode.Webview, dist: vscode.Uri): string {
  const nonce = randomBytes(18).toString('base64');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(dist, 'table.js'));
  const style = webview.asWebviewUri(vscode.Uri.joinPath(dist, 'table.css'));
  const policy = [
    "default-src 'none'",
    `style-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const texts = JSON.stringify(vscode.l10n.bundle ?? {});
  const attribute = texts.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return `<!DOCTYPE html>
<html lang="${vscode.env.language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${style}">
<title>Session Tokens</title>
</head>
<body data-l10n="${attribute}">
<main id="root"></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
